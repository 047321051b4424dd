//! Promises on a loop: set once, told in order, cancelled by who awaits them, and never lost.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use asyncio_loop::Runner;
use asyncio_tasks::{Context, Promise, PromiseError, context_var, create_task, spawn, yield_now};
use asyncio_timers::sleep;
use static_assertions::{assert_impl_all, assert_not_impl_any};

assert_impl_all!(Promise<Cell<u8>>: Send, Sync, Unpin);
assert_impl_all!(asyncio_tasks::PromiseWait<Cell<u8>>: Send, Sync, Unpin);
assert_impl_all!(asyncio_tasks::PromiseTake<Cell<u8>>: Send, Sync, Unpin);
assert_impl_all!(PromiseError: Send, Sync, Unpin, std::error::Error);
assert_not_impl_any!(Promise<Rc<u8>>: Send, Sync);

type Log = Arc<Mutex<Vec<String>>>;

fn run<F: Future>(main: F) -> F::Output {
    let mut runner = Runner::new().mock_clock(true);
    runner.run(main).expect("the main future ends with a value")
}

fn note(log: &Log, what: impl Into<String>) {
    log.lock().expect("nobody panics with it").push(what.into());
}

#[derive(Debug)]
struct Broken;

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("it is broken")
    }
}

impl std::error::Error for Broken {}

// FUT-06, FUT-07, FUT-08, FUT-09, FUT-10, FUT-11, FUT-14: each state, and what is refused in it.
#[test]
fn a_promise_is_set_once_and_says_how_it_stands() {
    let open = Promise::<u32>::new();
    assert!(!open.done() && !open.cancelled());
    assert!(matches!(open.result(), Err(PromiseError::InvalidState(_))));
    assert!(matches!(open.exception(), Err(PromiseError::InvalidState(_))));

    let set = Promise::new();
    set.set_result(5).unwrap();
    assert!(set.done() && !set.cancelled());
    assert_eq!(set.result().unwrap(), 5);
    assert!(set.exception().unwrap().is_none());
    assert!(set.set_result(6).is_err());
    assert_eq!(set.try_set_result(6), Err(6));
    assert!(set.set_exception(Broken).is_err());
    assert!(!set.cancel());
    assert_eq!(set.take_result().unwrap(), 5);
    assert!(matches!(set.result(), Err(PromiseError::InvalidState(_))));
    assert!(set.done() && set.exception().unwrap().is_none());

    let failed = Promise::<u32>::new();
    failed.set_exception(Broken).unwrap();
    let error = failed.result().unwrap_err();
    assert!(error.failure().unwrap().downcast_ref::<Broken>().is_some());
    assert_eq!(error.to_string(), "it is broken");
    let (first, second) = (
        failed.exception().unwrap().unwrap(),
        failed.exception().unwrap().unwrap(),
    );
    assert!(Arc::ptr_eq(&first, &second), "all get one object");
    assert!(failed.set_result(1).is_err() && !failed.cancel());

    let cancelled = Promise::<u32>::new();
    assert!(cancelled.cancel_msg("no need") && !cancelled.cancel());
    assert!(cancelled.done() && cancelled.cancelled());
    assert!(cancelled.set_result(1).is_err());
    assert!(cancelled.exception().unwrap_err().is_cancelled());
    let error = cancelled.result().unwrap_err();
    assert_eq!(error.to_string(), "the promise was cancelled: no need");
}

// FUT-04, FUT-05: clones share the state, and each of many waiters gets the value.
#[test]
fn many_wait_and_all_get_the_value() {
    run(async {
        let promise = Promise::new();
        let tasks: Vec<_> = (0..10)
            .map(|n| {
                let promise = promise.clone();
                if n % 2 == 0 {
                    create_task(async move { promise.await })
                } else {
                    spawn(async move { (&promise).await })
                }
            })
            .collect();
        sleep(Duration::from_secs(1)).await;
        promise.set_result("value".to_owned()).unwrap();
        for task in tasks {
            assert_eq!(task.await.unwrap().unwrap(), "value");
        }
        assert_eq!((&promise).await.unwrap(), "value", "one that is done is ready");
        let failed = Promise::<()>::new();
        failed.set_exception(Broken).unwrap();
        assert!((&failed).await.unwrap_err().failure().is_some());
    });
}

/// What cannot be cloned goes to one.
#[test]
fn a_value_that_is_no_clone_is_taken_once() {
    struct Unique;
    run(async {
        let promise = Promise::new();
        let (first, second) = (promise.take(), promise.take());
        promise.set_result(Unique).map_err(drop).unwrap();
        assert!(first.await.is_ok());
        assert!(matches!(second.await, Err(PromiseError::InvalidState(_))));
    });
}

/// The last one gets the value itself, not a clone.
#[test]
fn the_last_who_waits_costs_no_clone() {
    struct Counted(Rc<Cell<u32>>);
    impl Clone for Counted {
        fn clone(&self) -> Counted {
            self.0.set(self.0.get() + 1);
            Counted(self.0.clone())
        }
    }
    run(async {
        let clones = Rc::new(Cell::new(0));
        let promise = Promise::new();
        let setter = promise.clone();
        assert!(setter.set_result(Counted(clones.clone())).is_ok());
        drop(setter);
        assert!((&promise).await.is_ok());
        assert_eq!(clones.get(), 1);
        assert!(promise.await.is_ok());
        assert_eq!(clones.get(), 1);
    });
}

// FUT-12: callbacks and waiters are served in the order in which they came, through the loop.
#[test]
fn callbacks_and_waiters_are_told_in_the_order_in_which_they_came() {
    let log = Log::default();
    let to = log.clone();
    run(async move {
        let promise = Promise::new();
        let add = |name: &'static str| {
            let log = to.clone();
            promise.add_done_callback(move |done: &Promise<u32>| {
                note(&log, format!("{name} {}", done.result().unwrap()));
            })
        };
        let wait = |name: &'static str| {
            let (log, promise) = (to.clone(), promise.clone());
            create_task(async move {
                promise.await.unwrap();
                note(&log, name);
            })
        };
        add("first");
        let one = wait("second");
        yield_now().await;
        add("third");
        let two = wait("fourth");
        yield_now().await;
        let gone = add("never");
        add("fifth");
        assert!(promise.remove_done_callback(gone));
        assert!(!promise.remove_done_callback(gone));
        promise.set_result(7).unwrap();
        note(&to, "set");
        add("late");
        note(&to, "not called at once");
        one.await.unwrap();
        two.await.unwrap();
        yield_now().await;
    });
    assert_eq!(
        *log.lock().unwrap(),
        [
            "set",
            "not called at once",
            "first 7",
            "second",
            "third 7",
            "fourth",
            "fifth 7",
            "late 7"
        ]
    );
}

// FUT-12: the context of a callback is that of who added it, or one that is given.
#[test]
fn a_callback_sees_the_variables_of_who_added_it() {
    context_var! { static WHO: u32 = 0; }
    let log = Log::default();
    let to = log.clone();
    run(async move {
        let promise = Promise::new();
        let say = |to: &Log| {
            let to = to.clone();
            move |_: &Promise<()>| note(&to, format!("{}", WHO.get()))
        };
        promise.add_done_callback(say(&to));
        let _ = WHO.set(1);
        promise.add_done_callback(say(&to));
        let _ = WHO.set(2);
        let given = Context::new();
        let _ = given.run(|| WHO.set(9));
        promise.add_done_callback_in(&given, say(&to));
        promise.set_result(()).unwrap();
        yield_now().await;
    });
    assert_eq!(*log.lock().unwrap(), ["0", "1", "9"]);
}
