//! `watched`: a descriptor of ours as a source of tokio's.

use std::io;
use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// Registers a descriptor, for its being readable, with the runtime that is entered.
pub(crate) fn watched(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    #[allow(
        deprecated,
        reason = "unsound for types that may name another descriptor later, which one that owns it does not; what takes its \
                  place is unsafe, and not in older versions"
    )]
    AsyncFd::with_interest(fd, Interest::READABLE)
}
