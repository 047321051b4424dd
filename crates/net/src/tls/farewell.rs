//! `Farewell`: the end of a TLS connection that was closed from this side.
//!
//! Our close_notify follows what was written. When all of it was sent, what still comes is read and forgotten until the
//! peer's close_notify comes too, for a socket that is closed while something lies unread in it resets the connection, and
//! what was sent last would be lost with it. A peer that takes nothing, or does not say farewell, is cut off when its
//! time is over.
//!
//! Like the transport's queue this runs on the threads that turn the reactor and the timers, as a waker; nobody
//! needs to wait for it.
//!
//! Source: `SSLProtocol._start_shutdown` of CPython's `asyncio/sslproto.py`. There the time is for sending the rest as
//! well, however much it is; here it begins anew while the peer takes it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use asyncio_timers::{Sleep, now, sleep};

use super::layer::{Parted, TlsLayer};
use crate::transport::Transport;

/// A peer that goes on sending is read on after so long.
const PAUSE: Duration = Duration::from_millis(1);

/// Nobody runs it.
const IDLE: u8 = 0;
const RUNS: u8 = 1;
/// Somebody runs it, and must do so again.
const AGAIN: u8 = 2;

pub(super) struct Farewell {
    transport: Transport,
    timeout: Duration,
    turn: AtomicU8,
    times: Mutex<Times>,
}

struct Times {
    late: Sleep,
    pause: Option<Sleep>,
    /// So much was still to be sent when `late` was set.
    left: usize,
}

impl Farewell {
    pub(super) fn new(transport: Transport, timeout: Duration) -> Farewell {
        let left = transport.get_write_buffer_size();
        let times = Times {
            late: sleep(timeout),
            pause: None,
            left,
        };
        Farewell {
            transport,
            timeout,
            turn: AtomicU8::new(IDLE),
            times: Mutex::new(times),
        }
    }

    fn go_on(&self, cx: &mut Context<'_>) {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner);
        if self.transport.is_closed() {
            // Takes the timer out.
            times.late = sleep(Duration::MAX);
            times.pause = None;
            return;
        }
        let left = self.transport.get_write_buffer_size();
        while Pin::new(&mut times.late).poll(cx).is_ready() {
            if left >= times.left {
                drop(times);
                let message = format!("the TLS connection did not end in {:?}", self.timeout);
                self.transport
                    .lost(io::Error::new(io::ErrorKind::TimedOut, message));
                return;
            }
            times.left = left;
            times.late.reset(now() + self.timeout);
        }
        if left > 0 {
            return;
        }
        if let Some(pause) = &mut times.pause {
            if Pin::new(pause).poll(cx).is_pending() {
                return;
            }
            times.pause = None;
        }
        let Some(layer) = TlsLayer::of(&self.transport) else {
            return;
        };
        match layer.poll_farewell(&self.transport, cx) {
            Poll::Pending => {}
            Poll::Ready(Parted::NotYet) => {
                let mut pause = sleep(PAUSE);
                if Pin::new(&mut pause).poll(cx).is_ready() {
                    cx.waker().wake_by_ref();
                }
                times.pause = Some(pause);
            }
            Poll::Ready(Parted::Yes) => {
                times.late = sleep(Duration::MAX);
                drop(times);
                self.transport.finish();
            }
        }
    }
}

impl Wake for Farewell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // A wake that comes while it runs, from within or from another thread, is a reason to run once more.
        if self.turn.swap(AGAIN, Ordering::AcqRel) != IDLE {
            return;
        }
        let waker = Waker::from(self.clone());
        let cx = &mut Context::from_waker(&waker);
        loop {
            self.turn.store(RUNS, Ordering::Release);
            self.go_on(cx);
            if self
                .turn
                .compare_exchange(RUNS, IDLE, Ordering::AcqRel, Ordering::Acquire)
                .is_ok()
            {
                return;
            }
        }
    }
}
