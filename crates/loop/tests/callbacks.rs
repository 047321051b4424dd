//! Callbacks: their order, their handles, their contexts, and what happens when they are misused.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use asyncio_core::{Context, ExceptionContext};
use asyncio_loop::{
    EventLoop, Handle, LoopHandle, Runner, ThreadSafeHandle, TimerHandle, call_at, call_later, call_soon,
    get_running_loop,
};
use asyncio_tasks::{ContextVar, create_task, yield_now};
use asyncio_timers::Clock;
use static_assertions::{assert_impl_all, assert_not_impl_any};

assert_impl_all!(ThreadSafeHandle: Send, Sync, Unpin, Clone);
assert_impl_all!(LoopHandle: Send, Sync, Unpin, Clone);
assert_impl_all!(Handle: Unpin, Clone);
// DEV-02: what belongs to a loop's thread does not compile elsewhere.
assert_not_impl_any!(Handle: Send, Sync);
assert_not_impl_any!(TimerHandle: Send, Sync);
assert_not_impl_any!(EventLoop: Send, Sync);
assert_not_impl_any!(Runner: Send, Sync);

type Log = Rc<RefCell<Vec<u32>>>;

fn note(log: &Log, n: u32) -> impl FnOnce() + 'static {
    let log = log.clone();
    move || log.borrow_mut().push(n)
}

fn mock_loop() -> EventLoop {
    EventLoop::builder()
        .clock(Clock::mock())
        .tick_budget(0)
        .build()
        .expect("a loop")
}

// LOP-15
#[test]
fn callbacks_and_tasks_share_one_queue_first_in_first_out() {
    let log = Log::default();
    let seen = log.clone();
    asyncio_loop::run(async move {
        call_soon(note(&log, 1));
        let task = create_task({
            let log = log.clone();
            async move { log.borrow_mut().push(2) }
        });
        call_soon(note(&log, 3));
        let this = get_running_loop();
        this.call_soon(note(&log, 4));
        this.call_soon_threadsafe({
            let shared = Arc::new(Mutex::new(0));
            move || *shared.lock().unwrap() += 1
        })
        .unwrap();
        task.await.unwrap();
    });
    assert_eq!(*seen.borrow(), [1, 2, 3, 4]);
}

// LOP-15, LOP-04
#[test]
fn what_a_callback_queues_runs_a_turn_later() {
    let mut event_loop = mock_loop();
    let log = Log::default();
    let inner = log.clone();
    event_loop.call_soon(move || {
        call_soon(note(&inner, 3));
        inner.borrow_mut().push(1);
    });
    event_loop.call_soon(note(&log, 2));
    event_loop.stop();
    event_loop.run_forever().unwrap();
    assert_eq!(*log.borrow(), [1, 2]);
    event_loop.stop();
    event_loop.run_forever().unwrap();
    assert_eq!(*log.borrow(), [1, 2, 3]);
}

// LOP-16
#[test]
fn a_callback_from_another_thread_ends_the_wait_and_keeps_the_order() {
    let mut event_loop = EventLoop::new().unwrap();
    let handle = event_loop.handle();
    let log = Arc::new(Mutex::new(Vec::new()));
    let there = log.clone();
    let thread = std::thread::spawn(move || {
        for n in 0..100 {
            let log = there.clone();
            handle
                .call_soon_threadsafe(move || log.lock().unwrap().push(n))
                .unwrap();
        }
        handle.stop();
    });
    event_loop.run_forever().unwrap();
    thread.join().unwrap();
    assert_eq!(*log.lock().unwrap(), (0..100).collect::<Vec<_>>());
}

// LOP-17, LOP-18, LOP-19, LOP-74
#[test]
fn timers_fire_in_the_order_of_their_times_and_equal_ones_in_that_of_the_calls() {
    let mut event_loop = mock_loop();
    let log = Log::default();
    let start = event_loop.time();
    let second = Duration::from_secs(1);
    event_loop.call_later(2 * second, note(&log, 4));
    let one = event_loop.call_at(start + second, note(&log, 2));
    let other = event_loop.call_at(start + second, note(&log, 3));
    event_loop.call_later(Duration::ZERO, note(&log, 1));
    let handle = event_loop.handle();
    event_loop.call_later(3 * second, move || handle.stop());
    assert_eq!(one.when(), start + second);
    assert!(one != other && one == one.clone());
    assert_eq!(one.partial_cmp(&other), None);
    let at = Rc::new(Cell::new(None));
    event_loop.call_later(2 * second, {
        let at = at.clone();
        move || at.set(Some(get_running_loop().time()))
    });
    event_loop.run_forever().unwrap();
    assert_eq!(*log.borrow(), [1, 2, 3, 4]);
    assert_eq!(
        at.get(),
        Some(start + 2 * second),
        "a mock clock jumps to the time itself"
    );
}

// LOP-17
#[test]
fn a_timer_never_fires_early() {
    let mut event_loop = EventLoop::new().unwrap();
    let due = event_loop.time() + Duration::from_millis(3);
    let fired = Rc::new(Cell::new(None));
    event_loop.call_at(due, {
        let fired = fired.clone();
        move || {
            fired.set(Some(Instant::now()));
            get_running_loop().stop();
        }
    });
    event_loop.run_forever().unwrap();
    assert!(fired.get().unwrap() >= due);
}

// LOP-17
#[test]
fn a_delay_without_end_is_no_error() {
    let mut event_loop = mock_loop();
    let never = event_loop.call_later(Duration::MAX, || panic!("never"));
    event_loop.stop();
    event_loop.run_forever().unwrap();
    assert!(!never.cancelled());
}

/// Tells when it is dropped.
struct Tell(Rc<Cell<bool>>);

impl Drop for Tell {
    fn drop(&mut self) {
        self.0.set(true);
    }
}

// LOP-71, LOP-72
#[test]
fn a_cancelled_callback_is_dropped_at_once_and_never_called() {
    let mut event_loop = mock_loop();
    let dropped = Rc::new(Cell::new(false));
    let tell = Tell(dropped.clone());
    let handle = event_loop.call_soon(move || {
        let _tell = tell;
        panic!("it was cancelled");
    });
    assert!(!handle.cancelled());
    handle.cancel();
    assert!(handle.cancelled() && dropped.get());
    handle.cancel();
    let called = event_loop.call_soon(|| ());
    event_loop.stop();
    event_loop.run_forever().unwrap();
    called.cancel();
    assert!(!called.cancelled(), "it came too late");
}

// LOP-71
#[test]
fn a_cancelled_timer_leaves_its_place_and_drops_what_it_holds() {
    let event_loop = mock_loop();
    let dropped = Rc::new(Cell::new(false));
    let tell = Tell(dropped.clone());
    let timer = event_loop.call_later(Duration::from_secs(1), move || drop(tell));
    timer.cancel();
    assert!(dropped.get() && timer.cancelled());
    timer.cancel();
}

// LOP-15, LOP-64
#[test]
fn a_panic_in_a_callback_goes_to_the_handler_and_the_loop_goes_on() {
    let reports: Arc<Mutex<Vec<String>>> = Arc::default();
    let told = reports.clone();
    let mut runner = Runner::new().exception_handler(move |context: &ExceptionContext| {
        let place = context.location().expect("where it was queued");
        assert!(place.file().ends_with("callbacks.rs"));
        let panic = context.panic_message().expect("what was said");
        told.lock()
            .unwrap()
            .push(format!("{}: {panic}", context.message()));
    });
    runner
        .run(async {
            call_soon(|| panic!("on purpose"));
            call_later(Duration::ZERO, || panic!("once more"));
            asyncio_timers::sleep(Duration::from_millis(1)).await;
        })
        .unwrap();
    assert_eq!(
        *reports.lock().unwrap(),
        [
            "Exception in callback: on purpose",
            "Exception in callback: once more"
        ]
    );
}

static NAME: ContextVar<&str> = ContextVar::new("name", None);

// LOP-15, LOP-73
#[test]
fn a_callback_runs_in_a_copy_of_the_context_or_in_the_one_it_is_given() {
    let given = Context::new();
    let outside = given.clone();
    Runner::new()
        .run(async move {
            let _ = NAME.set("main");
            let copied = call_soon(|| {
                assert_eq!(NAME.get(), "main");
                let _ = NAME.set("changed in the copy");
                assert_eq!(NAME.get(), "changed in the copy");
                let child = create_task(async { NAME.get() });
                drop(child);
            });
            get_running_loop().call_soon_in(&given, || {
                assert!(NAME.try_get().is_err());
                let _ = NAME.set("changed in the given one");
            });
            let _ = NAME.set("after the call");
            yield_now().await;
            assert_eq!(NAME.get(), "after the call");
            assert_eq!(copied.get_context().run(|| NAME.get()), "changed in the copy");
        })
        .unwrap();
    assert_eq!(outside.run(|| NAME.get()), "changed in the given one");
}

// LOP-16
#[test]
fn a_shared_handle_cancels_from_any_thread() {
    let mut event_loop = EventLoop::new().unwrap();
    let handle = event_loop.handle();
    let held = Arc::new(());
    let inside = held.clone();
    let call = handle
        .call_soon_threadsafe(move || {
            let _inside = inside;
            panic!("it was cancelled");
        })
        .unwrap();
    let there = call.clone();
    assert!(std::thread::spawn(move || there.cancel()).join().unwrap());
    assert_eq!(Arc::strong_count(&held), 1, "dropped by who cancelled");
    assert!(call.cancelled() && !call.cancel());
    event_loop.stop();
    event_loop.run_forever().unwrap();
}

// LOP-20
#[test]
fn a_million_cancelled_timers_give_their_memory_back() {
    let event_loop = mock_loop();
    let held = Rc::new(());
    for n in 0..1_000_000u64 {
        let inside = held.clone();
        let timer = event_loop.call_later(Duration::from_millis(n % 100_000), move || drop(inside));
        timer.cancel();
    }
    assert_eq!(Rc::strong_count(&held), 1);
    assert_eq!(event_loop.next_deadline(), None, "nothing is left in the store");
}

#[test]
fn a_callback_of_any_size_and_alignment_is_called_once() {
    #[repr(align(64))]
    struct Wide([u8; 700]);
    let mut event_loop = mock_loop();
    let sum = Rc::new(Cell::new(0u32));
    for _ in 0..2_000 {
        let (wide, into) = (Wide([1; 700]), sum.clone());
        event_loop.call_soon(move || into.set(into.get() + u32::from(wide.0[699])));
        let into = sum.clone();
        event_loop.call_soon(move || into.set(into.get() + 1));
    }
    event_loop.stop();
    event_loop.run_forever().unwrap();
    assert_eq!(sum.get(), 4_000);
}

#[test]
fn callbacks_without_a_handle_at_hand() {
    let log = Log::default();
    let seen = log.clone();
    asyncio_loop::run(async move {
        let now = get_running_loop().time();
        call_at(now, note(&log, 2));
        call_soon(note(&log, 1));
        call_later(Duration::from_millis(1), note(&log, 3));
        asyncio_timers::sleep(Duration::from_millis(2)).await;
    });
    assert_eq!(*seen.borrow(), [1, 2, 3]);
    assert!(
        std::panic::catch_unwind(|| call_soon(|| ())).is_err(),
        "no loop runs here"
    );
}
