//! Exception handlers and debug mode, set on a loop that runs.

use std::panic::Location;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use asyncio_loop::{
    EventLoop, ExceptionContext, ExceptionHandler, Runner, call_later, call_soon, get_running_loop,
};
use asyncio_reactor::Async;
use asyncio_tasks::{create_task, spawn, task, to_thread, yield_now};
use asyncio_timers::sleep;

type Reports = Arc<Mutex<Vec<String>>>;

fn collector() -> (Reports, ExceptionHandler) {
    let reports = Reports::default();
    let to = reports.clone();
    let handler = move |context: &ExceptionContext| {
        let mut text = context.message().to_owned();
        if let Some(panic) = context.panic_message() {
            text = format!("{text}: {panic}");
        }
        to.lock().expect("no handler panics").push(text);
    };
    (reports, Arc::new(handler))
}

// LOP-61, LOP-62, LOP-64
#[test]
fn a_handler_is_set_while_the_loop_runs_and_hears_of_the_pool_too() {
    let (reports, handler) = collector();
    Runner::new()
        .run(async {
            let this = get_running_loop();
            assert!(this.get_exception_handler().is_none());
            this.set_exception_handler(Some(handler));
            assert!(this.get_exception_handler().is_some());
            call_soon(|| panic!("in a callback"));
            yield_now().await;
            let task = spawn(async { panic!("on the pool") });
            while !task.is_finished() {
                yield_now().await;
            }
            drop(task);
            this.call_exception_handler(&ExceptionContext::new("by hand"));
            this.set_exception_handler(None);
            assert!(this.get_exception_handler().is_none());
        })
        .unwrap();
    assert_eq!(
        *reports.lock().unwrap(),
        [
            "Exception in callback: in a callback",
            "Task exception was never retrieved: on the pool",
            "by hand"
        ]
    );
}

// LOP-61, LOP-63
#[test]
fn a_handler_that_panics_does_not_end_the_loop() {
    let mut event_loop = EventLoop::new().unwrap();
    let handle = event_loop.handle();
    handle.set_exception_handler(Some(Arc::new(|_: &ExceptionContext| panic!("in the handler"))));
    event_loop.call_soon(|| panic!("in a callback"));
    assert_eq!(event_loop.run_until_complete(async { 7 }).unwrap(), 7);
    handle.default_exception_handler(&ExceptionContext::new("written to the standard error"));
    event_loop.close();
    // A loop that is gone has no handler to set, and its failures go to the standard error.
    drop(event_loop);
    handle.set_exception_handler(None);
    handle.call_exception_handler(&ExceptionContext::new("after the end"));
}

// DEV-01, LOP-65, LOP-66, LOP-67
#[test]
fn debug_mode_reports_slow_steps_from_the_turn_on_in_which_it_is_turned_on() {
    let (reports, handler) = collector();
    let mut event_loop = EventLoop::builder()
        .debug(false)
        .exception_handler(handler)
        .build()
        .unwrap();
    let handle = event_loop.handle();
    assert!(!handle.get_debug());
    assert_eq!(handle.slow_callback_duration(), Duration::from_millis(100));
    event_loop
        .run_until_complete(async {
            let this = get_running_loop();
            this.set_slow_callback_duration(Duration::ZERO);
            yield_now().await;
            assert!(reports.lock().unwrap().is_empty(), "debug mode is off");
            this.set_debug(true);
            while reports.lock().unwrap().len() < 3 {
                call_soon(|| ());
                drop(create_task(async {}));
                yield_now().await;
            }
            this.set_slow_callback_duration(Duration::MAX);
            this.set_debug(true);
        })
        .unwrap();
    assert!(handle.get_debug());
    let reports = reports.lock().unwrap();
    assert!(
        reports
            .iter()
            .any(|text| text.starts_with("Executing a callback took 0.0")),
        "{reports:?}"
    );
    assert!(
        reports
            .iter()
            .any(|text| text.starts_with("Executing a task's step took 0.0")),
        "{reports:?}"
    );
    assert!(
        EventLoop::builder()
            .debug(true)
            .build()
            .unwrap()
            .handle()
            .get_debug()
    );
}

// DEV-03
#[test]
fn a_slow_step_is_told_with_the_place_of_its_task_and_a_slow_callback_with_its_own() {
    type Place = Option<&'static Location<'static>>;
    let (to, reported) = channel::<(Option<(String, Place)>, Place, String)>();
    let mut runner = Runner::new().debug(true).exception_handler(move |context| {
        let task = context.task();
        let task = task.map(|task| (task.get_name().to_string(), Some(task.location())));
        // What is still slow at the end nobody hears.
        let _ = to.send((task, context.location(), context.message().to_owned()));
    });
    let ran = runner.run(async move {
        get_running_loop().set_slow_callback_duration(Duration::ZERO);
        // It holds from the next turn on.
        sleep(Duration::from_millis(1)).await;
        let (_task, task_line) = (task().name("slow").create(async {}), line!());
        let (_call, call_line) = (call_soon(|| ()), line!());
        let (mut step, mut callback) = (None, None);
        for _ in 0..100 {
            sleep(Duration::from_millis(1)).await;
            for (task, place, message) in reported.try_iter() {
                match task {
                    None if message.contains("callback") => callback = callback.or(Some((place, message))),
                    Some((name, place)) if name == "slow" => step = step.or(Some((place, message))),
                    // The reactor, and this task.
                    None | Some(_) => {}
                }
            }
        }
        for (told, line, message) in [
            (step, task_line, "Executing a task's step took "),
            (callback, call_line, "Executing a callback took "),
        ] {
            let (place, said) = told.unwrap();
            let place = place.expect("it is known");
            assert_eq!((place.file(), place.line()), (file!(), line), "{said}");
            assert!(said.starts_with(message), "{said}");
        }
    });
    ran.unwrap();
}

// LOP-67
#[test]
fn slow_steps_on_the_pool_are_reported_too() {
    let (reports, handler) = collector();
    let mut event_loop = EventLoop::builder()
        .debug(true)
        .exception_handler(handler)
        .build()
        .unwrap();
    event_loop
        .run_until_complete(async {
            let this = get_running_loop();
            // Nothing of the loop itself is slow.
            this.set_slow_callback_duration(Duration::MAX);
            spawn(async {}).await.unwrap();
            assert!(reports.lock().unwrap().is_empty());
            this.set_slow_callback_duration(Duration::ZERO);
            let told = reports.clone();
            let on_pool = spawn(async move {
                // It holds from the worker's next turn on, which may be many steps later.
                let step = |text: &String| text.starts_with("Executing a task's step took");
                for _ in 0..10_000 {
                    if told.lock().unwrap().iter().any(step) {
                        break;
                    }
                    yield_now().await;
                }
                get_running_loop().set_slow_callback_duration(Duration::MAX);
            });
            on_pool.await.unwrap();
        })
        .unwrap();
    event_loop.close();
    let reports = reports.lock().unwrap();
    assert!(
        reports
            .iter()
            .any(|text| text.starts_with("Executing a task's step took")),
        "{reports:?}"
    );
}

/// Stops whoever wakes by it for a while.
struct Slow(Waker);

impl Wake for Slow {
    fn wake(self: Arc<Self>) {
        std::thread::sleep(Duration::from_millis(20));
        self.0.wake_by_ref();
    }
}

// DEV-04
#[cfg(unix)]
#[test]
fn a_poll_of_the_reactor_that_takes_long_is_reported_and_a_long_wait_is_not() {
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    /// The polls that were reported, in seconds.
    fn polls(reports: &Reports) -> Vec<f64> {
        let reports = reports.lock().unwrap();
        let seconds = |text: &String| {
            let rest = text.strip_prefix("Polling for I/O took ")?;
            rest.strip_suffix(" seconds")?.parse().ok()
        };
        reports.iter().filter_map(seconds).collect()
    }

    let (reports, handler) = collector();
    let mut runner = Runner::new()
        .debug(true)
        .exception_handler(move |context| handler(context));
    let ran = runner.run(async {
        get_running_loop().set_slow_callback_duration(Duration::from_millis(10));
        // Waits for longer than that: once for a timer, once for another thread.
        const WAIT: Duration = Duration::from_millis(200);
        sleep(WAIT).await;
        to_thread(|| std::thread::sleep(WAIT)).await.unwrap();
        // A machine that has much to do may be late, but not by so much: the wait itself is no poll.
        let before = polls(&reports);
        assert!(before.iter().all(|took| *took < WAIT.as_secs_f64()), "{before:?}");

        let (one, mut other) = UnixStream::pair().unwrap();
        let one = Async::new(one).unwrap();
        let mut wait = std::pin::pin!(one.readable());
        let writes = call_later(Duration::from_millis(1), move || other.write_all(b"x").unwrap());
        let readable = std::future::poll_fn(|cx| {
            let slow = Waker::from(Arc::new(Slow(cx.waker().clone())));
            wait.as_mut().poll(&mut Context::from_waker(&slow))
        });
        readable.await.unwrap();
        assert!(!writes.cancelled());
        assert!(polls(&reports).len() > before.len());
    });
    ran.unwrap();
}
