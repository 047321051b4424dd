//! Whose turn it is: what a task does in a step goes before what it does next, as on CPython's loop.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use asyncio_loop::{Runner, call_soon};
use asyncio_tasks::{Task, TaskRef, catch_cancelled, create_task, gather_tasks, timeout, yield_now};
use asyncio_timers::sleep;

fn run<F: Future>(main: F) -> F::Output {
    let mut runner = Runner::new().mock_clock(true).tick_budget(0);
    runner.run(main).expect("the main future ends with a value")
}

type Log = Rc<RefCell<Vec<&'static str>>>;

fn noting(log: &Log, what: &'static str) -> impl FnOnce() + use<> {
    let log = log.clone();
    move || log.borrow_mut().push(what)
}

#[test]
fn a_task_that_asks_itself_to_stop_goes_behind_what_its_step_made_ready() {
    let log = Log::default();
    run(async {
        let inner = log.clone();
        let task = create_task(async move {
            TaskRef::current().expect("a task runs").cancel();
            call_soon(noting(&inner, "made ready in the step"));
            let token = catch_cancelled(yield_now()).await.unwrap_err();
            inner.borrow_mut().push("cancelled");
            token.uncancel();
        });
        task.await.unwrap();
    });
    assert_eq!(*log.borrow(), ["made ready in the step", "cancelled"]);
}

/// To answer a request lets nobody run out of turn.
#[test]
fn a_handler_that_turns_a_request_down_goes_behind_what_it_made_ready() {
    let log = Log::default();
    run(async {
        let inner = log.clone();
        let task = create_task(timeout(Duration::from_secs(9), async move {
            let token = catch_cancelled(sleep(Duration::from_secs(5))).await.unwrap_err();
            token.uncancel();
            call_soon(noting(&inner, "made ready by the handler"));
            yield_now().await;
            inner.borrow_mut().push("the handler goes on");
        }));
        sleep(Duration::from_secs(1)).await;
        task.cancel();
        task.await.unwrap().unwrap();
    });
    assert_eq!(
        *log.borrow(),
        ["made ready by the handler", "the handler goes on"]
    );
}

#[test]
fn callbacks_of_a_task_and_who_awaits_it_are_told_in_the_order_in_which_they_came() {
    let log: Arc<Mutex<Vec<&str>>> = Arc::default();
    run(async {
        let task = create_task(sleep(Duration::from_secs(1)));
        let of_task = task.task_ref();
        let add = |what: &'static str| {
            let log = log.clone();
            of_task.add_done_callback(move |_| log.lock().unwrap().push(what));
        };
        add("first");
        let inner = log.clone();
        let waits = create_task(async move {
            task.await.unwrap();
            inner.lock().unwrap().push("second");
        });
        yield_now().await;
        add("third");
        waits.await.unwrap();
    });
    assert_eq!(*log.lock().unwrap(), ["first", "second", "third"]);
}

/// Tasks that await each other are stuck; a request that went round among them for ever would keep the loop busy too.
#[test]
fn tasks_that_await_each_other_in_a_circle_can_be_cancelled() {
    for length in 2..5 {
        for asked_at_once in 1..=length {
            run(async move {
                let slots: Rc<RefCell<Vec<Option<Task<()>>>>> = Rc::default();
                let tasks: Vec<TaskRef> = (0..length)
                    .map(|n| {
                        let of = slots.clone();
                        let task = create_task(async move {
                            let next = of.borrow_mut()[(n + 1) % length].take().unwrap();
                            if n == 0 {
                                drop(gather_tasks([next]).await);
                            } else {
                                let _ended = next.await;
                            }
                        });
                        let task_ref = task.task_ref();
                        slots.borrow_mut().push(Some(task));
                        task_ref
                    })
                    .collect();
                yield_now().await;
                for task in &tasks[..asked_at_once] {
                    assert!(task.cancel());
                }
                sleep(Duration::from_secs(1)).await;
                assert!(tasks.iter().all(TaskRef::is_finished));
            });
        }
    }
}
