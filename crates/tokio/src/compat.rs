//! `Compat`: a future or a stream that has tokio's context whenever it is polled, and when it is dropped.
//!
//! Invariant: it stays with the runtime of its first poll, as a resource of ours stays with its driver.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use pin_project_lite::pin_project;
use tokio::runtime::Handle;

use crate::current;

pin_project! {
    /// A future or a stream that needs tokio, for a task of ours or any other executor; from
    /// [`compat`](TokioCompat::compat).
    ///
    /// It is polled where it is, as a part of its task; what is tokio's in it (sockets, timers, `tokio::spawn`) belongs to
    /// the runtime that [`handle`](crate::handle()) gives at the first poll.
    ///
    /// # Panics
    ///
    /// At the first poll, when a runtime has to be started and cannot be.
    pub struct Compat<T> {
        #[pin]
        inner: Option<T>,
        handle: Option<Handle>,
    }

    impl<T> PinnedDrop for Compat<T> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _entered = this.handle.as_ref().map(Handle::enter);
            this.inner.set(None);
        }
    }
}

/// [`compat`](TokioCompat::compat) for everything.
pub trait TokioCompat: Sized {
    /// Gives this tokio's context whenever it is polled.
    ///
    /// Much of tokio wants it already when a future is made: `tokio::time::sleep(d).compat()` panics before it comes here, and
    /// `async { tokio::time::sleep(d).await }.compat()` does not.
    ///
    /// # Cancel safety
    ///
    /// That of the future inside. It is dropped with tokio's context too. What it has given to `tokio::spawn` goes on, as it
    /// does under tokio, until the loop is closed; [`with_tokio`](crate::with_tokio()) ends it with the future.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use asyncio_tokio::TokioCompat;
    ///
    /// let value = asyncio::run(async {
    ///     let task = asyncio::create_task(
    ///         async {
    ///             tokio::time::sleep(Duration::from_millis(1)).await;
    ///             tokio::spawn(async { 7 }).await.unwrap()
    ///         }
    ///         .compat(),
    ///     );
    ///     task.await.unwrap()
    /// });
    /// assert_eq!(value, 7);
    /// ```
    fn compat(self) -> Compat<Self> {
        Compat::new(self)
    }
}

impl<T> TokioCompat for T {}

impl<T> Compat<T> {
    /// As [`compat`](TokioCompat::compat).
    pub fn new(inner: T) -> Compat<T> {
        Compat {
            inner: Some(inner),
            handle: None,
        }
    }

    /// With the given runtime, whatever serves the thread.
    ///
    /// # Examples
    ///
    /// A pool of threads of tokio's:
    ///
    /// ```
    /// use asyncio_tokio::Compat;
    ///
    /// let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    /// let flavor = asyncio::run(Compat::on(runtime.handle().clone(), async {
    ///     tokio::runtime::Handle::current().runtime_flavor()
    /// }));
    /// assert_eq!(flavor, tokio::runtime::RuntimeFlavor::MultiThread);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn on(handle: Handle, inner: T) -> Compat<T> {
        Compat {
            inner: Some(inner),
            handle: Some(handle),
        }
    }

    /// What is inside.
    pub fn get_ref(&self) -> &T {
        self.inner.as_ref().expect("it is there until the drop")
    }

    /// What is inside.
    pub fn get_mut(&mut self) -> &mut T {
        self.inner.as_mut().expect("it is there until the drop")
    }

    /// Takes it out.
    pub fn into_inner(mut self) -> T {
        self.inner.take().expect("it is there until the drop")
    }
}

/// Polls what is inside, in tokio's context.
fn poll_inside<T, R>(compat: Pin<&mut Compat<T>>, poll: impl FnOnce(Pin<&mut T>) -> R) -> R {
    let this = compat.project();
    let handle = this.handle.get_or_insert_with(|| match current::handle() {
        Ok(handle) => handle,
        Err(error) => panic!("a tokio runtime cannot be started: {error}"),
    });
    let _entered = handle.enter();
    poll(this.inner.as_pin_mut().expect("it is there until the drop"))
}

impl<F: Future> Future for Compat<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        poll_inside(self, |inner| inner.poll(cx))
    }
}

impl<S: Stream> Stream for Compat<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        poll_inside(self, |inner| inner.poll_next(cx))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.get_ref().size_hint()
    }
}

impl<T: fmt::Debug> fmt::Debug for Compat<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Compat").field(self.get_ref()).finish()
    }
}
