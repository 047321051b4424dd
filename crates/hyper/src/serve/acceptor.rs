//! `Acceptor`: the task that accepts, and owns the tasks of the connections.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use asyncio_core::{ExceptionContext, TaskRef, report_for};
use asyncio_net::is_shortage;
use asyncio_tasks::{JoinError, TaskSet};

use super::Listener;
use super::server::Shared;

/// So many connections are accepted before other tasks have their turn.
const BATCH: usize = 64;

pub(super) struct Acceptor {
    shared: Arc<Shared>,
    /// So many connections at once.
    most: usize,
    connections: TaskSet<()>,
}

/// Also when the acceptor is dropped half-way, by the end of the loop.
impl Drop for Acceptor {
    fn drop(&mut self) {
        self.shared.close.set();
        self.shared.closed.set();
    }
}

impl Acceptor {
    pub(super) fn new(shared: Arc<Shared>, most: usize) -> Acceptor {
        Acceptor {
            shared,
            most,
            connections: TaskSet::new(),
        }
    }

    /// The server ends before it has begun.
    pub(super) fn fail(self, error: io::Error) {
        self.shared.fail(error);
    }

    /// Accepts until it is told to stop, then waits for the connections.
    pub(super) async fn run<L: Listener>(
        mut self,
        listener: L,
        mut begin: impl FnMut(&mut TaskSet<()>, L::Stream),
    ) {
        self.accept(&listener, &mut begin).await;
        self.shared.close.set();
        drop(listener);
        let shared = self.shared.clone();
        let mut cancel = pin!(shared.cancel.wait());
        let mut asked = false;
        poll_fn(|cx| {
            // Once: a second request would interrupt the cleanup.
            if !asked && cancel.as_mut().poll(cx).is_ready() {
                asked = true;
                self.connections.cancel_all();
                shared.owner.cancel_all();
            }
            self.reap(cx)
        })
        .await;
        // Streams of HTTP/2 whose connection has gone.
        let mut streams = pin!(shared.owner.drain());
        poll_fn(|cx| {
            if !asked && cancel.as_mut().poll(cx).is_ready() {
                asked = true;
                shared.owner.cancel_all();
            }
            streams.as_mut().poll(cx)
        })
        .await;
    }

    async fn accept<L: Listener>(
        &mut self,
        listener: &L,
        begin: &mut impl FnMut(&mut TaskSet<()>, L::Stream),
    ) {
        let shared = self.shared.clone();
        let mut incoming = listener.incoming();
        let mut close = pin!(shared.close.wait());
        poll_fn(|cx| {
            if close.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            for _ in 0..BATCH {
                // An empty set is none to wait for.
                let _left = self.reap(cx);
                if self.connections.len() >= self.most {
                    return Poll::Pending;
                }
                match incoming.as_mut().poll_next(cx) {
                    Poll::Ready(Some(Ok(stream))) => begin(&mut self.connections, stream),
                    Poll::Ready(Some(Err(error))) if is_shortage(&error) => {
                        report(ExceptionContext::new("accept() out of system resource").with_error(error));
                    }
                    Poll::Ready(Some(Err(error))) => {
                        shared.fail(error);
                        return Poll::Ready(());
                    }
                    Poll::Ready(None) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    /// Ready when there is no connection any more.
    fn reap(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let left = loop {
            match self.connections.poll_join_next(cx) {
                Poll::Pending => break Poll::Pending,
                Poll::Ready(None) => break Poll::Ready(()),
                Poll::Ready(Some(Ok(()))) => {}
                Poll::Ready(Some(Err(error))) => failed(error),
            }
        };
        self.shared.set_connections(self.connections.len());
        left
    }
}

/// A service has panicked; one that was cancelled is nobody's fault.
fn failed(error: JoinError) {
    if let Ok(panic) = error.try_into_panic() {
        report(ExceptionContext::new("Unhandled exception in an HTTP service").with_panic(panic));
    }
}

fn report(context: ExceptionContext) {
    if let Some(task) = TaskRef::current() {
        report_for(&task, &context);
    }
}
