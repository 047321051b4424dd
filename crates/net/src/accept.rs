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

    pub trait Sealed: Sized {
        type Stream;

        /// The same listener, registered with the drivers of this thread.
        fn again(self) -> io::Result<Self>;

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

/// Whether `accept` has failed because the process or the system has run out of descriptors, memory or watches. The connection
/// waits in the queue, so a server reports that and goes on; [`Incoming`] makes the pause.
pub fn is_shortage(error: &io::Error) -> bool {
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

/// Comes back when `accept` may be tried again; an error that a server cannot outlive is given back.
pub(crate) async fn outlive(error: io::Error, report: &mut impl FnMut(&io::Error)) -> io::Result<()> {
    if is_shortage(&error) {
        report(&error);
        sleep(PAUSE).await;
    } else if !is_gone(&error) {
        return Err(error);
    }
    Ok(())
}

/// The connections of a listener as they come, without an end; made by
/// [`TcpListener::incoming`](crate::TcpListener::incoming) and `UnixListener::incoming`.
///
/// Connections that were aborted while they waited are passed over. Any other failure is an item, and the attempt
/// after it waits 100 ms, so that a loop that only reports errors neither ends nor turns at full speed.
///
/// One per listener is meant; many tasks share a listener by `accept`.
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

    use futures_lite::future::{block_on, poll_once};
    use rustix::io::Errno;

    fn error(errno: Errno) -> io::Error {
        errno.into()
    }

    #[test]
    fn an_aborted_connection_is_passed_over_at_once() {
        let mut report = |error: &_| panic!("{error} is not a shortage");
        let attempt = poll_once(outlive(error(Errno::CONNABORTED), &mut report));
        assert!(block_on(attempt).expect("no pause").is_ok());
    }

    #[test]
    fn a_shortage_is_reported_and_followed_by_a_pause() {
        let mut reported = None;
        let mut report = |error: &io::Error| reported = error.raw_os_error();
        let attempt = poll_once(outlive(error(Errno::NFILE), &mut report));
        assert!(block_on(attempt).is_none());
        assert_eq!(reported, Some(Errno::NFILE.raw_os_error()));
    }

    #[test]
    fn another_failure_ends_the_wait() {
        let mut report = |error: &_| panic!("{error} is not a shortage");
        let attempt = outlive(error(Errno::INVAL), &mut report);
        assert_eq!(block_on(attempt).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
