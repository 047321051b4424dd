//! What the asyncio crates share.

pub mod blocking;
mod fork;
mod slot;

pub use fork::fork_generation;
pub use slot::{Entered, Slot};
