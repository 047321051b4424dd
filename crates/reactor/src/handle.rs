//! `Handle`: the way to a reactor for everybody but its owner.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::task::Waker;

use asyncio_core::Slot;

use crate::fallback;
use crate::shared::Shared;
use crate::source::Source;
use crate::sys::RawSource;

thread_local! {
    static CURRENT: Slot<Handle> = const { Slot::empty() };
}

/// A handle to a [`Reactor`](crate::Reactor): registers sources, and interrupts its turn from any thread.
///
/// # Examples
///
/// ```
/// use asyncio_reactor::Reactor;
///
/// # fn main() -> std::io::Result<()> {
/// let mut reactor = Reactor::new()?;
/// let handle = reactor.handle();
/// std::thread::spawn(move || handle.notify());
/// reactor.turn(None)?; // waits until the other thread notifies
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

/// Lets sources find a reactor on this thread; made by [`Handle::enter`].
#[derive(Debug)]
#[must_use = "the reactor leaves the thread when this guard is dropped"]
pub struct Entered {
    _slot: asyncio_core::Entered<Handle>,
}

impl Handle {
    pub(crate) fn new(shared: Arc<Shared>) -> Handle {
        Handle { shared }
    }

    /// The reactor that serves this thread: the entered one, otherwise that of this crate's background thread, which
    /// is started by the first such call.
    ///
    /// # Errors
    ///
    /// The background thread, or its reactor, could not be made.
    pub fn current() -> io::Result<Handle> {
        match Handle::try_current() {
            Some(handle) => Ok(handle),
            None => fallback::handle(),
        }
    }

    /// The reactor that was entered on this thread.
    #[must_use]
    pub fn try_current() -> Option<Handle> {
        Slot::current(&CURRENT)
    }

    /// Makes this reactor serve the thread until the guard is dropped: [`Async::new`](crate::Async::new) registers
    /// with it, and no background thread is started.
    pub fn enter(&self) -> Entered {
        Entered {
            _slot: Slot::enter(&CURRENT, self.clone()),
        }
    }

    /// Makes the reactor's turn return; when none is under way, the next one does not wait. Notifications that come
    /// before a turn has seen the first are one.
    ///
    /// # Errors
    ///
    /// What writing to the notifier reports; none is known.
    #[inline]
    pub fn notify(&self) -> io::Result<()> {
        self.shared.notify()
    }

    /// A waker that notifies the reactor.
    #[must_use]
    pub fn waker(&self) -> Waker {
        Waker::from(self.shared.clone())
    }

    /// How many sources are registered: one relaxed load, so that a loop may skip a turn when there is none.
    #[inline]
    #[must_use]
    pub fn source_count(&self) -> usize {
        self.shared.source_count()
    }

    /// Whether no source is registered.
    #[inline]
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.source_count() == 0
    }

    /// Whether the owner has dropped the reactor. Sources that wait get an error then, and new ones are refused.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }

    pub(crate) fn is_ours(&self) -> bool {
        self.shared.is_ours()
    }

    /// Registers with the reactor of this thread.
    pub(crate) fn register_with_current(raw: RawSource) -> io::Result<Arc<Source>> {
        Slot::with(&CURRENT, |current| current.map(|handle| handle.register(raw)))
            .unwrap_or_else(|| fallback::handle()?.register(raw))
    }

    pub(crate) fn register(&self, raw: RawSource) -> io::Result<Arc<Source>> {
        self.shared.register(raw)
    }
}

impl PartialEq for Handle {
    /// Whether both lead to the same reactor.
    fn eq(&self, other: &Handle) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl Eq for Handle {}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("backend", &self.shared.poller.backend())
            .field("sources", &self.source_count())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}
