//! What differs between systems.
//!
//! `unix.rs` and `windows.rs` have equal signatures: `Plumbing` (the ends of the standard streams: those of the child go
//! into its command, ours become streams), `prepare` (what is done in the child before the program begins), `Reserve`
//! (descriptors that are kept for what a start needs), and `Exit` (how an end is awaited and signals are sent).

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
pub(crate) use self::unix::{Exit, Extra, Plumbing, Reserve, is_gone, prepare};
#[cfg(windows)]
pub(crate) use self::windows::{Exit, Extra, Plumbing, Reserve, is_gone, prepare};
