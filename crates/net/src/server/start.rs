//! How a server begins: its options, its listeners, and the handler.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::io;
use std::num::NonZeroUsize;
#[cfg(unix)]
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use asyncio_tasks::{Task, TaskSet, create_task, spawn};
use socket2::SockRef;

use super::acceptor::{judge, run};
use super::welcome::Welcome;
use super::{HandlerOutput, Server, Shared};
#[cfg(unix)]
use crate::UnixListener;
use crate::accept::{Listener, sealed};
use crate::addr::{Named, ToAddrs, addrs};
use crate::wire::Wire;
use crate::{StreamReader, StreamWriter, TcpListener, TcpListenerBuilder};

/// What starting a server gives.
pub type Starting = Pin<Box<dyn Future<Output = io::Result<Server>>>>;

/// Makes the task that accepts, with the listeners, when it is known where it runs.
pub(super) type Launch<L> = Box<dyn FnOnce(Arc<Shared>, Vec<L>, Welcome) -> Task<()>>;

/// Runs `handler` for each connection to an address, as a task of the loop that runs here. All addresses that a name
/// stands for are listened on.
///
/// What the handler gives, `()` or a `Result`, is its last word: an error and a panic are reported to the
/// loop's exception handler. The connection is closed when the handler drops its writer.
///
/// # Errors
///
/// The operating system's, with the address.
///
/// # Panics
///
/// When awaited where no loop runs.
///
/// # Python
///
/// `asyncio.start_server`. See [`Server`] for an example.
pub fn start_server<H, T>(handler: H, address: impl ToAddrs) -> StartServer
where
    H: AsyncFn(StreamReader, StreamWriter) -> T + 'static,
    T: HandlerOutput + 'static,
{
    StartServer::new(address.named(), local(handler))
}

/// As [`start_server`], with the handlers on the loop's pool of workers, where the connections are registered too.
///
/// # Errors
///
/// As [`start_server`].
///
/// # Panics
///
/// As [`start_server`].
pub fn start_server_parallel<H, F>(handler: H, address: impl ToAddrs) -> StartServer
where
    H: Fn(StreamReader, StreamWriter) -> F + Send + Sync + 'static,
    F: Future<Output: HandlerOutput> + Send + 'static,
{
    StartServer::new(address.named(), parallel(handler))
}

/// The accepting task of this loop.
fn local<L, H, T>(handler: H) -> Launch<L>
where
    L: Listener + 'static,
    L::Stream: Wire,
    H: AsyncFn(StreamReader, StreamWriter) -> T + 'static,
    T: HandlerOutput + 'static,
{
    Box::new(move |shared, listeners, welcome| {
        let handler = Rc::new(handler);
        let clients = shared.clone();
        create_task(run(
            shared,
            listeners,
            move |connections: &mut TaskSet<()>, stream| {
                let (handler, clients, welcome) = (handler.clone(), clients.clone(), welcome.clone());
                connections.create_task(async move {
                    if let Some((reader, writer)) = welcome.receive(stream).await {
                        let _client = clients.enter(writer.transport().clone());
                        judge(handler(reader, writer).await);
                    }
                });
            },
        ))
    })
}

/// The accepting task of the pool.
fn parallel<L, H, F>(handler: H) -> Launch<L>
where
    L: Listener + Send + Sync + 'static,
    L::Stream: Wire,
    H: Fn(StreamReader, StreamWriter) -> F + Send + Sync + 'static,
    F: Future<Output: HandlerOutput> + Send + 'static,
{
    Box::new(move |shared, listeners, welcome| {
        let handler = Arc::new(handler);
        let clients = shared.clone();
        spawn(async move {
            let begin = move |connections: &mut TaskSet<()>, stream: L::Stream| {
                let (handler, clients, welcome) = (handler.clone(), clients.clone(), welcome.clone());
                connections.spawn(async move {
                    if let Some((reader, writer)) = welcome.receive(stream).await {
                        let _client = clients.enter(writer.transport().clone());
                        judge(handler(reader, writer).await);
                    }
                });
            };
            // Here, so that what they accept is registered with the pool.
            match listeners.into_iter().map(sealed::Sealed::again).collect() {
                Ok(listeners) => run(shared, listeners, begin).await,
                Err(error) => shared.fail(error),
            }
        })
    })
}

/// A server to be started; from [`start_server`]. Awaiting it binds, and begins to accept.
#[must_use = "starts when it is awaited"]
pub struct StartServer {
    address: Named,
    sockets: Vec<TcpListener>,
    options: TcpListenerBuilder,
    pub(crate) welcome: Welcome,
    start_serving: bool,
    nodelay: bool,
    launch: Launch<TcpListener>,
}

impl StartServer {
    pub(super) fn new(address: Named, launch: Launch<TcpListener>) -> StartServer {
        StartServer {
            address,
            sockets: Vec::new(),
            options: TcpListener::builder(),
            welcome: Welcome::default(),
            start_serving: true,
            nodelay: true,
            launch,
        }
    }

    /// The limit of the readers, in bytes; see [`StreamReader::limit`].
    pub fn limit(mut self, limit: NonZeroUsize) -> Self {
        self.welcome.limit = limit.get();
        self
    }

    /// Whether the connections send small pieces at once; see [`TcpStream::set_nodelay`](crate::TcpStream::set_nodelay).
    /// Yes at first, as in Python.
    pub fn nodelay(mut self, nodelay: bool) -> Self {
        self.nodelay = nodelay;
        self
    }

    /// How many connections may wait to be accepted; 1024 at first.
    pub fn backlog(mut self, connections: i32) -> Self {
        self.options = self.options.backlog(connections);
        self
    }

    /// Whether an address may be listened on of which connections linger; yes on Unix.
    pub fn reuse_address(mut self, reuse: bool) -> Self {
        self.options = self.options.reuse_address(reuse);
        self
    }

    /// Whether several servers may listen on one address, and share its connections; no at first.
    pub fn reuse_port(mut self, reuse: bool) -> Self {
        self.options = self.options.reuse_port(reuse);
        self
    }

    /// Listens on this socket instead of the address; can be called for several.
    pub fn sock(mut self, listener: TcpListener) -> Self {
        self.sockets.push(listener);
        self
    }

    /// Whether to accept at once; otherwise [`Server::start_serving`] or `serve_forever` begins.
    pub fn start_serving(mut self, at_once: bool) -> Self {
        self.start_serving = at_once;
        self
    }

    async fn start(self) -> io::Result<Server> {
        let mut listeners = self.sockets;
        if listeners.is_empty() {
            for address in addrs(self.address).await? {
                listeners.push(self.options.clone().bind(address).await?);
            }
        }
        for listener in &listeners {
            // What is accepted inherits it.
            SockRef::from(listener.as_async().get_ref()).set_tcp_nodelay(self.nodelay)?;
        }
        let addresses = listeners
            .iter()
            .map(TcpListener::local_addr)
            .collect::<io::Result<_>>()?;
        let shared = Shared::new(addresses);
        let acceptor = (self.launch)(shared.clone(), listeners, self.welcome);
        Ok(begin(shared, acceptor, self.start_serving))
    }
}

fn begin(shared: Arc<Shared>, acceptor: Task<()>, at_once: bool) -> Server {
    let server = Server { shared, acceptor };
    if at_once {
        server.start_serving();
    }
    server
}

impl IntoFuture for StartServer {
    type Output = io::Result<Server>;
    type IntoFuture = Starting;

    fn into_future(self) -> Starting {
        Box::pin(self.start())
    }
}

impl fmt::Debug for StartServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartServer")
            .field("address", &self.address)
            .field("options", &self.options)
            .field("welcome", &self.welcome)
            .finish_non_exhaustive()
    }
}

/// As [`start_server`], on a Unix socket. A socket that an earlier server left at `path` is replaced. Unix only.
///
/// # Errors
///
/// The operating system's, with the path.
///
/// # Panics
///
/// When awaited where no loop runs.
///
/// # Python
///
/// `asyncio.start_unix_server`.
#[cfg(unix)]
pub fn start_unix_server<H, T>(handler: H, path: impl AsRef<Path>) -> StartUnixServer
where
    H: AsyncFn(StreamReader, StreamWriter) -> T + 'static,
    T: HandlerOutput + 'static,
{
    StartUnixServer::new(path.as_ref(), local(handler))
}

/// As [`start_unix_server`], with the handlers on the loop's pool of workers. Unix only.
///
/// # Errors
///
/// As [`start_unix_server`].
///
/// # Panics
///
/// As [`start_unix_server`].
#[cfg(unix)]
pub fn start_unix_server_parallel<H, F>(handler: H, path: impl AsRef<Path>) -> StartUnixServer
where
    H: Fn(StreamReader, StreamWriter) -> F + Send + Sync + 'static,
    F: Future<Output: HandlerOutput> + Send + 'static,
{
    StartUnixServer::new(path.as_ref(), parallel(handler))
}

/// A server to be started; from [`start_unix_server`]. Awaiting it binds, and begins to accept.
#[cfg(unix)]
#[must_use = "starts when it is awaited"]
pub struct StartUnixServer {
    path: PathBuf,
    pub(crate) welcome: Welcome,
    mode: Option<u32>,
    start_serving: bool,
    launch: Launch<UnixListener>,
}

#[cfg(unix)]
impl StartUnixServer {
    pub(super) fn new(path: &Path, launch: Launch<UnixListener>) -> StartUnixServer {
        StartUnixServer {
            path: path.to_owned(),
            welcome: Welcome::default(),
            mode: None,
            start_serving: true,
            launch,
        }
    }

    /// The limit of the readers, in bytes; see [`StreamReader::limit`].
    pub fn limit(mut self, limit: NonZeroUsize) -> Self {
        self.welcome.limit = limit.get();
        self
    }

    /// The permissions of the socket's file, as `0o600`; those of the process at first.
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Whether to accept at once; otherwise [`Server::start_serving`] or `serve_forever` begins.
    pub fn start_serving(mut self, at_once: bool) -> Self {
        self.start_serving = at_once;
        self
    }

    fn start(self) -> io::Result<Server> {
        let listener = unix::bind(&self.path, self.mode)?;
        let shared = Shared::new(Vec::new());
        let acceptor = (self.launch)(shared.clone(), vec![listener], self.welcome);
        Ok(begin(shared, acceptor, self.start_serving))
    }
}

#[cfg(unix)]
impl IntoFuture for StartUnixServer {
    type Output = io::Result<Server>;
    type IntoFuture = Starting;

    fn into_future(self) -> Starting {
        Box::pin(async move { self.start() })
    }
}

#[cfg(unix)]
impl fmt::Debug for StartUnixServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartUnixServer")
            .field("path", &self.path)
            .field("welcome", &self.welcome)
            .finish_non_exhaustive()
    }
}

#[cfg(unix)]
mod unix {
    //! The file of a Unix socket.

    use std::fs::{self, Permissions};
    use std::io;
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};
    use std::path::Path;

    use crate::UnixListener;

    /// Binds, in place of a socket that somebody left there.
    pub(super) fn bind(path: &Path, mode: Option<u32>) -> io::Result<UnixListener> {
        let left = fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
        if left {
            fs::remove_file(path)?;
        }
        let listener = UnixListener::bind(path)?;
        if let Some(mode) = mode {
            fs::set_permissions(path, Permissions::from_mode(mode))?;
        }
        Ok(listener)
    }
}
