//! Whose process this is, and who is at the other side of a socket.

#![expect(unsafe_code, reason = "calls of libc that std does not have")]

use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

/// The user that this process acts as.
pub(super) fn own_user() -> u32 {
    // SAFETY: it cannot fail and touches no memory.
    unsafe { libc::geteuid() }
}

/// Is there a process with this number?
pub(super) fn is_process(pid: i32) -> bool {
    // SAFETY: the signal 0 is none: the system only looks.
    let failed = unsafe { libc::kill(pid, 0) } != 0;
    !failed || io::Error::last_os_error().raw_os_error() != Some(libc::ESRCH)
}

/// The user at the other side.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn user_of(peer: &UnixStream) -> io::Result<u32> {
    let mut credentials = libc::ucred {
        pid: 0,
        uid: u32::MAX,
        gid: u32::MAX,
    };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the descriptor is open, and the value has room for what is written to it.
    let failed = unsafe {
        libc::getsockopt(
            peer.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut credentials).cast(),
            &raw mut length,
        )
    };
    if failed != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(credentials.uid)
}

/// The user at the other side.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn user_of(peer: &UnixStream) -> io::Result<u32> {
    let (mut user, mut group) = (u32::MAX, u32::MAX);
    // SAFETY: the descriptor is open, and both values are written to.
    let failed = unsafe { libc::getpeereid(peer.as_raw_fd(), &raw mut user, &raw mut group) };
    if failed != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(user)
}

/// May the user `peer` see what a process of the user `own` does? Root may anyway.
pub(super) fn may_look(peer: u32, own: u32) -> bool {
    peer == own || peer == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_side_of_a_pair_is_this_user() {
        let (one, _other) = UnixStream::pair().unwrap();
        assert_eq!(user_of(&one).unwrap(), own_user());
    }

    #[test]
    fn only_the_same_user_and_root_may_look() {
        assert!(may_look(1000, 1000) && may_look(0, 1000));
        assert!(!may_look(1001, 1000) && !may_look(1000, 0));
    }
}
