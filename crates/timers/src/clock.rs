//! `Clock`: what time it is, for a driver of timers; `MockClock`, time that moves when a test says so; and `TimeSource`, for
//! clocks of one's own.
//!
//! Times are `std::time::Instant`s in all cases, so that nothing else has to know which clock is behind them. The
//! mock clock begins at the real time of its creation and only ever moves forward.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use crate::shared::Shared;

/// A clock of one's own: one that runs at another speed, say, or whose time another machine gives.
///
/// # Examples
///
/// ```
/// use std::time::Instant;
/// use asyncio_timers::{Clock, TimeSource};
///
/// /// Time that runs ten times as fast as the system's.
/// struct Tenfold(Instant);
///
/// impl TimeSource for Tenfold {
///     fn now(&self) -> Instant {
///         self.0 + self.0.elapsed() * 10
///     }
///
///     fn real(&self, deadline: Instant) -> Instant {
///         self.0 + (deadline - self.0) / 10
///     }
/// }
///
/// let clock = Clock::custom(Tenfold(Instant::now()));
/// let before = clock.now();
/// std::thread::sleep(std::time::Duration::from_millis(1));
/// assert!(clock.now() - before >= std::time::Duration::from_millis(10));
/// ```
pub trait TimeSource: Send + Sync + 'static {
    /// The time on this clock. It never goes back.
    fn now(&self) -> Instant;

    /// The time on the system's monotonic clock at which `deadline` comes on this one, as far as is known now: so long
    /// a loop sleeps before it looks at [`now`](TimeSource::now) again.
    fn real(&self, deadline: Instant) -> Instant;
}

/// Where a driver of timers takes the time from: the system's monotonic clock, a [`MockClock`], or a [`TimeSource`].
///
/// # Examples
///
/// ```
/// use asyncio_timers::{Clock, LocalTimers, MockClock, sleep};
/// use std::time::Duration;
///
/// let mock = MockClock::new();
/// let mut timers = LocalTimers::with_clock(Clock::from(mock.clone()));
/// let _entered = timers.enter();
///
/// let before = mock.now();
/// let sleep = sleep(Duration::from_secs(3600));
/// mock.advance(Duration::from_secs(3600));
/// assert_eq!(sleep.deadline(), before + Duration::from_secs(3600));
/// assert!(sleep.is_elapsed());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Clock {
    kind: Kind,
}

#[derive(Clone, Default)]
enum Kind {
    #[default]
    Monotonic,
    Mock(MockClock),
    Custom(Arc<dyn TimeSource>),
}

impl Clock {
    /// The system's monotonic clock.
    pub const fn monotonic() -> Clock {
        Clock {
            kind: Kind::Monotonic,
        }
    }

    /// A new mock clock; [`Clock::as_mock`] gives the handle that moves it.
    pub fn mock() -> Clock {
        Clock::from(MockClock::new())
    }

    /// The handle that moves this clock, if it is a mock.
    pub fn as_mock(&self) -> Option<&MockClock> {
        match &self.kind {
            Kind::Mock(mock) => Some(mock),
            Kind::Monotonic | Kind::Custom(_) => None,
        }
    }

    /// A clock of one's own.
    pub fn custom(source: impl TimeSource) -> Clock {
        Clock {
            kind: Kind::Custom(Arc::new(source)),
        }
    }

    /// The time on the system's monotonic clock at which `deadline` comes on this one; of a mock clock nobody knows.
    pub fn real(&self, deadline: Instant) -> Instant {
        match &self.kind {
            Kind::Monotonic | Kind::Mock(_) => deadline,
            Kind::Custom(source) => source.real(deadline),
        }
    }

    /// Whether this is a mock clock.
    pub fn is_mock(&self) -> bool {
        self.as_mock().is_some()
    }

    /// The time on this clock.
    #[inline]
    pub fn now(&self) -> Instant {
        match &self.kind {
            Kind::Monotonic => Instant::now(),
            Kind::Mock(mock) => mock.now(),
            Kind::Custom(source) => source.now(),
        }
    }
}

impl Clock {
    /// The time that is `duration` from now; where an `Instant` cannot hold that, one that never comes.
    pub fn after(&self, duration: Duration) -> Instant {
        after(self.now(), duration)
    }
}

impl From<MockClock> for Clock {
    fn from(mock: MockClock) -> Clock {
        Clock {
            kind: Kind::Mock(mock),
        }
    }
}

/// Time that moves only when it is told to. Clones share one time.
///
/// Moving it wakes the owners of the timers that use it, so that they fire what has become due.
///
/// # Examples
///
/// ```
/// use asyncio_timers::MockClock;
/// use std::time::Duration;
///
/// let clock = MockClock::new();
/// let before = clock.now();
/// clock.advance(Duration::from_millis(1500));
/// assert_eq!(clock.now() - before, Duration::from_millis(1500));
/// ```
#[derive(Clone)]
pub struct MockClock {
    shared: Arc<Time>,
}

struct Time {
    start: Instant,
    elapsed: AtomicU64,
    drivers: Mutex<Vec<Weak<Shared>>>,
}

impl MockClock {
    /// A clock that stands at the real time of this call.
    pub fn new() -> MockClock {
        MockClock {
            shared: Arc::new(Time {
                start: Instant::now(),
                elapsed: AtomicU64::new(0),
                drivers: Mutex::new(Vec::new()),
            }),
        }
    }

    /// The time on this clock.
    pub fn now(&self) -> Instant {
        self.shared.start + self.elapsed()
    }

    /// How far the clock has moved since it was made.
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.shared.elapsed.load(Ordering::Acquire))
    }

    /// Moves the clock forward. It stops at 584 years after its creation.
    pub fn advance(&self, by: Duration) {
        let by = nanos(by);
        let moved = |elapsed: u64| Some(elapsed.saturating_add(by));
        // The closure never gives up, so there is no failure to see.
        let _ = self
            .shared
            .elapsed
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, moved);
        self.unpark();
    }

    /// Moves the clock forward to `to`; a time that has passed leaves it where it is.
    pub fn advance_to(&self, to: Instant) {
        let to = nanos(to.saturating_duration_since(self.shared.start));
        self.shared.elapsed.fetch_max(to, Ordering::AcqRel);
        self.unpark();
    }

    pub(crate) fn attach(&self, driver: &Arc<Shared>) {
        let mut drivers = self.drivers();
        drivers.retain(|driver| driver.strong_count() > 0);
        drivers.push(Arc::downgrade(driver));
    }

    fn unpark(&self) {
        let drivers: Vec<_> = self.drivers().iter().filter_map(Weak::upgrade).collect();
        for driver in drivers {
            driver.unpark();
        }
    }

    fn drivers(&self) -> std::sync::MutexGuard<'_, Vec<Weak<Shared>>> {
        self.shared.drivers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MockClock {
    fn default() -> MockClock {
        MockClock::new()
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Monotonic => f.write_str("Monotonic"),
            Kind::Mock(mock) => mock.fmt(f),
            Kind::Custom(_) => f.write_str("Custom"),
        }
    }
}

impl fmt::Debug for MockClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockClock")
            .field("elapsed", &self.elapsed())
            .finish()
    }
}

/// `duration` in nanoseconds, at most [`u64::MAX`], which is 584 years.
#[inline]
pub(crate) fn nanos(duration: Duration) -> u64 {
    duration
        .as_secs()
        .checked_mul(1_000_000_000)
        .and_then(|nanos| nanos.checked_add(u64::from(duration.subsec_nanos())))
        .unwrap_or(u64::MAX)
}

/// `now + duration`, or a time that never comes where an `Instant` cannot hold that.
#[inline]
pub(crate) fn after(now: Instant, duration: Duration) -> Instant {
    match now.checked_add(duration) {
        Some(deadline) => deadline,
        None => never(now),
    }
}

/// A time beyond what a driver's nanoseconds can say (584 years), or the latest that this platform's `Instant` holds.
#[cold]
fn never(now: Instant) -> Instant {
    const YEAR: u64 = 365 * 24 * 3600;
    [1000, 500, 250, 100]
        .into_iter()
        .find_map(|years| now.checked_add(Duration::from_secs(years * YEAR)))
        .unwrap_or(now + Duration::from_secs(30 * YEAR))
}
