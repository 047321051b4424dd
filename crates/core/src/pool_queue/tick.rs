//! One tick of a worker: steps from its deque and from the injector.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{INJECTOR_INTERVAL, Worker};
use crate::cell::Queued;
use crate::slow::watch;
use crate::{is_watched, thread};

impl Worker {
    /// Runs up to `budget` steps from the worker's deque and the injector. Gives the number of steps; less than
    /// `budget` means that both were empty.
    pub fn tick(&self, budget: usize) -> usize {
        self.tick_with(budget, Queued::run)
    }

    /// [`tick`](Worker::tick), with a report of each step that takes longer than `limit`.
    pub fn tick_watched(&self, budget: usize, limit: Duration) -> usize {
        self.tick_with(budget, |task| watch(task, limit))
    }

    #[inline]
    fn tick_with(&self, budget: usize, run: impl Fn(Queued)) -> usize {
        let _restore = thread::enter_pool(&self.pool.state, self.index);
        let deque = self.deque();
        let watched = is_watched();
        let mut started = deque.started.load(Ordering::Relaxed);
        for done in 0..budget {
            let injected = if started % INJECTOR_INTERVAL == 0 {
                self.pool.state.injector.pop()
            } else {
                None
            };
            let next = injected.or_else(|| deque.tasks.pop().ok());
            let Some(task) = next.or_else(|| self.take_injected()) else {
                return done;
            };
            started += 1;
            deque.started.store(started, Ordering::Relaxed);
            if watched {
                deque.running.store(task.header().id(), Ordering::Relaxed);
            }
            run(task);
            if watched {
                deque.running.store(0, Ordering::Relaxed);
            }
        }
        budget
    }
}
