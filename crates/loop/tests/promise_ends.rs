//! How promises end when things go wrong: cancelled by who awaits them, given up, unseen, on a loop that is gone; and
//! what carries them to other threads and back.

use std::future::{Future, IntoFuture};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use asyncio_loop::{EventLoop, GetLoop, Runner, get_running_loop, unwrap_future, wrap_future};
use asyncio_tasks::{Promise, PromiseError, catch_cancelled, create_task, timeout, yield_now};
use asyncio_timers::sleep;

fn run<F: Future>(main: F) -> F::Output {
    let mut runner = Runner::new().mock_clock(true);
    runner.run(main).expect("the main future ends with a value")
}

// FUT-05, M3: the request goes to the promise, and on to who awaits it.
#[test]
fn who_is_cancelled_at_a_promise_cancels_it() {
    run(async {
        let promise = Promise::<u32>::new();
        let other = create_task({
            let promise = promise.clone();
            async move { promise.await }
        });
        let task = create_task({
            let promise = promise.clone();
            async move {
                let caught = catch_cancelled(&promise).await;
                let token = caught.unwrap_err();
                assert!(promise.cancelled(), "the promise first");
                let why = token.message().map(str::to_owned);
                token.uncancel();
                why
            }
        });
        sleep(Duration::from_secs(1)).await;
        task.cancel_msg("enough");
        assert_eq!(task.await.unwrap().as_deref(), Some("enough"));
        let error = other.await.unwrap().unwrap_err();
        assert_eq!(error.to_string(), "the promise was cancelled: enough");
    });
}

/// A request that comes in the turn in which the promise was set is not lost, and nor is the value.
#[test]
fn a_request_beats_a_value_that_is_ready_and_leaves_it_alone() {
    run(async {
        let promise = Promise::new();
        let task = create_task({
            let promise = promise.clone();
            async move { promise.await }
        });
        yield_now().await;
        promise.set_result(1).unwrap();
        task.cancel();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(promise.result().unwrap(), 1);
    });
}

#[test]
fn a_timeout_around_a_promise_cancels_it_and_a_drop_does_not() {
    run(async {
        let promise = Promise::<u32>::new();
        let mut wait = (&promise).into_future();
        let polled = std::pin::Pin::new(&mut wait).poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        drop(wait);
        assert!(!promise.done());
        assert!(timeout(Duration::from_secs(1), &promise).await.is_err());
        assert!(promise.cancelled());
    });
}

/// Nobody waits for ever for a promise that nobody can set.
#[test]
fn the_last_handle_that_goes_cancels_the_promise() {
    run(async {
        let promise = Promise::<u32>::new();
        let wait = (&promise).into_future();
        drop(promise);
        let error = wait.await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the promise was cancelled: nobody is left who could set the promise"
        );
        assert!(Promise::<u32>::new().await.unwrap_err().is_cancelled());
    });
}

// FUT-16: a failure that nobody saw is told once, with where the promise was made.
#[test]
fn a_failure_that_nobody_retrieved_is_reported_with_its_origin() {
    let reports: Arc<Mutex<Vec<(String, u32)>>> = Arc::default();
    let to = reports.clone();
    let handler = Arc::new(move |context: &asyncio_loop::ExceptionContext| {
        let line = context.location().map_or(0, std::panic::Location::line);
        to.lock().unwrap().push((context.to_string(), line));
    });
    let ev = EventLoop::builder().exception_handler(handler).build().unwrap();
    let promise = ev.create_promise::<()>();
    let line = promise.location().line();
    promise.set_exception("it broke").unwrap();
    drop(promise.clone());
    assert!(reports.lock().unwrap().is_empty());
    drop(promise);
    let seen = std::mem::take(&mut *reports.lock().unwrap());
    assert_eq!(seen.len(), 1);
    assert!(seen[0].0.starts_with("Promise exception was never retrieved"));
    assert!(seen[0].0.ends_with("error: it broke"));
    assert_eq!(seen[0].1, line);

    let (seen, looked_at, cancelled) = (
        ev.create_promise::<()>(),
        ev.create_promise::<()>(),
        ev.create_promise::<()>(),
    );
    seen.set_exception("seen").unwrap();
    assert!(seen.result().is_err());
    looked_at.set_exception("looked at").unwrap();
    assert!(looked_at.exception().is_ok());
    cancelled.cancel();
    drop((seen, looked_at, cancelled));
    assert!(reports.lock().unwrap().is_empty());
}

// FUT-12: a callback that panics is reported, and the next is called.
#[test]
fn a_callback_that_panics_keeps_nobody_waiting() {
    let reports: Arc<Mutex<Vec<String>>> = Arc::default();
    let to = reports.clone();
    let calls: Arc<Mutex<Vec<u32>>> = Arc::default();
    let counted = calls.clone();
    let mut runner = Runner::new().exception_handler(move |context: &asyncio_loop::ExceptionContext| {
        to.lock().unwrap().push(context.to_string());
    });
    let ended = runner.run(async move {
        let promise = Promise::new();
        promise.add_done_callback(|_: &Promise<()>| panic!("on purpose"));
        promise.add_done_callback(move |_| counted.lock().unwrap().push(1));
        promise.set_result(()).unwrap();
        promise.await
    });
    ended.unwrap().unwrap();
    assert_eq!(*calls.lock().unwrap(), [1]);
    assert!(reports.lock().unwrap()[0].contains("on purpose"));
}

// FUT-15, LOP-21: a promise knows its loop; other threads may make one for it, and set it.
#[test]
fn a_promise_of_a_loop_calls_back_on_its_thread() {
    run(async {
        let handle = get_running_loop();
        let here = std::thread::current().id();
        let made = std::thread::spawn(move || handle.create_promise::<u32>());
        let promise = made.join().unwrap();
        assert!(promise.get_loop().is_some_and(|of| of.is_running()));
        assert!(Promise::<u32>::new().get_loop().is_some());
        let called = Promise::new();
        let tell = called.clone();
        promise.add_done_callback(move |_| tell.set_result(std::thread::current().id()).unwrap());
        let setter = promise.clone();
        std::thread::spawn(move || setter.set_result(3).unwrap())
            .join()
            .unwrap();
        assert_eq!(promise.await.unwrap(), 3);
        assert_eq!(called.await.unwrap(), here);
    });
    let alone = Promise::<u32>::new();
    assert!(alone.get_loop().is_none());
}

/// A promise outlives its loop: callbacks that come too late are dropped, and the loop that has its place in the table
/// next does not call them.
#[test]
fn callbacks_of_a_loop_that_is_gone_are_called_by_nobody() {
    let called = Arc::new(Mutex::new(0));
    for _ in 0..3 {
        let ev = EventLoop::new().unwrap();
        let promise = ev.create_promise::<()>();
        let count = called.clone();
        promise.add_done_callback(move |_| *count.lock().unwrap() += 1);
        drop(ev);
        let mut runner = Runner::new();
        runner.run(yield_now()).unwrap();
        promise.set_result(()).unwrap();
        runner.run(yield_now()).unwrap();
    }
    assert_eq!(*called.lock().unwrap(), 0);
    assert_eq!(Arc::strong_count(&called), 1, "and they are gone");
}

// FUT-03, FUT-17: the results of threads and of promises, both ways.
#[test]
fn results_of_other_threads_become_promises_and_back() {
    run(async {
        let handle = get_running_loop();
        let promise = wrap_future(handle.run_coroutine_threadsafe(async { 40 + 2 }));
        assert_eq!(promise.await.unwrap(), 42);

        let broken: Promise<()> =
            wrap_future(handle.run_coroutine_threadsafe(async { panic!("on purpose") }));
        let error: PromiseError = broken.await.unwrap_err();
        assert!(error.to_string().contains("on purpose"));

        let stopped = Arc::new(Mutex::new(false));
        let tell = stopped.clone();
        let promise = wrap_future(handle.run_coroutine_threadsafe(async move {
            let token = catch_cancelled(std::future::pending::<()>()).await.unwrap_err();
            *tell.lock().unwrap() = true;
            token.resume::<()>().await;
        }));
        sleep(Duration::from_secs(1)).await;
        promise.cancel();
        sleep(Duration::from_secs(1)).await;
        assert!(*stopped.lock().unwrap(), "the request went on to the task");

        let promise = Promise::<u32>::new();
        let mut result = unwrap_future(promise.clone());
        assert!(result.result(Some(Duration::ZERO)).is_err() && !result.done());
        assert!(result.cancel() && !result.cancel());
        assert!(promise.cancelled());
        let ended = result.await.unwrap();
        assert!(ended.unwrap_err().is_cancelled());
    });
}

/// What cannot leave the thread can be promised there.
#[test]
fn a_value_that_is_not_send_stays_at_home() {
    run(async {
        let promise = Promise::new();
        let setter = promise.clone();
        create_task(async move { setter.set_result(Rc::new(1)).unwrap() }).detach();
        assert_eq!(*promise.await.unwrap(), 1);
    });
}
