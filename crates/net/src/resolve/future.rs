//! `Lookup`: a look-up that is awaited.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A look-up that is awaited; made by awaiting [`getaddrinfo`](crate::getaddrinfo) or
/// [`getnameinfo`](crate::getnameinfo). Dropping it abandons the look-up.
#[must_use = "futures do nothing unless awaited"]
pub struct Lookup<T>(Pin<Box<dyn Future<Output = io::Result<T>> + Send>>);

impl<T> Lookup<T> {
    pub(super) fn new(future: impl Future<Output = io::Result<T>> + Send + 'static) -> Lookup<T> {
        Lookup(Box::pin(future))
    }
}

impl<T> Future for Lookup<T> {
    type Output = io::Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        self.0.as_mut().poll(cx)
    }
}

impl<T> fmt::Debug for Lookup<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookup").finish_non_exhaustive()
    }
}
