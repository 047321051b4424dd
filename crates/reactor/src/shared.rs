//! `Shared`: what a reactor, its handles and its sources have in common.
//!
//! Invariants:
//! - A source is in the registry before the operating system knows it, and leaves it before its descriptor is
//!   closed. So an event finds its source or nothing, and whatever is found has an open descriptor.
//! - The registry's lock is held while events are handed to sources, never while a waker is woken.
//! - `notified` is true from a notification until a turn has seen it; only the first of several reaches the
//!   operating system. A turn clears it after its wait, so a notification during that wait, or between two turns,
//!   ends a wait.
//! - A forked child shares the operating system's side with its parent, so it must not touch it: everything that
//!   would compares the fork generation first.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::Wake;

use crate::direction::Direction;
use crate::registry::{Key, Registry};
use crate::source::Source;
use crate::sys::{Event, Poller, RawSource};
use asyncio_core::WakeList;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) poller: Poller,
    registry: Mutex<Registry>,
    /// The number of sources, for those who do not hold the lock.
    count: AtomicUsize,
    notified: AtomicBool,
    closed: AtomicBool,
    fork: u32,
}

impl Shared {
    pub(crate) fn new(poller: Poller) -> Shared {
        Shared {
            poller,
            registry: Mutex::new(Registry::default()),
            count: AtomicUsize::new(0),
            notified: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            fork: asyncio_core::fork_generation(),
        }
    }

    fn registry(&self) -> std::sync::MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[inline]
    pub(crate) fn source_count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Whether this process is the one that made the reactor.
    #[inline]
    pub(crate) fn is_ours(&self) -> bool {
        self.fork == asyncio_core::fork_generation()
    }

    /// An error if this process may not use the reactor.
    #[inline]
    pub(crate) fn check_fork(&self) -> io::Result<()> {
        if self.is_ours() { Ok(()) } else { Err(forked()) }
    }

    /// Wakes the owner's turn, or keeps its next one from waiting.
    #[inline]
    pub(crate) fn notify(&self) -> io::Result<()> {
        if self.notified.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        self.poller.notify()
    }

    /// Whether somebody notified; for the owner, after its wait.
    #[inline]
    pub(crate) fn take_notified(&self) -> bool {
        self.notified.load(Ordering::Relaxed) && self.notified.swap(false, Ordering::AcqRel)
    }

    /// Until the guard is dropped, a notification makes no system call: the owner is in its turn, about to return, so
    /// there is nothing to interrupt. A waker that the turn itself calls mostly notifies.
    pub(crate) fn returning(&self) -> Returning<'_> {
        self.notified.swap(true, Ordering::AcqRel);
        Returning(self)
    }

    /// Takes a source in.
    pub(crate) fn register(self: &Arc<Self>, raw: RawSource) -> io::Result<Arc<Source>> {
        self.check_fork()?;
        let source = {
            let mut registry = self.registry();
            // Looked at under the lock: `close` sets it before it takes the lock.
            if self.is_closed() {
                return Err(closed());
            }
            let source = registry
                .insert(|key| Arc::new(Source::new(self.clone(), key, raw)))
                .ok_or_else(|| io::Error::other("this reactor serves as many sources as it can number"))?;
            self.count.store(registry.len(), Ordering::Relaxed);
            source
        };
        if let Err(error) = self.poller.add(raw, source.key()) {
            self.forget(source.key());
            return Err(error);
        }
        Ok(source)
    }

    /// Lets a source go. Its descriptor is still open.
    pub(crate) fn deregister(&self, key: Key, raw: RawSource) -> io::Result<()> {
        // A closed reactor has forgotten it already.
        if !self.forget(key) || !self.is_ours() {
            return Ok(());
        }
        self.poller.remove(raw)
    }

    fn forget(&self, key: Key) -> bool {
        let removed = {
            let mut registry = self.registry();
            let removed = registry.remove(key);
            self.count.store(registry.len(), Ordering::Relaxed);
            removed
        };
        removed.is_some()
    }

    /// Hands events to their sources. Gives the number of those that found one.
    pub(crate) fn dispatch(&self, events: impl Iterator<Item = Event>, wake: &mut WakeList) -> usize {
        let registry = self.registry();
        let mut count = 0;
        for event in events {
            let Some(source) = registry.get(event.key) else {
                continue;
            };
            count += 1;
            source.event(&event, wake);
        }
        count
    }

    /// No turn will follow: all waiters get an error.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let sources = {
            let mut registry = self.registry();
            self.count.store(0, Ordering::Relaxed);
            registry.take_all()
        };
        let mut wake = WakeList::new();
        for source in &sources {
            source.close(&mut wake);
        }
        wake.wake_all();
    }

    /// Tells the operating system, where it forgets after each event, what `source` is waited for.
    pub(crate) fn arm(&self, source: &Source) -> io::Result<()> {
        if self.poller.is_edge() {
            return Ok(());
        }
        self.poller.arm(source.raw(), source.key(), &|| {
            Direction::BOTH.map(|direction| source.readiness().is_awaited(direction))
        })
    }
}

/// Made by [`Shared::returning`].
pub(crate) struct Returning<'a>(&'a Shared);

impl Drop for Returning<'_> {
    fn drop(&mut self) {
        // A panicking waker gets here too: a flag that stayed set would swallow every later notification.
        self.0.notified.swap(false, Ordering::AcqRel);
    }
}

impl Wake for Shared {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // A waker has nobody to tell. The write to an open eventfd or pipe of ours does not fail.
        let _ = self.notify();
    }
}

pub(crate) fn closed() -> io::Error {
    io::Error::other(
        "the reactor that served this source was closed: keep the reactor alive for as long as its sources are used",
    )
}

pub(crate) fn forked() -> io::Error {
    io::Error::other(
        "this reactor was made before a fork: make a new one, and register sources anew, in the child process",
    )
}
