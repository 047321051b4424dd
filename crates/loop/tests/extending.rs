//! What the makers of loops, executors and frameworks build on.

use std::cell::Cell;
use std::future::Future;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use asyncio_core::{CallRefusal, CallRefused, DelayedCall};
use asyncio_core::{Outcome, RunTask, TaskRef, foreign_task, outside};
use asyncio_loop::{Driver, ExecutorBusy, HostCall, LoopHandle, Turned, WaitFor};
use asyncio_loop::{EventLoop, Runner, get_running_loop};
use asyncio_tasks::{FactorySlot, Promise, TaskFactory, all_tasks, create_task, current_task};
use asyncio_timers::{Clock, LocalHandle, LocalTimer, TimeSource};
use static_assertions::{assert_impl_all, assert_not_impl_any, assert_obj_safe};

assert_impl_all!(CallRefusal: Send, Sync, Unpin, Copy, std::error::Error);
assert_impl_all!(CallRefused<fn()>: Send, Sync, Unpin, std::error::Error);
assert_impl_all!(ExecutorBusy: Send, Sync, Unpin, Copy, std::error::Error);
assert_impl_all!(WaitFor: Send, Sync, Unpin, Copy);
assert_impl_all!(Turned: Send, Sync, Unpin, Copy);
assert_impl_all!(HostCall: Send, Unpin);
assert_impl_all!(Clock: Send, Sync, Unpin, Clone);
assert_impl_all!(LoopHandle: Send, Sync);
assert_obj_safe!(TimeSource, Driver);
assert_not_impl_any!(DelayedCall: Send, Sync);
assert_not_impl_any!(LocalHandle: Send, Sync);
assert_not_impl_any!(LocalTimer: Send, Sync);
assert_not_impl_any!(FactorySlot: Send, Sync);

fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

// EXT-03
#[test]
fn a_promise_needs_no_loop() {
    let promise = Promise::new();
    let mut waiting = pin!(promise.clone().into_future());
    assert!(poll(&mut waiting).is_pending());
    promise.set_result(7).unwrap();
    assert!(matches!(poll(&mut waiting), Poll::Ready(Ok(7))));
}

// EXT-04, EXT-07, EXT-08
#[test]
fn a_task_can_be_made_for_any_executor_and_is_the_current_one_in_its_steps_alone() {
    let seen = Rc::new(Cell::new(None));
    let to = seen.clone();
    let mut steps = 0;
    let future = std::future::poll_fn(move |_| {
        to.set(TaskRef::current().map(|task| task.get_name().to_string()));
        steps += 1;
        if steps < 2 {
            Poll::Pending
        } else {
            Poll::Ready(Outcome::Value(steps))
        }
    });
    let (mut handle, mut run): (_, RunTask<_>) =
        foreign_task(future, Location::caller(), |task| task.set_name("mine"));
    assert!(poll(&mut handle).is_pending());
    assert!(poll(&mut run).is_pending());
    assert_eq!(seen.take().as_deref(), Some("mine"));
    assert!(TaskRef::current().is_none());
    assert!(poll(&mut run).is_ready());
    assert!(matches!(poll(&mut handle), Poll::Ready(Outcome::Value(2))));
}

// EXT-08
#[test]
fn code_that_runs_inside_a_step_can_be_outside_of_the_task() {
    asyncio_loop::run(async {
        let own = current_task().unwrap();
        outside(|| assert!(current_task().is_none()));
        assert_eq!(current_task(), Some(own));
        let eager = asyncio_tasks::task().eager_start(true);
        let inner = eager.create(async { current_task().unwrap() });
        assert_ne!(current_task(), Some(inner.await.unwrap()));
    });
}

// POL-20, LOP-04, LOP-88
#[test]
fn a_program_that_wants_a_loop_of_its_own_gives_the_runner_a_factory() {
    let counted = Rc::new(Cell::new(0));
    let counts = counted.clone();
    let mut runner = Runner::new().loop_factory(move || {
        let event_loop = EventLoop::builder().tick_budget(0).build()?;
        let factory: TaskFactory = Rc::new(move |future, builder| {
            counts.set(counts.get() + 1);
            (future, builder)
        });
        event_loop.set_task_factory(Some(factory));
        Ok(event_loop)
    });
    for expected in 1..3 {
        runner
            .run(async {
                let task = create_task(async { get_running_loop().is_running() });
                assert_eq!(all_tasks().len(), 2);
                assert!(task.await.unwrap());
            })
            .unwrap();
        assert_eq!(counted.get(), expected);
    }
}
