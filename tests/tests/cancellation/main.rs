//! Cancellation with cleanup, and structured concurrency: what Python's users rely on, case by case.

mod context;
mod group_ends;
mod groups;
mod inside;
mod kit;
mod many;
mod runner;
mod scopes;
mod tasks;
mod timeouts;
