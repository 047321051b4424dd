//! `create_datagram_endpoint`: a UDP socket with a protocol; and what it has in common with the endpoint of a Unix socket, which
//! is in `unix`.

use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::Poll;

use super::BaseProtocol;
use super::pump::no_loop;
use crate::addr::{Named, ToAddrs};
use crate::resolve::Family;
use crate::{UdpSocket, UdpSocketBuilder};

mod pump;
mod socket;
mod transport;
#[cfg(unix)]
mod unix;

pub use socket::DatagramSocket;
pub use transport::DatagramTransport;
#[cfg(unix)]
pub use unix::{CreateUnixDatagramEndpoint, create_unix_datagram_endpoint};

/// A protocol for datagrams: those of UDP, or those of Unix sockets (`DatagramProtocol<UnixDatagram>`).
///
/// # Python
///
/// `asyncio.DatagramProtocol`.
pub trait DatagramProtocol<S: DatagramSocket = UdpSocket>: BaseProtocol<DatagramTransport<S>> {
    /// A datagram has come, whole, perhaps empty. It lies in memory that is used again when this returns.
    fn datagram_received(&mut self, data: &[u8], from: S::Addr);

    /// The system tells of an earlier datagram that could not be sent, or did not arrive. The endpoint goes on.
    fn error_received(&mut self, error: io::Error) {
        let _ = error;
    }
}

type Creating<S> = Pin<Box<dyn Future<Output = io::Result<DatagramTransport<S>>>>>;

/// Makes a UDP socket and gives it a protocol, on the loop of this thread. Without a local address it is bound to any that is
/// free, of the family that is wanted, or the remote address', or IPv4.
///
/// # Errors
///
/// The operating system's, with the address. `InvalidInput` when no address fits, or when a socket and something else was
/// given. When this thread turns no loop, as a worker of a pool.
///
/// # Cancel safety
///
/// The socket is closed.
///
/// # Python
///
/// `loop.create_datagram_endpoint`. With `family=AF_UNIX` it is `create_unix_datagram_endpoint` here.
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
        family: None,
        reuse_port: false,
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
    family: Option<Family>,
    reuse_port: bool,
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

    /// A socket that is there already, instead of all else; its peer is the endpoint's, if it has one.
    pub fn sock(mut self, socket: UdpSocket) -> Self {
        self.socket = Some(socket);
        self
    }

    /// Uses addresses of this family only.
    pub fn family(mut self, family: impl Into<Option<Family>>) -> Self {
        self.family = family.into();
        self
    }

    /// Lets several endpoints be bound to the address, among which the system shares out what comes. Unix only.
    pub fn reuse_port(mut self, reuse: bool) -> Self {
        self.reuse_port = reuse;
        self
    }

    /// Allows sending to broadcast addresses.
    pub fn allow_broadcast(mut self, allow: bool) -> Self {
        self.broadcast = allow;
        self
    }

    async fn socket(self) -> io::Result<(UdpSocket, Option<SocketAddr>)> {
        if let Some(socket) = self.socket {
            let options = self.family.is_some() || self.reuse_port || self.broadcast;
            if self.local.is_some() || self.remote.is_some() || options {
                return Err(invalid(
                    "an endpoint has a socket, or addresses and options, not both",
                ));
            }
            let remote = socket.peer_addr().ok();
            return Ok((socket, remote));
        }
        let remotes = addresses(self.remote, self.family).await?;
        let locals = match (self.local, remotes.first()) {
            (None, Some(SocketAddr::V6(_))) => vec![(Ipv6Addr::UNSPECIFIED, 0).into()],
            (None, None) if self.family == Some(Family::V6) => vec![(Ipv6Addr::UNSPECIFIED, 0).into()],
            (None, _) => vec![(Ipv4Addr::UNSPECIFIED, 0).into()],
            (local, _) => addresses(local, self.family).await?,
        };
        let options = UdpSocket::builder()
            .reuse_port(self.reuse_port)
            .broadcast(self.broadcast);
        let mut failure = invalid("no address was given");
        for local in locals {
            let fits = |remote: &SocketAddr| remote.is_ipv4() == local.is_ipv4();
            let remote = remotes.iter().copied().find(fits);
            if remote.is_none() && !remotes.is_empty() {
                failure = invalid(format!("{local} is not of the family of the remote address"));
                continue;
            }
            match made(&options, local, remote).await {
                Ok(socket) => return Ok((socket, remote)),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }
}

/// The addresses that a name stands for; none is an error.
async fn addresses(named: Option<Named>, family: Option<Family>) -> io::Result<Vec<SocketAddr>> {
    let Some(named) = named else {
        return Ok(Vec::new());
    };
    let what = named.to_string();
    let found = named.addrs(family, None).await?;
    if found.is_empty() {
        return Err(invalid(format!(
            "{what} has no address of the family that was asked for"
        )));
    }
    Ok(found)
}

async fn made(
    options: &UdpSocketBuilder,
    local: SocketAddr,
    remote: Option<SocketAddr>,
) -> io::Result<UdpSocket> {
    let socket = options.bind(local).await?;
    if let Some(remote) = remote {
        socket.connect(remote).await?;
    }
    Ok(socket)
}

fn invalid(message: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message.into())
}

/// Gives the socket its protocol, and waits for `connection_made`.
async fn begin<S: DatagramSocket>(
    socket: S,
    remote: Option<S::Addr>,
    protocol: impl FnOnce() -> Box<dyn DatagramProtocol<S>>,
) -> io::Result<DatagramTransport<S>> {
    let transport = DatagramTransport::new(socket, remote).ok_or_else(no_loop)?;
    pump::start(&transport, protocol())?;
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

struct Unfinished<'a, S: DatagramSocket>(&'a DatagramTransport<S>);

impl<S: DatagramSocket> Drop for Unfinished<'_, S> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl IntoFuture for CreateDatagramEndpoint {
    type Output = io::Result<DatagramTransport>;
    type IntoFuture = Creating<UdpSocket>;

    fn into_future(mut self) -> Creating<UdpSocket> {
        let make = std::mem::replace(&mut self.make, Box::new(|| unreachable!("it is taken once")));
        Box::pin(async move {
            let (socket, remote) = self.socket().await?;
            begin(socket, remote, make).await
        })
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
