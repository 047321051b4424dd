//! What receives for an endpoint, sends what waits, and tells the protocol what happens: a part of the loop, as the pump of
//! a stream.

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use asyncio_core::{Outcome, spawn_part};

use super::{DatagramProtocol, DatagramTransport};
use crate::protocol::pump::no_loop;

/// So many datagrams are received in one step.
const BATCH: usize = 32;
/// No datagram is longer.
const LONGEST: usize = 64 * 1024;

thread_local! {
    /// Where a datagram lies while a protocol looks at it. It is taken out meanwhile.
    static SCRATCH: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

struct Pump(DatagramTransport);

/// Gives an endpoint its protocol.
///
/// # Errors
///
/// When this thread does not turn the endpoint's loop, or that is closing.
pub(super) fn start(transport: &DatagramTransport, protocol: Box<dyn DatagramProtocol>) -> io::Result<()> {
    if transport.shared.protocol.replace(protocol).is_err() {
        return Err(no_loop());
    }
    match spawn_part(Pump(transport.clone())) {
        Ok(part) => {
            let _only_once = transport.shared.part.set(part);
            Ok(())
        }
        // Dropping the pump ends the endpoint.
        Err(_pump) => Err(no_loop()),
    }
}

impl Pump {
    fn step(&self, cx: &mut Context<'_>) -> Poll<()> {
        let transport = &self.0;
        let mut state = transport.state();
        if !state.made {
            state.made = true;
            drop(state);
            let made = transport.clone();
            transport.call("connection_made", |protocol| protocol.connection_made(made));
            state = transport.state();
        }
        let errors = std::mem::take(&mut state.errors);
        drop(state);
        for error in errors {
            transport.call("error_received", |protocol| protocol.error_received(error));
        }
        self.send(cx);
        transport.tell();
        for _ in 0..BATCH {
            let state = transport.state();
            if state.closing {
                let over = state.queue.is_empty();
                drop(state);
                if over {
                    self.end();
                    return Poll::Ready(());
                }
                return Poll::Pending;
            }
            drop(state);
            if self.receive(cx).is_pending() {
                return Poll::Pending;
            }
            transport.tell();
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Sends what waits, as far as the system takes it.
    fn send(&self, cx: &mut Context<'_>) {
        let shared = &self.0.shared;
        loop {
            let mut state = self.0.state();
            let Some((data, to)) = state.queue.pop_front() else {
                return;
            };
            let sent = match to {
                Some(to) => shared.socket.poll_send_to(cx, &data, to),
                None => shared.socket.poll_send(cx, &data),
            };
            match sent {
                Poll::Pending => {
                    state.queue.push_front((data, to));
                    return;
                }
                Poll::Ready(sent) => {
                    state.sent(data.len());
                    drop(state);
                    if let Err(error) = sent {
                        let told = |protocol: &mut dyn DatagramProtocol| protocol.error_received(error);
                        self.0.call("error_received", told);
                    }
                }
            }
        }
    }

    fn receive(&self, cx: &mut Context<'_>) -> Poll<()> {
        let transport = &self.0;
        let mut scratch = SCRATCH.take().unwrap_or_else(|| vec![0; LONGEST].into());
        let received: Poll<io::Result<(usize, SocketAddr)>> =
            transport.shared.socket.poll_recv_from(cx, &mut scratch);
        let done = received.map(|received| match received {
            Ok((count, from)) => {
                let data = &scratch[..count];
                transport.call("datagram_received", |protocol| {
                    protocol.datagram_received(data, from)
                });
            }
            Err(error) => transport.call("error_received", |protocol| protocol.error_received(error)),
        });
        SCRATCH.set(Some(scratch));
        done
    }

    /// The last call.
    fn end(&self) {
        let transport = &self.0;
        let mut state = transport.state();
        if std::mem::replace(&mut state.lost, true) {
            return;
        }
        state.closing = true;
        let (error, made) = (state.error.take(), state.made);
        drop(state);
        if made {
            transport.call("connection_lost", |protocol| protocol.connection_lost(error));
        }
        drop(transport.shared.protocol.take());
    }
}

impl Future for Pump {
    type Output = Outcome<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome<()>> {
        self.step(cx).map(Outcome::Value)
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        let mut state = self.0.state();
        if !state.lost {
            let message = "the loop was closed while the endpoint was open";
            let closed = io::Error::new(io::ErrorKind::ConnectionAborted, message);
            state.error.get_or_insert(closed);
            drop(state);
            self.end();
        }
    }
}
