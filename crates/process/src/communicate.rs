//! `Communicate`: feeds a child and collects what it writes, all at once.
//!
//! What comes stays in the readers' buffers until all is over, so nothing is lost when the wait is given up. What is to be
//! fed lies in the transport's queue, which empties itself.

use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::io;
use std::num::NonZeroUsize;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use asyncio_net::StreamReader;
use asyncio_timers::{Sleep, sleep};
use bytes::Bytes;

use crate::process::Process;

/// A talk with a child; from [`Process::communicate`]. Awaiting it gives what came over the standard output and the
/// standard error, `None` for one that is not piped.
#[must_use = "does nothing unless it is awaited"]
pub struct Communicate<'a> {
    process: &'a mut Process,
    input: Option<Bytes>,
    limit: Option<NonZeroUsize>,
    timeout: Option<Duration>,
}

/// What came over the standard output and the standard error.
pub type Outputs = (Option<Vec<u8>>, Option<Vec<u8>>);

impl<'a> Communicate<'a> {
    pub(crate) fn new(process: &'a mut Process, input: Option<Bytes>) -> Communicate<'a> {
        Communicate {
            process,
            input,
            limit: None,
            timeout: None,
        }
    }

    /// The most that is collected from each output. If there is more, the error is of the kind `StorageFull`; what
    /// came is in the reader, a little more than the limit, and the child waits for somebody to read on.
    pub fn limit(mut self, limit: NonZeroUsize) -> Self {
        self.limit = Some(limit);
        self
    }

    /// The time that all may take. When it is up the error is of the kind `TimedOut`, and the child runs on.
    pub fn timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.timeout = timeout.into();
        self
    }
}

impl<'a> IntoFuture for Communicate<'a> {
    type Output = io::Result<Outputs>;
    type IntoFuture = Pin<Box<dyn Future<Output = io::Result<Outputs>> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Communicate {
                process,
                input,
                limit,
                timeout,
            } = self;
            feed(process, input)?;
            collect(process, limit, timeout).await?;
            if let Some(feeding) = process.feeding.take() {
                // Somebody may hold the pipe and never read it.
                feeding.abort();
            }
            let take = |reader: &mut Option<StreamReader>| reader.as_mut().map(StreamReader::take_buffered);
            Ok((take(&mut process.stdout), take(&mut process.stderr)))
        })
    }
}

/// Hands the input over, and the end behind it.
fn feed(process: &mut Process, input: Option<Bytes>) -> io::Result<()> {
    let Some(stdin) = process.stdin.take() else {
        if input.is_none() {
            return Ok(());
        }
        let message = "communicate(input) needs stdin(PIPE), and a stdin that was not taken or closed";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    };
    if let Some(input) = input {
        // A child that does not read its input is none of our business.
        let _ = stdin.write_owned(input);
    }
    process.feeding = Some(stdin.transport().clone());
    // Closes it, behind what was written.
    drop(stdin);
    Ok(())
}

/// Reads both outputs to their end, and waits for the child.
async fn collect(
    process: &mut Process,
    limit: Option<NonZeroUsize>,
    timeout: Option<Duration>,
) -> io::Result<()> {
    let handle = process.own_handle();
    let drain = process.drain;
    let mut exit = pin!(handle.status());
    let mut exited = false;
    let mut time_is_up = timeout.map(sleep);
    let mut drained: Option<Sleep> = None;
    poll_fn(|cx| {
        let out = poll_output(process.stdout.as_mut(), "stdout", limit, cx)?;
        let err = poll_output(process.stderr.as_mut(), "stderr", limit, cx)?;
        if !exited {
            // Who took the status has no bearing on what was written.
            exited = exit.as_mut().poll(cx).is_ready();
        }
        if exited && out.is_ready() && err.is_ready() {
            return Poll::Ready(Ok(()));
        }
        if exited {
            if let Some(drain) = drain {
                let drained = drained.get_or_insert_with(|| sleep(drain));
                if Pin::new(drained).poll(cx).is_ready() {
                    process.sweep.turn_on();
                    // Twice: a reader may say that it waits because it is somebody else's turn.
                    for _ in 0..2 {
                        let _ = poll_output(process.stdout.as_mut(), "stdout", limit, cx)?;
                        let _ = poll_output(process.stderr.as_mut(), "stderr", limit, cx)?;
                    }
                    return Poll::Ready(Ok(()));
                }
            }
        }
        if let Some(time) = &mut time_is_up {
            if Pin::new(time).poll(cx).is_ready() {
                let message = "the child has not ended in time; what it wrote is in its readers";
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, message)));
            }
        }
        Poll::Pending
    })
    .await
}

/// Ready when the output is at its end, or was there never.
fn poll_output(
    reader: Option<&mut StreamReader>,
    name: &str,
    limit: Option<NonZeroUsize>,
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    let Some(reader) = reader else {
        return Poll::Ready(Ok(()));
    };
    loop {
        if let Some(limit) = limit.filter(|limit| reader.buffered().len() > limit.get()) {
            let message = format!("the child has written more than the limit of {limit} bytes to its {name}");
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::StorageFull, message)));
        }
        if ready!(reader.poll_more(cx))? == 0 {
            return Poll::Ready(Ok(()));
        }
    }
}

impl fmt::Debug for Communicate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Communicate")
            .field("process", &self.process)
            .field("limit", &self.limit)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
