//! `ConcurrentFuture`: the result of a task or a promise, for a thread that is not the loop's.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use asyncio_tasks::{JoinError, Task, TaskRef, TimeoutError, create_task};

/// The result of a task that was started from another thread: to be waited for, awaited, or cancelled.
///
/// Dropping it lets the task run on.
///
/// # Python
///
/// `concurrent.futures.Future`, as `asyncio.run_coroutine_threadsafe` gives it.
pub struct ConcurrentFuture<T> {
    shared: Arc<Shared<T>>,
}

struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    result: Option<Result<T, JoinError>>,
    source: Option<Source>,
    /// Asked to stop before the task was made.
    cancelled: bool,
    waker: Option<Waker>,
}

/// Whose result it is, and so who is asked to stop.
#[derive(Clone)]
enum Source {
    Task(TaskRef),
    Promise(Arc<dyn Fn() -> bool + Send + Sync>),
}

/// The other end, on the loop's thread. Dropped, it says that the task was cancelled.
pub(crate) struct Promise<T> {
    shared: Arc<Shared<T>>,
    kept: bool,
}

/// For the result of a task that is to be made.
pub(crate) fn promise<T>() -> (Promise<T>, ConcurrentFuture<T>) {
    pair(None)
}

/// For the result of what `cancel` cancels.
pub(crate) fn of_promise<T>(
    cancel: impl Fn() -> bool + Send + Sync + 'static,
) -> (Promise<T>, ConcurrentFuture<T>) {
    pair(Some(Source::Promise(Arc::new(cancel))))
}

fn pair<T>(source: Option<Source>) -> (Promise<T>, ConcurrentFuture<T>) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            result: None,
            source,
            cancelled: false,
            waker: None,
        }),
        changed: Condvar::new(),
    });
    let promise = Promise {
        shared: shared.clone(),
        kept: false,
    };
    (promise, ConcurrentFuture { shared })
}

impl<T> Shared<T> {
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, result: Result<T, JoinError>) {
        let (waker, _source) = {
            let mut state = self.state();
            state.result = Some(result);
            (state.waker.take(), state.source.take())
        };
        self.changed.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Promise<T> {
    /// Hands on a value.
    pub(crate) fn set(mut self, value: T) {
        self.kept = true;
        self.shared.set(Ok(value));
    }
}

impl<T: 'static> Promise<T> {
    pub(crate) fn is_wanted(&self) -> bool {
        !self.shared.state().cancelled
    }

    /// Hands on what the task comes to.
    pub(crate) fn follow(mut self, task: Task<T>) {
        let late = {
            let mut state = self.shared.state();
            state.source = Some(Source::Task(task.task_ref()));
            state.cancelled
        };
        if late {
            task.cancel();
        }
        drop(create_task(async move {
            // Not a delegate: what cancels this task at the loop's end cancels that one too.
            let result = asyncio_tasks::shield(task).await;
            self.kept = true;
            self.shared.set(result);
        }));
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        if !self.kept {
            self.shared.set(Err(JoinError::from_cancelled_loop()));
        }
    }
}

impl<T> ConcurrentFuture<T> {
    /// Waits for the result, on a thread where blocking is no harm.
    ///
    /// # Errors
    ///
    /// When `timeout` passes first; the future can then be asked again.
    ///
    /// # Panics
    ///
    /// When the result was taken before.
    pub fn result(&mut self, timeout: Option<Duration>) -> Result<Result<T, JoinError>, TimeoutError> {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut state = self.shared.state();
        loop {
            if let Some(result) = state.result.take() {
                return Ok(result);
            }
            state = match deadline {
                None => self
                    .shared
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let Some(left) = deadline.checked_duration_since(Instant::now()) else {
                        return Err(TimeoutError::default());
                    };
                    let waited = self.shared.changed.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Is there a result?
    pub fn done(&self) -> bool {
        self.shared.state().result.is_some()
    }

    /// Asks the task to stop, or cancels the promise. `false` if it has ended.
    pub fn cancel(&self) -> bool {
        let source = {
            let mut state = self.shared.state();
            if state.result.is_some() {
                return false;
            }
            state.cancelled = true;
            state.source.clone()
        };
        match source {
            None => true,
            Some(Source::Task(task)) => task.cancel(),
            Some(Source::Promise(cancel)) => cancel(),
        }
    }
}

impl<T> Future for ConcurrentFuture<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.shared.state();
        if let Some(result) = state.result.take() {
            return Poll::Ready(result);
        }
        let known = state
            .waker
            .as_ref()
            .is_some_and(|known| known.will_wake(cx.waker()));
        if !known {
            let old = state.waker.replace(cx.waker().clone());
            drop(state);
            drop(old);
        }
        Poll::Pending
    }
}

impl<T> fmt::Debug for ConcurrentFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConcurrentFuture")
            .field("done", &self.done())
            .finish_non_exhaustive()
    }
}
