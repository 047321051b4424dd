//! `Server`: accepts connections and runs a handler for each, as a task of its own.
//!
//! One task accepts; it owns the tasks of the connections, so one bad client harms nobody, and when it goes they go:
//! nothing outlives the server. What the handle asks of it (begin, stop, cancel) are events that it waits for.

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use asyncio_core::Unclosed;
use asyncio_sync::Event;
use asyncio_tasks::{Task, finally, timeout};

use crate::protocol::{CLOSING, LEFT};
use crate::transport::Transport;

mod acceptor;
mod protocols;
mod start;
#[cfg(unix)]
mod start_unix;
mod welcome;

pub(crate) use protocols::MakeEach;
pub use start::{StartServer, Starting, start_server, start_server_parallel};
#[cfg(unix)]
use start_unix::SocketFile;
#[cfg(unix)]
pub use start_unix::{StartUnixServer, start_unix_server, start_unix_server_parallel};

/// Accepts connections and runs a handler for each; from [`start_server`] and its like.
///
/// Dropping it stops the server: it accepts no more, and the tasks of its connections are cancelled.
///
/// # Python
///
/// `asyncio.Server`.
///
/// # Examples
///
/// ```no_run
/// use asyncio_net::{StreamReader, StreamWriter, start_server};
///
/// async fn echo(mut reader: StreamReader, writer: StreamWriter) -> std::io::Result<()> {
///     loop {
///         let bytes = reader.read(65536).await?;
///         if bytes.is_empty() {
///             return Ok(());
///         }
///         writer.write_owned(bytes)?;
///         writer.drain().await?;
///     }
/// }
///
/// # async fn main_() -> std::io::Result<()> {
/// let server = start_server(echo, "127.0.0.1:7777").await?;
/// server.serve_forever().await
/// # }
/// ```
pub struct Server {
    shared: Arc<Shared>,
    /// The task that accepts.
    acceptor: Task<()>,
    unclosed: Unclosed,
}

/// What the handle and the accepting task share.
struct Shared {
    addresses: Vec<SocketAddr>,
    /// Where the server was made.
    location: &'static Location<'static>,
    serve: Event,
    close: Event,
    cancel: Event,
    closed: Event,
    clients: Mutex<HashMap<usize, Transport>>,
    /// The last connection has ended.
    left: Event,
    /// The connections have protocols: no task of the server's ends them.
    keeps_clients: AtomicBool,
    next: AtomicUsize,
    /// The files of sockets, which go when the server stops to accept.
    #[cfg(unix)]
    files: Mutex<Vec<SocketFile>>,
    /// Why it has stopped, if it was not told to.
    failure: Mutex<Option<io::Error>>,
}

impl Shared {
    fn new(addresses: Vec<SocketAddr>, location: &'static Location<'static>) -> Arc<Shared> {
        Arc::new(Shared {
            addresses,
            location,
            serve: Event::new(),
            close: Event::new(),
            cancel: Event::new(),
            closed: Event::new(),
            clients: Mutex::default(),
            left: Event::new(),
            keeps_clients: AtomicBool::new(false),
            next: AtomicUsize::new(0),
            #[cfg(unix)]
            files: Mutex::default(),
            failure: Mutex::default(),
        })
    }

    #[cfg(unix)]
    fn files(&self) -> MutexGuard<'_, Vec<SocketFile>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing is accepted any more: the files of sockets go.
    fn unlink(&self) {
        #[cfg(unix)]
        drop(std::mem::take(&mut *self.files()));
    }

    fn clients(&self) -> MutexGuard<'_, HashMap<usize, Transport>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The server has ended, and not because it was told to.
    fn fail(&self, error: io::Error) {
        self.unlink();
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.get_or_insert(error);
        drop(failure);
        self.closed.set();
    }

    /// To be used outside of the lock, for closing wakes others.
    fn transports(&self) -> Vec<Transport> {
        self.clients().values().cloned().collect()
    }

    fn abort_clients(&self) {
        for transport in self.transports() {
            transport.abort();
        }
    }

    /// The server ends without having been told to end its connections.
    fn leave_clients(&self) {
        for transport in self.transports() {
            if let Some(link) = transport.link().filter(|link| !link.has(CLOSING)) {
                link.set(LEFT);
            }
            transport.abort();
        }
    }

    /// A connection begins; it ends when what is given back is dropped.
    pub(crate) fn enter(self: &Arc<Self>, transport: Transport) -> Client {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.clients().insert(number, transport);
        Client {
            shared: self.clone(),
            number,
        }
    }
}

/// A connection that lives.
pub(crate) struct Client {
    shared: Arc<Shared>,
    number: usize,
}

impl Drop for Client {
    fn drop(&mut self) {
        let mut clients = self.shared.clients();
        let gone = clients.remove(&self.number);
        let last = clients.is_empty();
        drop(clients);
        drop(gone);
        if last {
            self.shared.left.set();
        }
    }
}

impl Server {
    /// Begins to accept, if it was told not to at once. Nothing happens the second time.
    pub fn start_serving(&self) {
        self.shared.serve.set();
    }

    /// Accepts until the server is closed, and waits for its connections to end. Cancelled, it closes the server,
    /// cancels the handlers, and waits for their cleanup. (Python's waits for the clients, for ever if they stay.)
    ///
    /// # Errors
    ///
    /// One that ended the server.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the server goes on.
    pub async fn serve_forever(&self) -> io::Result<()> {
        self.start_serving();
        finally!({ self.shared.closed.wait().await }, {
            self.close();
            self.shared.cancel.set();
            self.shared.closed.wait().await;
        });
        let failure = self
            .shared
            .failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        failure.map_or(Ok(()), Err)
    }

    /// Stops accepting. The connections that there are go on. The file of a Unix socket is removed, unless somebody else has
    /// taken its place.
    pub fn close(&self) {
        self.shared.unlink();
        self.shared.close.set();
        // One that never began has nothing to stop, but to end.
        self.shared.serve.set();
    }

    /// Waits until the server is closed and its connections have ended.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn wait_closed(&self) {
        self.shared.closed.wait().await;
    }

    /// Closes the connections, after what was written to them has been sent: their handlers read the end.
    pub fn close_clients(&self) {
        for transport in self.shared.transports() {
            transport.close();
        }
    }

    /// Closes the connections at once; what was not sent yet is lost.
    pub fn abort_clients(&self) {
        self.shared.abort_clients();
    }

    /// Ends the server in order: it stops accepting, gives the handlers up to `grace` to end, then cancels those that
    /// are left, and waits for their cleanup. How many they were.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the server is closed and does the rest when it is dropped.
    pub async fn shutdown(&self, grace: Duration) -> usize {
        self.close();
        if timeout(grace, self.wait_closed()).await.is_ok() {
            return 0;
        }
        let left = self.shared.clients().len();
        self.shared.cancel.set();
        self.wait_closed().await;
        left
    }

    /// Whether it accepts.
    pub fn is_serving(&self) -> bool {
        self.shared.serve.is_set() && !self.shared.close.is_set() && !self.acceptor.done()
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.shared.clients().len()
    }

    /// The addresses on which it listens; none for a Unix socket.
    pub fn sockets(&self) -> &[SocketAddr] {
        &self.shared.addresses
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let (shared, acceptor) = (&self.shared, &self.acceptor);
        self.unclosed.dropped(
            "Unclosed server: it was dropped without a `close`, and its connections with it",
            || shared.close.is_set() || acceptor.done(),
        );
        if !shared.close.is_set() {
            // That says it of the connections, too.
            shared.cancel.set();
        }
        self.close();
        self.acceptor.cancel();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("sockets", &self.sockets())
            .field("is_serving", &self.is_serving())
            .field("connections", &self.connections())
            .finish_non_exhaustive()
    }
}

/// What a handler gives: nothing, or a `Result`, whose error is reported to the loop's exception handler.
pub trait HandlerOutput {
    /// The error, if it has failed.
    fn into_failure(self) -> Option<Box<dyn Error + Send + Sync>>;
}

impl HandlerOutput for () {
    fn into_failure(self) -> Option<Box<dyn Error + Send + Sync>> {
        None
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> HandlerOutput for Result<(), E> {
    fn into_failure(self) -> Option<Box<dyn Error + Send + Sync>> {
        self.err().map(Into::into)
    }
}
