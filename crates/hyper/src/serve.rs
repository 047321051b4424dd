//! `Serve`: how a server of HTTP is set up; and the functions that begin one.
//!
//! The kinds of places differ in what must be `Send` only: on the loop nothing, on the pool all of it. So the two have the
//! same builder with another executor inside, and each its own `start`.

use std::error::Error;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use asyncio_tasks::{create_task, spawn};
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::rt::bounds::Http2ServerConnExec;
use hyper::server::conn::{http1, http2};
use hyper::service::Service;

use crate::Timer;
use crate::owner::{LoopExecutor, PoolExecutor, TaskOwner};

mod acceptor;
mod connection;
mod detect;
mod head_timer;
mod listener;
mod server;
#[cfg(feature = "tower")]
mod tower;

use acceptor::Acceptor;
use connection::Connections;
pub use listener::Listener;
pub use server::HttpServer;
use server::Shared;
#[cfg(feature = "tower")]
pub use tower::{TowerService, tower};

/// So long a client may take for the head of a request, its first bytes and the pause between two requests included.
const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(30);

/// So long requests may take to end when the server does.
const GRACE: Duration = Duration::from_secs(10);

/// Serves each connection of `listener` by a clone of `service`, on the loop of this thread: nothing need be `Send`.
///
/// Await it to serve until this task is cancelled, which ends the server in order: it stops accepting, lets requests that
/// run end for the [grace](Serve::grace), and then cancels them. Or [`start`](Serve::start) it and keep the handle.
///
/// The client decides between HTTP/1 and HTTP/2.
///
/// # Errors
///
/// When awaited: one that ended the accepting. What goes wrong with a connection harms that connection alone; an error of
/// the service's, and a panic, are reported to the loop's exception handler.
///
/// # Panics
///
/// When started or awaited where no loop runs.
///
/// # Examples
///
/// ```no_run
/// use asyncio_hyper::serve;
/// use asyncio_net::TcpListener;
/// use hyper::body::Incoming;
/// use hyper::service::service_fn;
/// use hyper::{Request, Response};
/// use std::cell::Cell;
/// use std::convert::Infallible;
/// use std::rc::Rc;
///
/// # async fn example() -> std::io::Result<()> {
/// let count = Rc::new(Cell::new(0));
/// let service = service_fn(move |_request: Request<Incoming>| {
///     count.set(count.get() + 1);
///     let answer = format!("You are number {}.", count.get());
///     async { Ok::<_, Infallible>(Response::new(answer)) }
/// });
/// serve(TcpListener::bind("127.0.0.1:8080").await?, service).await
/// # }
/// ```
pub fn serve<L, S>(listener: L, service: S) -> Serve<L, impl FnMut(&L::Stream) -> S, LoopExecutor>
where
    L: Listener,
    S: Clone,
{
    serve_each(listener, move |_stream: &L::Stream| service.clone())
}

/// As [`serve`], with a service that `make` gives for each connection: it may know who the client is.
pub fn serve_each<L, M, S>(listener: L, make: M) -> Serve<L, M, LoopExecutor>
where
    L: Listener,
    M: FnMut(&L::Stream) -> S,
{
    let owner = TaskOwner::new();
    Serve::new(listener, make, owner.on_loop(), owner)
}

/// As [`serve`], with the connections on the loop's pool of workers, and registered there.
pub fn serve_parallel<L, S>(
    listener: L,
    service: S,
) -> Serve<L, impl FnMut(&L::Stream) -> S + Send, PoolExecutor>
where
    L: Listener,
    S: Clone + Send,
{
    serve_each_parallel(listener, move |_stream: &L::Stream| service.clone())
}

/// As [`serve_parallel`], with a service that `make` gives for each connection.
pub fn serve_each_parallel<L, M, S>(listener: L, make: M) -> Serve<L, M, PoolExecutor>
where
    L: Listener,
    M: FnMut(&L::Stream) -> S + Send,
{
    let owner = TaskOwner::new();
    Serve::new(listener, make, owner.on_pool(), owner)
}

/// Which versions of HTTP a server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    Either,
    One,
    Two,
}

/// What all connections of a server share.
struct Options<E> {
    version: Version,
    http1: http1::Builder,
    http2: http2::Builder<E>,
    header_read_timeout: Option<Duration>,
    nodelay: bool,
    most: usize,
    grace: Duration,
    #[cfg(feature = "tls")]
    tls: Option<Arc<asyncio_net::tls::rustls::ServerConfig>>,
}

/// A server to be started; from [`serve`] and its like.
#[must_use = "serves when it is awaited or started"]
pub struct Serve<L, M, E> {
    listener: L,
    make: M,
    options: Options<E>,
    owner: TaskOwner,
}

impl<L, M, E: Clone> Serve<L, M, E> {
    fn new(listener: L, make: M, executor: E, owner: TaskOwner) -> Serve<L, M, E> {
        let mut http1 = http1::Builder::new();
        http1.timer(Timer).header_read_timeout(HEADER_READ_TIMEOUT);
        let mut http2 = http2::Builder::new(executor);
        http2.timer(Timer);
        let options = Options {
            version: Version::Either,
            http1,
            http2,
            header_read_timeout: Some(HEADER_READ_TIMEOUT),
            nodelay: true,
            most: usize::MAX,
            grace: GRACE,
            #[cfg(feature = "tls")]
            tls: None,
        };
        Serve {
            listener,
            make,
            options,
            owner,
        }
    }

    /// Speaks HTTP/1 alone.
    pub fn http1_only(mut self) -> Self {
        self.options.version = Version::One;
        self
    }

    /// Speaks HTTP/2 alone, with clients that know that (and with TLS those that agree on it).
    pub fn http2_only(mut self) -> Self {
        self.options.version = Version::Two;
        self
    }

    /// Sets what hyper's builder for HTTP/1 has. The timer is set; for the header's time see
    /// [`header_read_timeout`](Serve::header_read_timeout).
    pub fn http1(mut self, set: impl FnOnce(&mut http1::Builder)) -> Self {
        set(&mut self.options.http1);
        self
    }

    /// Sets what hyper's builder for HTTP/2 has. The timer is set.
    pub fn http2(mut self, set: impl FnOnce(&mut http2::Builder<E>)) -> Self {
        set(&mut self.options.http2);
        self
    }

    /// How long a client may take for the head of a request, its first bytes and the pause before it included; `None` is for
    /// ever. The default is 30 s. It is for HTTP/1, and for the first bytes of any connection; a pause of an HTTP/2 connection is
    /// bounded by `keep_alive_interval` in [`http2`](Serve::http2).
    pub fn header_read_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.options.header_read_timeout = timeout.into();
        self.options
            .http1
            .header_read_timeout(self.options.header_read_timeout);
        self
    }

    /// How long requests may take to end when the server is cancelled; then they are cancelled too. The default is 10 s.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.options.grace = grace;
        self
    }

    /// How many connections there may be at once. Further ones wait in the system's queue. The default has no bound but the
    /// system's.
    pub fn max_connections(mut self, most: usize) -> Self {
        self.options.most = most.max(1);
        self
    }

    /// Whether TCP connections send at once, without waiting to fill a packet (`TCP_NODELAY`). The default is yes.
    pub fn nodelay(mut self, nodelay: bool) -> Self {
        self.options.nodelay = nodelay;
        self
    }

    /// Speaks TLS. A configuration that names no protocols for ALPN gets those that this server speaks.
    #[cfg(feature = "tls")]
    pub fn tls(mut self, config: impl Into<Arc<asyncio_net::tls::rustls::ServerConfig>>) -> Self {
        self.options.tls = Some(config.into());
        self
    }

    #[cfg(feature = "tls")]
    fn offer(&mut self) {
        let names: &[&[u8]] = match self.options.version {
            Version::Either => &[b"h2", b"http/1.1"],
            Version::One => &[b"http/1.1"],
            Version::Two => &[b"h2"],
        };
        if let Some(config) = &mut self.options.tls {
            if config.alpn_protocols.is_empty() {
                Arc::make_mut(config).alpn_protocols = names.iter().map(|name| name.to_vec()).collect();
            }
        }
    }

    #[cfg(not(feature = "tls"))]
    fn offer(&mut self) {}

    /// The parts of the server.
    fn begin(mut self) -> (Arc<Shared>, L, M, Connections<E>) {
        self.offer();
        let connections = Connections::new(self.options);
        (Shared::new(self.owner), self.listener, self.make, connections)
    }
}

impl<L, M, S, B> Serve<L, M, LoopExecutor>
where
    L: Listener,
    M: FnMut(&L::Stream) -> S + 'static,
    S: Service<Request<Incoming>, Response = Response<B>> + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    S::Future: 'static,
    B: Body + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
    LoopExecutor: Http2ServerConnExec<S::Future, B>,
{
    /// Begins to serve, as a task of its own.
    ///
    /// # Panics
    ///
    /// Where no loop runs.
    pub fn start(self) -> HttpServer {
        let (shared, listener, mut make, connections) = self.begin();
        let most = connections.most();
        let acceptor = Acceptor::new(shared.clone(), most);
        let clients = shared.clone();
        let task = create_task(acceptor.run(listener, move |set, stream: L::Stream| {
            let service = make(&stream);
            set.create_task(connections.clone().serve(clients.clone(), stream, service));
        }));
        HttpServer::new(shared, task)
    }
}

impl<L, M, S, B> Serve<L, M, PoolExecutor>
where
    L: Listener,
    M: FnMut(&L::Stream) -> S + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<B>> + Send + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    S::Future: Send + 'static,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
    PoolExecutor: Http2ServerConnExec<S::Future, B>,
{
    /// Begins to serve, as a task of its own, on the pool.
    ///
    /// # Panics
    ///
    /// Where no loop runs, and when the pool's threads cannot be started.
    pub fn start(self) -> HttpServer {
        let (shared, listener, mut make, connections) = self.begin();
        let most = connections.most();
        let acceptor = Acceptor::new(shared.clone(), most);
        let clients = shared.clone();
        let task = spawn(async move {
            // Here, so that what it accepts is registered with the pool.
            let listener = match listener.again() {
                Ok(listener) => listener,
                Err(error) => return acceptor.fail(error),
            };
            let begin = move |set: &mut asyncio_tasks::TaskSet<()>, stream: L::Stream| {
                let service = make(&stream);
                set.spawn(connections.clone().serve(clients.clone(), stream, service));
            };
            acceptor.run(listener, begin).await;
        });
        HttpServer::new(shared, task)
    }
}

/// Awaiting a [`Serve`].
pub type Serving = Pin<Box<dyn Future<Output = io::Result<()>>>>;

macro_rules! into_future {
    ($executor:ty, [$($send:tt)*], [$($more:tt)*]) => {
        impl<L, M, S, B> IntoFuture for Serve<L, M, $executor>
        where
            L: Listener,
            M: FnMut(&L::Stream) -> S $($send)* + 'static,
            S: Service<Request<Incoming>, Response = Response<B>> $($send)* + 'static,
            S::Error: Into<Box<dyn Error + Send + Sync>>,
            S::Future: 'static $($send)*,
            B: Body + 'static $($send)*,
            B::Error: Into<Box<dyn Error + Send + Sync>>,
            $executor: Http2ServerConnExec<S::Future, B>,
            $($more)*
        {
            type Output = io::Result<()>;
            type IntoFuture = Serving;

            fn into_future(self) -> Serving {
                Box::pin(async move {
                    let grace = self.options.grace;
                    self.start().serve_forever(grace).await
                })
            }
        }
    };
}

into_future!(LoopExecutor, [], []);
into_future!(PoolExecutor, [+ Send], [B::Data: Send]);

impl<L: fmt::Debug, M, E> fmt::Debug for Serve<L, M, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve")
            .field("listener", &self.listener)
            .field("version", &self.options.version)
            .field("header_read_timeout", &self.options.header_read_timeout)
            .field("grace", &self.options.grace)
            .finish_non_exhaustive()
    }
}
