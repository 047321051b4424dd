//! What TCP and Unix listeners have in common: which failures of `accept` a server lives through, and how.
//!
//! A failure that concerns one connection only, such as `ECONNABORTED`, is passed over. When the process or the
//! system has run out of something, the connection stays in the queue and the descriptor stays readable, so an
//! attempt at once would only fail again: the next one is made after [`PAUSE`]. That keeps a starved server from
//! turning at full speed, and it costs a client at most that long once there is room. CPython does the same with
//! `ACCEPT_RETRY_DELAY`, one second, of which a client notices more.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use asyncio_timers::{Sleep, sleep};
use futures_core::Stream;

/// The time between two attempts while the process or the system lacks something.
const PAUSE: Duration = Duration::from_millis(100);

/// A listener, as [`Incoming`] sees it. Sealed: implemented by the listeners of this crate.
pub trait Listener: sealed::Sealed {}

pub(crate) mod sealed {
    use super::*;

    pub trait Sealed {
        type Stream;

        fn poll_accept_stream(&self, cx: &mut Context<'_>) -> Poll<io::Result<Self::Stream>>;
    }
}

/// Does the failure concern one connection that is gone by now?
///
/// Linux hands errors that are pending on the new socket to `accept`; its manual says to treat them as `EAGAIN`.
pub(crate) fn is_gone(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        const GONE: [Errno; 8] = [
            Errno::CONNABORTED,
            Errno::CONNRESET,
            Errno::HOSTDOWN,
            Errno::HOSTUNREACH,
            Errno::NETDOWN,
            Errno::NETUNREACH,
            Errno::PROTO,
            Errno::TIMEDOUT,
        ];
        Errno::from_io_error(error).is_some_and(|errno| GONE.contains(&errno))
    }
    #[cfg(not(unix))]
    {
        use io::ErrorKind::{ConnectionAborted, ConnectionReset};
        matches!(error.kind(), ConnectionAborted | ConnectionReset)
    }
}

/// Has the process or the system run out of descriptors, memory or watches?
pub(crate) fn is_shortage(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        const SHORTAGES: [Errno; 5] = [
            Errno::MFILE,
            Errno::NFILE,
            Errno::NOBUFS,
            Errno::NOMEM,
            Errno::NOSPC,
        ];
        Errno::from_io_error(error).is_some_and(|errno| SHORTAGES.contains(&errno))
    }
    #[cfg(not(unix))]
    {
        // WSAEMFILE and WSAENOBUFS.
        matches!(error.raw_os_error(), Some(10024 | 10055))
    }
}

/// Accepts until it succeeds or fails for good.
pub(crate) async fn retrying<T>(
    mut accept: impl AsyncFnMut() -> io::Result<T>,
    mut report: impl FnMut(&io::Error),
) -> io::Result<T> {
    loop {
        match accept().await {
            Err(error) if is_gone(&error) => {}
            Err(error) if is_shortage(&error) => {
                report(&error);
                sleep(PAUSE).await;
            }
            done => return done,
        }
    }
}

/// The connections of a listener as they come, without an end; made by
/// [`TcpListener::incoming`](crate::TcpListener::incoming) and `UnixListener::incoming`.
///
/// Connections that were aborted while they waited are passed over. Any other failure is an item, and the attempt
/// after it waits 100 ms, so that a loop that only reports errors neither ends nor turns at full speed.
///
/// # Cancel safety
///
/// No connection is lost when a wait for the next item is dropped.
#[must_use = "streams do nothing unless polled"]
pub struct Incoming<'a, L> {
    listener: &'a L,
    pause: Option<Sleep>,
}

impl<'a, L: Listener> Incoming<'a, L> {
    pub(crate) fn new(listener: &'a L) -> Incoming<'a, L> {
        Incoming {
            listener,
            pause: None,
        }
    }
}

impl<L: Listener> Stream for Incoming<'_, L> {
    type Item = io::Result<L::Stream>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(pause) = &mut self.pause {
            ready!(Pin::new(pause).poll(cx));
            self.pause = None;
        }
        loop {
            match ready!(self.listener.poll_accept_stream(cx)) {
                Err(error) if is_gone(&error) => {}
                Err(error) => {
                    self.pause = Some(sleep(PAUSE));
                    return Poll::Ready(Some(Err(error)));
                }
                done => return Poll::Ready(Some(done)),
            }
        }
    }
}

impl<L> fmt::Debug for Incoming<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").finish_non_exhaustive()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn an_aborted_connection_is_passed_over() {
        let mut results = [
            Err(io::Error::from_raw_os_error(
                rustix::io::Errno::CONNABORTED.raw_os_error(),
            )),
            Ok(7),
        ]
        .into_iter();
        let accepted = retrying(
            async || results.next().expect("two attempts"),
            |error| panic!("{error} is not a shortage"),
        );
        assert_eq!(futures_lite::future::block_on(accepted).unwrap(), 7);
    }

    #[test]
    fn another_failure_ends_the_wait() {
        let accepted = retrying(
            async || io::Result::<()>::Err(io::ErrorKind::InvalidInput.into()),
            |_| {},
        );
        let error = futures_lite::future::block_on(accepted).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
}
