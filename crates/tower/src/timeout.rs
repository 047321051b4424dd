//! `Timeout`: each request of a service has so much time.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

/// The error of layers that add one of their own, as everywhere in tower.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// Gives each request of a service so much time.
///
/// When it is up, the response's future is asked to stop, and what cleans up inside does so, before
/// [`TimeoutError`](asyncio_tasks::TimeoutError) comes as the error.
///
/// # Examples
///
/// See the [crate](crate).
#[derive(Debug, Clone, Copy)]
pub struct TimeoutLayer {
    duration: Duration,
}

impl TimeoutLayer {
    /// So much time, from the first suspension of a response's future on.
    pub const fn new(duration: Duration) -> TimeoutLayer {
        TimeoutLayer { duration }
    }
}

impl<S> Layer<S> for TimeoutLayer {
    type Service = Timeout<S>;

    fn layer(&self, inner: S) -> Timeout<S> {
        Timeout::new(inner, self.duration)
    }
}

/// A service each of whose requests has so much time; from [`TimeoutLayer`].
#[derive(Debug, Clone)]
pub struct Timeout<S> {
    inner: S,
    duration: Duration,
}

impl<S> Timeout<S> {
    /// Gives the requests of `inner` so much time.
    pub const fn new(inner: S, duration: Duration) -> Timeout<S> {
        Timeout { inner, duration }
    }

    /// The service inside.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }
}

impl<S, R> Service<R> for Timeout<S>
where
    S: Service<R>,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = TimeoutFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: R) -> Self::Future {
        TimeoutFuture {
            inner: asyncio_tasks::timeout(self.duration, self.inner.call(request)),
        }
    }
}

pin_project! {
    /// The response's future of a [`Timeout`].
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct TimeoutFuture<F> {
        #[pin]
        inner: asyncio_tasks::Timeout<F>,
    }
}

impl<F, T, E> Future for TimeoutFuture<F>
where
    F: Future<Output = Result<T, E>>,
    E: Into<BoxError>,
{
    type Output = Result<T, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().inner.poll(cx).map(|outcome| match outcome {
            Ok(response) => response.map_err(Into::into),
            Err(late) => Err(late.into()),
        })
    }
}

impl<F> fmt::Debug for TimeoutFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeoutFuture").finish_non_exhaustive()
    }
}
