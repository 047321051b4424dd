//! What `run` of a command and of a pipeline have in common: talking to children until all have ended, and ending them
//! when that takes too long or is cancelled.

use std::future::{Future, poll_fn};
use std::io;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::process::ExitStatus;
use std::task::Poll;
use std::time::Duration;

use asyncio_tasks::{on_cancel, timeout};
use bytes::Bytes;

use crate::communicate::Outputs;
use crate::handle::ProcessHandle;
use crate::process::Process;

/// What a run is given.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) input: Option<Bytes>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) limit: Option<NonZeroUsize>,
    pub(crate) check: bool,
}

/// How it ended.
pub(crate) struct Finished {
    pub(crate) ends: Vec<(ExitStatus, Outputs)>,
    pub(crate) timed_out: bool,
}

/// Feeds the first, collects what all write, and waits for all. When the time is up, when there is an error and when it is
/// cancelled, all are asked to end, killed after `grace`, and waited for.
pub(crate) async fn finish(
    processes: &mut [Process],
    options: Options,
    grace: Duration,
) -> io::Result<Finished> {
    let Options {
        mut input,
        timeout,
        limit,
        check: _,
    } = options;
    let handles: Vec<ProcessHandle> = processes.iter().map(Process::handle).collect();
    let talks = processes.iter_mut().map(|process| {
        let mut talk = process.communicate(input.take()).timeout(timeout);
        if let Some(limit) = limit {
            talk = talk.limit(limit);
        }
        talk.into_future()
    });
    let talks = all(talks.collect());
    match on_cancel(talks, async |_| end(&handles, grace).await).await {
        Ok(outputs) => {
            let mut ends = Vec::with_capacity(outputs.len());
            for (handle, outputs) in handles.iter().zip(outputs) {
                ends.push((handle.status().await?, outputs));
            }
            // What the programs have left behind is their own affair.
            processes
                .iter_mut()
                .for_each(|process| process.set_kill_on_drop(false));
            Ok(Finished {
                ends,
                timed_out: false,
            })
        }
        Err(error) => {
            // A request to stop finds them already asked; it only must not leave them half-way.
            on_cancel(end(&handles, grace), async |_| end(&handles, grace).await).await;
            if error.kind() != io::ErrorKind::TimedOut {
                return Err(error);
            }
            let mut ends = Vec::with_capacity(processes.len());
            for process in processes {
                // Who still holds the pipes now has escaped, and may hold them for ever.
                process.drain = Some(Duration::ZERO);
                let outputs = process.communicate(None).await?;
                ends.push((process.status().await?, outputs));
            }
            Ok(Finished {
                ends,
                timed_out: true,
            })
        }
    }
}

/// Ends all: they are asked, and those that have not ended after `grace` are killed, with what is left of the groups that
/// they lead. Ready when all have ended.
pub(crate) async fn end(handles: &[ProcessHandle], grace: Duration) {
    if handles.iter().any(ProcessHandle::is_running) {
        for handle in handles {
            // It may end meanwhile, or run as somebody whom we may not ask.
            let _ = handle.ask_tree();
        }
        // Who has not ended in time has not been polite.
        let _ = timeout(grace, all_end(handles)).await;
    }
    for handle in handles {
        if handle.leads_group() || handle.is_running() {
            let _ = handle.kill_tree();
        }
    }
    all_end(handles).await;
}

async fn all_end(handles: &[ProcessHandle]) {
    for handle in handles {
        // It has ended, whatever is known of how.
        let _ = handle.status().await;
    }
}

type Fallible<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;

/// Awaits all at once, up to the first error.
async fn all<T>(mut futures: Vec<Fallible<'_, T>>) -> io::Result<Vec<T>> {
    let mut values: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    poll_fn(|cx| {
        let mut waits = false;
        for (future, value) in futures.iter_mut().zip(&mut values) {
            if value.is_none() {
                match future.as_mut().poll(cx)? {
                    Poll::Ready(done) => *value = Some(done),
                    Poll::Pending => waits = true,
                }
            }
        }
        if waits {
            Poll::Pending
        } else {
            Poll::Ready(Ok::<(), io::Error>(()))
        }
    })
    .await?;
    Ok(values.into_iter().flatten().collect())
}
