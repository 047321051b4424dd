//! The clock and the timers: see the crate `asyncio-timers`.

pub use asyncio_timers::{
    Clock, Interval, LocalHandle, LocalTimer, LocalTimers, MissedTickBehavior, MockClock, Sleep, TimeSource,
    Timers, TimersHandle, interval, interval_at, now, sleep, sleep_until, sleep_with,
};
