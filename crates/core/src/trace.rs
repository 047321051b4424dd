//! Spans and events for the `tracing` crate, where the feature of that name is on: `on` makes them, `off` is nothing in
//! their place, with the same functions.
//!
//! A task has one span, from its creation to its end, which is entered while the task is polled or dropped. What the
//! exception handler is told is an event too, and so is each request to cancel a task.
//!
//! Invariant: without the feature nothing of this has a size or makes an instruction. With it, what a subscriber does is
//! done outside of every lock and of every step of ours.

#[cfg(not(feature = "tracing"))]
mod off;
#[cfg(feature = "tracing")]
mod on;

#[cfg(not(feature = "tracing"))]
pub(crate) use off::{Said, TaskSpan, reported};
#[cfg(feature = "tracing")]
pub(crate) use on::{Said, TaskSpan, reported};
