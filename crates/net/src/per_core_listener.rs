//! `PerCoreListener`: one address, and a listening socket for each of several loops.
//!
//! On Linux and Android each loop has a socket of its own by `SO_REUSEPORT`, and the kernel shares the connections
//! out among them by their addresses. Elsewhere that option does not share (macOS) or means something else (the BSDs),
//! so the loops have one socket in common, and whoever is first accepts.
//!
//! All sockets are there before any is served: the kernel decides by their number where a connection goes.

use std::io;
use std::net::{SocketAddr, TcpListener as StdListener, ToSocketAddrs};
use std::sync::{Mutex, PoisonError};

use socket2::{Domain, Protocol, Socket, Type};

use crate::TcpListener;
use crate::error::named;

/// How many connections may wait at each socket.
const BACKLOG: i32 = 1024;

/// One address, and a listening socket for each of several loops on threads of their own.
///
/// It is bound before the loops are started, and each [takes](PerCoreListener::take) its own.
///
/// A connection that the kernel has given to a socket is lost when that is closed: let all loops serve for as long as
/// any does.
///
/// # Examples
///
/// ```
/// use asyncio_net::PerCoreListener;
///
/// let listeners = PerCoreListener::bind("127.0.0.1:0", 2)?;
/// println!("serving on {}", listeners.local_addr());
/// std::thread::scope(|scope| {
///     for core in 0..2 {
///         let listeners = &listeners;
///         scope.spawn(move || {
///             let listener = listeners.take(core)?; // and accept on it
///             listener.local_addr()
///         });
///     }
/// });
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct PerCoreListener {
    address: SocketAddr,
    listeners: Mutex<Vec<Option<StdListener>>>,
}

impl PerCoreListener {
    /// Binds to the first of the addresses that `address` names and that can be bound, for `loops` loops. Blocks for
    /// as long as looking up a name takes.
    ///
    /// # Errors
    ///
    /// The operating system's, with the address; those of the look-up of a name.
    pub fn bind(address: impl ToSocketAddrs, loops: usize) -> io::Result<PerCoreListener> {
        let mut failure = io::Error::new(io::ErrorKind::InvalidInput, "there is no address to listen on");
        for address in address.to_socket_addrs()? {
            match bind_all(address, loops) {
                Ok((address, listeners)) => {
                    return Ok(PerCoreListener {
                        address,
                        listeners: Mutex::new(listeners.into_iter().map(Some).collect()),
                    });
                }
                Err(error) => failure = named(format!("cannot listen on {address}"), error),
            }
        }
        Err(failure)
    }

    /// The address, with the port that the system has chosen where it was 0.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The listener of one loop, registered with the reactor of this thread. Once for each.
    ///
    /// # Errors
    ///
    /// `NotFound` when it was taken, or there are not so many; those of registering it.
    pub fn take(&self, core: usize) -> io::Result<TcpListener> {
        let taken = self
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get_mut(core)
            .and_then(Option::take);
        let missing = || {
            let message = format!("listener {core} was taken before, or there are not so many");
            io::Error::new(io::ErrorKind::NotFound, message)
        };
        TcpListener::from_std(taken.ok_or_else(missing)?)
    }
}

const SHARES: bool = cfg!(any(target_os = "linux", target_os = "android"));

fn bind_all(mut address: SocketAddr, loops: usize) -> io::Result<(SocketAddr, Vec<StdListener>)> {
    let first = bind_one(address)?;
    // The port that was chosen for the first is that of all.
    address = first.local_addr()?;
    let mut listeners = vec![first];
    while listeners.len() < loops {
        let next = if SHARES {
            bind_one(address)?
        } else {
            listeners[0].try_clone()?
        };
        listeners.push(next);
    }
    Ok((address, listeners))
}

fn bind_one(address: SocketAddr) -> io::Result<StdListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if cfg!(unix) {
        socket.set_reuse_address(true)?;
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket.set_reuse_port(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_listener_has_the_same_address_and_is_given_once() {
        let listeners = PerCoreListener::bind("127.0.0.1:0", 3).unwrap();
        let address = listeners.local_addr();
        assert_ne!(address.port(), 0);
        for core in 0..3 {
            assert_eq!(listeners.take(core).unwrap().local_addr().unwrap(), address);
        }
        for core in [0, 3] {
            assert_eq!(listeners.take(core).unwrap_err().kind(), io::ErrorKind::NotFound);
        }
    }

    #[test]
    fn an_address_that_is_in_use_is_named() {
        let used = StdListener::bind("127.0.0.1:0").unwrap();
        let address = used.local_addr().unwrap();
        let error = PerCoreListener::bind(address, 2).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        assert!(
            error
                .to_string()
                .starts_with(&format!("cannot listen on {address}: "))
        );
    }
}
