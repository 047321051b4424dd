//! Callbacks where they do not belong: on the wrong thread, on a closed loop, against each other.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use asyncio_loop::{CallRefusal, EventLoop, Handle, RunError, TimerHandle, call_soon, get_running_loop};
use asyncio_timers::Clock;

type Log = Rc<RefCell<Vec<u32>>>;

fn mock_loop() -> EventLoop {
    EventLoop::builder()
        .clock(Clock::mock())
        .tick_budget(0)
        .build()
        .expect("a loop")
}

/// What `f` panics with.
fn catch(f: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).expect_err("a panic");
    asyncio_core::message_of(&*panic).expect("text")
}

/// Tells when it is dropped.
struct Tell(Rc<Cell<bool>>);

impl Drop for Tell {
    fn drop(&mut self) {
        self.0.set(true);
    }
}

// LOP-15, THR-01, DEV-02
#[test]
fn a_handle_on_the_wrong_thread_gives_the_callback_back() {
    // In debug mode and without: it costs nothing to know.
    for debug in [false, true] {
        let event_loop = EventLoop::builder().debug(debug).build().unwrap();
        let handle = event_loop.handle();
        assert_eq!(handle.get_debug(), debug);
        std::thread::spawn(move || {
            let refused = handle.try_call_soon(|| ()).unwrap_err();
            assert_eq!(refused.reason, CallRefusal::WrongThread);
            let message = catch(|| drop(handle.call_soon(|| ())));
            assert!(message.contains("call_soon_threadsafe"), "{message}");
            let message = catch(|| drop(handle.call_later(Duration::ZERO, || ())));
            assert!(message.contains("call_soon_threadsafe"), "{message}");
            let message = catch(|| drop(handle.call_at(Instant::now(), || ())));
            assert!(message.contains("call_soon_threadsafe"), "{message}");
            let inside =
                asyncio_loop::run(
                    async move { handle.try_call_at(Instant::now(), || ()).unwrap_err().reason },
                );
            assert_eq!(
                inside,
                CallRefusal::WrongThread,
                "another loop of this thread's own"
            );
        })
        .join()
        .unwrap();
    }
}

// LOP-15
#[test]
fn without_a_loop_there_is_nothing_to_call() {
    let message = catch(|| drop(call_soon(|| ())));
    assert!(message.contains("no running event loop"), "{message}");
}

// LOP-12, LOP-15, LOP-16, LOP-17
#[test]
fn a_closed_loop_drops_what_it_has_and_takes_nothing_more() {
    let mut event_loop = mock_loop();
    let handle = event_loop.handle();
    let drops: Vec<Rc<Cell<bool>>> = (0..2).map(|_| Rc::default()).collect();
    let (soon, later) = (Tell(drops[0].clone()), Tell(drops[1].clone()));
    let soon = event_loop.call_soon(move || drop(soon));
    let later = event_loop.call_later(Duration::from_secs(1), move || drop(later));
    let remote = handle.call_soon_threadsafe(|| panic!("never called")).unwrap();
    event_loop.close();
    assert!(drops.iter().all(|dropped| dropped.get()));
    assert!(soon.cancelled() && later.cancelled() && remote.cancelled());
    assert!(event_loop.is_closed() && handle.is_closed());
    assert!(handle.call_soon_threadsafe(|| ()).is_err());
    assert_eq!(
        event_loop.try_call_soon(|| ()).unwrap_err().reason,
        CallRefusal::Closed
    );
    assert_eq!(
        handle.try_call_soon(|| ()).unwrap_err().reason,
        CallRefusal::Closed
    );
    assert!(matches!(event_loop.run_forever(), Err(RunError::Closed)));
    assert!(matches!(
        event_loop.run_until_complete(async {}),
        Err(RunError::Closed)
    ));
    handle.stop();
    event_loop.close();
    drop(event_loop);
    assert!(!handle.is_running());
}

// LOP-16, THR-01
#[test]
fn threads_that_call_into_a_loop_that_closes_learn_what_became_of_each_call() {
    for _ in 0..50 {
        let mut event_loop = EventLoop::new().unwrap();
        let handle = event_loop.handle();
        let counted = Arc::new(());
        let for_calls = counted.clone();
        let thread = std::thread::spawn(move || {
            let mut taken = 0;
            loop {
                let held = for_calls.clone();
                match handle.call_soon_threadsafe(move || drop(held)) {
                    Ok(_) => taken += 1,
                    Err(_) => return taken,
                }
            }
        });
        event_loop.stop();
        event_loop.run_forever().unwrap();
        event_loop.close();
        let _taken: u32 = thread.join().unwrap();
        assert_eq!(Arc::strong_count(&counted), 1, "each was called or dropped");
    }
}

// LOP-71
#[test]
fn callbacks_that_cancel_each_other_run_once_or_never() {
    let mut event_loop = mock_loop();
    let log = Log::default();
    let handles: Rc<RefCell<Vec<Handle>>> = Rc::default();
    for n in 0..4 {
        let (others, log) = (handles.clone(), log.clone());
        let handle = event_loop.call_soon(move || {
            log.borrow_mut().push(n);
            for handle in others.borrow().iter() {
                handle.cancel();
            }
        });
        handles.borrow_mut().push(handle);
    }
    event_loop.stop();
    event_loop.run_forever().unwrap();
    assert_eq!(
        *log.borrow(),
        [0],
        "the first cancels the others, and itself too late"
    );
    let cancelled: Vec<bool> = handles.borrow().iter().map(Handle::cancelled).collect();
    assert_eq!(cancelled, [false, true, true, true]);
}

// LOP-71
#[test]
fn timers_of_one_time_that_cancel_each_other_run_once() {
    let mut event_loop = mock_loop();
    let log = Log::default();
    let timers: Rc<RefCell<Vec<TimerHandle>>> = Rc::default();
    let when = event_loop.time() + Duration::from_secs(1);
    for n in 0..3 {
        let (others, log) = (timers.clone(), log.clone());
        let timer = event_loop.call_at(when, move || {
            log.borrow_mut().push(n);
            others.borrow().iter().for_each(TimerHandle::cancel);
            get_running_loop().stop();
        });
        timers.borrow_mut().push(timer);
    }
    event_loop.run_forever().unwrap();
    assert_eq!(*log.borrow(), [0]);
}
