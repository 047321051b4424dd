//! `ConcurrencyLimit`: so many requests at once.
//!
//! A permit is taken in `poll_ready` and lives in the response's future. While there are permits nothing is allocated; who has
//! to wait gets in the semaphore's line, in a future that the service keeps between its polls.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use asyncio_sync::{OwnedPermit, Semaphore};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

/// Lets so many requests run at once, counted over all services that it is laid around, and their clones.
///
/// # Fairness
///
/// First come, first served.
///
/// # Examples
///
/// ```
/// use asyncio_tower::ConcurrencyLimitLayer;
/// use std::sync::Arc;
///
/// let layer = ConcurrencyLimitLayer::new(100);
/// // The same permits, for something else that loads the same database.
/// let permits = layer.semaphore().clone();
/// assert_eq!(permits.available_permits(), 100);
/// # let _ = Arc::strong_count(&permits);
/// ```
#[derive(Debug, Clone)]
pub struct ConcurrencyLimitLayer {
    semaphore: Arc<Semaphore>,
}

impl ConcurrencyLimitLayer {
    /// At most `most` requests at once.
    ///
    /// # Panics
    ///
    /// With more than [`Semaphore::MAX_PERMITS`].
    pub fn new(most: usize) -> ConcurrencyLimitLayer {
        ConcurrencyLimitLayer::with_semaphore(Arc::new(Semaphore::new(most)))
    }

    /// One permit of `semaphore` for each request.
    pub fn with_semaphore(semaphore: Arc<Semaphore>) -> ConcurrencyLimitLayer {
        ConcurrencyLimitLayer { semaphore }
    }

    /// The permits.
    pub fn semaphore(&self) -> &Arc<Semaphore> {
        &self.semaphore
    }
}

impl<S> Layer<S> for ConcurrencyLimitLayer {
    type Service = ConcurrencyLimit<S>;

    fn layer(&self, inner: S) -> ConcurrencyLimit<S> {
        ConcurrencyLimit {
            inner,
            semaphore: self.semaphore.clone(),
            turn: Turn::None,
        }
    }
}

/// A service of which so many requests run at once; from [`ConcurrencyLimitLayer`].
///
/// # Cancel safety
///
/// A service that is dropped after it has said that it is ready gives its permit back.
pub struct ConcurrencyLimit<S> {
    inner: S,
    semaphore: Arc<Semaphore>,
    turn: Turn,
}

enum Turn {
    None,
    Waits(Pin<Box<dyn Future<Output = OwnedPermit> + Send + Sync>>),
    Has(OwnedPermit),
}

/// A clone stands in line by itself.
impl<S: Clone> Clone for ConcurrencyLimit<S> {
    fn clone(&self) -> ConcurrencyLimit<S> {
        ConcurrencyLimit {
            inner: self.inner.clone(),
            semaphore: self.semaphore.clone(),
            turn: Turn::None,
        }
    }
}

impl<S, R> Service<R> for ConcurrencyLimit<S>
where
    S: Service<R>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ConcurrencyLimitFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        loop {
            match &mut self.turn {
                Turn::Has(_) => return self.inner.poll_ready(cx),
                Turn::Waits(wait) => self.turn = Turn::Has(ready!(wait.as_mut().poll(cx))),
                Turn::None => {
                    self.turn = match self.semaphore.try_acquire_many_owned(1) {
                        Some(permit) => Turn::Has(permit),
                        None => Turn::Waits(Box::pin(self.semaphore.clone().acquire_owned())),
                    };
                }
            }
        }
    }

    /// # Panics
    ///
    /// When the service was not asked before whether it is ready.
    fn call(&mut self, request: R) -> Self::Future {
        let Turn::Has(permit) = std::mem::replace(&mut self.turn, Turn::None) else {
            panic!("`call` before `poll_ready` was ready");
        };
        ConcurrencyLimitFuture {
            inner: self.inner.call(request),
            _permit: permit,
        }
    }
}

impl<S: fmt::Debug> fmt::Debug for ConcurrencyLimit<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConcurrencyLimit")
            .field("inner", &self.inner)
            .field("semaphore", &self.semaphore)
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// The response's future of a [`ConcurrencyLimit`]; it holds the permit until it is dropped.
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct ConcurrencyLimitFuture<F> {
        #[pin]
        inner: F,
        _permit: OwnedPermit,
    }
}

impl<F: Future> Future for ConcurrencyLimitFuture<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().inner.poll(cx)
    }
}

impl<F> fmt::Debug for ConcurrencyLimitFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConcurrencyLimitFuture").finish_non_exhaustive()
    }
}
