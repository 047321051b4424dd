//! Cancellation with cleanup, and structured concurrency: what Python's users rely on, case by case.

mod group_ends;
mod groups;
mod kit;
mod scopes;
mod timeouts;
