//! `Resolver`: what finds the addresses of a host when the system's resolver is not to do it; and `BlockingResolver`,
//! one made of a function that blocks.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use super::hold::Hold;
use super::query::Family;
use super::threads::Threads;

/// What [`Resolver::resolve`] returns.
pub type Resolving = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Finds the addresses of hosts in a way of your own: DNS over HTTPS, a table of a test, a cache. It is given to
/// [`Connect::resolver`](crate::Connect::resolver).
///
/// It is not asked about addresses in text. Dropping what it returns abandons the look-up.
///
/// # Examples
///
/// ```
/// use std::net::SocketAddr;
/// use asyncio_net::{Family, Resolver, Resolving, TcpListener, connect};
///
/// struct Table(SocketAddr);
///
/// impl Resolver for Table {
///     fn resolve(&self, host: &str, port: u16, _family: Option<Family>) -> Resolving {
///         let found = match host {
///             "database" => Ok(vec![SocketAddr::new(self.0.ip(), port)]),
///             _ => Err(std::io::ErrorKind::NotFound.into()),
///         };
///         Box::pin(std::future::ready(found))
///     }
/// }
///
/// # futures_lite::future::block_on(async {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let address = listener.local_addr()?;
/// let stream = connect(("database", address.port())).resolver(Table(address)).await?;
/// assert_eq!(stream.peer_addr()?, address);
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub trait Resolver: Send + Sync {
    /// The addresses of `host`, each with `port`, the best first; of one family only when `family` says so.
    ///
    /// # Errors
    ///
    /// Whatever went wrong; the host is added to the message.
    fn resolve(&self, host: &str, port: u16, family: Option<Family>) -> Resolving;
}

impl<R: Resolver + ?Sized> Resolver for Arc<R> {
    fn resolve(&self, host: &str, port: u16, family: Option<Family>) -> Resolving {
        (**self).resolve(host, port, family)
    }
}

type Function = dyn Fn(&str, u16, Option<Family>) -> io::Result<Vec<SocketAddr>> + Send + Sync;

/// A [`Resolver`] that calls a function which may block, on threads of its own.
///
/// At most so many calls run at once as it was [told](BlockingResolver::max_threads); more wait for their turn. A call
/// that is abandoned before its turn is never made, and the result of a running one is dropped. No thread is waited
/// for at the end of a loop. A clone uses the same threads.
///
/// # Examples
///
/// ```
/// use asyncio_net::{BlockingResolver, TcpListener, connect};
/// use std::net::ToSocketAddrs;
///
/// # futures_lite::future::block_on(async {
/// let resolver = BlockingResolver::new(|host, port, _family| {
///     let host = host.strip_suffix(".test").unwrap_or(host);
///     Ok((host, port).to_socket_addrs()?.collect())
/// });
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let port = listener.local_addr()?.port();
/// connect(("localhost.test", port)).resolver(resolver.max_threads(2)).await?;
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct BlockingResolver {
    threads: Arc<Threads>,
    function: Arc<Function>,
}

impl BlockingResolver {
    /// Looks names up by calling `function` with the host, the port and the wanted family.
    pub fn new<F>(function: F) -> BlockingResolver
    where
        F: Fn(&str, u16, Option<Family>) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
    {
        BlockingResolver {
            threads: Arc::new(Threads::new(super::DEFAULT_MAX)),
            function: Arc::new(function),
        }
    }

    /// At most so many calls at once, for all clones. The default is 16.
    ///
    /// # Panics
    ///
    /// If `threads` is 0.
    #[must_use = "it returns the resolver"]
    pub fn max_threads(self, threads: usize) -> BlockingResolver {
        assert!(threads > 0, "max_threads must be at least 1");
        self.threads.set_max(threads);
        self
    }
}

impl Resolver for BlockingResolver {
    fn resolve(&self, host: &str, port: u16, family: Option<Family>) -> Resolving {
        let BlockingResolver { threads, function } = self.clone();
        let host = host.to_owned();
        Box::pin(async move {
            let _hold = Hold::new();
            threads.call(move || function(&host, port, family)).await?
        })
    }
}

impl fmt::Debug for BlockingResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingResolver")
            .field("max_threads", &self.threads.max())
            .finish_non_exhaustive()
    }
}
