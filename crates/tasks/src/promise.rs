//! `Promise`: a result that somebody sets and many can wait for.
//!
//! Python's `Future`, whose name is the trait's here. A promise is one allocation that its handles and waiters share (see
//! `shared`); what follows its end goes through the loop, in the order in which it was asked for. Nothing that is not
//! this file's is called under the promise's lock, but for `T::clone`.

mod entries;
mod error;
mod shared;
mod wait;

#[cfg(all(test, asyncio_loom))]
mod loom_tests;

use std::error::Error;
use std::fmt;
use std::future::IntoFuture;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::Arc;

use asyncio_core::{
    CallbackId, Context, ExceptionContext, QueueId, call_soon_threadsafe_in, home_loop, inherit_context,
    outside, report,
};

pub use error::PromiseError;
use shared::{Shared, Stage};
pub use wait::{PromiseTake, PromiseWait};

use crate::InvalidStateError;
use crate::sync::Ordering;

/// A result that is set by hand, once, and that many can wait for.
///
/// Clones share one state, and any of them can set, cancel or await it, on any thread. `promise.await` and `(&promise).await`
/// give a clone of the value; [`take`](Promise::take) gives the value itself, to one.
///
/// Who awaits a promise and is cancelled cancels the promise, and with it everybody else who awaits it. (A future that is
/// merely dropped does not.)
///
/// When the last clone goes and nobody is left who could set the promise, it is cancelled.
///
/// # Errors
///
/// Awaiting gives a [`PromiseError`] when the promise was cancelled, failed, or its value was taken.
///
/// # Cancel safety
///
/// Dropping an await loses nothing: the promise keeps its value.
///
/// # Python
///
/// `asyncio.Future`. There a future that nobody can set any more hangs; here its waiters see that it was cancelled.
///
/// # Examples
///
/// ```
/// use asyncio_tasks::Promise;
///
/// # futures_lite::future::block_on(async {
/// let promise = Promise::new();
/// let setter = promise.clone();
/// std::thread::spawn(move || setter.set_result(42));
/// assert_eq!((&promise).await.unwrap(), 42);
/// assert_eq!(promise.await.unwrap(), 42);
/// # });
/// ```
#[doc(alias = "Future")]
pub struct Promise<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Promise<T> {
    /// An open promise of the loop that runs on this thread, or to whose pool this thread belongs.
    ///
    /// Where there is no loop of ours it has none, and calls its callbacks where it is set.
    ///
    /// # Python
    ///
    /// `loop.create_future()`.
    #[track_caller]
    pub fn new() -> Promise<T> {
        Promise::on(home_loop())
    }

    #[track_caller]
    pub(crate) fn on(queue: Option<QueueId>) -> Promise<T> {
        Promise {
            shared: Arc::new(Shared::new(queue, Location::caller())),
        }
    }

    /// One handle more.
    fn handle_of(shared: &Arc<Shared<T>>) -> Promise<T> {
        shared.handles.fetch_add(1, Ordering::Relaxed);
        Promise {
            shared: shared.clone(),
        }
    }

    /// Sets the value.
    ///
    /// # Errors
    ///
    /// When the promise is done; the value is lost then. [`try_set_result`](Promise::try_set_result) gives it back.
    pub fn set_result(&self, value: T) -> Result<(), InvalidStateError> {
        self.try_set_result(value).map_err(|_| done_already())
    }

    /// Sets the value.
    ///
    /// # Errors
    ///
    /// Gives the value back when the promise is done.
    pub fn try_set_result(&self, value: T) -> Result<(), T> {
        match self.shared.settle(Stage::Value(value)) {
            Err(Stage::Value(value)) => Err(value),
            _ => Ok(()),
        }
    }

    /// Sets the error. All who ask get the same object; one that nobody asks for is reported through the loop's exception
    /// handler when the last who has to do with the promise has gone.
    ///
    /// # Errors
    ///
    /// When the promise is done.
    #[doc(alias = "set_error")]
    pub fn set_exception(
        &self,
        error: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Result<(), InvalidStateError> {
        let error: Arc<dyn Error + Send + Sync> = error.into().into();
        self.shared
            .settle(Stage::Failed(error))
            .map_err(|_| done_already())
    }

    /// Cancels the promise, at once: it cannot refuse. `false` if it is done.
    pub fn cancel(&self) -> bool {
        self.shared.cancel(None)
    }

    /// [`cancel`](Promise::cancel) with a message for those who report it.
    pub fn cancel_msg(&self, message: &str) -> bool {
        self.shared.cancel(Some(message))
    }

    /// Was it set or cancelled?
    pub fn done(&self) -> bool {
        self.shared.is_done()
    }

    /// Was it cancelled?
    pub fn cancelled(&self) -> bool {
        matches!(self.shared.state().stage, Stage::Cancelled(_))
    }

    /// A clone of the value.
    ///
    /// # Errors
    ///
    /// When there is none: the promise is open, was cancelled, failed, or its value was taken.
    pub fn result(&self) -> Result<T, PromiseError>
    where
        T: Clone,
    {
        self.shared.cloned()
    }

    /// The value, moved out. After that there is none.
    ///
    /// # Errors
    ///
    /// As [`result`](Promise::result).
    pub fn take_result(&self) -> Result<T, PromiseError> {
        self.shared.state().take()
    }

    /// The error that was set, if one was.
    ///
    /// # Errors
    ///
    /// When the promise is open or was cancelled.
    pub fn exception(&self) -> Result<Option<Arc<dyn Error + Send + Sync>>, PromiseError> {
        let mut state = self.shared.state();
        match state.error() {
            Some(PromiseError::Failed(error)) => Ok(Some(error)),
            Some(error) if !matches!(state.stage, Stage::Taken) => Err(error),
            _ => Ok(None),
        }
    }

    /// Waits for the value and moves it out: for what cannot be cloned.
    ///
    /// # Errors
    ///
    /// As awaiting the promise. Of several who wait so, one gets the value.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it loses nothing. Cancelled, it cancels the promise.
    pub fn take(&self) -> PromiseTake<T> {
        PromiseTake::new(self.shared.clone())
    }

    /// Takes a callback back; `false` if it was called or is about to be.
    pub fn remove_done_callback(&self, callback: CallbackId) -> bool {
        self.shared.remove_callback(callback.number())
    }

    /// Where the promise was made.
    pub fn location(&self) -> &'static Location<'static> {
        self.shared.location
    }

    /// Is it the same promise?
    pub fn same(&self, other: &Promise<T>) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Cancels the promise; not counted as a handle.
    pub(crate) fn canceller(&self) -> impl Fn() -> bool + use<T> {
        let shared = self.shared.clone();
        move || shared.cancel(None)
    }

    /// The queue of the loop that calls the callbacks.
    pub(crate) fn queue(&self) -> Option<QueueId> {
        self.shared.queue
    }
}

impl<T: Send + 'static> Promise<T> {
    /// Calls `callback` once the promise is done: on its loop, in turn with the tasks, in the order in which callbacks and
    /// waiters came; in the loop's next turn if the promise is done already. It sees the context variables that are
    /// current now. A panic goes to the exception handler.
    ///
    /// A promise without a loop calls it where it is set. A loop that closes drops it.
    pub fn add_done_callback(&self, callback: impl FnOnce(&Promise<T>) + Send + 'static) -> CallbackId {
        self.add(inherit_context(), callback)
    }

    /// [`add_done_callback`](Promise::add_done_callback) with the context in which the callback runs.
    pub fn add_done_callback_in(
        &self,
        context: &Context,
        callback: impl FnOnce(&Promise<T>) + Send + 'static,
    ) -> CallbackId {
        self.add(Some(context.clone()), callback)
    }

    fn add(
        &self,
        context: Option<Context>,
        callback: impl FnOnce(&Promise<T>) + Send + 'static,
    ) -> CallbackId {
        let schedule = move |promise: Promise<T>| {
            let queue = promise.queue();
            let call = move || callback(&promise);
            match (queue, context) {
                (Some(queue), context) => {
                    // Without variables then, it sees none of those of now.
                    let context = context.or_else(|| inherit_context().map(|_| Context::new()));
                    drop(call_soon_threadsafe_in(queue, context, call));
                }
                (None, Some(context)) => call_here(|| context.enter(call)),
                (None, None) => call_here(call),
            }
        };
        let (number, late) = self.shared.add_callback(Box::new(schedule));
        if let Some(schedule) = late {
            schedule(self.clone());
        }
        CallbackId::new(number)
    }
}

/// Calls the callback of a promise without a loop.
fn call_here(call: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| outside(call))) {
        report(
            None,
            &ExceptionContext::new("Exception in callback").with_panic(panic),
        );
    }
}

fn done_already() -> InvalidStateError {
    InvalidStateError::new("invalid state: the promise is done already")
}

impl<T> Default for Promise<T> {
    #[track_caller]
    fn default() -> Promise<T> {
        Promise::new()
    }
}

impl<T> Clone for Promise<T> {
    fn clone(&self) -> Promise<T> {
        Promise::handle_of(&self.shared)
    }
}

impl<T> Drop for Promise<T> {
    fn drop(&mut self) {
        if self.shared.handles.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.shared
                .cancel(Some("nobody is left who could set the promise"));
        }
    }
}

impl<T: Clone> IntoFuture for Promise<T> {
    type Output = Result<T, PromiseError>;
    type IntoFuture = PromiseWait<T>;

    fn into_future(self) -> PromiseWait<T> {
        PromiseWait::new(self.shared.clone())
    }
}

impl<T: Clone> IntoFuture for &Promise<T> {
    type Output = Result<T, PromiseError>;
    type IntoFuture = PromiseWait<T>;

    fn into_future(self) -> PromiseWait<T> {
        PromiseWait::new(self.shared.clone())
    }
}

impl<T> fmt::Debug for Promise<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.shared.state().stage {
            Stage::Open => "open",
            Stage::Value(_) | Stage::Taken => "has a result",
            Stage::Failed(_) => "failed",
            Stage::Cancelled(_) => "cancelled",
        };
        f.debug_struct("Promise")
            .field("state", &state)
            .field("location", &format_args!("{}", self.location()))
            .finish_non_exhaustive()
    }
}
