//! For those who write loops, executors and test kits: what a task runs, without the handle, and a scope that is
//! cancelled by hand.

pub use crate::cancellable::Cancellable;
pub use crate::root::Root;
