//! The watchdog: a thread that looks at the loops in debug mode, and says what they cannot say themselves.
//!
//! - A loop that is stuck in one step: which task or callback it runs, where that was made, and what its thread does
//!   (computes, or sleeps in a system call). Each such step is reported once, while it lasts.
//! - A task that was given a lock or a permit and has not been polled since, so that nobody else can have it ("futurelock"): the
//!   future that waited is kept somewhere, unpolled. Reported once for each time.
//!
//! It reads what the loops publish and asks nothing of them. Reports go to the loop's exception handler, on this thread. There
//! is no backtrace of the stuck thread: only that thread could walk its stack, in a signal handler, where std's
//! backtraces (they allocate and take locks) may not be made.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use asyncio_core::{ExceptionContext, Glimpse, Holder, Running, fork_generation, granted};

use crate::watched::{self, WatchedLoop};

/// How often it looks.
const INTERVAL: Duration = Duration::from_millis(100);
/// A step that lasts so long is one in which the loop is stuck, unless slow steps are longer than that.
const STUCK: Duration = Duration::from_millis(400);
/// So long a task may leave alone what it was given.
const FUTURELOCK: Duration = Duration::from_secs(1);

static STATE: Mutex<State> = Mutex::new(State {
    users: 0,
    thread: None,
});
static ENDS: Condvar = Condvar::new();

struct State {
    /// How many loops are in debug mode.
    users: usize,
    /// The process that has the thread.
    thread: Option<u32>,
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The watchdog is awake as long as one of these lives.
#[derive(Debug)]
pub(crate) struct Awake(());

/// Wakes the watchdog. Where no thread can be made there is none.
pub(crate) fn wake() -> Awake {
    let mut state = state();
    state.users += 1;
    let here = fork_generation();
    if state.thread != Some(here) {
        let started = std::thread::Builder::new()
            .name("asyncio-watchdog".to_owned())
            .spawn(watch);
        state.thread = started.is_ok().then_some(here);
    }
    Awake(())
}

impl Drop for Awake {
    fn drop(&mut self) {
        state().users -= 1;
        ENDS.notify_all();
    }
}

fn watch() {
    let mut seen = Seen::default();
    loop {
        let state = state();
        let waited = ENDS.wait_timeout_while(state, INTERVAL, |state| state.users > 0);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.users == 0 {
            state.thread = None;
            return;
        }
        drop(state);
        let loops: Vec<_> = watched::all()
            .into_iter()
            .filter(|of| of.handle.get_debug())
            .collect();
        seen.steps(&loops);
        seen.grants(&loops);
    }
}

/// What was seen at the looks before.
#[derive(Default)]
struct Seen {
    /// For each thread, by the queue and the number of the worker: its step, since when, and whether it was reported.
    steps: HashMap<(asyncio_core::QueueId, usize), (Glimpse, Instant, bool)>,
    /// What was granted, by address.
    grants: HashMap<usize, (Holder, Instant, bool)>,
}

impl Seen {
    fn steps(&mut self, loops: &[Arc<WatchedLoop>]) {
        let mut now = HashMap::new();
        for of in loops {
            let steps = of.step().into_iter().chain(of.worker_steps());
            for (thread, step) in steps.enumerate() {
                let key = (of.handle.queue(), thread);
                let before = self.steps.get(&key).filter(|(before, ..)| *before == step);
                let (_, since, mut reported) = before.copied().unwrap_or((step, Instant::now(), false));
                let limit = STUCK.max(of.handle.slow_callback_duration());
                if !reported && step.running != Running::Nothing && since.elapsed() >= limit {
                    report_stuck(of, step, since.elapsed(), thread);
                    reported = true;
                }
                now.insert(key, (step, since, reported));
            }
        }
        self.steps = now;
    }

    fn grants(&mut self, loops: &[Arc<WatchedLoop>]) {
        let mut now = HashMap::new();
        for (address, holder) in granted() {
            let before = self.grants.get(&address).filter(|(before, ..)| *before == holder);
            let (_, since, mut reported) = before.copied().unwrap_or((holder, Instant::now(), false));
            if !reported && since.elapsed() >= FUTURELOCK {
                reported = report_futurelock(loops, holder);
            }
            now.insert(address, (holder, since, reported));
        }
        self.grants = now;
    }
}

fn report_stuck(of: &WatchedLoop, step: Glimpse, took: Duration, thread: usize) {
    let what = if thread == 0 {
        "The loop"
    } else {
        "A worker of the pool"
    };
    let mut message = format!(
        "{what} is stuck: a step has taken {:.1} seconds and has not ended",
        took.as_secs_f64()
    );
    if let Some(id) = of.thread_id.filter(|_| thread == 0) {
        message += &format!("; the thread {} {}", of.thread, thread_state(id));
    }
    let mut context = ExceptionContext::new(message);
    match step.running {
        Running::Nothing => return,
        Running::Callback(place) => context = context.with_location(place),
        Running::Task(id) => match of.tasks().into_iter().find(|task| task.id() == id) {
            Some(task) => context = context.with_task(task),
            // It has ended meanwhile.
            None => return,
        },
    }
    of.handle.call_exception_handler(&context);
}

/// Says who has been given something and leaves it alone. `false`: the task is none of these loops', or runs.
fn report_futurelock(loops: &[Arc<WatchedLoop>], holder: Holder) -> bool {
    for of in loops {
        let Some(task) = of.tasks().into_iter().find(|task| task.id() == holder.task) else {
            continue;
        };
        let steps = of.step().into_iter().chain(of.worker_steps());
        if steps.into_iter().any(|step| step.running != Running::Nothing) {
            // It may be in line behind a long step.
            return false;
        }
        let message = "Task was given a lock or a permit that it waited for, and has not polled that wait since: \
                       nobody else can have it (a \"futurelock\"). Is the future kept in a select! or a stream, unpolled?";
        of.handle
            .call_exception_handler(&ExceptionContext::new(message).with_task(task));
        return true;
    }
    false
}

/// What the system says of a thread of this process.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn thread_state(id: u64) -> String {
    let read = |what: &str| std::fs::read_to_string(format!("/proc/self/task/{id}/{what}"));
    let stat = read("stat").unwrap_or_default();
    // The name, in parentheses, may hold anything.
    let state = stat
        .rsplit(')')
        .next()
        .and_then(|rest| rest.trim_start().chars().next());
    match state {
        Some('R') => "computes".to_owned(),
        Some(_) => {
            let call = read("syscall").unwrap_or_default();
            match call
                .split_whitespace()
                .next()
                .and_then(|number| number.parse::<u32>().ok())
            {
                Some(number) => format!("sleeps in system call {number}"),
                None => "sleeps in a system call".to_owned(),
            }
        }
        None => "is not known to the system".to_owned(),
    }
}

/// What the system says of a thread of this process.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn thread_state(_id: u64) -> String {
    "does something".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stuck_loop_is_told_of_within_a_second_of_its_step() {
        // Seen for the first time at a look, and told of at one after the limit.
        assert!(INTERVAL + STUCK + INTERVAL < Duration::from_secs(1));
    }
}
