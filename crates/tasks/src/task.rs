//! `Task`: the handle of a task.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use asyncio_core::{Outcome, RawTask, Request, TaskRef, WaitKind, waits_for};

use crate::result_error::ResultError;
use crate::scope::Leaf;
use crate::{CancelledError, JoinError};

/// A task that runs on its own; awaiting it gives its value.
///
/// Dropping the handle detaches the task: it runs on until it ends or its loop does. Made by
/// [`create_task`](crate::create_task), [`spawn`](crate::spawn) and the [builder](crate::task()). What can be asked of
/// any task, whatever its value, is in [`TaskRef`], to which this dereferences.
///
/// Who awaits a task and is cancelled meanwhile passes the request on to the task, and is itself cancelled only when
/// that has ended cancelled; if the task turns the request down, its value comes back. [`shield`](crate::shield)
/// stops this.
///
/// # Errors
///
/// Awaiting gives a [`JoinError`] when the task was cancelled or panicked.
///
/// # Panics
///
/// When it is polled again after it gave its result, and when a task awaits itself.
///
/// # Cancel safety
///
/// Dropping the handle while it is awaited loses the task's value, not the task.
///
/// # Python
///
/// `asyncio.Task`. Python's task is collected when nobody holds it; here the loop holds it.
#[must_use = "a dropped handle detaches the task; say `drop(task)` if that is meant"]
pub struct Task<T> {
    raw: RawTask<T>,
    join: Join,
}

/// The side of an await of a task: a delegate in the tree of scopes.
#[derive(Default)]
pub(crate) struct Join {
    position: Leaf,
    /// The request that was passed on to the task.
    asked: Option<Request>,
    /// The await ended with a cancellation: nothing comes any more.
    over: bool,
}

impl Join {
    /// Passes on what comes from above. True: the await is cancelled at once.
    #[inline]
    fn delegate(&mut self, task: &TaskRef) -> bool {
        if self.over {
            return true;
        }
        let Some(request) = self.position.inbox() else {
            return false;
        };
        let passed = task.ask(request.message(), request.is_hard());
        if passed {
            self.asked = Some(request);
        } else {
            // It has ended already: the cancellation beats a value that is ready in the same turn.
            self.raise(request);
        }
        !passed
    }

    pub(crate) fn raise(&mut self, request: Request) {
        self.over = true;
        self.position.raise(request);
    }

    /// One poll of the task's outcome. Pending for good if the await is cancelled.
    #[inline]
    pub(crate) fn poll<T>(&mut self, raw: &mut RawTask<T>, cx: &mut Context<'_>) -> Poll<Outcome<T>> {
        if self.delegate(raw.as_task_ref()) {
            return Poll::Pending;
        }
        match Pin::new(&mut *raw).poll(cx) {
            Poll::Pending => {
                let task = raw.as_task_ref();
                assert!(!task.is_current(), "Task cannot await on itself: {task:?}");
                waits_for(WaitKind::Task, task.address());
                self.position.link(cx.waker());
                Poll::Pending
            }
            Poll::Ready(Outcome::Cancelled(reason)) => match self.asked.take() {
                Some(request) => {
                    self.raise(request);
                    Poll::Pending
                }
                None => {
                    self.position.end();
                    Poll::Ready(Outcome::Cancelled(reason))
                }
            },
            Poll::Ready(outcome) => {
                self.asked = None;
                self.position.end();
                Poll::Ready(outcome)
            }
        }
    }

    /// Nothing comes any more.
    pub(crate) fn set_over(&mut self) {
        self.over = true;
    }
}

impl<T> Task<T> {
    #[inline]
    pub(crate) fn new(raw: RawTask<T>) -> Task<T> {
        Task {
            raw,
            join: Join::default(),
        }
    }

    /// One poll without delegating: nobody who waits here passes a request on.
    pub(crate) fn poll_outcome(&mut self, cx: &mut Context<'_>) -> Poll<Outcome<T>> {
        Pin::new(&mut self.raw).poll(cx)
    }

    /// Leaves a waker for the end of the task. True: it has ended.
    pub(crate) fn join_with(&mut self, waker: &Waker) -> bool {
        self.raw.join_with(waker)
    }

    /// The outcome of a task that has ended, once.
    pub(crate) fn take_outcome(&mut self) -> Option<Outcome<T>> {
        self.raw.take()
    }

    /// Did the task end cancelled?
    pub fn cancelled(&self) -> bool {
        matches!(self.peek(), Some(Outcome::Cancelled(_)))
    }

    /// Lets the task run on without its handle.
    pub fn detach(self) {
        drop(self);
    }

    /// The task, seen from outside; it can be kept and sent anywhere.
    pub fn task_ref(&self) -> TaskRef {
        self.raw.as_task_ref().clone()
    }

    /// The value of a task that has ended.
    ///
    /// # Errors
    ///
    /// When it has not ended, was cancelled, or panicked.
    pub fn result(&self) -> Result<&T, ResultError> {
        match self.raw.outcome() {
            None => Err(ResultError::not_done()),
            Some(Outcome::Value(value)) => Ok(value),
            Some(Outcome::Cancelled(request)) => {
                Err(ResultError::Cancelled(CancelledError::of(request.as_ref())))
            }
            Some(Outcome::Panicked(panic)) => Err(ResultError::panicked(&**panic)),
        }
    }

    /// What the task panicked with, if it did.
    ///
    /// # Errors
    ///
    /// When it has not ended or was cancelled.
    pub fn exception(&self) -> Result<Option<&(dyn Any + Send)>, ResultError> {
        match self.raw.outcome() {
            None => Err(ResultError::not_done()),
            Some(Outcome::Value(_)) => Ok(None),
            Some(Outcome::Cancelled(request)) => {
                Err(ResultError::Cancelled(CancelledError::of(request.as_ref())))
            }
            Some(Outcome::Panicked(panic)) => Ok(Some(&**panic)),
        }
    }

    /// The value of a task that has ended, moved out.
    ///
    /// # Errors
    ///
    /// As [`result`](Task::result); a task that has not ended comes back.
    pub fn into_result(mut self) -> Result<Result<T, JoinError>, Task<T>> {
        match self.raw.take() {
            Some(outcome) => Ok(JoinError::result(outcome)),
            None => Err(self),
        }
    }

    /// A look at the outcome that does not count as having seen a panic.
    pub(crate) fn peek(&self) -> Option<&Outcome<T>> {
        self.raw.peek()
    }
}

impl<T, E> Task<Result<T, E>> {
    /// Awaits a task that returns a `Result`, and folds the two errors into one.
    ///
    /// # Errors
    ///
    /// The task's own error, or the [`JoinError`] of a task without one.
    ///
    /// # Cancel safety
    ///
    /// As for awaiting the task.
    pub async fn try_await(self) -> Result<T, E>
    where
        E: From<JoinError>,
    {
        match self.await {
            Ok(result) => result,
            Err(error) => Err(E::from(error)),
        }
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, JoinError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        this.join.poll(&mut this.raw, cx).map(JoinError::result)
    }
}

impl<T> Deref for Task<T> {
    type Target = TaskRef;

    fn deref(&self) -> &TaskRef {
        self.raw.as_task_ref()
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.raw.fmt(f)
    }
}
