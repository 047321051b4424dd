//! One tick of a loop: the steps of what is ready.

use std::time::Duration;

use super::LoopQueue;
use super::pace::Pace;
use crate::cell::Queued;
use crate::slow::watch;
use crate::thread;

impl LoopQueue {
    /// Runs the tasks that are ready now, in order, and after them what became ready meanwhile, as far as `budget`
    /// steps go; if those become long, it stops before, for timers and I/O must have their turn. Gives the number of
    /// steps. With a budget of 0 it runs exactly what was ready at entry.
    ///
    /// Once the loop is asked to [`stop`](LoopQueue::stop), what the steps after that make ready is left.
    ///
    /// # Panics
    ///
    /// Inside a step of one of this queue's own tasks.
    pub fn tick(&self, budget: usize) -> usize {
        match self.state.watch.get() {
            None => self.tick_with(budget, Queued::run),
            Some(pulse) => self.tick_with(budget, |queued| pulse.show(queued, Queued::run)),
        }
    }

    /// [`tick`](LoopQueue::tick), with a report of each step that takes longer than `limit`.
    pub fn tick_watched(&self, budget: usize, limit: Duration) -> usize {
        match self.state.watch.get() {
            None => self.tick_with(budget, |queued| watch(queued, limit)),
            Some(pulse) => self.tick_with(budget, |queued| pulse.show(queued, |queued| watch(queued, limit))),
        }
    }

    #[inline]
    fn tick_with(&self, budget: usize, run: impl Fn(Queued)) -> usize {
        let state = &*self.state;
        state.check_between_steps("LoopQueue::tick");
        let _stepping = state.step();
        let _restore = thread::enter_loop(state);
        let _steps = thread::begin_steps();
        // What is ready together makes a round: a turn of a loop that has no budget. A loop stops between rounds.
        let first = state.ready.borrow().len();
        let (mut left, mut done) = (first, 0);
        let mut pace = Pace::new();
        loop {
            if left == 0 {
                if done >= budget || state.stopping.get() {
                    return done;
                }
                left = state.ready.borrow().len();
            }
            let Some(queued) = state.pop() else {
                return done;
            };
            run(queued);
            left -= 1;
            done += 1;
            if done > first && (pace.is_up() || done >= budget) && (left == 0 || !state.stopping.get()) {
                return done;
            }
        }
    }
}
