//! `HttpServer`: the handle of a server that runs.

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use asyncio_sync::Event;
use asyncio_tasks::{Task, finally, timeout};

use crate::owner::TaskOwner;

/// What the handle, the accepting task and the connections share.
pub(super) struct Shared {
    pub(super) close: Event,
    pub(super) cancel: Event,
    pub(super) closed: Event,
    /// Of the streams of HTTP/2.
    pub(super) owner: TaskOwner,
    connections: AtomicUsize,
    /// Why it has stopped, if it was not told to.
    failure: Mutex<Option<io::Error>>,
}

impl Shared {
    pub(super) fn new(owner: TaskOwner) -> Arc<Shared> {
        Arc::new(Shared {
            close: Event::new(),
            cancel: Event::new(),
            closed: Event::new(),
            owner,
            connections: AtomicUsize::new(0),
            failure: Mutex::default(),
        })
    }

    pub(super) fn fail(&self, error: io::Error) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.get_or_insert(error);
    }

    pub(super) fn set_connections(&self, count: usize) {
        self.connections.store(count, Ordering::Relaxed);
    }
}

/// A server of HTTP that runs; from [`Serve::start`](crate::Serve::start).
///
/// Dropping it cancels it and its connections, and does not wait for them. A connection that was upgraded, to WebSocket for
/// one, belongs to whoever has upgraded it.
///
/// # Examples
///
/// See the [crate](crate).
pub struct HttpServer {
    shared: Arc<Shared>,
    acceptor: Task<()>,
}

impl HttpServer {
    pub(super) fn new(shared: Arc<Shared>, acceptor: Task<()>) -> HttpServer {
        HttpServer { shared, acceptor }
    }

    /// Stops accepting, and has each connection end after the requests that it is at. Connections without one end now.
    pub fn close(&self) {
        self.shared.close.set();
    }

    /// Waits until the server is closed and its connections have ended.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn wait_closed(&self) {
        self.shared.closed.wait().await;
    }

    /// Ends the server in order: it closes, gives requests up to `grace` to end, then cancels the connections that are left,
    /// and waits for the cleanup of their services. How many connections they were.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the server is closed and does the rest when it is dropped.
    pub async fn shutdown(&self, grace: Duration) -> usize {
        self.close();
        if timeout(grace, self.wait_closed()).await.is_ok() {
            return 0;
        }
        let left = self.connections();
        self.shared.cancel.set();
        self.wait_closed().await;
        left
    }

    /// Waits until the server has ended. Cancelled, it [shuts down](HttpServer::shutdown) with `grace` first; cancelled again,
    /// at once.
    ///
    /// # Errors
    ///
    /// One that ended the accepting.
    ///
    /// # Cancel safety
    ///
    /// Dropped, the server goes on.
    pub async fn serve_forever(&self, grace: Duration) -> io::Result<()> {
        finally!({ self.shared.closed.wait().await }, {
            self.shutdown(grace).await;
        });
        let failure = self.shared.failure.lock();
        let failure = failure.unwrap_or_else(PoisonError::into_inner).take();
        failure.map_or(Ok(()), Err)
    }

    /// Whether it accepts.
    pub fn is_serving(&self) -> bool {
        !self.shared.close.is_set() && !self.acceptor.done()
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }
}

impl Drop for HttpServer {
    fn drop(&mut self) {
        self.acceptor.cancel();
    }
}

impl fmt::Debug for HttpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpServer")
            .field("is_serving", &self.is_serving())
            .field("connections", &self.connections())
            .finish()
    }
}
