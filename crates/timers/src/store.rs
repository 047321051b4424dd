//! The store of pending timers: a near heap and a far wheel over one slab.
//!
//! What is far lies in a hierarchical timing wheel (Varghese and Lauck, 1987) of six levels of 64 slots with a tick
//! of 2^20 ns, where inserting and cancelling cost a few loads and stores however many timers there are. The slots
//! whose time has come move into an indexed 4-ary heap, ordered by (nanoseconds, sequence), so that firing is exact
//! to the nanosecond and equal deadlines fire in the order of insertion. A wheel alone was rejected because its tick
//! becomes lateness, a heap alone because each cancel costs a walk through it.
//!
//! Invariants: an entry is in the heap exactly if its tick is not after the wheel's cursor; but a deadline of [`NEVER`]
//! is in neither. Every method leaves wakers to its caller: none is cloned, woken or dropped in here.
//!
//! Memory: 40 bytes per timer and 16 more while it is near. Slots of the slab are reused; the slab, whose indices are
//! in the hands of the sleeps, is given back as a whole when the last timer leaves after a burst.

mod heap;
mod slab;
mod wheel;

use std::task::Waker;

use heap::Heap;
use slab::Slab;
use wheel::Wheel;

/// The deadline that never comes.
pub(crate) const NEVER: u64 = u64::MAX;

/// Above this many slots the memory is given back when the last timer leaves.
const KEEP: usize = 1024;

/// Names one insertion. The sequence is never used again, so a stale key finds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) index: u32,
    pub(crate) sequence: u64,
}

/// Pending timers, in nanoseconds since an epoch of the owner's choice.
pub(crate) struct Store {
    slab: Slab,
    heap: Heap,
    wheel: Wheel,
    sequence: u64,
    advanced: u64,
}

impl Store {
    pub(crate) fn new() -> Store {
        Store {
            slab: Slab::new(),
            heap: Heap::new(),
            wheel: Wheel::new(),
            sequence: 0,
            advanced: 0,
        }
    }

    /// How many timers are pending, those that never fire included.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.slab.len()
    }

    /// The latest time that [`Store::advance`] was told: a time that has certainly come.
    #[inline]
    pub(crate) fn advanced(&self) -> u64 {
        self.advanced
    }

    #[inline]
    pub(crate) fn insert(&mut self, nanos: u64, waker: Waker) -> Key {
        self.sequence += 1;
        let sequence = self.sequence;
        let index = self.slab.insert(nanos, sequence, waker);
        if nanos == NEVER {
            self.slab.set_nowhere(index);
        } else if wheel::tick(nanos) <= self.wheel.cursor() {
            self.heap.push(&mut self.slab, nanos, index);
        } else {
            self.wheel.link(&mut self.slab, nanos, index);
        }
        Key { index, sequence }
    }

    /// Takes the timer out; `None` when it has fired or was taken out before.
    #[inline]
    pub(crate) fn remove(&mut self, key: Key) -> Option<Waker> {
        if !self.slab.holds(key) {
            return None;
        }
        match self.slab.place(key.index) {
            slab::Place::Near(position) => self.heap.remove(&mut self.slab, position),
            slab::Place::Far => self.wheel.unlink(&mut self.slab, key.index),
            slab::Place::Nowhere => {}
        }
        let waker = self.slab.remove(key.index);
        self.give_back();
        waker
    }

    /// The waker of a pending timer, to be compared or replaced.
    #[inline]
    pub(crate) fn waker_mut(&mut self, key: Key) -> Option<&mut Waker> {
        if self.slab.holds(key) {
            self.slab.waker_mut(key.index)
        } else {
            None
        }
    }

    /// A time before which nothing is due: the earliest deadline, or that of a timer cancelled since the last turn.
    pub(crate) fn next(&self) -> Option<u64> {
        self.heap.peek().or_else(|| self.wheel.bound())
    }

    /// The earliest deadline, by walking one slot of the wheel when nothing is near.
    pub(crate) fn next_exact(&self) -> Option<u64> {
        self.heap.peek().or_else(|| self.wheel.earliest(&self.slab))
    }

    /// Brings what is due at `now` near, so that [`Store::pop`] finds it. Time ends before [`NEVER`].
    pub(crate) fn advance(&mut self, now: u64) {
        let now = now.min(NEVER - 1);
        self.advanced = self.advanced.max(now);
        self.wheel
            .advance(&mut self.slab, &mut self.heap, wheel::tick(now));
    }

    /// The earliest deadline among what was brought near.
    #[inline]
    pub(crate) fn peek(&self) -> Option<u64> {
        self.heap.peek()
    }

    /// Takes out the earliest of what was brought near.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Waker> {
        let index = self.heap.pop(&mut self.slab)?;
        let waker = self.slab.remove(index);
        self.give_back();
        waker
    }

    /// Takes out all timers, in no order.
    pub(crate) fn drain(&mut self) -> Vec<Waker> {
        let wakers = self.slab.drain();
        self.heap = Heap::new();
        self.wheel = Wheel::new();
        self.wheel.set_cursor(wheel::tick(self.advanced));
        wakers
    }

    #[inline]
    fn give_back(&mut self) {
        if self.slab.len() == 0 && self.slab.capacity() > KEEP {
            self.slab = Slab::new();
            self.heap = Heap::new();
        }
    }
}

#[cfg(test)]
mod tests;
