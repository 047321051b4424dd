//! `create_datagram_endpoint`: a UDP socket with a protocol.

use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::task::Poll;

use super::BaseProtocol;
use super::pump::no_loop;
use crate::UdpSocket;
use crate::addr::{Named, ToAddrs, addrs};

mod pump;
mod transport;

pub use transport::DatagramTransport;

/// A protocol for datagrams.
///
/// # Python
///
/// `asyncio.DatagramProtocol`.
pub trait DatagramProtocol: BaseProtocol<DatagramTransport> {
    /// A datagram has come, whole, perhaps empty. It lies in memory that is used again when this returns.
    fn datagram_received(&mut self, data: &[u8], from: SocketAddr);

    /// The system tells of an earlier datagram that could not be sent, or did not arrive. The endpoint goes on.
    fn error_received(&mut self, error: io::Error) {
        let _ = error;
    }
}

type Creating = Pin<Box<dyn Future<Output = io::Result<DatagramTransport>>>>;

/// Makes a UDP socket and gives it a protocol, on the loop of this thread. Without a local address it is bound to any that is
/// free, of IPv4, or of the remote address' family.
///
/// # Errors
///
/// The operating system's, with the address. When this thread turns no loop, as a worker of a pool.
///
/// # Cancel safety
///
/// The socket is closed.
///
/// # Python
///
/// `loop.create_datagram_endpoint`. Unix sockets have no endpoint here: use [`UnixDatagram`](crate::UnixDatagram).
///
/// # Examples
///
/// ```
/// use std::net::SocketAddr;
/// use asyncio_net::{BaseProtocol, DatagramProtocol, DatagramTransport, UdpSocket, create_datagram_endpoint};
///
/// #[derive(Default)]
/// struct Echo {
///     transport: Option<DatagramTransport>,
/// }
///
/// impl BaseProtocol<DatagramTransport> for Echo {
///     fn connection_made(&mut self, transport: DatagramTransport) {
///         self.transport = Some(transport);
///     }
/// }
///
/// impl DatagramProtocol for Echo {
///     fn datagram_received(&mut self, data: &[u8], from: SocketAddr) {
///         if let Some(transport) = &self.transport {
///             let _ = transport.send_to(data, Some(from));
///         }
///     }
/// }
///
/// # asyncio_loop::Runner::new().run(async {
/// let echo = create_datagram_endpoint(Echo::default)
///     .local_addr("127.0.0.1:0")
///     .await?;
/// let client = UdpSocket::bind("127.0.0.1:0").await?;
/// client.send_to(b"ping", echo.local_addr()?).await?;
/// let mut buffer = [0; 16];
/// assert_eq!(client.recv(&mut buffer).await?, 4);
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
pub fn create_datagram_endpoint<P: DatagramProtocol + 'static>(
    factory: impl FnOnce() -> P + 'static,
) -> CreateDatagramEndpoint {
    CreateDatagramEndpoint {
        make: Box::new(move || Box::new(factory())),
        local: None,
        remote: None,
        socket: None,
        broadcast: false,
    }
}

/// An endpoint to be made; from [`create_datagram_endpoint`]. Awaiting it makes it.
#[must_use = "begins when it is awaited"]
pub struct CreateDatagramEndpoint {
    make: Box<dyn FnOnce() -> Box<dyn DatagramProtocol>>,
    local: Option<Named>,
    remote: Option<Named>,
    socket: Option<UdpSocket>,
    broadcast: bool,
}

impl CreateDatagramEndpoint {
    /// The address to bind to: the first that can be.
    pub fn local_addr(mut self, address: impl ToAddrs) -> Self {
        self.local = Some(address.named());
        self
    }

    /// The one peer: datagrams go there and come from there alone.
    pub fn remote_addr(mut self, address: impl ToAddrs) -> Self {
        self.remote = Some(address.named());
        self
    }

    /// A socket that is there already, instead of addresses; its peer is the endpoint's, if it has one.
    pub fn sock(mut self, socket: UdpSocket) -> Self {
        self.socket = Some(socket);
        self
    }

    /// Allows sending to broadcast addresses.
    pub fn allow_broadcast(mut self, allow: bool) -> Self {
        self.broadcast = allow;
        self
    }

    async fn socket(&mut self) -> io::Result<(UdpSocket, Option<SocketAddr>)> {
        let (local, remote) = (self.local.take(), self.remote.take());
        if let Some(socket) = self.socket.take() {
            if local.is_some() || remote.is_some() {
                let message = "an endpoint has a socket or addresses, not both";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
            }
            let remote = socket.peer_addr().ok();
            return Ok((socket, remote));
        }
        let remotes = match remote {
            Some(remote) => addrs(remote).await?,
            None => Vec::new(),
        };
        let socket = match local {
            Some(local) => UdpSocket::bind(local).await?,
            None => {
                let any: SocketAddr = match remotes.first() {
                    Some(SocketAddr::V6(_)) => (std::net::Ipv6Addr::UNSPECIFIED, 0).into(),
                    _ => (Ipv4Addr::UNSPECIFIED, 0).into(),
                };
                UdpSocket::bind(any).await?
            }
        };
        if remotes.is_empty() {
            return Ok((socket, None));
        }
        socket.connect(&remotes[..]).await?;
        let remote = socket.peer_addr()?;
        Ok((socket, Some(remote)))
    }

    async fn create(mut self) -> io::Result<DatagramTransport> {
        let (socket, remote) = self.socket().await?;
        if self.broadcast {
            socket.set_broadcast(true)?;
        }
        let transport = DatagramTransport::new(socket, remote).ok_or_else(no_loop)?;
        pump::start(&transport, (self.make)())?;
        let unfinished = Unfinished(&transport);
        poll_fn(|cx| {
            if transport.is_made() {
                return Poll::Ready(());
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        std::mem::forget(unfinished);
        Ok(transport)
    }
}

struct Unfinished<'a>(&'a DatagramTransport);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl IntoFuture for CreateDatagramEndpoint {
    type Output = io::Result<DatagramTransport>;
    type IntoFuture = Creating;

    fn into_future(self) -> Creating {
        Box::pin(self.create())
    }
}

impl fmt::Debug for CreateDatagramEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateDatagramEndpoint")
            .field("local", &self.local)
            .field("remote", &self.remote)
            .field("socket", &self.socket)
            .finish_non_exhaustive()
    }
}
