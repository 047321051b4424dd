//! `Lock`, `Semaphore`, `BoundedSemaphore` and `Barrier` beside models of a few lines: random programs of one thread,
//! step by step; and of four, whose history must be one that a single thread could have made.
//!
//! The threads wait without a watch, for each program provably ends: a test that hangs has found a lost wake.

use std::fmt::Debug;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestRunner};

#[path = "model/alone.rs"]
mod alone;
#[path = "model/barrier.rs"]
mod barrier;
#[path = "model/history.rs"]
mod history;
#[path = "model/lends.rs"]
mod lends;
#[path = "model/line.rs"]
mod line;
#[path = "model/parties.rs"]
mod parties;
#[path = "model/phases.rs"]
mod phases;
#[path = "model/threads.rs"]
mod threads;
#[path = "model/wakes.rs"]
mod wakes;

/// The long form runs many more.
fn times(cases: u32) -> u32 {
    if std::env::var_os("ASYNCIO_LONG").is_some_and(|long| long == "1") {
        20 * cases
    } else {
        cases
    }
}

/// Runs `check` with so many random programs. One that fails is made smaller in up to so many attempts, which help
/// only if it fails each time.
fn run<P: Strategy>(cases: u32, shrinks: u32, programs: P, check: impl Fn(P::Value))
where
    P::Value: Debug,
{
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: shrinks,
        ..Config::default()
    };
    let done = TestRunner::new(config).run(&programs, |program| {
        check(program);
        Ok(())
    });
    if let Err(error) = done {
        panic!("{error}");
    }
}
