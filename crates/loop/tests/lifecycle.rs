//! What turns a loop and what stops it, called by those who own one.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use asyncio_loop::{CallRefusal, EventLoop, RunError, call_soon, get_running_loop, try_get_running_loop};
use asyncio_tasks::{TaskFactory, create_task, yield_now};
use asyncio_timers::{Clock, sleep};

fn mock_loop() -> EventLoop {
    EventLoop::builder()
        .clock(Clock::mock())
        .tick_budget(0)
        .build()
        .expect("a loop")
}

// LOP-07
#[test]
fn a_run_until_complete_hands_out_the_value_and_leaves_the_rest() {
    let mut event_loop = mock_loop();
    let done = Rc::new(Cell::new(false));
    let later = done.clone();
    let text = String::from("borrowed");
    let len = event_loop
        .run_until_complete(async {
            drop(create_task(async move {
                sleep(Duration::from_secs(5)).await;
                later.set(true);
            }));
            text.len()
        })
        .unwrap();
    assert_eq!(len, 8);
    assert!(!done.get());
    event_loop
        .run_until_complete(sleep(Duration::from_secs(10)))
        .unwrap();
    assert!(done.get(), "it went on in the next run");
}

// LOP-07
#[test]
fn a_task_goes_on_after_a_stop_in_the_run_that_is_given_its_handle() {
    let mut event_loop = mock_loop();
    let mut task = None;
    let stopped = event_loop.run_until_complete(async {
        task = Some(create_task(async {
            get_running_loop().stop();
            yield_now().await;
            yield_now().await;
            7
        }));
        std::future::pending::<()>().await;
    });
    let error = stopped.unwrap_err();
    assert!(matches!(error, RunError::Stopped));
    assert_eq!(error.to_string(), "Event loop stopped before Future completed.");
    assert_eq!(event_loop.run_until_complete(task.unwrap()).unwrap().unwrap(), 7);
}

// LOP-07, LOP-08
#[test]
fn a_loop_inside_a_loop_is_refused() {
    let mut event_loop = mock_loop();
    let refused = event_loop
        .run_until_complete(async {
            let mut inner = EventLoop::new().unwrap();
            let (one, other) = (inner.run_until_complete(async {}), inner.run_forever());
            (one.unwrap_err(), other.unwrap_err())
        })
        .unwrap();
    assert!(matches!(refused, (RunError::Nested, RunError::Nested)));
    event_loop.run_until_complete(async {}).unwrap();
}

// LOP-08, LOP-09
#[test]
fn a_stop_before_the_run_makes_it_one_turn() {
    let mut event_loop = EventLoop::new().unwrap();
    let turns = Rc::new(Cell::new(0));
    fn again(turns: &Rc<Cell<u32>>) {
        turns.set(turns.get() + 1);
        let turns = turns.clone();
        call_soon(move || again(&turns));
    }
    let first = turns.clone();
    event_loop.call_soon(move || again(&first));
    for expected in 1..5 {
        event_loop.stop();
        event_loop.run_forever().unwrap();
        assert_eq!(turns.get(), expected);
    }
    // With nothing ready it does not wait either.
    let mut idle = EventLoop::new().unwrap();
    idle.call_later(Duration::from_secs(3600), || panic!("too early"));
    idle.stop();
    idle.run_forever().unwrap();
}

// LOP-09
#[test]
fn after_a_stop_the_batch_ends_and_what_it_queues_waits() {
    // Also in the middle of the budget of a turn.
    for budget in [0, 1, 512] {
        let mut event_loop = EventLoop::builder().tick_budget(budget).build().unwrap();
        let log: Rc<RefCell<Vec<&str>>> = Rc::default();
        let at_start = log.clone();
        event_loop.call_soon(move || {
            let log = at_start.clone();
            call_soon(move || {
                let inner = log.clone();
                call_soon(move || inner.borrow_mut().push("queued by the batch"));
                log.borrow_mut().push("stops");
                get_running_loop().stop();
                get_running_loop().stop();
            });
            call_soon(move || at_start.borrow_mut().push("of the same batch"));
        });
        event_loop.run_forever().unwrap();
        assert_eq!(*log.borrow(), ["stops", "of the same batch"], "budget {budget}");
        event_loop.stop();
        event_loop.run_forever().unwrap();
        assert_eq!(log.borrow().len(), 3);
    }
}

// LOP-09
#[test]
fn a_stop_from_another_thread_ends_the_wait() {
    let mut event_loop = EventLoop::new().unwrap();
    let handle = event_loop.handle();
    let thread = std::thread::spawn(move || handle.stop());
    event_loop.run_forever().unwrap();
    thread.join().unwrap();
}

// LOP-01, LOP-05, LOP-10, LOP-11
#[test]
fn a_loop_knows_whether_it_runs_and_whether_it_is_closed() {
    let mut event_loop = mock_loop();
    let handle = event_loop.handle();
    assert!(!handle.is_running() && !handle.is_closed() && !event_loop.is_running());
    assert!(try_get_running_loop().is_err());
    event_loop
        .run_until_complete(async {
            assert!(handle.is_running());
            assert!(get_running_loop().is_running());
        })
        .unwrap();
    assert!(!handle.is_running());
    event_loop.close();
    event_loop.close();
    assert!(handle.is_closed() && event_loop.is_closed());
}

// LOP-12
#[test]
fn dropping_a_loop_drops_its_tasks() {
    struct Tell(Rc<Cell<bool>>);
    impl Drop for Tell {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    let dropped = Rc::new(Cell::new(false));
    let tell = Tell(dropped.clone());
    let mut event_loop = mock_loop();
    event_loop
        .run_until_complete(async move {
            drop(create_task(async move {
                let _tell = tell;
                std::future::pending::<()>().await;
            }));
            yield_now().await;
        })
        .unwrap();
    assert!(!dropped.get());
    drop(event_loop);
    assert!(dropped.get());
}

// LOP-22, LOP-23, LOP-24
#[test]
fn a_task_factory_is_set_and_taken_away_while_the_loop_runs() {
    let mut event_loop = mock_loop();
    let seen = Rc::new(Cell::new(0));
    let counted = seen.clone();
    let factory: TaskFactory = Rc::new(move |future, builder| {
        counted.set(counted.get() + 1);
        (future, builder)
    });
    assert!(event_loop.get_task_factory().is_none());
    event_loop.set_task_factory(Some(factory.clone()));
    let task = event_loop.create_task(async { 1 });
    event_loop
        .run_until_complete(async {
            let this = get_running_loop();
            assert!(this.get_task_factory().unwrap().is_some());
            create_task(async {}).await.unwrap();
            assert_eq!(seen.get(), 2);
            this.set_task_factory(None).unwrap();
            create_task(async {}).await.unwrap();
            assert_eq!(seen.get(), 2);
            this.set_task_factory(Some(factory)).unwrap();
            let there = std::thread::spawn(move || this.set_task_factory(None).unwrap_err());
            assert_eq!(there.join().unwrap(), CallRefusal::WrongThread);
        })
        .unwrap();
    assert!(event_loop.get_task_factory().is_some(), "it stays between runs");
    assert_eq!(event_loop.run_until_complete(task).unwrap().unwrap(), 1);
    event_loop.close();
    let closed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        drop(event_loop.create_task(async {}))
    }));
    assert!(closed.is_err());
}
