//! `DatagramSocket`: what an endpoint needs of a socket.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

use crate::UdpSocket;
#[cfg(unix)]
use crate::UnixDatagram;

/// A socket that an endpoint can have: [`UdpSocket`], or `UnixDatagram` on Unix. Sealed.
pub trait DatagramSocket: fmt::Debug + Send + Sync + sealed::Socket + 'static {
    /// The address of a peer.
    type Addr: Clone + fmt::Debug + Send + Sync + 'static;

    #[doc(hidden)]
    fn try_send_datagram(&self, data: &[u8], to: Option<&Self::Addr>) -> io::Result<usize>;

    /// Pending without a wake when [`LOOKS_AGAIN`](DatagramSocket::LOOKS_AGAIN) is true and there is an address.
    #[doc(hidden)]
    fn poll_send_datagram(
        &self,
        cx: &mut Context<'_>,
        data: &[u8],
        to: Option<&Self::Addr>,
    ) -> Poll<io::Result<usize>>;

    #[doc(hidden)]
    fn poll_datagram(&self, cx: &mut Context<'_>, buffer: &mut [u8])
    -> Poll<io::Result<(usize, Self::Addr)>>;

    #[doc(hidden)]
    fn bound_to(&self) -> io::Result<Self::Addr>;

    #[doc(hidden)]
    fn is_same(one: &Self::Addr, other: &Self::Addr) -> bool;

    /// No datagram is longer, or what is behind is lost.
    #[doc(hidden)]
    const LONGEST: usize;

    /// Nobody tells when a peer that is named in each datagram takes the next one.
    #[doc(hidden)]
    const LOOKS_AGAIN: bool;
}

mod sealed {
    pub trait Socket {}
}

impl sealed::Socket for UdpSocket {}

impl DatagramSocket for UdpSocket {
    type Addr = SocketAddr;

    const LONGEST: usize = 64 << 10;
    const LOOKS_AGAIN: bool = false;

    fn try_send_datagram(&self, data: &[u8], to: Option<&SocketAddr>) -> io::Result<usize> {
        match to {
            Some(to) => self.try_send_to(data, *to),
            None => self.try_send(data),
        }
    }

    fn poll_send_datagram(
        &self,
        cx: &mut Context<'_>,
        data: &[u8],
        to: Option<&SocketAddr>,
    ) -> Poll<io::Result<usize>> {
        match to {
            Some(to) => self.poll_send_to(cx, data, *to),
            None => self.poll_send(cx, data),
        }
    }

    fn poll_datagram(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, SocketAddr)>> {
        self.poll_recv_from(cx, buffer)
    }

    fn bound_to(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }

    fn is_same(one: &SocketAddr, other: &SocketAddr) -> bool {
        one == other
    }
}

#[cfg(unix)]
impl sealed::Socket for UnixDatagram {}

#[cfg(unix)]
impl DatagramSocket for UnixDatagram {
    type Addr = std::os::unix::net::SocketAddr;

    /// As in Python.
    const LONGEST: usize = 256 << 10;
    const LOOKS_AGAIN: bool = true;

    fn try_send_datagram(&self, data: &[u8], to: Option<&Self::Addr>) -> io::Result<usize> {
        match to {
            Some(to) => self.as_async().get_ref().send_to_addr(data, to),
            None => self.try_send(data),
        }
    }

    fn poll_send_datagram(
        &self,
        cx: &mut Context<'_>,
        data: &[u8],
        to: Option<&Self::Addr>,
    ) -> Poll<io::Result<usize>> {
        match self.try_send_datagram(data, to) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => match to {
                Some(_) => Poll::Pending,
                None => self.poll_send(cx, data),
            },
            done => Poll::Ready(done),
        }
    }

    fn poll_datagram(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<(usize, Self::Addr)>> {
        self.poll_recv_from(cx, buffer)
    }

    fn bound_to(&self) -> io::Result<Self::Addr> {
        self.local_addr()
    }

    fn is_same(one: &Self::Addr, other: &Self::Addr) -> bool {
        #[cfg(target_os = "linux")]
        {
            use std::os::linux::net::SocketAddrExt;
            if one.as_abstract_name() != other.as_abstract_name() {
                return false;
            }
        }
        one.as_pathname() == other.as_pathname() && one.is_unnamed() == other.is_unnamed()
    }
}
