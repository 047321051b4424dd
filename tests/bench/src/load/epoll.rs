//! The little of epoll that the load needs, edge-triggered.

#![expect(unsafe_code, reason = "calls of the C library")]

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};

pub struct Epoll(OwnedFd);

fn checked(result: libc::c_int, call: &str) -> libc::c_int {
    assert!(result >= 0, "{call}: {}", std::io::Error::last_os_error());
    result
}

impl Epoll {
    pub fn new() -> Epoll {
        // SAFETY: no pointers.
        let fd = checked(
            unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) },
            "epoll_create1",
        );
        // SAFETY: the descriptor is new and nobody else's.
        Epoll(unsafe { OwnedFd::from_raw_fd(fd) })
    }

    /// A stream: an edge for either direction.
    pub fn add(&self, fd: RawFd, key: usize) {
        self.add_for(fd, key, libc::EPOLLIN | libc::EPOLLOUT);
    }

    /// A datagram socket, which would report room for each datagram that leaves.
    pub fn add_readable(&self, fd: RawFd, key: usize) {
        self.add_for(fd, key, libc::EPOLLIN);
    }

    fn add_for(&self, fd: RawFd, key: usize, directions: libc::c_int) {
        let events = (directions | libc::EPOLLET) as u32;
        let mut event = libc::epoll_event {
            events,
            u64: key as u64,
        };
        // SAFETY: `event` lives until the call returns.
        let result = unsafe { libc::epoll_ctl(self.0.as_raw_fd(), libc::EPOLL_CTL_ADD, fd, &mut event) };
        checked(result, "epoll_ctl");
    }

    /// Replaces `keys` by those that something happened to.
    pub fn wait(&self, millis: i32, keys: &mut Vec<usize>) {
        const ROOM: usize = 256;
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; ROOM];
        keys.clear();
        // SAFETY: the kernel writes at most ROOM events into the array.
        let count = unsafe { libc::epoll_wait(self.0.as_raw_fd(), events.as_mut_ptr(), ROOM as i32, millis) };
        // Interrupted: nothing happened.
        keys.extend(
            events
                .iter()
                .take(count.max(0) as usize)
                .map(|event| event.u64 as usize),
        );
    }
}

/// Makes `close` send a reset.
pub fn reset_on_close(fd: RawFd) {
    let linger = libc::linger {
        l_onoff: 1,
        l_linger: 0,
    };
    let size = size_of::<libc::linger>() as libc::socklen_t;
    // SAFETY: the pointer and the size are those of `linger`, which lives until the call returns.
    let result = unsafe {
        libc::setsockopt(
            fd,
            libc::SOL_SOCKET,
            libc::SO_LINGER,
            (&raw const linger).cast(),
            size,
        )
    };
    checked(result, "setsockopt");
}
