//! Signals: every listener gets each of its own, and the earlier handler comes back.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]
#![expect(unsafe_code, reason = "signals and descriptors are handled by libc here")]

#[path = "kit/common.rs"]
mod common;

use std::sync::Mutex;

use asyncio_reactor::signals::{Signal, Signals, ctrl_c, sigint_is_default};
use common::on_each_backend;
use futures_lite::{StreamExt, future};

/// Handlers belong to the process, so one test at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn raise(signal: Signal) {
    // SAFETY: no precondition; the process has a handler for it.
    assert_eq!(unsafe { libc::raise(signal.as_raw()) }, 0);
}

fn current(signal: Signal) -> libc::sighandler_t {
    // SAFETY: all zeros is a valid sigaction, which the call overwrites.
    unsafe {
        let mut now: libc::sigaction = std::mem::zeroed();
        assert_eq!(
            libc::sigaction(signal.as_raw(), std::ptr::null(), &raw mut now),
            0
        );
        now.sa_sigaction
    }
}

#[test]
fn each_listener_gets_each_of_its_signals() {
    let _alone = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    on_each_backend(|| async {
        let mut both = Signals::new([Signal::User1, Signal::User2]).unwrap();
        let mut one = Signals::new([Signal::User1]).unwrap();
        assert!(future::poll_once(both.recv()).await.is_none());
        raise(Signal::User1);
        assert_eq!(both.recv().await.unwrap(), Signal::User1);
        assert_eq!(one.next().await.unwrap().unwrap(), Signal::User1);
        raise(Signal::User2);
        assert_eq!(both.recv().await.unwrap(), Signal::User2);
        assert!(future::poll_once(one.recv()).await.is_none());
    });
}

#[test]
fn signals_of_one_kind_are_one_until_they_are_received() {
    let _alone = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    on_each_backend(|| async {
        let mut signals = Signals::new([Signal::User1]).unwrap();
        for _ in 0..1000 {
            raise(Signal::User1);
        }
        assert_eq!(signals.recv().await.unwrap(), Signal::User1);
        assert!(future::poll_once(signals.recv()).await.is_none());
        raise(Signal::User1);
        assert_eq!(signals.recv().await.unwrap(), Signal::User1);
    });
}

#[test]
fn the_earlier_handler_comes_back_with_the_last_listener() {
    extern "C" fn earlier(_: libc::c_int) {}
    let _alone = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let handler = earlier as extern "C" fn(libc::c_int) as *const () as libc::sighandler_t;
    // SAFETY: the handler does nothing.
    unsafe { libc::signal(libc::SIGWINCH, handler) };
    let first = Signals::new([Signal::WindowChange]).unwrap();
    let second = Signals::new([Signal::WindowChange]).unwrap();
    assert_ne!(current(Signal::WindowChange), handler);
    drop(first);
    assert_ne!(current(Signal::WindowChange), handler);
    drop(second);
    assert_eq!(current(Signal::WindowChange), handler);
}

#[test]
fn ctrl_c_listens_from_the_call_on() {
    let _alone = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    assert!(sigint_is_default());
    on_each_backend(|| async {
        let interrupted = ctrl_c();
        assert!(!sigint_is_default());
        raise(Signal::Int);
        interrupted.await.unwrap();
        assert!(sigint_is_default());
    });
}

#[test]
fn a_listener_works_without_a_loop() {
    let _alone = ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut signals = Signals::new([Signal::Hangup]).unwrap();
    let thread = std::thread::spawn(move || future::block_on(signals.recv()).unwrap());
    raise(Signal::Hangup);
    assert_eq!(thread.join().unwrap(), Signal::Hangup);
}
