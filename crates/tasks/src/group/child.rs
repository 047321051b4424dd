//! The future of one task of a group: it tells the group how it ended, whatever the way.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use asyncio_core::Outcome;
use pin_project_lite::pin_project;

use crate::group::TaskGroup;
use crate::group::shared::End;
use crate::root::Root;

pin_project! {
    /// The value of the cell is `None` for a task that failed or panicked: the group has the error then.
    pub(crate) struct Child<F, E> {
        #[pin]
        root: Root<F>,
        report: Report<E>,
    }
}

/// What the group is still to be told. Dropped before, it says that the task ended without a failure.
struct Report<E> {
    group: Option<TaskGroup<E>>,
    index: usize,
}

impl<E> Report<E> {
    #[inline]
    fn tell(&mut self, end: End<E>) {
        if let Some(group) = self.group.take() {
            group.shared.ended(self.index, end);
        }
    }
}

impl<E> Drop for Report<E> {
    fn drop(&mut self) {
        self.tell(End::Quiet);
    }
}

impl<F, E> Child<F, E> {
    #[inline]
    pub(crate) fn new(group: TaskGroup<E>, index: usize, future: F) -> Child<F, E>
    where
        F: Future,
    {
        Child {
            root: Root::new(future),
            report: Report {
                group: Some(group),
                index,
            },
        }
    }
}

impl<T, E, F: Future<Output = Result<T, E>>> Future for Child<F, E> {
    type Output = Outcome<Option<T>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let polled = catch_unwind(AssertUnwindSafe(|| this.root.as_mut().poll(cx)));
        let (end, outcome) = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(Outcome::Value(Ok(value)))) => (End::Quiet, Outcome::Value(Some(value))),
            Ok(Poll::Ready(Outcome::Value(Err(error)))) => (End::Failed(error), Outcome::Value(None)),
            Ok(Poll::Ready(Outcome::Cancelled(request))) => (End::Quiet, Outcome::Cancelled(request)),
            Ok(Poll::Ready(Outcome::Panicked(panic))) | Err(panic) => {
                // What the future held goes before the group hears of it.
                this.root.as_mut().drop_future();
                (End::Panicked(panic), Outcome::Value(None))
            }
        };
        this.report.tell(end);
        Poll::Ready(outcome)
    }
}
