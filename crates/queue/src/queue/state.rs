//! The state of a queue, and what each change of it offers to those who wait.
//!
//! A place, or an item, that becomes free while somebody waits for it is *promised* to the one who has waited longest:
//! that one is taken off its line and woken, and the promise is counted until it comes, or goes away. What is
//! promised is out of reach for everybody else. So nobody is overtaken, and one who was woken never waits again.
//!
//! Invariants, whenever the mutex is free: if somebody waits to put, all room is promised; if somebody waits to get,
//! all items are promised, or there are none.

use std::task::Waker;

use asyncio_core::WakeList;
use asyncio_sync::monitor::{Locked, Monitor};

use crate::storage::QueueStorage;

pub(super) const PUTTERS: usize = 0;
pub(super) const GETTERS: usize = 1;
pub(super) const JOINERS: usize = 2;

/// The note of one who was promised a place or an item.
pub(super) const PROMISE: usize = 0;
/// The note of one who need not wait any longer, for the queue was shut down.
pub(super) const SHUT_DOWN: usize = 1;

pub(super) type QueueMonitor<S> = Monitor<State<S>, 3>;
pub(super) type QueueLocked<'a, S> = Locked<'a, State<S>, 3>;

/// Whether the queue was shut down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    /// Nothing is put any more; what is there can be got.
    Draining,
    /// What was there was thrown out.
    Closed,
}

pub(super) struct State<S> {
    pub(super) storage: S,
    /// The most items, reserved places included.
    pub(super) maxsize: usize,
    pub(super) phase: Phase,
    /// Items that were put and not yet reported as done.
    pub(super) unfinished: usize,
    /// Places that somebody holds a slot for.
    pub(super) reserved: usize,
    /// Places, and items, that are promised to one who was woken.
    pub(super) promised_places: usize,
    pub(super) promised_items: usize,
}

impl<S> State<S> {
    pub(super) fn new(storage: S, maxsize: usize) -> State<S> {
        State {
            storage,
            maxsize,
            phase: Phase::Open,
            unfinished: 0,
            reserved: 0,
            promised_places: 0,
            promised_items: 0,
        }
    }

    /// Places that a newcomer could take.
    #[inline]
    pub(super) fn room<T>(&self) -> usize
    where
        S: QueueStorage<T>,
    {
        let taken = self.storage.len() + self.reserved + self.promised_places;
        self.maxsize.saturating_sub(taken)
    }

    /// Items that a newcomer could take.
    #[inline]
    pub(super) fn items<T>(&self) -> usize
    where
        S: QueueStorage<T>,
    {
        self.storage.len().saturating_sub(self.promised_items)
    }

    /// Puts an item, for which there is room.
    #[inline]
    pub(super) fn push<T>(&mut self, item: T)
    where
        S: QueueStorage<T>,
    {
        self.storage.push(item);
        self.unfinished += 1;
    }

    /// Whether nothing will ever come out any more.
    pub(super) fn is_exhausted<T>(&self) -> bool
    where
        S: QueueStorage<T>,
    {
        match self.phase {
            Phase::Open => false,
            Phase::Draining => self.storage.len() == 0 && self.reserved == 0,
            Phase::Closed => true,
        }
    }
}

/// An item may have become free: who waits for it?
#[inline]
#[must_use = "the waker is to be woken when the lock is free"]
pub(super) fn offer_item<T, S: QueueStorage<T>>(state: &mut QueueLocked<'_, S>) -> Option<Waker> {
    if state.is_empty(GETTERS) || state.items() == 0 {
        return None;
    }
    let waker = state.notify_front(GETTERS, PROMISE)?;
    state.promised_items += 1;
    Some(waker)
}

/// A place may have become free: who waits for it?
#[inline]
#[must_use = "the waker is to be woken when the lock is free"]
pub(super) fn offer_place<T, S: QueueStorage<T>>(state: &mut QueueLocked<'_, S>) -> Option<Waker> {
    if state.is_empty(PUTTERS) || state.room() == 0 {
        return None;
    }
    let waker = state.notify_front(PUTTERS, PROMISE)?;
    state.promised_places += 1;
    Some(waker)
}

/// Something went out, or a promise or a slot was given up: tells those who wait for items if none will come.
#[inline]
pub(super) fn end_if_exhausted<T, S: QueueStorage<T>>(state: &mut QueueLocked<'_, S>, wake: &mut WakeList) {
    if state.phase != Phase::Open && state.is_exhausted() {
        state.notify_all(GETTERS, SHUT_DOWN, wake);
    }
}

/// Fewer items are unfinished than before: wakes those who wait for the last.
pub(super) fn end_if_finished<S>(state: &mut QueueLocked<'_, S>, wake: &mut WakeList) {
    if state.unfinished == 0 {
        state.notify_all(JOINERS, 0, wake);
    }
}
