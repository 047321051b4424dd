//! `Request`: one request to cancel, with an identity, a message, and how hard it is.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::TaskRef;

/// A request to cancel a task or a part of one.
///
/// Two requests are the same when one is a clone of the other: that is how a timeout tells its own request from one
/// that came from outside.
#[derive(Clone)]
pub struct Request(Arc<Inner>);

struct Inner {
    message: Option<Box<str>>,
    hard: bool,
    /// The count of this task was raised for the request, and is lowered when the request is withdrawn.
    counted: Option<TaskRef>,
    withdrawn: AtomicBool,
    resumed: AtomicBool,
    /// The request that this one passes on, the first in the row, and how many tasks it has come through.
    passes_on: Option<(Request, u32)>,
}

/// A request that comes through so many tasks goes round in a circle.
const FAR: u32 = 1 << 16;

impl Request {
    /// A request with a message for those who report it.
    pub fn new(message: Option<&str>) -> Request {
        Request::make(message, false, None)
    }

    /// A request that a part of the running task makes to another part. The task counts it until it is withdrawn.
    pub fn counted(message: &str) -> Request {
        let task = TaskRef::current();
        if let Some(task) = &task {
            task.count_request();
        }
        Request::make(Some(message), false, task)
    }

    /// A request that leaves no time to clean up: what it hits is dropped.
    pub fn hard(message: Option<&str>) -> Request {
        Request::make(message, true, None)
    }

    /// The request that a task gets when one who awaits it passes `request` on.
    pub(crate) fn passed_on(request: &Request, to: &TaskRef) -> Request {
        let far = request.0.passes_on.as_ref().map_or(0, |(_, far)| *far);
        let passes_on = Some((request.root().clone(), far + 1));
        Request(Arc::new(Inner {
            message: request.message().map(Into::into),
            hard: request.is_hard(),
            counted: Some(to.clone()),
            withdrawn: AtomicBool::new(false),
            resumed: AtomicBool::new(false),
            passes_on,
        }))
    }

    /// The request that was made first, if this one passes another on.
    fn root(&self) -> &Request {
        self.0.passes_on.as_ref().map_or(self, |(root, _)| root)
    }

    /// Has the request come back to one who has passed on `earlier`? Tasks that await each other in a circle would pass it
    /// on for ever.
    pub fn came_round(&self, earlier: Option<&Request>) -> bool {
        earlier.is_some_and(|earlier| earlier.root().same(self.root()))
            || self.0.passes_on.as_ref().is_some_and(|(_, far)| *far > FAR)
    }

    pub(crate) fn make(message: Option<&str>, hard: bool, counted: Option<TaskRef>) -> Request {
        Request(Arc::new(Inner {
            message: message.map(Into::into),
            hard,
            counted,
            withdrawn: AtomicBool::new(false),
            resumed: AtomicBool::new(false),
            passes_on: None,
        }))
    }

    /// What the one who asked said about it.
    pub fn message(&self) -> Option<&str> {
        self.0.message.as_deref()
    }

    /// Does it leave no time to clean up?
    pub fn is_hard(&self) -> bool {
        self.0.hard
    }

    /// Is it the same request?
    pub fn same(&self, other: &Request) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Takes the request back: nothing that it has not reached is to act on it. The count of the task that it was
    /// made for goes down by one, the first time.
    pub fn withdraw(&self) {
        if !self.0.withdrawn.swap(true, Ordering::AcqRel) {
            if let Some(task) = &self.0.counted {
                task.uncancel();
            }
        }
    }

    /// Notes that somebody has cleaned up and lets the request go on. It cannot be withdrawn from then on.
    pub fn resume(&self) {
        self.0.resumed.store(true, Ordering::Release);
    }

    /// Was it taken back before it did its work?
    pub fn is_withdrawn(&self) -> bool {
        self.0.withdrawn.load(Ordering::Acquire) && !self.0.resumed.load(Ordering::Acquire)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("message", &self.message())
            .field("hard", &self.0.hard)
            .finish_non_exhaustive()
    }
}
