//! `Queue`, `LifoQueue` and `PriorityQueue` beside a model of a few lines: random programs of one thread, step by step;
//! of four, whose history must be one that a single thread could have made; and of producers and consumers.
//!
//! The threads wait without a watch, for each program provably ends: a test that hangs has found a lost wake.

use std::fmt::Debug;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

#[path = "model/alone.rs"]
mod alone;
#[path = "model/history.rs"]
mod history;
#[path = "model/line.rs"]
mod line;
#[path = "model/threads.rs"]
mod threads;
#[path = "../../sync/tests/model/wakes.rs"]
mod wakes;
#[path = "model/work.rs"]
mod work;

/// The waits of a queue.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Get,
    Put,
    Reserve,
    Join,
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        5 => Just(Kind::Get),
        4 => Just(Kind::Put),
        2 => Just(Kind::Reserve),
        1 => Just(Kind::Join),
    ]
}

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
