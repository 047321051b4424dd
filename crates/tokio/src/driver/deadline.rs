//! `Deadline`: the loop's next deadline, as something that tokio waits for.
//!
//! tokio's own timers are exact to the millisecond, ours to less: so where there is a timerfd it keeps the time.

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) use coarse::Deadline;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) use exact::Deadline;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod exact {
    use std::io;
    use std::os::fd::OwnedFd;
    use std::task::{Context, Poll, ready};
    use std::time::{Duration, Instant};

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::io::unix::AsyncFd;

    use crate::watched::watched;

    #[derive(Debug)]
    pub(in crate::driver) struct Deadline {
        timer: AsyncFd<OwnedFd>,
        armed: Option<Instant>,
    }

    impl Deadline {
        /// Inside of a runtime's context.
        pub(in crate::driver) fn new() -> io::Result<Deadline> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            Ok(Deadline {
                timer: watched(timer)?,
                armed: None,
            })
        }

        pub(in crate::driver) fn set(&mut self, deadline: Instant) -> io::Result<()> {
            if self.armed == Some(deadline) {
                return Ok(());
            }
            // A time of zero would turn it off.
            let left = deadline
                .saturating_duration_since(Instant::now())
                .max(Duration::from_nanos(1));
            let left = Itimerspec {
                it_interval: Timespec::default(),
                it_value: Timespec {
                    tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                    tv_nsec: left.subsec_nanos().into(),
                },
            };
            timerfd_settime(self.timer.get_ref(), TimerfdTimerFlags::empty(), &left)?;
            self.armed = Some(deadline);
            Ok(())
        }

        pub(in crate::driver) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            ready!(self.timer.poll_read_ready(cx))?.clear_ready();
            self.armed = None;
            Poll::Ready(Ok(()))
        }
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod coarse {
    use std::future::Future;
    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use std::time::Instant;

    use tokio::time::{Sleep, sleep_until};

    #[derive(Debug)]
    pub(in crate::driver) struct Deadline {
        sleep: Pin<Box<Sleep>>,
    }

    impl Deadline {
        /// Inside of a runtime's context.
        pub(in crate::driver) fn new() -> io::Result<Deadline> {
            Ok(Deadline {
                sleep: Box::pin(sleep_until(Instant::now().into())),
            })
        }

        pub(in crate::driver) fn set(&mut self, deadline: Instant) -> io::Result<()> {
            self.sleep.as_mut().reset(deadline.into());
            Ok(())
        }

        pub(in crate::driver) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.sleep.as_mut().poll(cx).map(Ok)
        }
    }
}
