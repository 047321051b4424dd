//! `create_unix_datagram_endpoint`: a Unix socket for datagrams with a protocol.

use std::fmt;
use std::future::IntoFuture;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use super::{Creating, DatagramProtocol, DatagramTransport, begin, invalid};
use crate::UnixDatagram;

/// Makes a Unix socket for datagrams and gives it a protocol, on the loop of this thread. Without a
/// [path of its own](CreateUnixDatagramEndpoint::local_path) nobody can answer it. Unix only.
///
/// A datagram that its peer has no room for waits in the transport. While the peer is one of many, that is, named in each
/// `send_to`, the system does not tell when it has room: the endpoint looks again, after 1 to 32 ms.
///
/// # Errors
///
/// The operating system's, with the path. When this thread turns no loop, as a worker of a pool.
///
/// # Cancel safety
///
/// The socket is closed.
///
/// # Python
///
/// `loop.create_datagram_endpoint(family=AF_UNIX)`.
///
/// # Examples
///
/// ```
/// use std::os::unix::net::SocketAddr;
/// use asyncio_net::{
///     BaseProtocol, DatagramProtocol, DatagramTransport, UnixDatagram, create_unix_datagram_endpoint,
/// };
///
/// #[derive(Default)]
/// struct Echo {
///     transport: Option<DatagramTransport<UnixDatagram>>,
/// }
///
/// impl BaseProtocol<DatagramTransport<UnixDatagram>> for Echo {
///     fn connection_made(&mut self, transport: DatagramTransport<UnixDatagram>) {
///         self.transport = Some(transport);
///     }
/// }
///
/// impl DatagramProtocol<UnixDatagram> for Echo {
///     fn datagram_received(&mut self, data: &[u8], _from: SocketAddr) {
///         if let Some(transport) = &self.transport {
///             let _ = transport.send_to(data, None);
///         }
///     }
/// }
///
/// # asyncio_loop::Runner::new().run(async {
/// let (one, other) = UnixDatagram::pair()?;
/// let _echo = create_unix_datagram_endpoint(Echo::default).sock(one).await?;
/// other.send(b"ping").await?;
/// let mut buffer = [0; 16];
/// assert_eq!(other.recv(&mut buffer).await?, 4);
/// # std::io::Result::Ok(())
/// # }).unwrap().unwrap();
/// ```
#[doc(alias = "create_datagram_endpoint")]
pub fn create_unix_datagram_endpoint<P: DatagramProtocol<UnixDatagram> + 'static>(
    factory: impl FnOnce() -> P + 'static,
) -> CreateUnixDatagramEndpoint {
    CreateUnixDatagramEndpoint {
        make: Box::new(move || Box::new(factory())),
        local: None,
        remote: None,
        socket: None,
    }
}

/// An endpoint to be made; from [`create_unix_datagram_endpoint`]. Awaiting it makes it. Unix only.
#[must_use = "begins when it is awaited"]
pub struct CreateUnixDatagramEndpoint {
    make: Box<dyn FnOnce() -> Box<dyn DatagramProtocol<UnixDatagram>>>,
    local: Option<PathBuf>,
    remote: Option<PathBuf>,
    socket: Option<UnixDatagram>,
}

impl CreateUnixDatagramEndpoint {
    /// The path to bind to; a socket that somebody left there is replaced. The file stays when the endpoint is closed, as in
    /// Python.
    pub fn local_path(mut self, path: impl AsRef<Path>) -> Self {
        self.local = Some(path.as_ref().to_owned());
        self
    }

    /// The one peer: datagrams go there and come from there alone.
    pub fn remote_path(mut self, path: impl AsRef<Path>) -> Self {
        self.remote = Some(path.as_ref().to_owned());
        self
    }

    /// A socket that is there already, instead of paths; its peer is the endpoint's, if it has one.
    pub fn sock(mut self, socket: UnixDatagram) -> Self {
        self.socket = Some(socket);
        self
    }

    fn socket(&mut self) -> io::Result<UnixDatagram> {
        let (local, remote) = (self.local.take(), self.remote.take());
        if let Some(socket) = self.socket.take() {
            if local.is_some() || remote.is_some() {
                return Err(invalid("an endpoint has a socket or paths, not both"));
            }
            return Ok(socket);
        }
        let socket = match local {
            Some(path) => {
                let left = path.symlink_metadata();
                if left.is_ok_and(|file| file.file_type().is_socket()) {
                    std::fs::remove_file(&path)?;
                }
                UnixDatagram::bind(path)?
            }
            None => UnixDatagram::unbound()?,
        };
        if let Some(path) = remote {
            socket.connect(path)?;
        }
        Ok(socket)
    }
}

impl IntoFuture for CreateUnixDatagramEndpoint {
    type Output = io::Result<DatagramTransport<UnixDatagram>>;
    type IntoFuture = Creating<UnixDatagram>;

    fn into_future(mut self) -> Creating<UnixDatagram> {
        Box::pin(async move {
            let socket = self.socket()?;
            let remote = socket.peer_addr().ok();
            begin(socket, remote, self.make).await
        })
    }
}

impl fmt::Debug for CreateUnixDatagramEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateUnixDatagramEndpoint")
            .field("local", &self.local)
            .field("remote", &self.remote)
            .field("socket", &self.socket)
            .finish_non_exhaustive()
    }
}
