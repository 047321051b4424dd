//! `Client`: hyper-util's client that keeps connections, on our sockets, timers and tasks.
//!
//! Its connections run where they were opened: on the loop, or on the pool of workers. The client owns their tasks.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use http_body::Body;
use hyper_util::client::legacy;

use crate::{TaskOwner, Timer};

mod connector;
mod link;

pub use connector::{Connecting, Connector};
pub use link::Link;

/// A client that keeps connections and sends each request over one that is free, or opens one.
///
/// It is hyper-util's, whose methods it has: `request`, `get`. Clones share the connections; when the last one goes they are
/// closed.
///
/// # Examples
///
/// ```no_run
/// use asyncio_hyper::Client;
/// use http_body_util::{BodyExt, Empty};
/// use hyper::body::Bytes;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client: Client<Empty<Bytes>> = Client::builder().build();
/// let response = client.get("http://localhost:8080/".parse()?).await?;
/// println!("{:?}", response.into_body().collect().await?.to_bytes());
/// # Ok(())
/// # }
/// ```
pub struct Client<B> {
    inner: legacy::Client<Connector, B>,
    owner: Arc<TaskOwner>,
}

impl<B> Clone for Client<B> {
    fn clone(&self) -> Client<B> {
        Client {
            inner: self.inner.clone(),
            owner: self.owner.clone(),
        }
    }
}

/// How a [`Client`] is made.
#[derive(Debug)]
pub struct ClientBuilder {
    inner: legacy::Builder,
    owner: TaskOwner,
    connector: Connector,
}

impl Client<()> {
    /// A builder.
    pub fn builder() -> ClientBuilder {
        let owner = TaskOwner::new();
        let mut inner = legacy::Client::builder(owner.here());
        inner.timer(Timer).pool_timer(Timer);
        ClientBuilder {
            inner,
            owner,
            connector: Connector::new(),
        }
    }
}

impl ClientBuilder {
    /// How long a connection may rest before it is closed. The default is 90 s.
    pub fn idle_timeout(mut self, timeout: impl Into<Option<Duration>>) -> ClientBuilder {
        self.inner.pool_idle_timeout(timeout.into());
        self
    }

    /// How many connections to one server may rest. The default has no bound.
    pub fn max_idle_per_host(mut self, most: usize) -> ClientBuilder {
        self.inner.pool_max_idle_per_host(most);
        self
    }

    /// Speaks HTTP/2 with servers that are known to, also without TLS.
    pub fn http2_only(mut self) -> ClientBuilder {
        self.inner.http2_only(true);
        self
    }

    /// How to connect; the default is [`Connector::new`].
    pub fn connector(mut self, connector: Connector) -> ClientBuilder {
        self.connector = connector;
        self
    }

    /// Sets what hyper-util's builder has beyond this. The timers are set.
    pub fn with(mut self, set: impl FnOnce(&mut legacy::Builder)) -> ClientBuilder {
        set(&mut self.inner);
        self
    }

    /// The client.
    pub fn build<B>(self) -> Client<B>
    where
        B: Body + Send,
        B::Data: Send,
    {
        Client {
            inner: self.inner.build(self.connector),
            owner: Arc::new(self.owner),
        }
    }
}

impl<B> Client<B> {
    /// How many connections there are, and other tasks of the client's.
    pub fn tasks(&self) -> usize {
        self.owner.len()
    }

    /// Closes all connections, also those of the clones, and waits until they have ended. What runs over them fails.
    ///
    /// # Cancel safety
    ///
    /// Dropped, they have been told.
    pub async fn close(self) {
        self.owner.cancel_all();
        self.owner.drain().await;
    }
}

impl<B> Deref for Client<B> {
    type Target = legacy::Client<Connector, B>;

    fn deref(&self) -> &Self::Target {
        &self.inner
    }
}

impl<B> fmt::Debug for Client<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("tasks", &self.tasks())
            .finish_non_exhaustive()
    }
}
