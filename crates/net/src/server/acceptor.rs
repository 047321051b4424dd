//! The task that accepts, and owns the tasks of the connections.

use std::error::Error;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};

use asyncio_core::{ExceptionContext, TaskRef, report_for};
use asyncio_tasks::{JoinError, TaskSet};
use futures_core::Stream;

use super::{HandlerOutput, Shared};
use crate::accept::{Incoming, Listener, is_shortage};

/// So many connections are accepted before other tasks have their turn.
const BATCH: usize = 64;

/// Accepts until it is told to stop, then waits for the connections.
pub(super) async fn run<L: Listener>(
    shared: Arc<Shared>,
    listeners: Vec<L>,
    mut begin: impl FnMut(&mut TaskSet<()>, L::Stream),
) {
    // Also when this is dropped half-way, by an end of the loop.
    let _closed = Closed(&shared);
    shared.serve.wait().await;
    let mut connections = TaskSet::new();
    accept(&shared, &listeners, &mut connections, &mut begin).await;
    shared.close.set();
    shared.unlink();
    drop(listeners);
    let mut cancel = pin!(shared.cancel.wait());
    let mut asked = false;
    poll_fn(|cx| {
        // Once: a second request would interrupt the cleanup.
        if !asked && cancel.as_mut().poll(cx).is_ready() {
            asked = true;
            connections.cancel_all();
        }
        reap(&mut connections, cx)
    })
    .await;
    last_client(&shared, cancel).await;
}

/// Waits for the connections that have protocols; when it is time to cancel they are aborted.
async fn last_client(shared: &Shared, mut cancel: Pin<&mut impl Future<Output = ()>>) {
    let mut asked = false;
    loop {
        shared.left.clear();
        if shared.clients().is_empty() {
            return;
        }
        let mut left = pin!(shared.left.wait());
        poll_fn(|cx| {
            if !asked && (shared.cancel.is_set() || cancel.as_mut().poll(cx).is_ready()) {
                asked = true;
                shared.abort_clients();
            }
            left.as_mut().poll(cx)
        })
        .await;
    }
}

struct Closed<'a>(&'a Shared);

impl Drop for Closed<'_> {
    fn drop(&mut self) {
        self.0.unlink();
        if self.0.keeps_clients.load(Ordering::Relaxed) {
            match self.0.cancel.is_set() {
                true => self.0.abort_clients(),
                false => self.0.leave_clients(),
            }
        }
        self.0.closed.set();
    }
}

/// Ready when there is no connection any more.
fn reap(connections: &mut TaskSet<()>, cx: &mut Context<'_>) -> Poll<()> {
    loop {
        match connections.poll_join_next(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(None) => return Poll::Ready(()),
            Poll::Ready(Some(Ok(()))) => {}
            Poll::Ready(Some(Err(error))) => failed(error),
        }
    }
}

/// A handler has panicked; one that was cancelled is nobody's fault.
fn failed(error: JoinError) {
    if let (Ok(panic), Some(task)) = (error.try_into_panic(), TaskRef::current()) {
        let context = ExceptionContext::new("Unhandled exception in client_connected_cb");
        report_for(&task, &context.with_panic(panic));
    }
}

/// Tells of a handler that gave an error.
pub(super) fn judge(output: impl HandlerOutput) {
    if let Some(error) = output.into_failure() {
        report("Unhandled exception in client_connected_cb", error);
    }
}

/// Tells the exception handler of the loop of an error in this task.
pub(super) fn report(message: &str, error: impl Into<Box<dyn Error + Send + Sync>>) {
    if let Some(task) = TaskRef::current() {
        let context = ExceptionContext::new(message).with_error(error);
        report_for(&task, &context.with_task(task.clone()));
    }
}

async fn accept<L: Listener>(
    shared: &Shared,
    listeners: &[L],
    connections: &mut TaskSet<()>,
    begin: &mut impl FnMut(&mut TaskSet<()>, L::Stream),
) {
    let mut incoming: Vec<Incoming<'_, L>> = listeners.iter().map(Incoming::new).collect();
    let mut close = pin!(shared.close.wait());
    poll_fn(|cx| {
        if close.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        // An empty set is none to wait for.
        let _left = reap(connections, cx);
        for _ in 0..BATCH {
            let mut came = false;
            for incoming in &mut incoming {
                match Pin::new(incoming).poll_next(cx) {
                    Poll::Ready(Some(Ok(stream))) => begin(connections, stream),
                    Poll::Ready(Some(Err(error))) => {
                        if !survives(shared, error) {
                            return Poll::Ready(());
                        }
                    }
                    Poll::Ready(None) | Poll::Pending => continue,
                }
                came = true;
            }
            if !came {
                // A connection that ended at once, or a task that is new in the set, must be waited for.
                let _left = reap(connections, cx);
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A shortage of descriptors or memory is reported, and passes; any other failure ends the server.
fn survives(shared: &Shared, error: io::Error) -> bool {
    if is_shortage(&error) {
        if let Some(task) = TaskRef::current() {
            let context = ExceptionContext::new("socket.accept() out of system resource");
            report_for(&task, &context.with_error(error));
        }
        return true;
    }
    let mut failure = shared.failure.lock().unwrap_or_else(PoisonError::into_inner);
    *failure = Some(error);
    false
}
