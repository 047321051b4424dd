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
#[repr(C)]
pub struct Task<T> {
    // First, so that a new handle is two stores which match the two loads by which it is moved.
    join: Join,
    raw: RawTask<T>,
}

/// The side of an await of a task: a delegate in the tree of scopes.
///
/// That the await ended with a cancellation, and nothing comes any more, is the mark of the task's handle.
#[derive(Default)]
pub(crate) struct Join {
    position: Leaf,
    /// The request that was passed on to the task.
    asked: Option<Request>,
}

impl Join {
    /// Passes on what comes from above. True: the await is cancelled at once.
    #[inline]
    fn delegate<T>(&mut self, raw: &mut RawTask<T>) -> bool {
        if raw.is_marked() {
            return true;
        }
        match self.position.inbox() {
            None => false,
            Some(request) => self.pass_on(raw, request),
        }
    }

    #[cold]
    fn pass_on<T>(&mut self, raw: &mut RawTask<T>, request: Request) -> bool {
        // A request that has come back here goes no further: all in the circle end.
        let passed = !request.came_round(self.asked.as_ref()) && raw.as_task_ref().pass_on(&request);
        if passed {
            self.asked = Some(request);
        } else {
            // It has ended already: the cancellation beats a value that is ready in the same turn.
            self.raise(raw, request);
        }
        !passed
    }

    fn raise<T>(&mut self, raw: &mut RawTask<T>, request: Request) {
        raw.mark();
        self.position.raise(request);
    }

    /// One poll of the task's outcome. Pending for good if the await is cancelled.
    #[inline]
    pub(crate) fn poll<T>(&mut self, raw: &mut RawTask<T>, cx: &mut Context<'_>) -> Poll<Outcome<T>> {
        if self.delegate(raw) {
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
                    self.raise(raw, request);
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
