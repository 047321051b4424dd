//! `MemoryControl`: what a test does to a connection in memory.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use super::pipe::Pipe;

/// What a test does to one end of a connection in memory; from [`MemoryWire::control`](super::MemoryWire::control). A
/// handle, of which there can be many.
#[derive(Clone)]
pub struct MemoryControl {
    pipe: Arc<Pipe>,
    side: usize,
}

impl MemoryControl {
    pub(super) fn new(pipe: Arc<Pipe>, side: usize) -> MemoryControl {
        MemoryControl { pipe, side }
    }

    /// Breaks the connection: what was not read is lost, and every read and write at either end is `ConnectionReset`.
    /// Nothing happens if an end was closed before.
    pub fn reset(&self) {
        self.pipe.reset();
    }

    /// A read of this end gives so many bytes at most, however many have come; no bound without a number.
    pub fn set_read_chunk(&self, most: Option<NonZeroUsize>) {
        self.pipe.lock().flows[1 - self.side].read_chunk = chunk(most);
    }

    /// A write of this end takes so many bytes at most, however much room there is; no bound without a number.
    pub fn set_write_chunk(&self, most: Option<NonZeroUsize>) {
        self.pipe.lock().flows[self.side].write_chunk = chunk(most);
    }

    /// So many bytes that this end has sent may be unread. With 0 nothing goes out until there is more; what is unread
    /// already stays.
    pub fn set_capacity(&self, capacity: usize) {
        self.pipe.change(|state| {
            state.flows[self.side].capacity = capacity;
            ((), state.writer(self.side))
        });
    }

    /// How many bytes this end has sent that the other has not read.
    pub fn unread(&self) -> usize {
        self.pipe.lock().flows[self.side].bytes.len()
    }
}

fn chunk(most: Option<NonZeroUsize>) -> usize {
    most.map_or(usize::MAX, NonZeroUsize::get)
}

impl fmt::Debug for MemoryControl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryControl")
            .field("unread", &self.unread())
            .finish_non_exhaustive()
    }
}
