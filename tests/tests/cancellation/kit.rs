//! What the cases share: a loop on the mock clock, and a log of what happened.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{RunError, Runner};

/// Runs a case on the mock clock.
#[track_caller]
pub(crate) fn run<F: Future>(main: F) -> F::Output {
    try_run(main).expect("the main future ends with a value")
}

/// Runs a case whose main future may end cancelled.
pub(crate) fn try_run<F: Future>(main: F) -> Result<F::Output, RunError> {
    let mut runner = Runner::new().mock_clock(true);
    let result = runner.run(main);
    let left = runner.get_loop().expect("an open runner").all_tasks();
    assert!(left.is_empty(), "orphans: {left:?}");
    result
}

/// So many milliseconds.
pub(crate) fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// What happened, in order.
#[derive(Clone, Default)]
pub(crate) struct Log(Rc<RefCell<Vec<String>>>);

impl Log {
    pub(crate) fn add(&self, what: impl Into<String>) {
        self.0.borrow_mut().push(what.into());
    }

    /// What happened since the last look.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.borrow_mut())
    }

    /// Logs when it is dropped.
    pub(crate) fn on_drop(&self, what: &'static str) -> OnDrop {
        OnDrop(self.clone(), what)
    }
}

/// Logs when it is dropped.
pub(crate) struct OnDrop(Log, &'static str);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.add(self.1);
    }
}
