//! The system's resolver: `getaddrinfo` and `getnameinfo`, which block.
//!
//! `unix` calls the C library; `other` is what `std` offers on the systems that we do not know, Windows among them,
//! and has never been run.

#[cfg(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "dragonfly"
))]
#[path = "sys/unix.rs"]
mod imp;

#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "dragonfly"
)))]
#[path = "sys/other.rs"]
mod imp;

pub(super) use imp::{getaddrinfo, getnameinfo};

/// What [`getnameinfo`] is to do.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct NameFlags {
    pub(super) numeric_host: bool,
    pub(super) numeric_service: bool,
    pub(super) name_required: bool,
    pub(super) datagram: bool,
}
