//! The state of a queue, and what each change of it offers to those who wait.
//!
//! A place, or an item, that becomes free while somebody waits for it is *promised* to the one who has waited longest:
//! that one is taken off its line and woken, and the promise is counted until it comes, or goes away. What is
//! promised is out of reach for everybody else. So nobody is overtaken, and one who was woken never waits again.
//!
//! Invariants, whenever the mutex is free: if somebody waits to put, all room is promised; if somebody waits to get,
//! all items are promised, or there are none.

use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};

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

/// A change of a queue's items, places or promises. Its end, also by a panic of the storage, offers what became free, and
/// tells those whose wait is over. What an item's owner has in hand then is not lost to a waker that panics.
pub(super) struct Change<'a, T, S: QueueStorage<T>> {
    state: ManuallyDrop<QueueLocked<'a, S>>,
    /// How many items there were.
    before: usize,
    _items: PhantomData<fn() -> T>,
}

impl<'a, T, S: QueueStorage<T>> Change<'a, T, S> {
    #[inline]
    pub(super) fn new(state: QueueLocked<'a, S>) -> Change<'a, T, S> {
        Change {
            before: state.storage.len(),
            state: ManuallyDrop::new(state),
            _items: PhantomData,
        }
    }
}

impl<'a, T, S: QueueStorage<T>> Deref for Change<'a, T, S> {
    type Target = QueueLocked<'a, S>;

    #[inline]
    fn deref(&self) -> &QueueLocked<'a, S> {
        &self.state
    }
}

impl<T, S: QueueStorage<T>> DerefMut for Change<'_, T, S> {
    #[inline]
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.state
    }
}

impl<T, S: QueueStorage<T>> Drop for Change<'_, T, S> {
    #[inline]
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "the lock is given up before others are woken")]
        // SAFETY: the field is not used any more.
        let mut state = unsafe { ManuallyDrop::take(&mut self.state) };
        let more = state.storage.len().saturating_sub(self.before);
        state.unfinished += more;
        if !state.is_empty(GETTERS) || !state.is_empty(PUTTERS) || state.phase == Phase::Closed {
            settle(state);
        }
    }
}

/// Offers what is free to those who wait.
fn settle<T, S: QueueStorage<T>>(mut state: QueueLocked<'_, S>) {
    let mut wake = WakeList::new();
    while state.items() > 0 {
        let Some(waker) = state.notify_front(GETTERS, PROMISE) else {
            break;
        };
        state.promised_items += 1;
        wake.push(waker);
    }
    while state.phase == Phase::Open && state.room() > 0 {
        let Some(waker) = state.notify_front(PUTTERS, PROMISE) else {
            break;
        };
        state.promised_places += 1;
        wake.push(waker);
    }
    if state.phase != Phase::Open {
        state.notify_all(PUTTERS, SHUT_DOWN, &mut wake);
        if state.is_exhausted() {
            state.notify_all(GETTERS, SHUT_DOWN, &mut wake);
        }
        if state.unfinished == 0 {
            state.notify_all(JOINERS, 0, &mut wake);
        }
    }
    drop(state);
    wake.wake_all_and_go_on();
}

/// Fewer items are unfinished than before: wakes those who wait for the last.
pub(super) fn end_if_finished<S>(mut state: QueueLocked<'_, S>) {
    let mut wake = WakeList::new();
    if state.unfinished == 0 {
        state.notify_all(JOINERS, 0, &mut wake);
    }
    drop(state);
    wake.wake_all_and_go_on();
}
