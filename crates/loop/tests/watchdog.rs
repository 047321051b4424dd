//! The watchdog of debug mode: it tells of a loop, or a worker, that is stuck while it still is, and of locks that nobody takes up.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use asyncio_loop::{ExceptionContext, Runner, call_soon};
use asyncio_sync::Lock;
use asyncio_tasks::{create_task, task, to_thread, yield_now};
use asyncio_timers::sleep;

/// The name of the task, the place of it or of the callback, and the message.
type Report = (Option<String>, String, String);

fn told(to: Sender<Report>) -> impl Fn(&ExceptionContext) + Send + Sync + 'static {
    move |context| {
        let name = context.task().map(|task| task.get_name().to_string());
        let place = context.task().map(|task| task.location()).or(context.location());
        let place = place.map(ToString::to_string).unwrap_or_default();
        // A slow step is told of when it has ended: nobody hears that any more.
        let _ = to.send((name, place, context.message().to_owned()));
    }
}

/// Waits for the report of something that is stuck.
fn until_stuck(reported: &Receiver<Report>) -> Report {
    loop {
        let report = reported.recv().expect("the watchdog is awake");
        if report.2.contains("stuck") {
            return report;
        }
    }
}

// DEV-03
#[test]
fn the_task_in_which_a_loop_is_stuck_is_named_with_its_place_while_it_is() {
    let (to, reported) = channel();
    let mut runner = Runner::new().debug(true).exception_handler(told(to));
    let line = line!() + 4;
    let ran = runner.run(async move {
        // Stuck until the watchdog has said so.
        let stuck = task().name("never awaits");
        let stuck = stuck.create(async move { until_stuck(&reported) });
        stuck.await.expect("it ends")
    });
    let (name, place, message) = ran.expect("it ran");
    assert_eq!(name.as_deref(), Some("never awaits"));
    assert!(place.contains(&format!("tests/watchdog.rs:{line}:")), "{place}");
    assert!(
        message.starts_with("The loop is stuck: a step has taken") && message.contains("has not ended"),
        "{message}"
    );
    if cfg!(target_os = "linux") {
        assert!(message.contains("sleeps in system call"), "{message}");
    }
}

// DEV-03
#[test]
fn a_loop_that_computes_is_told_from_one_that_sleeps() {
    if !cfg!(target_os = "linux") {
        println!("skipped: only Linux tells what a thread does");
        return;
    }
    let (to, reported) = channel();
    let mut runner = Runner::new().debug(true).exception_handler(told(to));
    let ran = runner.run(async move {
        loop {
            if let Some(report) = reported.try_iter().find(|report| report.2.contains("stuck")) {
                return report;
            }
        }
    });
    let (_, _, message) = ran.expect("it ran");
    assert!(message.contains("computes"), "{message}");
}

/// How long the report says that the step has taken.
fn seconds(message: &str) -> f64 {
    let (_, rest) = message.split_once("a step has taken ").expect(message);
    let (seconds, _) = rest.split_once(" seconds and has not ended").expect(message);
    seconds.parse().expect(message)
}

// DEV-03
#[test]
fn a_stuck_loop_is_told_of_within_a_second_of_its_step_with_the_name_of_the_task() {
    // What the report says, and what the step itself sees.
    let attempt = || {
        let (to, reported) = channel();
        let mut runner = Runner::new().debug(true).exception_handler(told(to));
        let ran = runner.run(async move {
            let stuck = task().name("does not end");
            let stuck = stuck.create(async move {
                let began = Instant::now();
                (until_stuck(&reported), began.elapsed().as_secs_f64())
            });
            stuck.await.expect("it ends")
        });
        let ((name, _, message), took) = ran.expect("it ran");
        assert_eq!(name.as_deref(), Some("does not end"));
        (seconds(&message), took)
    };
    // A machine that has much to do may be late, but not each time.
    let mut tries = Vec::new();
    for _ in 0..5 {
        let (said, took) = attempt();
        tries.push((said, took));
        if said < 1.0 && took < 1.0 {
            return;
        }
    }
    panic!("{tries:?}");
}

// DEV-03
#[test]
fn the_place_of_a_callback_in_which_a_loop_is_stuck_is_named() {
    let (to, reported) = channel();
    let mut runner = Runner::new().debug(true).exception_handler(told(to));
    let line = line!() + 3;
    let ran = runner.run(async move {
        let (hand, over) = channel();
        call_soon(move || hand.send(until_stuck(&reported)).expect("it is awaited"));
        loop {
            yield_now().await;
            if let Ok(report) = over.try_recv() {
                return report;
            }
        }
    });
    let (name, place, _) = ran.expect("it ran");
    assert_eq!(name, None, "a callback is no task");
    assert!(place.contains(&format!("tests/watchdog.rs:{line}:")), "{place}");
}

// DEV-03
#[test]
fn the_task_in_which_a_worker_of_the_pool_is_stuck_is_named() {
    let (to, reported) = channel();
    let mut runner = Runner::new()
        .debug(true)
        .worker_threads(2)
        .exception_handler(told(to));
    let ran = runner.run(async move {
        let stuck = task().name("blocks its worker");
        let stuck = stuck.spawn(async move { until_stuck(&reported) });
        stuck.await.expect("it ends")
    });
    let (name, _, message) = ran.expect("it ran");
    assert_eq!(name.as_deref(), Some("blocks its worker"));
    assert!(message.starts_with("A worker of the pool is stuck"), "{message}");
}

// DEV-03
#[test]
fn a_task_that_was_given_a_lock_and_leaves_its_wait_unpolled_is_named() {
    let (to, reported) = channel();
    let mut runner = Runner::new().debug(true).exception_handler(told(to));
    let ran = runner.run(async move {
        let lock = std::rc::Rc::new(Lock::new(()));
        let guard = lock.acquire().await;
        let of_task = lock.clone();
        let _keeps = task().name("keeps a future").create(async move {
            let mut wait = std::pin::pin!(of_task.acquire());
            // Polled once, and then kept.
            let polled =
                std::future::poll_fn(|cx| std::task::Poll::Ready(wait.as_mut().poll(cx).is_pending()));
            assert!(polled.await);
            std::future::pending::<()>().await;
        });
        yield_now().await;
        yield_now().await;
        drop(guard);
        // Not on the loop or its pool, which might be late with the wait because of it.
        let heard = to_thread(move || {
            let mut all = reported.into_iter();
            all.find(|report| report.2.contains("futurelock"))
        });
        heard.await.expect("it ends").expect("the watchdog is awake")
    });
    let (name, place, message) = ran.expect("it ran");
    assert_eq!(name.as_deref(), Some("keeps a future"));
    assert!(place.contains("tests/watchdog.rs:"), "{place}");
    assert!(message.contains("nobody else can have it"), "{message}");
}

// DEV-03
#[test]
fn a_loop_that_waits_or_takes_many_short_steps_is_not_stuck() {
    let (to, reported) = channel();
    let mut runner = Runner::new().debug(true).exception_handler(told(to));
    // Longer than the watchdog waits with a step that does not end.
    const LONG: Duration = Duration::from_millis(900);
    let ran = runner.run(async {
        sleep(LONG).await;
        let ends = create_task(to_thread(|| thread::sleep(LONG)));
        while !ends.is_finished() {
            yield_now().await;
        }
    });
    ran.expect("it ran");
    runner.close();
    drop(runner);
    let stuck: Vec<_> = reported
        .into_iter()
        .filter(|report| report.2.contains("stuck"))
        .collect();
    assert!(stuck.is_empty(), "{stuck:?}");
}
