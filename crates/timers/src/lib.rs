//! Timers that work on any executor: [`Sleep`], [`Interval`], a [`Clock`] that can be mocked, and the drivers that a
//! loop turns.
//!
//! ```
//! use asyncio_timers::{interval, now, sleep};
//! use std::time::Duration;
//!
//! futures_lite::future::block_on(async {
//!     let start = now();
//!     sleep(Duration::from_millis(10)).await;
//!
//!     let mut ticks = interval(Duration::from_millis(5));
//!     for _ in 0..3 {
//!         ticks.tick().await;
//!     }
//!     assert!(now() - start >= Duration::from_millis(20));
//! });
//! ```
//!
//! # Drivers
//!
//! A sleep finds its driver in its first pending poll: the one that was entered on the thread, otherwise a background
//! thread of this crate, named `asyncio-timers`, which starts then. A loop owns a [`LocalTimers`], threads that work
//! together share a [`Timers`]. A driver that is dropped hands its sleeps on: they still fire.
//!
//! # Accuracy
//!
//! A sleep never ends early, and its lateness is what the operating system adds, not a tick of ours. A deadline more
//! than 584 years after the start of its driver never comes, so that [`Duration::MAX`](std::time::Duration::MAX)
//! means "for ever".
//!
//! # Memory and fork
//!
//! A pending timer takes 40 bytes in its driver, 16 more when it is near. They are reused, and given back to the
//! allocator when the last timer of a driver leaves after a burst. In a forked child the drivers of other threads
//! count as closed, and the background thread starts again at the first use.

mod batch;
mod clock;
mod current;
mod fallback;
mod interval;
mod local;
mod local_handle;
mod registry;
mod shared;
mod sleep;
mod store;
mod sync;
mod sys;
mod timers;

pub use clock::{Clock, MockClock, TimeSource};
pub use current::{Entered, now};
pub use interval::{Interval, MissedTickBehavior, interval, interval_at};
pub use local::LocalTimers;
pub use local_handle::{LocalHandle, LocalTimer};
pub use sleep::{Sleep, sleep, sleep_until, sleep_with};
pub use timers::{Timers, TimersHandle};
