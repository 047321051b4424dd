//! `Pump`: what reads a child's pipes, waits for its end, and tells its protocol.
//!
//! It is a part of the loop, and looks at all there is in each of its turns. It reads once from each pipe, and goes to the
//! end of the queue if something came.
//!
//! Invariants: `connection_made` is called once and first, `connection_lost` once and last, also when the loop closes. A pipe
//! is lost once, and nothing comes of it afterwards.

use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use asyncio_core::{ExceptionContext, Outcome, QueueId, Unclosed, report};
use asyncio_net::{StreamReader, StreamWriter, Transport};

use super::SubprocessProtocol;
use super::transport::{Shared, SubprocessTransport};
use crate::handle::ProcessHandle;
use crate::process::Streams;

type Wait<T> = Pin<Box<dyn Future<Output = io::Result<T>>>>;

pub(super) struct Pump<P: SubprocessProtocol> {
    shared: Arc<Shared>,
    queue: QueueId,
    /// Nothing when `connection_lost` was called.
    protocol: Option<Box<P>>,
    stdin: Option<Stdin>,
    outputs: [Option<StreamReader>; 2],
    /// Nothing when it has ended.
    exit: Option<Wait<ExitStatus>>,
    error: Option<io::Error>,
    unclosed: Unclosed,
}

/// The child's standard input, until it is lost.
struct Stdin {
    transport: Transport,
    /// Closes it when this is dropped.
    _writer: StreamWriter,
    /// Is at its end when nobody reads the pipe any more.
    hangup: Option<StreamReader>,
    closed: Wait<()>,
    /// The protocol was told to pause.
    full: Option<Wait<()>>,
}

impl Stdin {
    fn new(writer: StreamWriter, hangup: Option<StreamReader>) -> Stdin {
        let transport = writer.transport().clone();
        let waiting = transport.clone();
        Stdin {
            transport,
            _writer: writer,
            hangup,
            closed: Box::pin(async move { waiting.wait_closed().await }),
            full: None,
        }
    }

    /// Ready when the pipe is lost.
    fn poll_lost(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Error>> {
        if let Poll::Ready(closed) = self.closed.as_mut().poll(cx) {
            return Poll::Ready(closed.err());
        }
        let Some(hangup) = &mut self.hangup else {
            return Poll::Pending;
        };
        match hangup.poll_more(cx) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Ok(_)) => {}
            Poll::Ready(Err(_)) => {
                // It broke, which `closed` tells; or the system cannot tell when nobody reads it.
                self.hangup = None;
                return Poll::Pending;
            }
        }
        // Nobody reads it, and what waits to be sent cannot be.
        let waits = self.transport.get_write_buffer_size() > 0;
        self.transport.abort();
        Poll::Ready(waits.then(|| io::ErrorKind::BrokenPipe.into()))
    }
}

async fn ended(handle: ProcessHandle) -> io::Result<ExitStatus> {
    handle.status().await
}

impl<P: SubprocessProtocol + 'static> Pump<P> {
    pub(super) fn new(
        shared: Arc<Shared>,
        queue: QueueId,
        protocol: P,
        streams: Streams,
        unclosed: Unclosed,
    ) -> Pump<P> {
        Pump {
            queue,
            protocol: Some(Box::new(protocol)),
            stdin: streams.stdin.map(|writer| Stdin::new(writer, streams.stdin_end)),
            outputs: [streams.stdout, streams.stderr],
            exit: Some(Box::pin(ended(shared.handle.clone()))),
            error: None,
            shared,
            unclosed,
        }
    }

    /// Calls the protocol. If that panics the loop's exception handler is told, and all is closed.
    fn call(&mut self, name: &'static str, f: impl FnOnce(&mut P)) {
        let Some(protocol) = self.protocol.as_deref_mut() else {
            return;
        };
        let Err(panic) = catch_unwind(AssertUnwindSafe(|| f(protocol))) else {
            return;
        };
        let message = format!("Fatal error: protocol.{name}() call failed.");
        report(
            Some(self.queue),
            &ExceptionContext::new(message).with_panic(panic),
        );
        let panicked = || io::Error::other(format!("the protocol panicked in {name}"));
        self.error.get_or_insert_with(panicked);
        self.shared.close();
    }

    fn step(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.shared.made.load(Ordering::Acquire) {
            let transport = SubprocessTransport {
                shared: self.shared.clone(),
            };
            self.call("connection_made", |protocol| protocol.connection_made(transport));
            self.shared.refused.store(self.error.is_some(), Ordering::Release);
            self.shared.made.store(true, Ordering::Release);
        }
        let mut again = false;
        for index in [0, 1] {
            again |= self.read(index, cx);
        }
        self.look_at_stdin(cx);
        if let Some(exit) = &mut self.exit {
            // Where somebody else took the status it has ended all the same.
            if exit.as_mut().poll(cx).is_ready() {
                self.exit = None;
                self.call("process_exited", |protocol| protocol.process_exited());
                again = true;
            }
        }
        if let (
            None,
            Some(Stdin {
                hangup: None,
                transport,
                ..
            }),
        ) = (&self.exit, &self.stdin)
        {
            // Nothing else tells that nobody reads it.
            transport.abort();
        }
        if self.exit.is_none() && self.stdin.is_none() && self.outputs.iter().all(Option::is_none) {
            let error = self.error.take();
            self.call("connection_lost", |protocol| protocol.connection_lost(error));
            self.protocol = None;
            return Poll::Ready(());
        }
        if again {
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    /// Reads once. True: there may be more to do.
    fn read(&mut self, index: usize, cx: &mut Context<'_>) -> bool {
        let (Some(wanted), Some(reader)) = (&self.shared.outputs[index], &mut self.outputs[index]) else {
            return false;
        };
        let fd = if index == 0 { 1 } else { 2 };
        let error = if wanted.closed.load(Ordering::Acquire) {
            None
        } else if wanted.paused.load(Ordering::Acquire) {
            return false;
        } else {
            match reader.poll_more(cx) {
                Poll::Pending => return false,
                Poll::Ready(Ok(0)) => None,
                Poll::Ready(Err(error)) => Some(error),
                Poll::Ready(Ok(_)) => {
                    let data = reader.take_buffered();
                    self.call("pipe_data_received", |protocol| {
                        protocol.pipe_data_received(fd, &data);
                    });
                    return true;
                }
            }
        };
        // Closes it.
        self.outputs[index] = None;
        wanted.closed.store(true, Ordering::Release);
        self.call("pipe_connection_lost", |protocol| {
            protocol.pipe_connection_lost(fd, error);
        });
        true
    }

    fn look_at_stdin(&mut self, cx: &mut Context<'_>) {
        let Some(stdin) = &mut self.stdin else {
            return;
        };
        if let Poll::Ready(error) = stdin.poll_lost(cx) {
            self.stdin = None;
            self.call("pipe_connection_lost", |protocol| {
                protocol.pipe_connection_lost(0, error);
            });
            return;
        }
        let (_, high) = stdin.transport.get_write_buffer_limits();
        if stdin.full.is_none() && stdin.transport.get_write_buffer_size() > high {
            let waiting = stdin.transport.clone();
            stdin.full = Some(Box::pin(async move { waiting.drain().await }));
            self.call("pause_writing", |protocol| protocol.pause_writing());
        }
        let full = self.stdin.as_mut().and_then(|stdin| stdin.full.as_mut());
        if let Some(Poll::Ready(Ok(()))) = full.map(|full| full.as_mut().poll(cx)) {
            if let Some(stdin) = &mut self.stdin {
                stdin.full = None;
            }
            self.call("resume_writing", |protocol| protocol.resume_writing());
        }
    }
}

impl<P: SubprocessProtocol + 'static> Future for Pump<P> {
    type Output = Outcome<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome<()>> {
        self.step(cx).map(Outcome::Value)
    }
}

impl<P: SubprocessProtocol> Drop for Pump<P> {
    fn drop(&mut self) {
        // The loop closes.
        let Some(mut protocol) = self.protocol.take() else {
            return;
        };
        let shared = &self.shared;
        self.unclosed.dropped(
            "Unclosed process: its loop was closed while the child, which is killed, or one of its pipes was there",
            || shared.closing.load(Ordering::Acquire),
        );
        self.shared.close();
        if !self.shared.made.load(Ordering::Acquire) {
            return;
        }
        let message = "the loop was closed while the child was there";
        let error = io::Error::new(io::ErrorKind::ConnectionAborted, message);
        let lost = catch_unwind(AssertUnwindSafe(|| protocol.connection_lost(Some(error))));
        if let Err(panic) = lost {
            let message = "Fatal error: protocol.connection_lost() call failed.";
            report(
                Some(self.queue),
                &ExceptionContext::new(message).with_panic(panic),
            );
        }
    }
}
