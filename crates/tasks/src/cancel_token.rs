//! `CancelToken`: a flag to stop, for code that looks at it rather than being dropped.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

/// A flag that says "stop": for threads, for loops that poll it, for code that wants to end at a place of its own
/// choosing. Clones share it; a [child](CancelToken::child) is set with its parent, but not the other way.
///
/// It has nothing to do with the requests that tasks and timeouts make; [`cancelled`](CancelToken::cancelled) can be
/// raced against anything.
///
/// # Examples
///
/// ```
/// use asyncio_tasks::CancelToken;
///
/// let stop = CancelToken::new();
/// let of_worker = stop.child();
/// let worker = std::thread::spawn(move || {
///     let mut rounds = 0u64;
///     while !of_worker.is_cancelled() {
///         rounds += 1;
///     }
///     rounds
/// });
/// stop.cancel();
/// worker.join().unwrap();
/// ```
#[derive(Clone, Default)]
pub struct CancelToken {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    cancelled: bool,
    wakers: BTreeMap<u64, Waker>,
    next: u64,
    children: Vec<Weak<Shared>>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cancel(&self) {
        let (wakers, children) = {
            let mut state = self.state();
            if std::mem::replace(&mut state.cancelled, true) {
                return;
            }
            (
                std::mem::take(&mut state.wakers),
                std::mem::take(&mut state.children),
            )
        };
        wakers.into_values().for_each(Waker::wake);
        for child in children {
            if let Some(child) = child.upgrade() {
                child.cancel();
            }
        }
    }
}

impl CancelToken {
    /// A token that is not set.
    pub fn new() -> CancelToken {
        CancelToken::default()
    }

    /// A token that is set when this one is.
    pub fn child(&self) -> CancelToken {
        let child = CancelToken::new();
        let mut state = self.shared.state();
        if state.cancelled {
            child.shared.state().cancelled = true;
        } else {
            if state.children.len() == state.children.capacity() {
                state.children.retain(|child| child.strong_count() > 0);
            }
            state.children.push(Arc::downgrade(&child.shared));
        }
        drop(state);
        child
    }

    /// Sets the token, for good.
    pub fn cancel(&self) {
        self.shared.cancel();
    }

    /// Was it set?
    pub fn is_cancelled(&self) -> bool {
        self.shared.state().cancelled
    }

    /// Waits until it is set.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub fn cancelled(&self) -> WaitCancelled<'_> {
        WaitCancelled {
            token: self,
            key: None,
        }
    }
}

/// The future of [`CancelToken::cancelled`].
#[must_use = "futures do nothing unless they are awaited"]
pub struct WaitCancelled<'a> {
    token: &'a CancelToken,
    key: Option<u64>,
}

impl Future for WaitCancelled<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.token.shared.state();
        if state.cancelled {
            return Poll::Ready(());
        }
        let key = self.key.unwrap_or(state.next);
        let old = match state.wakers.get(&key) {
            Some(known) if known.will_wake(cx.waker()) => None,
            _ => state.wakers.insert(key, cx.waker().clone()),
        };
        state.next = state.next.max(key + 1);
        drop(state);
        drop(old);
        self.key = Some(key);
        Poll::Pending
    }
}

impl Drop for WaitCancelled<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            let waker = self.token.shared.state().wakers.remove(&key);
            drop(waker);
        }
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken")
            .field("cancelled", &self.is_cancelled())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for WaitCancelled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WaitCancelled").field(&self.token).finish()
    }
}
