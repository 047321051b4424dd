//! `Cancelled`: the token that a caught cancellation hands out, and `CancelledError`, what is told to others.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use asyncio_core::Request;

use crate::scope::{Ticket, raise};

/// A cancellation that was caught, by [`catch_cancelled`](crate::catch_cancelled). It can go three ways:
///
/// - [`resume`](Cancelled::resume): the cancellation goes on. This is the usual end of cleanup.
/// - [`uncancel`](Cancelled::uncancel): the request is turned down, and the task's count of requests lowered.
/// - Dropped, it is swallowed, and the count stays raised, as after a bare `except CancelledError: pass`.
///
/// It is no [`Error`]: a `?` cannot turn a cancellation into a value by mistake.
#[doc(alias = "CancelledError")]
#[must_use = "a cancellation that is neither resumed nor turned down is swallowed"]
pub struct Cancelled {
    request: Request,
    ticket: Ticket,
}

impl Cancelled {
    pub(crate) fn new(request: Request, ticket: Ticket) -> Cancelled {
        Cancelled { request, ticket }
    }

    /// What was said with the request.
    pub fn message(&self) -> Option<&str> {
        self.request.message()
    }

    /// Lets the cancellation go on: the next scope outwards is cancelled. Never ends, and so fits any type.
    ///
    /// # Panics
    ///
    /// When it is polled outside of every task, group, timeout or other cancel scope.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it was polled, it gives the request back to the scope around.
    pub fn resume<T>(self) -> Resume<T> {
        Resume {
            token: Sticky(Some(self)),
            output: PhantomData,
        }
    }

    /// Turns the request down: what follows is ordinary code again.
    pub fn uncancel(self) {
        self.request.withdraw();
    }
}

impl fmt::Debug for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancelled")
            .field("message", &self.message())
            .finish_non_exhaustive()
    }
}

/// A token whose holder goes on being cancelled: dropped, it gives the request back.
#[derive(Debug)]
pub(crate) struct Sticky(Option<Cancelled>);

impl Sticky {
    pub(crate) fn new(token: Cancelled) -> Sticky {
        Sticky(Some(token))
    }

    pub(crate) fn token(&self) -> &Cancelled {
        self.0
            .as_ref()
            .expect("the token is taken by the last call alone")
    }

    pub(crate) fn resume<T>(mut self) -> Resume<T> {
        Resume {
            token: Sticky(self.0.take()),
            output: PhantomData,
        }
    }
}

impl Drop for Sticky {
    fn drop(&mut self) {
        if let Some(token) = &mut self.0 {
            token.ticket.bounce();
        }
    }
}

/// The future of [`Cancelled::resume`].
#[must_use = "the cancellation goes on when this is awaited"]
pub struct Resume<T> {
    token: Sticky,
    output: PhantomData<fn() -> T>,
}

impl<T> Future for Resume<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<T> {
        if let Some(mut token) = self.token.0.take() {
            let answers = token.ticket.answers();
            raise(token.request.clone(), !answers);
            token.ticket.settle();
        }
        Poll::Pending
    }
}

impl<T> fmt::Debug for Resume<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resume").finish_non_exhaustive()
    }
}

/// Something ended because it was cancelled; told to those who look at it from outside.
///
/// # Python
///
/// `asyncio.CancelledError`, where it is a result. Where it is raised, it is a [`Cancelled`] here.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CancelledError {
    message: Option<Box<str>>,
}

impl CancelledError {
    pub(crate) fn new(message: Option<&str>) -> CancelledError {
        CancelledError {
            message: message.map(Into::into),
        }
    }

    pub(crate) fn of(request: Option<&Request>) -> CancelledError {
        CancelledError::new(request.and_then(Request::message))
    }

    /// What was said with the request.
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }
}

impl fmt::Display for CancelledError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.message {
            Some(message) => write!(f, "cancelled: {message}"),
            None => f.write_str("cancelled"),
        }
    }
}

impl fmt::Debug for CancelledError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CancelledError").field(&self.message()).finish()
    }
}

impl Error for CancelledError {}
