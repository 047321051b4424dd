//! What of a loop can be set while it runs: who is told of failures, debug mode, and whether numbers are kept.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use asyncio_core::{ExceptionContext, ExceptionHandler, report, report_to_stderr};

use crate::LoopHandle;

/// The part of a handle that can be set.
#[derive(Debug)]
pub(crate) struct Switches {
    /// `DEBUG` and `METRICS`: in one word, for each turn looks at it.
    on: AtomicU8,
    /// In nanoseconds.
    slow_callback_duration: AtomicU64,
}

const DEBUG: u8 = 1;
const METRICS: u8 = 2;

/// As in Python.
const SLOW: Duration = Duration::from_millis(100);

impl Switches {
    pub(crate) fn new(debug: bool) -> Switches {
        Switches {
            on: AtomicU8::new(if debug { DEBUG } else { 0 }),
            slow_callback_duration: AtomicU64::new(to_nanos(SLOW)),
        }
    }

    /// Neither debug mode, nor has anybody asked for numbers.
    #[inline]
    pub(crate) fn all_off(&self) -> bool {
        self.on.load(Ordering::Relaxed) == 0
    }

    fn is_on(&self, switch: u8) -> bool {
        self.on.load(Ordering::Relaxed) & switch != 0
    }

    fn set(&self, switch: u8, on: bool) {
        match on {
            true => self.on.fetch_or(switch, Ordering::Relaxed),
            false => self.on.fetch_and(!switch, Ordering::Relaxed),
        };
    }

    /// Are numbers kept, for [`LoopHandle::metrics`]?
    pub(crate) fn keeps_metrics(&self) -> bool {
        self.is_on(METRICS)
    }

    pub(crate) fn keep_metrics(&self) {
        // Asked again and again, and once is enough.
        if !self.keeps_metrics() {
            self.set(METRICS, true);
        }
    }

    /// In debug mode, how long a step may take.
    #[inline]
    pub(crate) fn limit(&self) -> Option<Duration> {
        if !self.is_on(DEBUG) {
            return None;
        }
        let nanos = self.slow_callback_duration.load(Ordering::Relaxed);
        Some(Duration::from_nanos(nanos))
    }
}

fn to_nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

impl LoopHandle {
    /// Sets who is told of failures that no caller sees, on the loop and on its pool, from any thread. `None`: they are
    /// written to the standard error.
    ///
    /// A handler that panics is reported on the standard error, with what it was told. It runs where the failure was
    /// noticed.
    ///
    /// # Python
    ///
    /// `loop.set_exception_handler`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    /// use asyncio_loop::{EventLoop, ExceptionContext};
    ///
    /// let event_loop = EventLoop::new()?;
    /// let handle = event_loop.handle();
    /// let said = Arc::new(Mutex::new(String::new()));
    /// let to = said.clone();
    /// handle.set_exception_handler(Some(Arc::new(move |context: &ExceptionContext| {
    ///     *to.lock().unwrap() = context.message().to_owned();
    /// })));
    /// handle.call_exception_handler(&ExceptionContext::new("it went wrong"));
    /// assert_eq!(*said.lock().unwrap(), "it went wrong");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_exception_handler(&self, handler: Option<ExceptionHandler>) {
        asyncio_core::set_exception_handler(self.queue(), handler);
    }

    /// Who is told of failures that no caller sees, if somebody was set.
    ///
    /// # Python
    ///
    /// `loop.get_exception_handler`.
    pub fn get_exception_handler(&self) -> Option<ExceptionHandler> {
        asyncio_core::exception_handler(self.queue())
    }

    /// What is done with a failure when no handler was set: it is written to the standard error.
    ///
    /// # Python
    ///
    /// `loop.default_exception_handler`.
    pub fn default_exception_handler(&self, context: &ExceptionContext) {
        report_to_stderr(context);
    }

    /// Tells the loop's handler of a failure.
    ///
    /// # Python
    ///
    /// `loop.call_exception_handler`.
    pub fn call_exception_handler(&self, context: &ExceptionContext) {
        report(Some(self.queue()), context);
    }

    /// Is debug mode on?
    ///
    /// # Python
    ///
    /// `loop.get_debug`.
    pub fn get_debug(&self) -> bool {
        self.switches().is_on(DEBUG)
    }

    /// Turns debug mode on or off, from the next turn on: in it the loop's exception handler is told of steps that take
    /// longer than [`slow_callback_duration`](LoopHandle::slow_callback_duration).
    ///
    /// # Python
    ///
    /// `loop.set_debug`.
    pub fn set_debug(&self, debug: bool) {
        self.switches().set(DEBUG, debug);
        asyncio_core::set_debug(self.queue(), debug);
    }

    /// How long a step of a task or a callback may take before debug mode reports it: 100 ms at first.
    ///
    /// # Python
    ///
    /// `loop.slow_callback_duration`.
    pub fn slow_callback_duration(&self) -> Duration {
        Duration::from_nanos(self.switches().slow_callback_duration.load(Ordering::Relaxed))
    }

    /// Sets [`slow_callback_duration`](LoopHandle::slow_callback_duration).
    pub fn set_slow_callback_duration(&self, duration: Duration) {
        let nanos = to_nanos(duration);
        self.switches()
            .slow_callback_duration
            .store(nanos, Ordering::Relaxed);
    }
}
