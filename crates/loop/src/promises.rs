//! Promises and the loop: how a loop makes one, whose a promise is, and the bridges to results that threads wait for.
//!
//! A bridge is a waker. Whoever completes one side wakes it, and it carries the outcome over on that thread; so it needs
//! no task, and works while the loop does not run.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use asyncio_core::outside;
use asyncio_tasks::raw::{promise_canceller, promise_on, promise_queue};
use asyncio_tasks::{JoinError, Promise, PromiseError, PromiseWait};

use crate::concurrent_future::{self, ConcurrentFuture};
use crate::{EventLoop, LoopHandle};

impl LoopHandle {
    /// An open promise of the loop, whose callbacks run there, from any thread.
    ///
    /// # Python
    ///
    /// `loop.create_future()`. Of the loop that runs on this thread: [`Promise::new`].
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio_loop::{Runner, get_running_loop};
    ///
    /// let value = Runner::new().run(async {
    ///     let handle = get_running_loop();
    ///     let promise = handle.create_promise();
    ///     let setter = promise.clone();
    ///     handle.call_soon_threadsafe(move || setter.set_result("done").unwrap()).unwrap();
    ///     promise.await
    /// });
    /// assert_eq!(value.unwrap().unwrap(), "done");
    /// ```
    #[doc(alias = "create_future")]
    #[track_caller]
    pub fn create_promise<T>(&self) -> Promise<T> {
        promise_on(self.queue())
    }
}

impl EventLoop {
    /// An open promise of the loop.
    ///
    /// # Python
    ///
    /// `loop.create_future()`.
    #[doc(alias = "create_future")]
    #[track_caller]
    pub fn create_promise<T>(&self) -> Promise<T> {
        promise_on(self.queue.id())
    }
}

/// What belongs to a loop.
pub trait GetLoop {
    /// Its loop. `None` if it has none, or nothing is left of the loop.
    fn get_loop(&self) -> Option<LoopHandle>;
}

impl<T> GetLoop for Promise<T> {
    fn get_loop(&self) -> Option<LoopHandle> {
        LoopHandle::find(promise_queue(self)?)
    }
}

/// A promise of the loop that runs on this thread, for the result of a task of another loop. To cancel the promise asks
/// that task to stop.
///
/// # Errors
///
/// The promise is cancelled when the task was, and fails with the [`JoinError`] when it panicked.
///
/// # Python
///
/// `asyncio.wrap_future`. The other way round: [`unwrap_future`].
#[track_caller]
pub fn wrap_future<T: Send + 'static>(future: ConcurrentFuture<T>) -> Promise<T> {
    let promise = Promise::new();
    let bridge = Arc::new(Wrap {
        source: Mutex::new(future),
        promise: promise.clone(),
    });
    let on_cancel = bridge.clone();
    promise.add_done_callback(move |promise| {
        if promise.cancelled() {
            on_cancel.source().cancel();
        }
    });
    bridge.wake();
    promise
}

struct Wrap<T> {
    source: Mutex<ConcurrentFuture<T>>,
    promise: Promise<T>,
}

impl<T> Wrap<T> {
    fn source(&self) -> MutexGuard<'_, ConcurrentFuture<T>> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn carry(&self, result: Result<T, JoinError>) {
        // A promise that is done already was cancelled meanwhile.
        match result {
            Ok(value) => drop(self.promise.try_set_result(value)),
            Err(error) => match error.cancelled_error().map(|cancelled| cancelled.message()) {
                Some(Some(message)) => drop(self.promise.cancel_msg(message)),
                Some(None) => drop(self.promise.cancel()),
                None => drop(self.promise.set_exception(error)),
            },
        }
    }
}

impl<T: Send + 'static> Wake for Wrap<T> {
    fn wake(self: Arc<Self>) {
        let waker = Waker::from(self.clone());
        let polled = Pin::new(&mut *self.source()).poll(&mut Context::from_waker(&waker));
        if let Poll::Ready(result) = polled {
            self.carry(result);
        }
    }
}

/// The result of a promise, for a thread that waits for it. To cancel it cancels the promise.
///
/// # Examples
///
/// ```
/// use asyncio_loop::{Runner, unwrap_future};
/// use asyncio_tasks::Promise;
///
/// Runner::new().run(async {
///     let promise = Promise::new();
///     let mut result = unwrap_future(promise.clone());
///     let thread = std::thread::spawn(move || result.result(None));
///     promise.set_result(7).unwrap();
///     assert_eq!(thread.join().unwrap().unwrap().unwrap().unwrap(), 7);
/// }).unwrap();
/// ```
pub fn unwrap_future<T: Clone + Send + 'static>(
    promise: Promise<T>,
) -> ConcurrentFuture<Result<T, PromiseError>> {
    let (sender, future) = concurrent_future::of_promise(promise_canceller(&promise));
    let bridge = Arc::new(Unwrap(Mutex::new(Some((promise.into_future(), sender)))));
    bridge.wake();
    future
}

struct Unwrap<T>(Mutex<Option<Unwrapping<T>>>);

type Unwrapping<T> = (
    PromiseWait<T>,
    concurrent_future::Promise<Result<T, PromiseError>>,
);

impl<T: Clone + Send + 'static> Wake for Unwrap<T> {
    fn wake(self: Arc<Self>) {
        let waker = Waker::from(self.clone());
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((wait, _)) = &mut *held else { return };
        // Not a part of what the running task awaits, if one runs here.
        let polled = outside(|| Pin::new(wait).poll(&mut Context::from_waker(&waker)));
        let Poll::Ready(result) = polled else { return };
        let ended = held.take();
        drop(held);
        if let Some((_wait, sender)) = ended {
            sender.set(result);
        }
    }
}
