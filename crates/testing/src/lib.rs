//! A kit for testing asynchronous code: a clock that a test moves, futures that it polls by hand, and the cancel explorer.
//!
//! [`explore_cancel`] runs a future once for each of its suspension points and cancels it there, softly (asked to stop, so that
//! cleanup runs) and hard (dropped); after each run it lets the test check what must still hold: nothing lost, nothing
//! held, nothing done twice.
//!
//! [`by_hand`] makes a future that the test polls itself, and that counts its wakes.
//!
//! With the feature `net`: `memory_stream_pair` and `MemoryWire`, both ends of a connection in memory, with a bounded
//! buffer, half-closes, resets, and pieces of a size that the test chooses.
//!
//! [`Clock`] and [`MockClock`] are those of `asyncio-timers`; with a loop, `Runner::mock_clock(true)` lets time jump
//! whenever nothing is ready.
//!
//! # Examples
//!
//! A counter that must be even whenever nobody is inside:
//!
//! ```
//! use std::cell::Cell;
//! use std::rc::Rc;
//!
//! use asyncio_testing::{Case, explore_cancel};
//!
//! async fn add_two(counter: &Cell<u32>) {
//!     let sum = counter.get() + 2;
//!     asyncio_tasks::yield_now().await;
//!     counter.set(sum);
//! }
//!
//! let explored = futures_lite::future::block_on(explore_cancel(|| {
//!     let counter = Rc::new(Cell::new(0));
//!     let inside = counter.clone();
//!     Case::new(
//!         async move { add_two(&inside).await },
//!         async move |_ended| assert_eq!(counter.get() % 2, 0),
//!     )
//! }));
//! assert_eq!(explored.suspension_points, 1);
//! ```

mod by_hand;
mod explorer;
#[cfg(feature = "net")]
mod memory;

pub use asyncio_timers::{Clock, MockClock};
pub use by_hand::{ByHand, by_hand};
pub use explorer::{Case, Ended, Explored, How, explore_cancel};
#[cfg(feature = "net")]
pub use memory::{MemoryControl, MemoryEnd, MemoryWire, memory_stream_pair};
