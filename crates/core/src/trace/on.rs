//! Spans and events, for whatever subscriber there is.
//!
//! The span lies in the task's header, so it needs no wrapper around the future and no look-up; its lock is held to copy
//! it and no longer.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tracing::span::EnteredSpan;
use tracing::{Level, Span};

use crate::cell::Header;
use crate::place::Kind;
use crate::{ExceptionContext, Request, TaskName, TaskRef, current_task_id};

/// The place of a task's span: there is one from the task's creation to its end.
#[derive(Debug)]
pub(crate) struct TaskSpan(Mutex<Span>);

impl TaskSpan {
    pub(crate) const fn new() -> TaskSpan {
        TaskSpan(Mutex::new(Span::none()))
    }

    fn lock(&self) -> MutexGuard<'_, Span> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self) -> Span {
        self.lock().clone()
    }

    /// Opens the span of a new task, which has its name. What is entered on this thread, as the span of the task that makes
    /// it, is the parent.
    pub(crate) fn open(&self, task: &Header) {
        if task.is_part() {
            return;
        }
        let kind = match task.place.kind() {
            Kind::Loop => "loop",
            Kind::Pool => "pool",
            Kind::Foreign => "foreign",
        };
        let span = tracing::span!(
            target: "asyncio::task",
            Level::DEBUG,
            "task",
            id = task.id(),
            name = %name_of(task),
            kind,
            made_by = running_task(),
            made_at = %task.location,
        );
        *self.lock() = span;
    }

    /// Enters the span until the guard is dropped.
    pub(crate) fn enter(&self) -> EnteredSpan {
        self.get().entered()
    }

    /// Takes the span out; it is closed when that is dropped.
    pub(crate) fn take(&self) -> Span {
        std::mem::replace(&mut *self.lock(), Span::none())
    }

    pub(crate) fn rename(&self, name: &TaskName) {
        self.get().record("name", name.as_str());
    }
}

fn name_of(task: &Header) -> String {
    let given = task.rare_if_made().and_then(|rare| rare.name.clone());
    given.map_or_else(|| format!("Task-{}", task.id()), |name| name.as_str().to_owned())
}

/// The number of the task that takes a step on this thread.
fn running_task() -> Option<u64> {
    Some(current_task_id()).filter(|id| *id != 0)
}

/// What is said of a request to cancel a task.
pub(crate) struct Said {
    hard: bool,
    reason: Option<String>,
}

impl Said {
    pub(crate) fn of(request: &Request) -> Said {
        let reason = request.message().map(str::to_owned);
        let hard = request.is_hard();
        Said { hard, reason }
    }

    pub(crate) fn tell(self, task: &TaskRef) {
        let span = task.header().span.get();
        tracing::event!(
            target: "asyncio::task",
            parent: &span,
            Level::DEBUG,
            id = task.id(),
            name = %task.get_name(),
            asked_by = running_task(),
            hard = self.hard,
            reason = self.reason,
            "cancel requested",
        );
    }
}

/// Tells the subscriber of a report: of panics and errors at the level ERROR, of the rest at WARN. `false`: nobody heard.
pub(crate) fn reported(context: &ExceptionContext) -> bool {
    let task = context.task();
    let alive = task.map(|task| task.header().span.get());
    let span = alive.filter(|span| !span.is_none()).unwrap_or_else(Span::current);
    let place = task.map(TaskRef::location).or(context.location());
    let made_at = place.map(ToString::to_string);
    let name = task.map(TaskRef::get_name);
    let (id, name) = (task.map(TaskRef::id), name.as_deref());
    let error = context.error().map(ToString::to_string);
    let panic = context.panic_message();
    let message = context.message();
    if panic.is_some() || error.is_some() {
        tracing::event!(target: "asyncio", parent: &span, Level::ERROR, id, name, made_at, panic, error, "{message}");
        tracing::enabled!(target: "asyncio", Level::ERROR)
    } else {
        tracing::event!(target: "asyncio", parent: &span, Level::WARN, id, name, made_at, "{message}");
        tracing::enabled!(target: "asyncio", Level::WARN)
    }
}

#[cfg(test)]
mod tests {
    use tracing::span::{Attributes, Id, Record};
    use tracing::subscriber::{NoSubscriber, with_default};
    use tracing::{Event, Metadata, Subscriber};

    use super::*;

    /// Takes what is as grave as it says, and does nothing with it.
    struct Takes(Level);

    impl Subscriber for Takes {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            *metadata.level() <= self.0
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, _: &Event<'_>) {}
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn a_report_is_heard_if_a_subscriber_takes_events_of_its_level() {
        let slow = ExceptionContext::new("it took long");
        let failed = ExceptionContext::new("it failed").with_panic(Box::new("on purpose"));
        let heard = || (reported(&slow), reported(&failed));
        with_default(NoSubscriber::new(), || assert_eq!(heard(), (false, false)));
        with_default(Takes(Level::ERROR), || assert_eq!(heard(), (false, true)));
        with_default(Takes(Level::WARN), || assert_eq!(heard(), (true, true)));
    }
}
