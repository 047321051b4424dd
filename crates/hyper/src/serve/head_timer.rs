//! `HeadTimer`: the deadline of the heads of a connection's requests, nearly for free.
//!
//! hyper makes a sleep for each head and drops it when the head has come, mostly a moment later. To register and
//! deregister each costs about as much as reading the request. So a connection has one registered sleep, which goes from one of
//! hyper's to the next: it is left where it is though the deadline is later now, and when it comes too early it is set anew.
//!
//! Invariant: what is registered is due at the deadline or before, so the task is woken in time.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use asyncio_timers::{Sleep, now, sleep_until};

/// hyper's timer of one connection.
#[derive(Debug, Default)]
pub(super) struct HeadTimer {
    spare: Arc<Spare>,
}

/// The sleep while no head is awaited.
#[derive(Debug, Default)]
struct Spare(Mutex<Option<Sleep>>);

impl Spare {
    fn exchange(&self, sleep: Option<Sleep>) -> Option<Sleep> {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *place, sleep)
    }
}

struct HeadSleep {
    deadline: Instant,
    sleep: Option<Sleep>,
    spare: Arc<Spare>,
}

impl HeadTimer {
    fn at(&self, deadline: Instant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        // One that is due later would come too late.
        let spare = self.spare.exchange(None);
        let sleep = spare.filter(|sleep| sleep.deadline() <= deadline);
        Box::pin(HeadSleep {
            deadline,
            sleep,
            spare: self.spare.clone(),
        })
    }
}

impl hyper::rt::Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn hyper::rt::Sleep>> {
        let now = now();
        // Too long for the clock: `Sleep` knows what then.
        now.checked_add(duration).map_or_else(
            || hyper::rt::Timer::sleep(&crate::Timer, duration),
            |at| self.at(at),
        )
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn hyper::rt::Sleep>> {
        self.at(deadline)
    }

    fn now(&self) -> Instant {
        now()
    }
}

impl hyper::rt::Sleep for HeadSleep {}

impl Future for HeadSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let sleep = this.sleep.get_or_insert_with(|| sleep_until(this.deadline));
        while Pin::new(&mut *sleep).poll(cx).is_ready() {
            if sleep.deadline() >= this.deadline {
                return Poll::Ready(());
            }
            // It was set for an earlier head.
            sleep.reset(this.deadline);
        }
        Poll::Pending
    }
}

impl Drop for HeadSleep {
    fn drop(&mut self) {
        let former = self.spare.exchange(self.sleep.take());
        drop(former);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::future::poll_fn;

    use asyncio_loop::Runner;
    use asyncio_timers::sleep;
    use hyper::rt::Timer;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_deadline_is_kept_by_a_sleep_that_was_set_for_an_earlier_one() {
        let mut runner = Runner::new().mock_clock(true);
        let run = runner.run(async {
            let start = now();
            let timer = HeadTimer::default();
            for _ in 0..3 {
                let mut head = timer.sleep(10 * SECOND);
                let first = poll_fn(|cx| Poll::Ready(head.as_mut().poll(cx).is_pending())).await;
                assert!(first);
                drop(head);
                sleep(4 * SECOND).await;
            }
            // Registered for the tenth second, asked for the twenty-second.
            timer.sleep(10 * SECOND).await;
            assert_eq!(now() - start, 22 * SECOND);
            // And an earlier one than what is registered.
            let mut far = timer.sleep(50 * SECOND);
            assert!(poll_fn(|cx| Poll::Ready(far.as_mut().poll(cx).is_pending())).await);
            drop(far);
            timer.sleep(SECOND).await;
            assert_eq!(now() - start, 23 * SECOND);
        });
        run.unwrap();
    }
}
