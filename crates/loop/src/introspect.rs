//! `introspect`: a socket through which others of the same user see what the loops of this process do.
//!
//! One thread serves it for all loops of the process that ask for it; it reads what they publish (`asyncio_core::watched_tasks`)
//! and never waits for a loop, so it works on one that is stuck. The request is a line of JSON, `{"command":"tasks"}`,
//! and so is the answer; `answer` writes it, `request` reads, `server` has the thread, `clients` what that does, `sys` who may ask.
//!
//! Invariant: only the user whose process this is, and root, gets an answer. The socket has mode 0600, lies in a directory of
//! mode 0700 that this user owns, and the other side's credentials are looked at.

mod answer;
mod clients;
mod descriptor;
mod json;
mod place;
mod request;
mod server;
mod sys;

pub(crate) use descriptor::describe;
pub use place::introspect_paths;
pub(crate) use server::{Open, open};

/// What `ASYNCIO_INTROSPECT` says: anything but nothing and `0` opens the socket.
pub(crate) fn wanted_by_environment() -> bool {
    std::env::var_os("ASYNCIO_INTROSPECT").is_some_and(|value| !value.is_empty() && value != "0")
}
