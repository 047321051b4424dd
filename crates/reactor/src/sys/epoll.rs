//! The own backend for Linux: epoll, one eventfd, one timerfd.
//!
//! Why it exists beside `polling`: it registers EPOLLRDHUP, without which a short read could not be taken for a
//! drained source (data and end may arrive together and are reported once); and a wait costs one system call.
//! - Both own descriptors are edge-triggered and never read: each write to the eventfd and each expiry of the
//!   timerfd is a new edge.
//! - A deadline is kept by the timerfd, which is exact, where the timeout of epoll carries the timer slack (50 µs).
//!   It is absolute, and set only for a deadline earlier than what is set: a turn that is woken by an older, earlier
//!   setting finds that its deadline is not reached and sets it then.
//! - Sources are registered once for both directions.

#![expect(
    unsafe_code,
    reason = "rustix's event holds its data word as a pointer or a number, which keeps it from being Send"
)]

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{EventfdFlags, epoll, eventfd};
use rustix::io::Errno;
use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};

use super::unix::borrow;
use super::{Event, RawSource, Timeout};
use crate::registry::Key;

const NOTIFIER: u64 = u64::MAX;
const TIMER: u64 = u64::MAX - 1;
/// So many events are taken in one call; the rest comes with the next.
const EVENTS: usize = 256;

#[derive(Debug)]
pub(crate) struct Epoll {
    epoll: OwnedFd,
    notifier: OwnedFd,
    timer: OwnedFd,
}

pub(crate) struct EpollWaits {
    events: Vec<epoll::Event>,
    /// When the timer will ring. `None`: not set, or its ring was heard.
    armed: Option<Instant>,
    /// One moment on both clocks; the second is never the earlier one, so that no deadline comes early.
    origin: (Instant, Duration),
}

// SAFETY: the pointer that an event can hold is never one here: every data word was made by `new_u64`, and is read as
// a number alone.
unsafe impl Send for EpollWaits {}

pub(super) fn open() -> io::Result<(Epoll, EpollWaits)> {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let notifier = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
    let timer = timerfd_create(
        TimerfdClockId::Monotonic,
        TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK,
    )?;
    let own = epoll::EventFlags::IN | epoll::EventFlags::ET;
    epoll::add(&epoll, &notifier, epoll::EventData::new_u64(NOTIFIER), own)?;
    epoll::add(&epoll, &timer, epoll::EventData::new_u64(TIMER), own)?;
    let waits = EpollWaits {
        events: Vec::with_capacity(EVENTS),
        armed: None,
        origin: origin(),
    };
    Ok((
        Epoll {
            epoll,
            notifier,
            timer,
        },
        waits,
    ))
}

/// The closest of some pairs of readings.
fn origin() -> (Instant, Duration) {
    let read = || {
        let instant = Instant::now();
        let clock = clock_gettime(ClockId::Monotonic);
        (instant.elapsed(), (instant, since_boot(clock)))
    };
    let mut best = read();
    for _ in 0..4 {
        let next = read();
        if next.0 < best.0 {
            best = next;
        }
    }
    best.1
}

fn since_boot(time: Timespec) -> Duration {
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

impl Epoll {
    pub(super) fn add(&self, raw: RawSource, key: Key) -> io::Result<()> {
        let flags = epoll::EventFlags::IN
            | epoll::EventFlags::PRI
            | epoll::EventFlags::OUT
            | epoll::EventFlags::RDHUP
            | epoll::EventFlags::ET;
        epoll::add(
            &self.epoll,
            borrow(raw),
            epoll::EventData::new_u64(key.0 as u64),
            flags,
        )?;
        Ok(())
    }

    pub(super) fn remove(&self, raw: RawSource) -> io::Result<()> {
        epoll::delete(&self.epoll, borrow(raw))?;
        Ok(())
    }

    pub(super) fn notify(&self) -> io::Result<()> {
        match rustix::io::write(&self.notifier, &1u64.to_ne_bytes()) {
            // The counter is at its end, which is an event in itself.
            Ok(_) | Err(Errno::AGAIN) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "the other backend does not have one everywhere"
    )]
    pub(super) fn raw_fd(&self) -> Option<RawFd> {
        Some(self.epoll.as_raw_fd())
    }
}

impl EpollWaits {
    pub(super) fn wait(&mut self, epoll: &Epoll, timeout: Timeout) -> io::Result<()> {
        const NOW: Timespec = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        self.events.clear();
        if let Timeout::Until(deadline) = timeout {
            self.arm(epoll, deadline)?;
        }
        let timeout = (timeout == Timeout::Now).then_some(&NOW);
        epoll::wait(&epoll.epoll, spare_capacity(&mut self.events), timeout)?;
        if self.events.iter().any(|event| event.data.u64() == TIMER) {
            self.armed = None;
        }
        Ok(())
    }

    /// Sees to it that the timer rings at `deadline` or earlier.
    fn arm(&mut self, epoll: &Epoll, deadline: Instant) -> io::Result<()> {
        if self.armed.is_some_and(|armed| armed <= deadline) {
            return Ok(());
        }
        let (instant, clock) = self.origin;
        // Never zero, which would disarm it. What the kernel cannot represent is as good as never.
        let due = clock.saturating_add(deadline.saturating_duration_since(instant));
        let value = Itimerspec {
            it_interval: Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            },
            it_value: Timespec {
                tv_sec: i64::try_from(due.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: due.subsec_nanos().max(1).into(),
            },
        };
        timerfd_settime(&epoll.timer, TimerfdTimerFlags::ABSTIME, &value)?;
        self.armed = Some(deadline);
        Ok(())
    }

    pub(super) fn events(&self) -> impl Iterator<Item = Event> + '_ {
        const GONE: epoll::EventFlags = epoll::EventFlags::HUP.union(epoll::EventFlags::ERR);
        // A short read may end before urgent data, so that is no proof of a drained source either.
        const READ_STICKY: epoll::EventFlags =
            GONE.union(epoll::EventFlags::RDHUP).union(epoll::EventFlags::PRI);
        const READ: epoll::EventFlags = READ_STICKY.union(epoll::EventFlags::IN);
        const WRITE: epoll::EventFlags = GONE.union(epoll::EventFlags::OUT);
        self.events.iter().filter_map(|event| {
            let (flags, data) = (event.flags, event.data.u64());
            if data == NOTIFIER || data == TIMER {
                return None;
            }
            Some(Event {
                key: Key(usize::try_from(data).ok()?),
                read: flags.intersects(READ),
                write: flags.intersects(WRITE),
                read_sticky: flags.intersects(READ_STICKY),
                write_sticky: flags.intersects(GONE),
            })
        })
    }
}

impl std::fmt::Debug for EpollWaits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EpollWaits")
            .field("armed", &self.armed)
            .finish_non_exhaustive()
    }
}
