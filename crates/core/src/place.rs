//! `Place`: where a task lives, in one word: its queue, and its index in that queue's registry of live tasks.

use std::fmt;

/// Names one ready queue, of a loop or of a pool, of this process.
///
/// A slot of the table of queues and how often that slot was used before: an id that outlives its queue does not
/// name the next one, until 4096 queues have had the slot.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct QueueId(u32);

/// Where a task lives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place(u64);

/// Who runs a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A loop, on its thread.
    Loop,
    /// A pool of workers.
    Pool,
    /// An executor that is not ours.
    Foreign,
}

/// Bits of a task's index.
pub(crate) const INDEX_BITS: u32 = 28;
/// Bits of a queue's slot, and as many for its generation.
pub(crate) const SLOT_BITS: u32 = 12;

const KIND_SHIFT: u32 = INDEX_BITS + 2 * SLOT_BITS;
const INDEX_MASK: u64 = (1 << INDEX_BITS) - 1;
const QUEUE_MASK: u64 = (1 << KIND_SHIFT) - 1;
const SLOT_MASK: u32 = (1 << SLOT_BITS) - 1;

impl QueueId {
    /// What [`Place::home`] is for the tasks of the loop with this queue.
    #[inline]
    pub(crate) fn home_of_loop(self) -> u64 {
        Place::new(self, Kind::Loop, 0).home()
    }

    pub(crate) fn new(slot: usize, generation: u32) -> QueueId {
        let slot = u32::try_from(slot).expect("the table has 2^12 slots");
        QueueId(((generation & SLOT_MASK) << SLOT_BITS) | (slot & SLOT_MASK))
    }

    pub(crate) fn slot(self) -> usize {
        (self.0 & SLOT_MASK) as usize
    }

    /// The slot and the generation in one number, below 2^24.
    pub(crate) fn number(self) -> u32 {
        self.0
    }

    pub(crate) fn generation(self) -> u32 {
        self.0 >> SLOT_BITS
    }
}

impl Place {
    #[inline]
    pub(crate) fn new(queue: QueueId, kind: Kind, index: u32) -> Place {
        let kind = (kind as u64) << KIND_SHIFT;
        Place(kind | (u64::from(queue.0) << INDEX_BITS) | (u64::from(index) & INDEX_MASK))
    }

    /// The place of a task that an executor of somebody else runs.
    pub(crate) fn foreign() -> Place {
        Place((Kind::Foreign as u64) << KIND_SHIFT)
    }

    /// The place without the index: the same for all tasks of a queue, and for no others.
    #[inline]
    pub(crate) fn home(self) -> u64 {
        self.0 >> INDEX_BITS
    }

    /// The task's index in the registry of its queue.
    #[inline]
    pub(crate) fn index(self) -> u32 {
        (self.0 & INDEX_MASK) as u32
    }

    /// The queue that the task runs on.
    #[inline]
    pub(crate) fn queue(self) -> QueueId {
        QueueId(((self.0 & QUEUE_MASK) >> INDEX_BITS) as u32)
    }

    #[inline]
    pub(crate) fn kind(self) -> Kind {
        match self.0 >> KIND_SHIFT {
            0 => Kind::Loop,
            1 => Kind::Pool,
            _ => Kind::Foreign,
        }
    }
}

impl fmt::Debug for QueueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "QueueId({}#{})", self.slot(), self.generation())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_survives_the_packing() {
        for (slot, generation, index) in [(0, 0, 0), (4095, 4095, (1 << 28) - 1), (17, 3, 12_345)] {
            for kind in [Kind::Loop, Kind::Pool, Kind::Foreign] {
                let queue = QueueId::new(slot, generation);
                let place = Place::new(queue, kind, index);
                assert_eq!(place.queue(), queue);
                assert_eq!((queue.slot(), queue.generation()), (slot, generation));
                assert_eq!((place.index(), place.kind()), (index, kind));
            }
        }
    }
}
