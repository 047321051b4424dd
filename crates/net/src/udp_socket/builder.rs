//! `UdpSocketBuilder`: what must be said before a socket is bound.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};

use super::UdpSocket;
use crate::addr::{ToAddrs, first};

/// How a UDP socket is made; see [`UdpSocket::builder`].
///
/// # Python
///
/// The keywords of `loop.create_datagram_endpoint`. It has no `reuse_address` any more, which on Unix lets anybody take
/// over an address; here it is for those who want several sockets to hear one group.
#[derive(Debug, Clone, Default)]
pub struct UdpSocketBuilder {
    reuse_address: bool,
    reuse_port: bool,
    broadcast: bool,
    only_v6: Option<bool>,
}

impl UdpSocketBuilder {
    /// Lets several sockets be bound to the address. Each of them hears what is sent to a group or to all; of what is
    /// sent to one, the last one bound has it. The default is no.
    pub fn reuse_address(mut self, reuse: bool) -> UdpSocketBuilder {
        self.reuse_address = reuse;
        self
    }

    /// Lets several sockets be bound to the address, among which the system shares out what is sent to one. Unix only;
    /// the default is no.
    pub fn reuse_port(mut self, reuse: bool) -> UdpSocketBuilder {
        self.reuse_port = reuse;
        self
    }

    /// Allows sending to broadcast addresses. The default is no.
    #[doc(alias = "allow_broadcast")]
    pub fn broadcast(mut self, broadcast: bool) -> UdpSocketBuilder {
        self.broadcast = broadcast;
        self
    }

    /// Decides whether an IPv6 socket hears IPv4 too. The default is the system's.
    pub fn only_v6(mut self, only: bool) -> UdpSocketBuilder {
        self.only_v6 = Some(only);
        self
    }

    /// Binds to the first of the addresses that `address` names and that can be bound.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::bind`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is bound when this is dropped before it is ready.
    pub async fn bind(&self, address: impl ToAddrs) -> io::Result<UdpSocket> {
        first(address, "cannot bind", |address| self.bound(address)).await
    }

    /// Makes a socket that talks to `address` alone, from an address of the system's choice.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::connect`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn connect(&self, address: impl ToAddrs) -> io::Result<UdpSocket> {
        let connect = |address: SocketAddr| {
            let any = match address {
                SocketAddr::V4(_) => SocketAddr::from(([0; 4], 0)),
                SocketAddr::V6(_) => SocketAddr::from(([0_u16; 8], 0)),
            };
            let socket = self.bound(any)?;
            socket.as_async().get_ref().connect(address)?;
            Ok(socket)
        };
        first(address, "cannot connect to", connect).await
    }

    fn bound(&self, address: SocketAddr) -> io::Result<UdpSocket> {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        if self.reuse_address {
            socket.set_reuse_address(true)?;
        }
        #[cfg(unix)]
        if self.reuse_port {
            socket.set_reuse_port(true)?;
        }
        #[cfg(not(unix))]
        if self.reuse_port {
            return Err(io::Error::new(
                io::ErrorKind::Unsupported,
                "reuse_port needs a Unix system",
            ));
        }
        if self.broadcast {
            socket.set_broadcast(true)?;
        }
        if let (Some(only), SocketAddr::V6(_)) = (self.only_v6, address) {
            socket.set_only_v6(only)?;
        }
        socket.bind(&address.into())?;
        UdpSocket::from_std(socket.into())
    }
}
