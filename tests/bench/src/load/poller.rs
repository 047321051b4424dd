//! epoll, edge-triggered.

#![expect(unsafe_code, reason = "calls of the C library")]

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

pub struct Poller {
    epoll: OwnedFd,
    events: Vec<libc::epoll_event>,
}

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

impl Poller {
    pub fn new() -> io::Result<Poller> {
        // SAFETY: no pointers.
        let epoll = check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })?;
        Ok(Poller {
            // SAFETY: the descriptor is new and nobody else's.
            epoll: unsafe { OwnedFd::from_raw_fd(epoll) },
            events: vec![libc::epoll_event { events: 0, u64: 0 }; 1024],
        })
    }

    /// Tells of both directions, edge-triggered.
    pub fn add(&self, source: &impl AsRawFd, key: usize) -> io::Result<()> {
        let mut event = libc::epoll_event {
            events: (libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDHUP | libc::EPOLLET) as u32,
            u64: key as u64,
        };
        let epoll = self.epoll.as_raw_fd();
        // SAFETY: both descriptors are open, and the event is ours.
        check(unsafe { libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, source.as_raw_fd(), &mut event) })?;
        Ok(())
    }

    /// Waits and puts the keys of what is ready into `keys`.
    pub fn wait(&mut self, keys: &mut Vec<usize>, limit: Duration) -> io::Result<()> {
        keys.clear();
        let limit = limit.as_millis().min(1000) as libc::c_int;
        let room = self.events.len() as libc::c_int;
        let epoll = self.epoll.as_raw_fd();
        // SAFETY: the pointer and the length are those of the list.
        let ready = unsafe { libc::epoll_wait(epoll, self.events.as_mut_ptr(), room, limit) };
        let ready = match check(ready) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => 0,
            other => other?,
        };
        keys.extend(self.events[..ready as usize].iter().map(|event| event.u64 as usize));
        Ok(())
    }
}

/// Waits for one of several descriptors to have something to read, to the microsecond; for load that is paced.
pub fn pause(poller: &mut Poller, keys: &mut Vec<usize>, limit: Duration) -> io::Result<()> {
    let mut polled = libc::pollfd {
        fd: poller.epoll.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    let limit = libc::timespec {
        tv_sec: limit.as_secs() as libc::time_t,
        tv_nsec: limit.subsec_nanos() as _,
    };
    // SAFETY: one pollfd and one timespec, both ours; no signal mask.
    let ready = check(unsafe { libc::ppoll(&mut polled, 1, &limit, std::ptr::null()) })?;
    keys.clear();
    if ready > 0 { poller.wait(keys, Duration::ZERO) } else { Ok(()) }
}
