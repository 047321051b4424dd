//! Unix: pipes of our own on our reactor, pidfds where there are any, and functions between fork and exec.

mod before_exec;
mod exit;
mod pipe;
mod plumbing;
mod reserve;

pub(crate) use before_exec::{Extra, prepare};
pub(crate) use exit::{Exit, is_gone};
pub(crate) use plumbing::Plumbing;
pub(crate) use reserve::Reserve;
