//! `Monitor`: a state and first-in-first-out lists of those who wait for it to change, all under one mutex.
//!
//! What the fair primitives of this workspace are made of. A place on a list is a [`Waiter`], which lies in the future
//! that waits, so that waiting takes no memory from the heap; it is unlinked when it is dropped. Whoever is notified
//! leaves the list at that moment and reads a note of one word. What a notified waiter that is dropped must pass on is
//! the affair of the primitive, in the `Drop` of its future.
//!
//! Invariants:
//! - A waiter is on a list exactly while its status is `WAITING`; the links, the waker and the list's ends are
//!   touched under the mutex alone.
//! - The notifier takes the waker and the links out before it writes `NOTIFIED`, and never looks at the node again:
//!   from then on the owner may drop it without the mutex.
//! - No waker is woken or dropped here: wakers are handed out, to be woken or dropped when the mutex is free. They may
//!   be cloned under it, so a waker's clone must not use what it waits for.
//!
//! Why not `event-listener`, which the rest of this crate uses: it allocates a listener per wait, or pins an opaque one
//! to the stack, and its notification and the state that it is about are under two locks; a round trip between two
//! tasks took 1.5 to 2 times as long with it.

#![expect(unsafe_code, reason = "the links between waiters that lie in futures")]

use std::fmt;
use std::marker::PhantomPinned;
use std::mem::MaybeUninit;
use std::ops::{Deref, DerefMut};
use std::pin::Pin;
use std::ptr;
use std::task::Waker;

use asyncio_core::WakeList;

use crate::sync::{AtomicU8, Mutex, MutexGuard, Ordering, UnsafeCell, const_fn, lock};

#[cfg(all(test, asyncio_loom))]
mod loom_tests;
#[cfg(all(test, not(asyncio_loom)))]
mod tests;

/// A state and `LISTS` lists of waiters, under one mutex.
pub struct Monitor<S, const LISTS: usize = 1> {
    inner: Mutex<Inner<S, LISTS>>,
}

struct Inner<S, const LISTS: usize> {
    state: S,
    lists: [List; LISTS],
}

/// The two ends of a list; null when it is empty.
#[derive(Clone, Copy)]
struct List {
    first: *const Node,
    last: *const Node,
}

const EMPTY: List = List {
    first: ptr::null(),
    last: ptr::null(),
};

// SAFETY: the nodes that a list leads to are touched by whoever has the mutex, on any thread.
unsafe impl Send for List {}

/// On no list, and free to be put on one.
const IDLE: u8 = 0;
const WAITING: u8 = 1;
const NOTIFIED: u8 = 2;

struct Node {
    status: AtomicU8,
    /// Written when the node is put on a list. A fresh node has nothing there: most waits need not wait, and a future
    /// is moved about before it is polled, which is quick with nothing in it.
    links: UnsafeCell<MaybeUninit<Links>>,
    /// A list has the node's address.
    _pin: PhantomPinned,
}

impl Node {
    /// Hands out the links.
    ///
    /// # Safety
    ///
    /// The links are the caller's: the node is on a list and the caller has the mutex, or it was notified and the
    /// caller is its owner. `f` touches no links.
    #[inline]
    unsafe fn with_links<R>(&self, f: impl FnOnce(&mut Links) -> R) -> R {
        self.links.with_mut(|links| {
            // SAFETY: they are the caller's, and were written when the node was put on a list.
            f(unsafe { (*links).assume_init_mut() })
        })
    }

    /// # Safety
    ///
    /// The node was notified.
    #[inline]
    unsafe fn note(&self) -> usize {
        // SAFETY: the links were written when the node was put on a list, and are not changed now.
        self.links
            .with(|links| unsafe { (*links).assume_init_ref() }.note)
    }

    /// # Safety
    ///
    /// The node is idle, and the caller has the mutex.
    #[inline]
    unsafe fn set_links(&self, new: Links) {
        self.links.with_mut(|links| {
            // SAFETY: an idle node's links are nobody else's.
            unsafe { (*links).write(new) };
        });
    }
}

struct Links {
    previous: *const Node,
    next: *const Node,
    /// There while the node is on a list.
    waker: Option<Waker>,
    list: usize,
    /// What the waiter says of itself while it waits, and what it was told when it was notified.
    note: usize,
}

/// What has become of a waiter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It is on no list.
    Idle,
    /// It is on a list.
    Waiting,
    /// It was notified, with this note.
    Notified(usize),
}

impl<S, const LISTS: usize> Monitor<S, LISTS> {
    const_fn! {
        /// A monitor around `state`, with nobody on its lists.
        pub const fn new(state: S) -> Monitor<S, LISTS> {
            let lists = [EMPTY; LISTS];
            Monitor {
                inner: Mutex::new(Inner { state, lists }),
            }
        }
    }

    /// Waits, blocking, for the mutex. What is done under it should be short and call nothing unknown.
    #[inline]
    pub fn lock(&self) -> Locked<'_, S, LISTS> {
        Locked {
            guard: lock(&self.inner),
            monitor: self,
        }
    }

    /// The state of a monitor that nobody shares any more.
    pub fn into_inner(self) -> S {
        let inner = self.inner.into_inner();
        inner.unwrap_or_else(std::sync::PoisonError::into_inner).state
    }
}

impl<S: Default, const LISTS: usize> Default for Monitor<S, LISTS> {
    fn default() -> Monitor<S, LISTS> {
        Monitor::new(S::default())
    }
}

impl<S, const LISTS: usize> fmt::Debug for Monitor<S, LISTS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").finish_non_exhaustive()
    }
}

/// The mutex of a [`Monitor`] is held: the state, and what can be done with the lists.
pub struct Locked<'a, S, const LISTS: usize = 1> {
    guard: MutexGuard<'a, Inner<S, LISTS>>,
    monitor: &'a Monitor<S, LISTS>,
}

impl<S, const LISTS: usize> Deref for Locked<'_, S, LISTS> {
    type Target = S;

    #[inline]
    fn deref(&self) -> &S {
        &self.guard.state
    }
}

impl<S, const LISTS: usize> DerefMut for Locked<'_, S, LISTS> {
    #[inline]
    fn deref_mut(&mut self) -> &mut S {
        &mut self.guard.state
    }
}

impl<S, const LISTS: usize> fmt::Debug for Locked<'_, S, LISTS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Locked").finish_non_exhaustive()
    }
}

impl<S, const LISTS: usize> Locked<'_, S, LISTS> {
    /// Whether nobody waits on that list.
    #[inline]
    pub fn is_empty(&self, list: usize) -> bool {
        self.guard.lists[list].first.is_null()
    }

    /// Whether one waits on that list, and no more.
    #[inline]
    pub fn is_last(&self, list: usize) -> bool {
        let List { first, last } = self.guard.lists[list];
        !first.is_null() && ptr::eq(first, last)
    }

    /// What the first on that list says of itself.
    #[inline]
    pub fn front(&self, list: usize) -> Option<usize> {
        let first = self.guard.lists[list].first;
        if first.is_null() {
            return None;
        }
        // SAFETY: a node on a list is alive: its owner must unlink it, under this mutex, before it can be dropped.
        Some(unsafe { (*first).with_links(|links| links.note) })
    }

    /// Takes the first off that list and gives it a note. `None`: nobody waits there.
    #[inline]
    #[must_use = "the waker is to be woken when the lock is free"]
    pub fn notify_front(&mut self, list: usize, note: usize) -> Option<Waker> {
        let first = self.guard.lists[list].first;
        if first.is_null() {
            return None;
        }
        // SAFETY: as in `front`.
        let node = unsafe { &*first };
        let waker = self.unlink(node, note);
        // The owner may drop the node as soon as it sees this.
        node.status.store(NOTIFIED, Ordering::Release);
        waker
    }

    /// Takes everybody off that list and gives each the note.
    pub fn notify_all(&mut self, list: usize, note: usize, wake: &mut WakeList) {
        while !self.is_empty(list) {
            if let Some(waker) = self.notify_front(list, note) {
                wake.push(waker);
            }
        }
    }

    /// Puts an idle waiter at the end of that list.
    ///
    /// # Panics
    ///
    /// When the waiter is not idle, or is of another monitor.
    #[inline]
    pub fn push_back(&mut self, list: usize, waiter: Pin<&Waiter<'_, S, LISTS>>, note: usize, waker: Waker) {
        let node = self.idle(waiter);
        let last = self.guard.lists[list].last;
        let links = Links {
            previous: last,
            next: ptr::null(),
            waker: Some(waker),
            list,
            note,
        };
        // SAFETY: it is idle, and we have the mutex.
        unsafe { node.set_links(links) };
        node.status.store(WAITING, Ordering::Relaxed);
        self.set_next(list, last, node);
        self.guard.lists[list].last = node;
    }

    /// Takes a waiter off its list, if it is on one: it is idle then. Gives back its waker, to be dropped when the
    /// lock is free.
    ///
    /// # Panics
    ///
    /// When the waiter is of another monitor.
    pub fn remove(&mut self, waiter: Pin<&Waiter<'_, S, LISTS>>) -> Option<Waker> {
        self.check(&waiter);
        self.remove_node(&waiter.get_ref().node)
    }

    /// A waiter was polled again. If it still waits it keeps its place with this waker, and the old one is given
    /// back, to be dropped when the lock is free.
    ///
    /// # Panics
    ///
    /// When the waiter is of another monitor.
    pub fn renew(&mut self, waiter: Pin<&Waiter<'_, S, LISTS>>, waker: &Waker) -> Option<Waker> {
        self.check(&waiter);
        let node = &waiter.get_ref().node;
        if node.status.load(Ordering::Acquire) != WAITING {
            return None;
        }
        let renew = |links: &mut Links| match &mut links.waker {
            Some(same) if same.will_wake(waker) => None,
            other => other.replace(waker.clone()),
        };
        // SAFETY: it is on a list, and we have the mutex.
        unsafe { node.with_links(renew) }
    }

    #[inline]
    fn check(&self, waiter: &Waiter<'_, S, LISTS>) {
        assert!(
            ptr::eq(waiter.monitor, self.monitor),
            "a waiter can wait at its own monitor only"
        );
    }

    #[inline]
    fn idle<'w>(&self, waiter: Pin<&'w Waiter<'_, S, LISTS>>) -> &'w Node {
        self.check(&waiter);
        let node = &waiter.get_ref().node;
        let status = node.status.load(Ordering::Acquire);
        assert_eq!(status, IDLE, "a waiter that is put on a list must be idle");
        node
    }

    fn remove_node(&mut self, node: &Node) -> Option<Waker> {
        // Under the mutex it cannot become notified.
        if node.status.load(Ordering::Acquire) != WAITING {
            return None;
        }
        let waker = self.unlink(node, 0);
        node.status.store(IDLE, Ordering::Relaxed);
        waker
    }

    /// Takes a node off the list that it is on, and leaves it a note.
    #[inline]
    fn unlink(&mut self, node: &Node, note: usize) -> Option<Waker> {
        let take = |links: &mut Links| {
            links.note = note;
            (links.previous, links.next, links.list, links.waker.take())
        };
        // SAFETY: it is on a list, and we have the mutex.
        let (previous, next, list, waker) = unsafe { node.with_links(take) };
        self.set_next(list, previous, next);
        self.set_previous(list, next, previous);
        waker
    }

    /// What comes after `node`, or first if that is null, is `next`.
    #[inline]
    fn set_next(&mut self, list: usize, node: *const Node, next: *const Node) {
        if node.is_null() {
            self.guard.lists[list].first = next;
        } else {
            // SAFETY: a neighbour on the list is alive, and we have the mutex.
            unsafe { (*node).with_links(|links| links.next = next) };
        }
    }

    /// What comes before `node`, or last if that is null, is `previous`.
    #[inline]
    fn set_previous(&mut self, list: usize, node: *const Node, previous: *const Node) {
        if node.is_null() {
            self.guard.lists[list].last = previous;
        } else {
            // SAFETY: a neighbour on the list is alive, and we have the mutex.
            unsafe { (*node).with_links(|links| links.previous = previous) };
        }
    }
}

/// A place on one of a monitor's lists, part of the future that waits.
///
/// Dropped, it leaves its list.
pub struct Waiter<'a, S, const LISTS: usize = 1> {
    monitor: &'a Monitor<S, LISTS>,
    node: Node,
}

// SAFETY: what several threads can reach of a node are its atomics, and its links under the mutex; wakers are `Send`.
// The monitor is borrowed, and guards its state by the mutex.
unsafe impl<S: Send, const LISTS: usize> Send for Waiter<'_, S, LISTS> {}
// SAFETY: as above.
unsafe impl<S: Send, const LISTS: usize> Sync for Waiter<'_, S, LISTS> {}

impl<'a, S, const LISTS: usize> Waiter<'a, S, LISTS> {
    const_fn! {
        /// An idle waiter.
        pub const fn new(monitor: &'a Monitor<S, LISTS>) -> Waiter<'a, S, LISTS> {
            Waiter {
                monitor,
                node: Node {
                    status: AtomicU8::new(IDLE),
                    links: UnsafeCell::new(MaybeUninit::uninit()),
                    _pin: PhantomPinned,
                },
            }
        }
    }

    /// The monitor at which it waits.
    #[inline]
    pub fn monitor(&self) -> &'a Monitor<S, LISTS> {
        self.monitor
    }

    /// What has become of it. Takes no lock; what came before the notification is visible to who reads of it.
    #[inline]
    pub fn status(&self) -> Status {
        match self.node.status.load(Ordering::Acquire) {
            IDLE => Status::Idle,
            WAITING => Status::Waiting,
            // SAFETY: the notifier has written the note and is done with the node, and nobody writes to it any more:
            // to put it on a list again takes a reset, which needs it unshared.
            _ => Status::Notified(unsafe { self.node.note() }),
        }
    }

    /// A notified waiter is idle again.
    #[inline]
    pub fn reset(self: Pin<&mut Self>) {
        // One that waits stays on its list. Nobody else changes the status of another, for this one is not shared.
        if self.node.status.load(Ordering::Acquire) == NOTIFIED {
            self.node.status.store(IDLE, Ordering::Relaxed);
        }
    }
}

impl<S, const LISTS: usize> Drop for Waiter<'_, S, LISTS> {
    #[inline]
    fn drop(&mut self) {
        // Acquire: if it was notified, the notifier is done with the node.
        if self.node.status.load(Ordering::Acquire) == WAITING {
            let waker = self.monitor.lock().remove_node(&self.node);
            // Now that the lock is free.
            drop(waker);
        }
    }
}

impl<S, const LISTS: usize> fmt::Debug for Waiter<'_, S, LISTS> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waiter")
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
