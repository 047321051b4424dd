//! One connection of a server, from its acceptance to its end.

use std::error::Error;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use asyncio_core::{ExceptionContext, TaskRef, report_for};
use asyncio_sync::Event;
use asyncio_tasks::timeout;
use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::rt::bounds::Http2ServerConnExec;
use hyper::server::conn::{http1, http2};
use hyper::service::Service;

use super::detect::is_http2;
use super::head_timer::HeadTimer;
use super::listener::sealed::Accepted;
use super::server::Shared;
use super::{Options, Version};
use crate::io::{Io, Stream};

/// What the connections of a server have in common.
pub(super) struct Connections<E> {
    options: Arc<Options<E>>,
}

impl<E> Clone for Connections<E> {
    fn clone(&self) -> Connections<E> {
        Connections {
            options: self.options.clone(),
        }
    }
}

impl<E> Connections<E> {
    pub(super) fn new(options: Options<E>) -> Connections<E> {
        Connections {
            options: Arc::new(options),
        }
    }

    pub(super) fn most(&self) -> usize {
        self.options.most
    }

    /// The whole of a connection.
    pub(super) async fn serve<T, S, B>(self, shared: Arc<Shared>, stream: T, service: S)
    where
        T: Accepted,
        S: Service<Request<Incoming>, Response = Response<B>> + 'static,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
        S::Future: 'static,
        B: Body + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
        E: Http2ServerConnExec<S::Future, B>,
    {
        if self.options.nodelay {
            stream.set_nodelay();
        }
        #[cfg(feature = "tls")]
        if let Some(config) = &self.options.tls {
            let opened = until(
                &shared.close,
                asyncio_net::tls::accept(stream, config.clone()).into_future(),
            );
            match opened.await {
                Some(Ok((reader, writer))) => {
                    let secure = crate::Secure::new(reader, writer);
                    self.speak(&shared, Io::new(secure), service).await;
                }
                Some(Err(error)) => report("TLS handshake failed", error),
                None => {}
            }
            return;
        }
        self.speak(&shared, Io::new(stream), service).await;
    }

    /// HTTP, over what is ready for it.
    async fn speak<T, S, B>(&self, shared: &Shared, mut io: Io<T>, service: S)
    where
        T: Stream + Send + 'static,
        S: Service<Request<Incoming>, Response = Response<B>>,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
        B: Body + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
        E: Http2ServerConnExec<S::Future, B>,
    {
        let options = &self.options;
        let told = timeout(options.header_read_timeout, is_http2(&mut io));
        let two = match until(&shared.close, told).await {
            Some(Ok(Ok(Some(told)))) => match options.version {
                Version::Either => told,
                Version::One => false,
                Version::Two => true,
            },
            // Nobody has asked for anything.
            _ => return,
        };
        let ended = if two {
            drive(shared, options.http2.serve_connection(io, service)).await
        } else {
            let mut builder = options.http1.clone();
            builder.timer(HeadTimer::default());
            let connection = builder.serve_connection(io, service);
            drive(shared, connection.with_upgrades()).await
        };
        // What else can go wrong is the client's affair.
        if let Err(error) = ended {
            if error.is_user() {
                report("Unhandled exception in an HTTP service", error);
            }
        }
    }
}

/// Awaits `future`, unless `event` is set before; once it is set nothing begins.
async fn until<F: Future>(event: &Event, future: F) -> Option<F::Output> {
    let mut event = pin!(event.wait());
    let mut future = pin!(future);
    poll_fn(|cx| {
        if event.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        future.as_mut().poll(cx).map(Some)
    })
    .await
}

/// A connection of hyper's that can be asked to end after what it does now.
trait Graceful: Future<Output = hyper::Result<()>> {
    fn end(self: Pin<&mut Self>);
}

impl<T, S, B> Graceful for http1::UpgradeableConnection<T, S>
where
    T: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
    S: Service<Request<Incoming>, Response = Response<B>>,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    fn end(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

impl<T, S, B, E> Graceful for http2::Connection<T, S, E>
where
    T: hyper::rt::Read + hyper::rt::Write + Unpin,
    S: Service<Request<Incoming>, Response = Response<B>>,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    B: Body + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
    E: Http2ServerConnExec<S::Future, B>,
{
    fn end(self: Pin<&mut Self>) {
        self.graceful_shutdown();
    }
}

/// Polls the connection, and tells it when the server closes.
///
/// This is the whole of a task, whose waker never changes. So the event is waited for once; a look at its flag does for
/// each later step, which takes no lock that all connections share.
async fn drive(shared: &Shared, connection: impl Graceful) -> hyper::Result<()> {
    let mut connection = pin!(connection);
    let mut close = pin!(shared.close.wait());
    let (mut waits, mut told) = (false, false);
    let mut closes = |cx: &mut Context<'_>| {
        if waits {
            return shared.close.is_set();
        }
        waits = true;
        close.as_mut().poll(cx).is_ready()
    };
    poll_fn(|cx| {
        if !told && closes(cx) {
            told = true;
            connection.as_mut().end();
        }
        connection.as_mut().poll(cx)
    })
    .await
}

/// Tells the exception handler of the loop.
fn report(message: &str, error: impl Into<Box<dyn Error + Send + Sync>>) {
    if let Some(task) = TaskRef::current() {
        let context = ExceptionContext::new(message).with_error(error);
        report_for(&task, &context.with_task(task.clone()));
    }
}
