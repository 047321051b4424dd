//! Failures that no caller sees, and who is told of them.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use crate::place::QueueId;
use crate::{TaskRef, table, trace};

/// A failure that no caller sees: a panic that nobody retrieved, a callback that panicked, a task that had to be
/// dropped at the end of its loop.
///
/// # Python
///
/// The `context` of `loop.call_exception_handler`.
pub struct ExceptionContext {
    message: String,
    task: Option<TaskRef>,
    /// The mutex makes the payload, which is only `Send`, shareable.
    panic: Option<Mutex<Box<dyn Any + Send>>>,
    error: Option<Box<dyn std::error::Error + Send + Sync>>,
    location: Option<&'static Location<'static>>,
}

/// Who is told of failures that no caller sees.
pub type ExceptionHandler = Arc<dyn Fn(&ExceptionContext) + Send + Sync>;

impl ExceptionContext {
    /// A failure in words.
    pub fn new(message: impl Into<String>) -> ExceptionContext {
        ExceptionContext {
            message: message.into(),
            task: None,
            panic: None,
            error: None,
            location: None,
        }
    }

    /// With the task that it is about.
    pub fn with_task(mut self, task: TaskRef) -> ExceptionContext {
        self.task = Some(task);
        self
    }

    /// With what somebody panicked with.
    pub fn with_panic(mut self, panic: Box<dyn Any + Send>) -> ExceptionContext {
        self.panic = Some(Mutex::new(panic));
        self
    }

    /// With the error that is the failure.
    pub fn with_error(
        mut self,
        error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> ExceptionContext {
        self.error = Some(error.into());
        self
    }

    /// With the place in the program where what failed was made.
    pub fn with_location(mut self, location: &'static Location<'static>) -> ExceptionContext {
        self.location = Some(location);
        self
    }

    /// What happened, in a few words.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The task that it is about.
    pub fn task(&self) -> Option<&TaskRef> {
        self.task.as_ref()
    }

    /// The place in the program where what failed was made, where it is no task.
    pub fn location(&self) -> Option<&'static Location<'static>> {
        self.location
    }

    /// The error that is the failure.
    pub fn error(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.error.as_deref()
    }

    /// What was said by the panic that is the failure.
    pub fn panic_message(&self) -> Option<String> {
        let panic = self
            .panic
            .as_ref()?
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        Some(message_of(&**panic).unwrap_or_else(|| "a value that is no text".to_owned()))
    }
}

/// The text that a panic was raised with, if it was text.
pub fn message_of(panic: &(dyn Any + Send)) -> Option<String> {
    let text = panic
        .downcast_ref::<&'static str>()
        .map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
}

impl fmt::Display for ExceptionContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(task) = &self.task {
            write!(f, "\n  task: {} made at {}", task.get_name(), task.location())?;
        }
        if let Some(location) = self.location {
            write!(f, "\n  made at {location}")?;
        }
        if let Some(panic) = self.panic_message() {
            write!(f, "\n  panic: {panic}")?;
        }
        if let Some(error) = &self.error {
            write!(f, "\n  error: {error}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for ExceptionContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExceptionContext")
            .field("message", &self.message)
            .field("task", &self.task)
            .field("panic", &self.panic_message())
            .field("error", &self.error)
            .field("location", &self.location)
            .finish()
    }
}

/// Tells the handler of the queue `queue`; without one, or if that panics, [`report_to_stderr`].
///
/// With the feature `tracing` it is an event, for whoever subscribes; then the standard error is left alone.
pub fn report(queue: Option<QueueId>, context: &ExceptionContext) {
    let is_event = trace::reported(context);
    let Some(handler) = queue.and_then(handler_of) else {
        if !is_event {
            report_to_stderr(context);
        }
        return;
    };
    let told = catch_unwind(AssertUnwindSafe(|| handler(context)));
    if let Err(panic) = told {
        report_to_stderr(&ExceptionContext::new("Unhandled error in exception handler").with_panic(panic));
        report_to_stderr(context);
    }
}

/// Writes to the standard error.
pub fn report_to_stderr(context: &ExceptionContext) {
    eprintln!("asyncio: {context}");
}

/// The handler of a queue; a pool without one has that of its loop.
fn handler_of(queue: QueueId) -> Option<ExceptionHandler> {
    table::handler(queue).or_else(|| table::handler(table::pool(queue)?.home()?))
}

/// Who is told of the failures of the queue, if somebody was set.
pub fn exception_handler(queue: QueueId) -> Option<ExceptionHandler> {
    table::handler(queue)
}

/// Sets who is told of the failures of the queue, from any thread. `false`: the queue is gone.
pub fn set_exception_handler(queue: QueueId, handler: Option<ExceptionHandler>) -> bool {
    let there = table::is_there(queue);
    if there {
        table::set_handler(queue, handler);
    }
    there
}

/// Tells the handler of the queue that the task lives on.
pub fn report_for(task: &TaskRef, context: &ExceptionContext) {
    report(Some(task.header().place.queue()), context);
}

pub(crate) fn never_retrieved(task: &TaskRef, panic: Box<dyn Any + Send>) {
    let context = ExceptionContext::new("Task exception was never retrieved")
        .with_task(task.clone())
        .with_panic(panic);
    report_for(task, &context);
}

pub(crate) fn callback_panicked(
    queue: QueueId,
    location: Option<&'static Location<'static>>,
    panic: Box<dyn Any + Send>,
) {
    let mut context = ExceptionContext::new("Exception in callback").with_panic(panic);
    context.location = location;
    report(Some(queue), &context);
}
