//! How a server begins: its options, its listeners, and the handler.

use std::collections::HashSet;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::io;
use std::num::NonZeroUsize;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use asyncio_core::Unclosed;
use asyncio_tasks::{Task, TaskSet, create_task, spawn};
use socket2::SockRef;

use super::acceptor::{judge, run};
use super::welcome::Welcome;
use super::{HandlerOutput, Server, Shared};
use crate::accept::{Listener, sealed};
use crate::addr::{Named, ToAddrs};
use crate::resolve::Family;
use crate::wire::Wire;
use crate::{Keepalive, StreamReader, StreamWriter, TcpListener, TcpListenerBuilder};

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
#[track_caller]
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
#[track_caller]
pub fn start_server_parallel<H, F>(handler: H, address: impl ToAddrs) -> StartServer
where
    H: Fn(StreamReader, StreamWriter) -> F + Send + Sync + 'static,
    F: Future<Output: HandlerOutput> + Send + 'static,
{
    StartServer::new(address.named(), parallel(handler))
}

/// The accepting task of this loop.
pub(super) fn local<L, H, T>(handler: H) -> Launch<L>
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
pub(super) fn parallel<L, H, F>(handler: H) -> Launch<L>
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
    addresses: Vec<Named>,
    family: Option<Family>,
    sockets: Vec<TcpListener>,
    options: TcpListenerBuilder,
    pub(crate) welcome: Welcome,
    start_serving: bool,
    location: &'static Location<'static>,
    nodelay: bool,
    keepalive: Option<Keepalive>,
    launch: Launch<TcpListener>,
}

impl StartServer {
    #[track_caller]
    pub(super) fn new(address: Named, launch: Launch<TcpListener>) -> StartServer {
        StartServer {
            addresses: vec![address],
            family: None,
            sockets: Vec::new(),
            options: TcpListener::builder(),
            welcome: Welcome::default(),
            location: Location::caller(),
            start_serving: true,
            nodelay: true,
            keepalive: None,
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

    /// Whether the connections find out by probes that a peer is gone, and how; see
    /// [`TcpStream::set_keepalive`](crate::TcpStream::set_keepalive). No at first.
    pub fn keepalive(mut self, probes: Keepalive) -> Self {
        self.keepalive = Some(probes);
        self
    }

    /// Listens on this address too; can be called for several.
    pub fn also_on(mut self, address: impl ToAddrs) -> Self {
        self.addresses.push(address.named());
        self
    }

    /// Listens on addresses of this family only.
    pub fn family(mut self, family: impl Into<Option<Family>>) -> Self {
        self.family = family.into();
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
        self.welcome.check()?;
        let mut listeners = self.sockets;
        if listeners.is_empty() {
            let mut addresses = Vec::new();
            for named in self.addresses {
                let what = named.to_string();
                let found = named.addrs(self.family, None).await?;
                if found.is_empty() {
                    let message = format!("{what} has no address of the family that was asked for");
                    return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
                }
                addresses.extend(found);
            }
            let mut seen = HashSet::new();
            for address in addresses.into_iter().filter(|address| seen.insert(*address)) {
                listeners.push(self.options.clone().bind(address).await?);
            }
        }
        for listener in &listeners {
            // What is accepted inherits it.
            let socket = SockRef::from(listener.as_async().get_ref());
            socket.set_tcp_nodelay(self.nodelay)?;
            if let Some(probes) = &self.keepalive {
                socket.set_tcp_keepalive(&probes.to_options())?;
            }
        }
        let addresses = listeners
            .iter()
            .map(TcpListener::local_addr)
            .collect::<io::Result<_>>()?;
        let shared = Shared::new(addresses, self.location);
        let acceptor = (self.launch)(shared.clone(), listeners, self.welcome);
        Ok(begin(shared, acceptor, self.start_serving))
    }
}

pub(super) fn begin(shared: Arc<Shared>, acceptor: Task<()>, at_once: bool) -> Server {
    let unclosed = Unclosed::opened_at(shared.location);
    let server = Server {
        shared,
        acceptor,
        unclosed,
    };
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
            .field("addresses", &self.addresses)
            .field("options", &self.options)
            .field("welcome", &self.welcome)
            .finish_non_exhaustive()
    }
}
