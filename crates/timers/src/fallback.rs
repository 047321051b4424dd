//! The fallback driver: a thread that turns timers for those who have no loop of ours.
//!
//! It starts when a sleep is polled on a thread that no driver has entered, and stays for the life of the process,
//! parked while nothing is pending. Under a Runner it never starts.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::task::{Wake, Waker};
use std::thread::{self, Thread};

use crate::clock::Clock;
use crate::shared::Shared;
use crate::sys;
use crate::timers::Timers;

pub(crate) struct Fallback {
    started: OnceLock<Arc<Shared>>,
    starting: Mutex<()>,
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

impl Fallback {
    pub(crate) const fn new() -> Fallback {
        Fallback {
            started: OnceLock::new(),
            starting: Mutex::new(()),
        }
    }

    pub(crate) fn started(&self) -> Option<&Arc<Shared>> {
        self.started.get()
    }

    pub(crate) fn start(&self) -> Option<Arc<Shared>> {
        if let Some(shared) = self.started.get() {
            return Some(Arc::clone(shared));
        }
        let _one = self.starting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = self.started.get() {
            return Some(Arc::clone(shared));
        }
        let timers = Timers::new();
        let shared = Arc::clone(timers.shared());
        thread::Builder::new()
            .name("asyncio-timers".to_owned())
            .spawn(move || turn(timers))
            .ok()?;
        Some(Arc::clone(self.started.get_or_init(|| shared)))
    }
}

fn turn(mut timers: Timers) {
    sys::set_fine_timer_slack();
    let clock = Clock::monotonic();
    timers.set_unpark(Waker::from(Arc::new(Unpark(thread::current()))));
    loop {
        match timers.next_deadline() {
            None => thread::park(),
            Some(deadline) => {
                let wait = deadline.saturating_duration_since(clock.now());
                if !wait.is_zero() {
                    thread::park_timeout(wait);
                }
            }
        }
        // A waker that panics has reported itself; the others must still be woken, and they are at the next turn.
        let fire = std::panic::AssertUnwindSafe(|| timers.fire(clock.now()));
        let _ = std::panic::catch_unwind(fire);
    }
}
