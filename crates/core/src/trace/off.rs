//! What there is without `tracing`: nothing.

use crate::cell::Header;
use crate::{ExceptionContext, Request, TaskName, TaskRef};

/// The place of a task's span.
#[derive(Debug)]
pub(crate) struct TaskSpan(());

impl TaskSpan {
    #[inline(always)]
    pub(crate) const fn new() -> TaskSpan {
        TaskSpan(())
    }

    #[inline(always)]
    pub(crate) fn open(&self, _task: &Header) {}

    #[inline(always)]
    pub(crate) fn enter(&self) -> impl Sized + use<> {}

    #[inline(always)]
    pub(crate) fn take(&self) -> impl Sized + use<> {}

    #[inline(always)]
    pub(crate) fn rename(&self, _name: &TaskName) {}
}

/// What is said of a request to cancel a task.
pub(crate) struct Said(());

impl Said {
    #[inline(always)]
    pub(crate) fn of(_request: &Request) -> Said {
        Said(())
    }

    #[inline(always)]
    pub(crate) fn tell(self, _task: &TaskRef) {}
}

/// Tells the subscriber of a report. `false`: nobody heard.
#[inline(always)]
pub(crate) fn reported(_context: &ExceptionContext) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_the_feature_a_task_pays_nothing_for_its_span() {
        assert_eq!(size_of::<TaskSpan>() + size_of::<Said>(), 0);
        assert_eq!(size_of_val(&TaskSpan::new().enter()), 0);
    }
}
