//! Readers, writers and signal handlers: callbacks for as long as something is ready.

#![cfg(unix)]

use std::cell::{Cell, RefCell};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use asyncio_loop::{EventLoop, ExceptionContext, Runner, call_soon, get_running_loop, run};
use asyncio_reactor::signals::{Signal, sigint_is_default};
use asyncio_reactor::{Async, Backend};
use asyncio_tasks::yield_now;
use asyncio_timers::sleep;

fn pair() -> (UnixStream, Rc<UnixStream>) {
    let (one, other) = UnixStream::pair().expect("a pair");
    (one, Rc::new(other))
}

fn byte(from: &UnixStream) -> Option<u8> {
    let mut byte = [0];
    let mut from = from;
    (from.read(&mut byte).expect("it is ready") == 1).then_some(byte[0])
}

// LOP-39, LOP-40, LOP-86
#[test]
fn a_reader_that_takes_one_byte_at_a_time_is_called_for_each_of_a_hundred() {
    for backend in [Backend::Auto, Backend::Polling, Backend::PollingOneshot] {
        let mut event_loop = EventLoop::builder().reactor_backend(backend).build().unwrap();
        let (mut one, other) = pair();
        let sent: Vec<u8> = (0..100).collect();
        one.write_all(&sent).unwrap();
        let got = Rc::new(RefCell::new(Vec::new()));
        let (to, from) = (got.clone(), other.clone());
        event_loop
            .add_reader(other.clone(), move || {
                to.borrow_mut().push(byte(&from).expect("not the end"));
                if to.borrow().len() == 100 {
                    assert!(get_running_loop().remove_reader(&from));
                    assert!(!get_running_loop().remove_reader(&from));
                    get_running_loop().stop();
                }
            })
            .unwrap();
        event_loop.run_forever().unwrap();
        assert_eq!(*got.borrow(), sent, "{backend:?}");
        assert!(!event_loop.remove_reader(&other));
    }
}

// LOP-39: the level is that of the turn, and other callbacks have their turn between two calls.
#[test]
fn a_reader_that_takes_nothing_is_called_again_and_keeps_nobody_out() {
    let calls = Rc::new(Cell::new(0));
    let counted = calls.clone();
    run(async move {
        let (mut one, other) = pair();
        one.write_all(b"x").unwrap();
        let this = get_running_loop();
        this.add_reader(other.clone(), move || counted.set(counted.get() + 1))
            .unwrap();
        let others = Rc::new(Cell::new(0));
        while calls.get() < 100 {
            let other = others.clone();
            call_soon(move || other.set(other.get() + 1));
            yield_now().await;
        }
        assert!(others.get() >= 50, "{}", others.get());
        this.remove_reader(&other);
        let before = calls.get();
        sleep(Duration::from_millis(1)).await;
        assert_eq!(calls.get(), before);
    });
}

// LOP-39: as in CPython.
#[test]
fn a_reader_comes_behind_what_is_ready_and_before_the_timers() {
    let mut event_loop = EventLoop::builder().tick_budget(0).build().unwrap();
    let (mut one, other) = pair();
    one.write_all(b"12").unwrap();
    let order = Rc::new(RefCell::new(Vec::new()));
    let (told, from) = (order.clone(), other.clone());
    event_loop
        .add_reader(other.clone(), move || {
            byte(&from);
            told.borrow_mut().push("reader");
            if told.borrow().len() > 2 {
                let told = told.clone();
                get_running_loop().call_soon(move || told.borrow_mut().push("too late"));
                get_running_loop().stop();
            }
        })
        .unwrap();
    let told = order.clone();
    event_loop.call_later(Duration::ZERO, move || {
        told.borrow_mut().push("timer");
        let again = told.clone();
        get_running_loop().call_later(Duration::ZERO, move || again.borrow_mut().push("timer"));
        call_soon(move || told.borrow_mut().push("callback"));
    });
    event_loop.run_forever().unwrap();
    assert_eq!(
        *order.borrow(),
        ["reader", "timer", "callback", "reader", "timer"]
    );
}

// LOP-40: also when it is due in this turn, for the first time or again.
#[test]
fn a_reader_that_was_removed_is_not_called_in_the_same_turn() {
    for turns in 0..3 {
        let mut event_loop = EventLoop::builder().tick_budget(0).build().unwrap();
        let calls = Rc::new(RefCell::new([0; 2]));
        let both = [pair(), pair()];
        for (at, (one, other)) in both.iter().enumerate() {
            (&*one).write_all(b"there is more than enough").unwrap();
            let (calls, from, sibling) = (calls.clone(), other.clone(), both[1 - at].1.clone());
            event_loop
                .add_reader(other.clone(), move || {
                    byte(&from);
                    calls.borrow_mut()[at] += 1;
                    let both_called = calls.borrow().iter().all(|calls| *calls >= turns);
                    if both_called && get_running_loop().remove_reader(&sibling) {
                        calls.borrow_mut()[1 - at] += 1000;
                        get_running_loop().stop();
                    }
                })
                .unwrap();
        }
        event_loop.run_forever().unwrap();
        let before = *calls.borrow();
        let removed = before
            .iter()
            .position(|calls| *calls >= 1000)
            .expect("one was removed");
        event_loop.stop();
        event_loop.run_forever().unwrap();
        assert_eq!(calls.borrow()[removed], before[removed]);
        assert!(
            calls.borrow()[1 - removed] > before[1 - removed],
            "the other goes on"
        );
    }
}

// LOP-41, LOP-42
#[test]
fn a_reader_and_a_writer_of_one_descriptor_are_apart() {
    run(async {
        let this = get_running_loop();
        let (mut one, other) = pair();
        let (read, written) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let (count_read, from) = (read.clone(), other.clone());
        this.add_reader(other.clone(), move || {
            byte(&from);
            count_read.set(count_read.get() + 1);
        })
        .unwrap();
        let (count_written, to) = (written.clone(), other.clone());
        this.add_writer(other.clone(), move || {
            (&*to).write_all(b"w").unwrap();
            count_written.set(count_written.get() + 1);
            if count_written.get() == 3 {
                get_running_loop().remove_writer(&to);
            }
        })
        .unwrap();
        while written.get() < 3 {
            yield_now().await;
        }
        assert_eq!(read.get(), 0);
        one.write_all(b"r").unwrap();
        while read.get() < 1 {
            sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(written.get(), 3);
        assert!(!this.remove_writer(&other) && this.remove_reader(&other));
        // The loop has let go of it.
        Async::new(other).unwrap();
    });
}

// LOP-39
#[test]
fn a_new_reader_takes_the_place_of_the_old_one() {
    run(async {
        let this = get_running_loop();
        let (mut one, other) = pair();
        one.write_all(b"x").unwrap();
        this.add_reader(other.clone(), || panic!("it was replaced"))
            .unwrap();
        let (called, from) = (Rc::new(Cell::new(false)), other.clone());
        let to = called.clone();
        this.add_reader(other.clone(), move || {
            // It replaces itself while it is called.
            let (to, from) = (to.clone(), from.clone());
            get_running_loop()
                .add_reader(from.clone(), move || {
                    to.set(true);
                    get_running_loop().remove_reader(&from);
                })
                .unwrap();
        })
        .unwrap();
        while !called.get() {
            yield_now().await;
        }
    });
}

// LOP-39, PLA-01
#[test]
fn what_cannot_be_watched_is_an_error_that_says_why() {
    let mut event_loop = EventLoop::new().unwrap();
    let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
    let refused = event_loop.add_reader(file, || ()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    assert!(refused.to_string().contains("regular file"), "{refused}");
    event_loop
        .run_until_complete(async {
            let (_one, other) = UnixStream::pair().unwrap();
            let other = Arc::new(other);
            let _stream = Async::new(other.clone()).unwrap();
            let refused = get_running_loop().add_reader(other, || ()).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
        })
        .unwrap();
    let handle = event_loop.handle();
    let (_one, other) = UnixStream::pair().unwrap();
    let refused = std::thread::spawn({
        let handle = handle.clone();
        move || handle.add_reader(other, || ()).unwrap_err().to_string()
    });
    assert!(refused.join().unwrap().contains("does not run on this thread"));
    event_loop.close();
    let (_one, other) = UnixStream::pair().unwrap();
    assert!(event_loop.add_writer(other.try_clone().unwrap(), || ()).is_err());
    assert!(handle.add_signal_handler(Signal::User2, || ()).is_err());
    assert!(!handle.remove_reader(&other) && !event_loop.remove_signal_handler(Signal::User2));
}

// LOP-12, LOP-39
#[test]
fn a_loop_that_closes_drops_its_readers() {
    let mut event_loop = EventLoop::new().unwrap();
    let (_one, other) = pair();
    let from = other.clone();
    event_loop
        .add_reader(other.clone(), move || {
            byte(&from);
        })
        .unwrap();
    event_loop.add_writer(other.clone(), || ()).unwrap();
    event_loop.stop();
    event_loop.run_forever().unwrap();
    event_loop.close();
    assert_eq!(Rc::strong_count(&other), 1);
}

// LOP-39, LOP-64
#[test]
fn a_reader_that_panics_is_reported_and_called_again() {
    let reports = Arc::new(Mutex::new(0));
    let counted = reports.clone();
    let mut runner = Runner::new().exception_handler(move |context: &ExceptionContext| {
        assert_eq!(context.panic_message().as_deref(), Some("on purpose"));
        *counted.lock().unwrap() += 1;
    });
    runner
        .run(async move {
            let (mut one, other) = pair();
            one.write_all(b"x").unwrap();
            get_running_loop()
                .add_reader(other, || panic!("on purpose"))
                .unwrap();
            while *reports.lock().unwrap() < 3 {
                yield_now().await;
            }
        })
        .unwrap();
}

fn send(signal: rustix::process::Signal) {
    rustix::process::kill_process(rustix::process::getpid(), signal).expect("a signal to ourselves");
}

// LOP-56, LOP-57
#[test]
fn a_signal_handler_is_a_callback_and_the_former_disposition_comes_back() {
    let mut event_loop = EventLoop::new().unwrap();
    let calls = Rc::new(Cell::new(0));
    let counted = calls.clone();
    assert!(sigint_is_default());
    event_loop
        .add_signal_handler(Signal::Int, || panic!("it was replaced"))
        .unwrap();
    event_loop
        .add_signal_handler(Signal::Int, move || {
            counted.set(counted.get() + 1);
            assert!(asyncio_tasks::current_task().is_none());
            if counted.get() < 3 {
                send(rustix::process::Signal::INT);
            } else {
                get_running_loop().stop();
            }
        })
        .unwrap();
    assert!(!sigint_is_default());
    send(rustix::process::Signal::INT);
    event_loop.run_forever().unwrap();
    assert_eq!(calls.get(), 3);
    assert!(event_loop.remove_signal_handler(Signal::Int));
    assert!(!event_loop.remove_signal_handler(Signal::Int));
    assert!(sigint_is_default());
}
