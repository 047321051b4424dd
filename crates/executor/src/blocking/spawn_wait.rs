//! `SpawnWait`: a job that waits for room in the bounded queue.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::error::SpawnError;
use super::shared::{Shared, wake_all};
use super::task::BlockingTask;
use super::{SpawnErrorKind, make_job};

/// The future of [`BlockingPool::spawn_wait`](super::BlockingPool::spawn_wait).
#[must_use = "futures do nothing unless awaited"]
pub struct SpawnWait<'a, F> {
    pool: &'a Arc<Shared>,
    f: Option<F>,
    /// The number in the line, once it waits.
    waiter: Option<u64>,
}

// The closure is only ever moved, never pinned.
impl<F> Unpin for SpawnWait<'_, F> {}

impl<'a, F> SpawnWait<'a, F> {
    pub(super) fn new(pool: &'a Arc<Shared>, f: F) -> SpawnWait<'a, F> {
        SpawnWait {
            pool,
            f: Some(f),
            waiter: None,
        }
    }

    /// Waits in the line; `true` when it is this one's turn, with the place still held by the grant.
    fn is_our_turn(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(waiter) = self.waiter else { return false };
        let mut books = self.pool.lock();
        let granted = books.room.is_granted(waiter, cx.waker());
        drop(books);
        granted.is_ok()
    }
}

impl<T, F> Future for SpawnWait<'_, F>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    type Output = Result<BlockingTask<T>, SpawnError<F>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if this.f.is_none() {
            panic!("a job was awaited after it had been given to the pool");
        }
        let granted = this.waiter.is_some();
        if granted && !this.pool.is_forked() && !this.is_our_turn(cx) {
            return Poll::Pending;
        }
        let admitted = loop {
            match this.pool.admit(granted) {
                Err(SpawnErrorKind::QueueFull) => {
                    let mut books = this.pool.lock();
                    // The pool may have been closed, or a place become free, since it was found full.
                    if books.roster.is_closed() || books.room.has_place(books.roster.outstanding()) {
                        continue;
                    }
                    this.waiter = Some(books.room.wait(cx.waker().clone()));
                    return Poll::Pending;
                }
                other => break other,
            }
        };
        let f = this.f.take().expect("looked at above");
        Poll::Ready(match admitted {
            Ok(mut books) => {
                if this.waiter.take().is_some() {
                    books.room.redeem();
                }
                let (job, task) = make_job(f);
                let number = this.pool.push(books, job);
                Ok(BlockingTask::new(task, number, this.pool.clone()))
            }
            Err(kind) => Err(SpawnError { job: f, kind }),
        })
    }
}

impl<F> Drop for SpawnWait<'_, F> {
    fn drop(&mut self) {
        let Some(waiter) = self.waiter else { return };
        if self.pool.is_forked() {
            return;
        }
        let mut books = self.pool.lock();
        let waker = books.room.forget(waiter);
        let wakers = books.places_free();
        drop(books);
        drop(waker);
        wake_all(wakers);
    }
}

impl<F> fmt::Debug for SpawnWait<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpawnWait")
            .field("waiter", &self.waiter)
            .finish_non_exhaustive()
    }
}
