//! `Timer`: hyper's timeouts on our clocks.
//!
//! So a test that moves a mock clock moves them too.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use asyncio_timers::Sleep;

/// hyper's timer, for `Builder::timer`: the timers of the loop, or of the pool, that polls.
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "server")] {
/// use asyncio_hyper::Timer;
/// use std::time::Duration;
///
/// let mut builder = hyper::server::conn::http1::Builder::new();
/// builder.timer(Timer).header_read_timeout(Duration::from_secs(5));
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Timer;

/// The trait of hyper's cannot be given to a type of another crate.
struct Sleeping(Sleep);

impl Future for Sleeping {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl hyper::rt::Sleep for Sleeping {}

impl hyper::rt::Timer for Timer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(Sleeping(asyncio_timers::sleep(duration)))
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        Box::pin(Sleeping(asyncio_timers::sleep_until(deadline)))
    }

    fn now(&self) -> Instant {
        asyncio_timers::now()
    }

    fn reset(&self, sleep: &mut Pin<Box<dyn hyper::rt::Sleep>>, new_deadline: Instant) {
        match sleep.as_mut().downcast_mut_pin::<Sleeping>() {
            Some(mut ours) => ours.0.reset(new_deadline),
            None => *sleep = hyper::rt::Timer::sleep_until(self, new_deadline),
        }
    }
}
