//! For those who write loops and executors: what a task runs, without the handle.

pub use crate::root::Root;
