//! `Script`: a wire of which a test says what comes in, how much goes out and when it breaks.

use std::any::Any;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use asyncio_net::Wire;

/// A wire of which the test says what it does.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script(pub(crate) Arc<Mutex<State>>);

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) incoming: VecDeque<Vec<u8>>,
    /// So many bytes are taken before writing would block.
    pub(crate) room: usize,
    pub(crate) sent: Vec<u8>,
    pub(crate) fails: Option<ErrorKind>,
    /// The calls that write, and the slices of the longest.
    pub(crate) writes: usize,
    pub(crate) slices: usize,
    pub(crate) reader: Option<Waker>,
    pub(crate) writer: Option<Waker>,
    pub(crate) no_eof: bool,
    pub(crate) eof_sent: bool,
    pub(crate) closed: usize,
}

impl Script {
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.0.lock().unwrap())
    }

    /// The peer takes so many bytes more.
    pub(crate) fn takes(&self, room: usize) {
        let waker = self.with(|state| {
            state.room += room;
            state.writer.take()
        });
        waker.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn breaks(&self, kind: ErrorKind) {
        let waker = self.with(|state| {
            state.fails = Some(kind);
            state.writer.take()
        });
        waker.into_iter().for_each(Waker::wake);
    }
}

impl Wire for Script {
    fn poll_read(&self, cx: &mut Context<'_>, buffer: &mut Vec<u8>, most: usize) -> Poll<io::Result<usize>> {
        self.with(|state| match state.incoming.pop_front() {
            Some(mut bytes) => {
                if bytes.len() > most {
                    let rest = bytes.split_off(most);
                    state.incoming.push_front(rest);
                }
                buffer.extend_from_slice(&bytes);
                Poll::Ready(Ok(bytes.len()))
            }
            None if state.closed > 0 => Poll::Ready(Ok(0)),
            None => {
                state.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        })
    }

    fn try_write(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.with(|state| {
            state.writes += 1;
            state.slices = state.slices.max(buffers.len());
            if let Some(kind) = state.fails {
                return Err(kind.into());
            }
            if state.room == 0 {
                return Err(ErrorKind::WouldBlock.into());
            }
            let bytes = buffers.iter().flat_map(|buffer| buffer.to_vec());
            let before = state.sent.len();
            state.sent.extend(bytes.take(state.room));
            let count = state.sent.len() - before;
            state.room -= count;
            Ok(count)
        })
    }

    fn poll_write(&self, cx: &mut Context<'_>, buffers: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match self.try_write(buffers) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.with(|state| state.writer = Some(cx.waker().clone()));
                Poll::Pending
            }
            done => Poll::Ready(done),
        }
    }

    fn close_write(&self) -> io::Result<()> {
        self.with(|state| state.eof_sent = true);
        Ok(())
    }

    fn can_close_write(&self) -> bool {
        self.with(|state| !state.no_eof)
    }

    fn close(&self) -> io::Result<()> {
        let (reader, writer) = self.with(|state| {
            state.closed += 1;
            (state.reader.take(), state.writer.take())
        });
        reader.into_iter().for_each(Waker::wake);
        // Whoever closes it has no more to write.
        drop(writer);
        Ok(())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
