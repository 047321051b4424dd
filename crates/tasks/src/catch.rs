//! `catch_cancelled`, and the two forms of cleanup that go on being cancelled by themselves.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::Cancelled;
use crate::cancelled::Sticky;
use crate::scope::Scope;

/// Awaits `future`; if it is cancelled meanwhile, it is dropped and a token comes back in its place.
///
/// The code around may then clean up, with awaits of its own, and let the cancellation go on or turn it down; see
/// [`Cancelled`]. A cancellation beats a value that is ready in the same turn. For cleanup alone [`finally!`],
/// [`on_cancel!`] and their functions say more with less.
///
/// [`finally!`]: crate::finally!
/// [`on_cancel!`]: crate::on_cancel!
///
/// # Cancel safety
///
/// Dropped (not cancelled), it drops the future; no token is made.
///
/// # Python
///
/// `try: ... except asyncio.CancelledError: ...`.
///
/// # Examples
///
/// ```no_run
/// # async fn read() -> u32 { 7 }
/// # async fn log(_: &str) {}
/// # async fn f() -> u32 {
/// match asyncio_tasks::catch_cancelled(read()).await {
///     Ok(value) => value,
///     Err(cancelled) => {
///         log("told to stop").await;
///         cancelled.resume().await
///     }
/// }
/// # }
/// ```
pub fn catch_cancelled<F: IntoFuture>(future: F) -> CatchCancelled<F::IntoFuture> {
    CatchCancelled {
        scope: Scope::default(),
        future: Some(future.into_future()),
    }
}

pin_project! {
    /// The future of [`catch_cancelled`].
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct CatchCancelled<F> {
        scope: Scope,
        #[pin]
        future: Option<F>,
    }
}

impl<F: Future> Future for CatchCancelled<F> {
    type Output = Result<F::Output, Cancelled>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match this.scope.poll(this.future, cx, None) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(value)) => {
                this.scope.end(None, cx.waker());
                Poll::Ready(Ok(value))
            }
            Poll::Ready(Err(request)) => {
                let ticket = this.scope.take_ticket(cx.waker());
                Poll::Ready(Err(Cancelled::new(request, ticket)))
            }
        }
    }
}

impl<F> std::fmt::Debug for CatchCancelled<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CatchCancelled").finish_non_exhaustive()
    }
}

/// Awaits `future` and then `cleanup`, also when `future` is cancelled: then the cancellation goes on afterwards.
///
/// The cleanup may await. A second request cancels the cleanup too. The macro [`finally!`](crate::finally!) lets the
/// cleanup use what the body borrows.
///
/// # Cancel safety
///
/// Dropped (not cancelled) while `future` runs, it drops both; a cleanup that is dropped half-way gives the request
/// back.
///
/// # Panics
///
/// A panic of `future` goes on without the cleanup, as it would through any await: what must run then belongs into a
/// destructor.
///
/// # Python
///
/// `try: ... finally: ...`.
pub async fn finally<F, C>(future: F, cleanup: C) -> F::Output
where
    F: IntoFuture,
    C: IntoFuture<Output = ()>,
{
    match catch_cancelled(future).await {
        Ok(value) => {
            cleanup.await;
            value
        }
        Err(token) => {
            let token = Sticky::new(token);
            cleanup.await;
            token.resume().await
        }
    }
}

/// Awaits `future`; if it is cancelled, awaits `handler` and lets the cancellation go on.
///
/// # Cancel safety
///
/// As [`finally`].
///
/// # Python
///
/// `except asyncio.CancelledError: ...; raise`.
pub async fn on_cancel<F, H>(future: F, handler: H) -> F::Output
where
    F: IntoFuture,
    H: AsyncFnOnce(&Cancelled),
{
    match catch_cancelled(future).await {
        Ok(value) => value,
        Err(token) => {
            let token = Sticky::new(token);
            handler(token.token()).await;
            token.resume().await
        }
    }
}

/// Goes on being cancelled once the cleanup of a macro has run; not for use by hand.
#[doc(hidden)]
#[derive(Debug)]
pub struct CleanedUp(Sticky);

impl CleanedUp {
    #[doc(hidden)]
    pub fn new(token: Cancelled) -> CleanedUp {
        CleanedUp(Sticky::new(token))
    }

    #[doc(hidden)]
    pub fn token(&self) -> &Cancelled {
        self.0.token()
    }

    #[doc(hidden)]
    pub async fn resume<T>(self) -> T {
        self.0.resume().await
    }
}

/// Runs the first block and then the second, also when the first is cancelled; then the cancellation goes on.
///
/// Both blocks may await, and both may use what is around them. Use it where it is awaited: `finally!({ … }, { … })`
/// is an expression inside an `async` function. A `?`, `return` or `break` cannot leave the first block; its value
/// is that of the whole.
///
/// # Examples
///
/// ```no_run
/// # use asyncio_tasks::finally;
/// # struct Connection;
/// # impl Connection { async fn work(&mut self) -> u32 { 1 } async fn goodbye(&mut self) {} }
/// # async fn f(mut connection: Connection) -> u32 {
/// finally!({ connection.work().await }, { connection.goodbye().await })
/// # }
/// ```
#[macro_export]
macro_rules! finally {
    ($body:block, $cleanup:block $(,)?) => {{
        let outcome = $crate::catch_cancelled(async { $body }).await;
        let outcome = outcome.map_err($crate::CleanedUp::new);
        $cleanup;
        match outcome {
            ::core::result::Result::Ok(value) => value,
            ::core::result::Result::Err(token) => token.resume().await,
        }
    }};
}

/// Runs the first block; if it is cancelled, runs the second and lets the cancellation go on.
///
/// With `|why|` before the second block it can look at the [`Cancelled`].
///
/// # Examples
///
/// ```no_run
/// # use asyncio_tasks::on_cancel;
/// # async fn wait() {}
/// # async fn f(log: &mut Vec<String>) {
/// on_cancel!({ wait().await }, |why| { log.push(format!("stopped: {:?}", why.message())) })
/// # }
/// ```
#[macro_export]
macro_rules! on_cancel {
    ($body:block, |$why:pat_param| $handler:block $(,)?) => {
        match $crate::catch_cancelled(async { $body }).await {
            ::core::result::Result::Ok(value) => value,
            ::core::result::Result::Err(token) => {
                let token = $crate::CleanedUp::new(token);
                {
                    let $why = token.token();
                    $handler
                };
                token.resume().await
            }
        }
    };
    ($body:block, $handler:block $(,)?) => {
        $crate::on_cancel!($body, |_| $handler)
    };
}
