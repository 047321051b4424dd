//! What a file descriptor of this process is, in words: its kind, and the addresses of a socket.
//!
//! The descriptor may be closed, or be another one, by the time it is looked at: that makes the words wrong and nothing else.

#![expect(unsafe_code, reason = "a descriptor is known by its number")]

use std::fmt::Display;
use std::io;
use std::mem::ManuallyDrop;
use std::net::{TcpStream, UdpSocket};
use std::os::fd::{FromRawFd, RawFd};
use std::os::unix::net::UnixStream;

/// A descriptor in words.
pub(crate) fn describe(number: usize) -> Option<String> {
    let fd = RawFd::try_from(number).ok()?;
    let addresses = internet(fd).or_else(|| unix(fd)).or_else(|| kind(fd));
    Some(match addresses {
        Some(words) => format!("descriptor {fd}, {words}"),
        None => format!("descriptor {fd}"),
    })
}

fn internet(fd: RawFd) -> Option<String> {
    // SAFETY: never dropped, so never closed; each use is one system call, which fails if it is no such socket.
    let socket = ManuallyDrop::new(unsafe { TcpStream::from_raw_fd(fd) });
    // SAFETY: as above.
    let datagrams = ManuallyDrop::new(unsafe { UdpSocket::from_raw_fd(fd) });
    // Whatever kind of socket it is, both ask the same of the system.
    let local = socket.local_addr().or_else(|_| datagrams.local_addr()).ok()?;
    Some(match socket.peer_addr() {
        Ok(peer) => format!("socket {local} to {peer}"),
        Err(_) => format!("socket at {local}"),
    })
}

fn unix(fd: RawFd) -> Option<String> {
    // SAFETY: as in `internet`.
    let socket = ManuallyDrop::new(unsafe { UnixStream::from_raw_fd(fd) });
    let named = |address: io::Result<std::os::unix::net::SocketAddr>| -> Option<Option<String>> {
        let address = address.ok()?;
        Some(address.as_pathname().map(|path| path.display().to_string()))
    };
    let local = named(socket.local_addr())?;
    let peer = named(socket.peer_addr()).flatten();
    let place: Option<&dyn Display> = match (&local, &peer) {
        (Some(path), _) | (None, Some(path)) => Some(path),
        (None, None) => None,
    };
    Some(match place {
        Some(path) => format!("Unix socket {path}"),
        None => "Unix socket".to_owned(),
    })
}

/// What the system calls it, where it has such names.
fn kind(fd: RawFd) -> Option<String> {
    let name = std::fs::read_link(format!("/proc/self/fd/{fd}")).ok()?;
    Some(name.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;

    fn of(source: &impl AsRawFd) -> String {
        describe(source.as_raw_fd() as usize).unwrap()
    }

    #[test]
    fn sockets_are_told_by_their_addresses() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert!(of(&listener).ends_with(&format!("socket at {address}")));
        let stream = TcpStream::connect(address).unwrap();
        assert!(of(&stream).ends_with(&format!("to {address}")));
        let (one, _other) = UnixStream::pair().unwrap();
        assert!(of(&one).ends_with("Unix socket"), "{}", of(&one));
        assert_eq!(describe(usize::MAX), None);
    }
}
