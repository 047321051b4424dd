//! The end of a pool: `shutdown` and its report.

use std::time::{Duration, Instant};

use super::shared::{Shared, wake_all};

/// What [`BlockingPool::shutdown`](super::BlockingPool::shutdown) left behind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a thread may be stuck"]
pub struct ShutdownReport {
    /// The names of the threads that were still in a job when the time was over. They are left to themselves.
    pub stuck: Vec<String>,
    /// How many jobs no thread had taken when the time was over. They were dropped.
    pub dropped: usize,
}

impl ShutdownReport {
    /// Whether every job has run and every thread has ended.
    pub fn is_clean(&self) -> bool {
        self.stuck.is_empty() && self.dropped == 0
    }
}

impl Shared {
    /// Takes no more jobs; the threads leave when nothing waits any more.
    pub(super) fn close(self: &std::sync::Arc<Self>) {
        if self.is_forked() {
            return;
        }
        let mut books = self.lock();
        let calls = books.roster.close();
        let wakers = books.room.release_all();
        drop(books);
        calls.into_iter().for_each(|call| self.make(call));
        wake_all(wakers);
    }

    /// Waits until every thread has left, for at most `timeout`.
    pub(super) fn wait_until_left(&self, timeout: Duration) -> ShutdownReport {
        if self.is_forked() {
            return ShutdownReport::default();
        }
        let deadline = Instant::now().checked_add(timeout);
        let mut books = self.lock();
        while books.roster.threads() > 0 {
            let rest = match deadline {
                None => Duration::MAX,
                Some(deadline) => deadline.saturating_duration_since(Instant::now()),
            };
            if rest.is_zero() {
                break;
            }
            books = match self.left.wait_timeout(books, rest) {
                Ok((books, _)) => books,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
        let dropped = books.roster.cancel_all();
        let wakers = books.job_gone();
        let (left, stuck) = books.roster.take_left();
        drop(books);
        wake_all(wakers);
        let report = ShutdownReport {
            stuck,
            dropped: dropped.len(),
        };
        drop(dropped);
        for handle in left {
            // A thread that has left has nothing more to do than to end, and it does not panic.
            let _ = handle.join();
        }
        report
    }
}
