//! `TaskMeta`: what a task's cell knows of its place, in seven bytes.
//!
//! async-task's header has seven bytes of padding behind its last flag. Metadata of seven bytes and alignment 1
//! fits there, so that knowing the queue and the registry's index costs a task no memory at all.

use std::fmt;

/// Names one ready queue, of a loop or of a pool, of this process.
///
/// A slot of the table of queues and how often that slot was used before: an id that outlives its queue does not
/// name the next one, until 4096 queues have had the slot.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct QueueId(u32);

/// What a task's cell knows: its queue and its index in that queue's registry of live tasks.
#[derive(Clone, Copy)]
pub struct TaskMeta([u8; 7]);

/// Bits of a task's index.
pub(crate) const INDEX_BITS: u32 = 28;
/// Bits of a queue's slot, and as many for its generation.
pub(crate) const SLOT_BITS: u32 = 12;

/// Says that the queue is a pool's.
const POOL: u64 = 1 << (INDEX_BITS + 2 * SLOT_BITS);
const INDEX_MASK: u64 = (1 << INDEX_BITS) - 1;
const SLOT_MASK: u32 = (1 << SLOT_BITS) - 1;

impl QueueId {
    pub(crate) fn new(slot: usize, generation: u32) -> QueueId {
        let slot = u32::try_from(slot).expect("the table has 2^12 slots");
        QueueId(((generation & SLOT_MASK) << SLOT_BITS) | (slot & SLOT_MASK))
    }

    pub(crate) fn slot(self) -> usize {
        (self.0 & SLOT_MASK) as usize
    }

    pub(crate) fn generation(self) -> u32 {
        self.0 >> SLOT_BITS
    }
}

impl TaskMeta {
    #[inline]
    pub(crate) fn new(queue: QueueId, on_pool: bool, index: u32) -> TaskMeta {
        let pool = if on_pool { POOL } else { 0 };
        let word = pool | (u64::from(queue.0) << INDEX_BITS) | (u64::from(index) & INDEX_MASK);
        let [a, b, c, d, e, f, g, _] = word.to_le_bytes();
        TaskMeta([a, b, c, d, e, f, g])
    }

    #[inline]
    fn word(self) -> u64 {
        let [a, b, c, d, e, f, g] = self.0;
        u64::from_le_bytes([a, b, c, d, e, f, g, 0])
    }

    /// The task's index in the registry of its queue.
    #[inline]
    pub(crate) fn index(self) -> u32 {
        (self.word() & INDEX_MASK) as u32
    }

    /// The queue that the task runs on.
    #[inline]
    pub fn queue(self) -> QueueId {
        QueueId(((self.word() & (POOL - 1)) >> INDEX_BITS) as u32)
    }

    /// Does the task run on a pool?
    pub fn on_pool(self) -> bool {
        self.word() & POOL != 0
    }
}

impl fmt::Debug for QueueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QueueId({}#{})", self.slot(), self.generation())
    }
}

impl fmt::Debug for TaskMeta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskMeta")
            .field("queue", &self.queue())
            .field("index", &self.index())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_survives_the_packing() {
        for (slot, generation, index) in [(0, 0, 0), (4095, 4095, (1 << 28) - 1), (17, 3, 12_345)] {
            let queue = QueueId::new(slot, generation);
            let meta = TaskMeta::new(queue, slot == 17, index);
            assert_eq!(meta.queue(), queue);
            assert_eq!((queue.slot(), queue.generation()), (slot, generation));
            assert_eq!((meta.index(), meta.on_pool()), (index, slot == 17));
        }
    }

    #[test]
    fn it_fits_into_the_padding_of_the_cell() {
        assert_eq!((size_of::<TaskMeta>(), align_of::<TaskMeta>()), (7, 1));
    }
}
