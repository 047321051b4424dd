//! What receives for an endpoint, sends what waits, and tells the protocol what happens: a part of the loop, as the pump of
//! a stream.

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use asyncio_core::{Outcome, spawn_part};
use asyncio_timers::{Sleep, sleep};

use super::{DatagramProtocol, DatagramSocket, DatagramTransport};
use crate::protocol::pump::no_loop;

/// So many datagrams are received in one step.
const BATCH: usize = 32;
/// How long to wait at first before a full peer that tells nothing is looked at again, and at most.
const LOOK: Duration = Duration::from_millis(1);
const LOOK_MAX: Duration = Duration::from_millis(32);

thread_local! {
    /// Where a datagram lies while a protocol looks at it. It is taken out meanwhile.
    static SCRATCH: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

struct Pump<S: DatagramSocket> {
    transport: DatagramTransport<S>,
    /// The wait for a peer that is full and tells nothing, and how long the next is.
    look: Cell<Option<(Sleep, Duration)>>,
}

/// Gives an endpoint its protocol.
///
/// # Errors
///
/// When this thread does not turn the endpoint's loop, or that is closing.
pub(super) fn start<S: DatagramSocket>(
    transport: &DatagramTransport<S>,
    protocol: Box<dyn DatagramProtocol<S>>,
) -> io::Result<()> {
    if transport.shared.protocol.replace(protocol).is_err() {
        return Err(no_loop());
    }
    let pump = Pump {
        transport: transport.clone(),
        look: Cell::new(None),
    };
    match spawn_part(pump) {
        Ok(part) => {
            let _only_once = transport.shared.part.set(part);
            Ok(())
        }
        // Dropping the pump ends the endpoint.
        Err(_pump) => Err(no_loop()),
    }
}

impl<S: DatagramSocket> Pump<S> {
    fn step(&self, cx: &mut Context<'_>) -> Poll<()> {
        let transport = &self.transport;
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
        let transport = &self.transport;
        loop {
            let mut state = transport.state();
            let Some((data, to)) = state.queue.pop_front() else {
                return;
            };
            let socket = &transport.shared.socket;
            match socket.poll_send_datagram(cx, &data, to.as_ref()) {
                Poll::Pending => {
                    let full = S::LOOKS_AGAIN && to.is_some();
                    state.queue.push_front((data, to));
                    drop(state);
                    if full && self.look_again(cx).is_ready() {
                        continue;
                    }
                    return;
                }
                Poll::Ready(sent) => {
                    state.sent(data.len());
                    drop(state);
                    self.look.take();
                    if let Err(error) = sent {
                        let told = |protocol: &mut dyn DatagramProtocol<S>| protocol.error_received(error);
                        transport.call("error_received", told);
                    }
                }
            }
        }
    }

    /// Ready when it is time to look at a full peer again.
    fn look_again(&self, cx: &mut Context<'_>) -> Poll<()> {
        let (mut late, mut time) = self.look.take().unwrap_or_else(|| (sleep(LOOK), LOOK));
        let over = Pin::new(&mut late).poll(cx);
        if over.is_ready() {
            // It begins when that look finds the peer full too.
            time = (time * 2).min(LOOK_MAX);
            late = sleep(time);
        }
        self.look.set(Some((late, time)));
        over
    }

    fn receive(&self, cx: &mut Context<'_>) -> Poll<()> {
        let transport = &self.transport;
        let known = SCRATCH.take().filter(|scratch| scratch.len() >= S::LONGEST);
        let mut scratch = known.unwrap_or_else(|| vec![0; S::LONGEST].into());
        let received = transport.shared.socket.poll_datagram(cx, &mut scratch);
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
        let transport = &self.transport;
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

impl<S: DatagramSocket> Future for Pump<S> {
    type Output = Outcome<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome<()>> {
        self.step(cx).map(Outcome::Value)
    }
}

impl<S: DatagramSocket> Drop for Pump<S> {
    fn drop(&mut self) {
        let mut state = self.transport.state();
        if !state.lost {
            let message = "the loop was closed while the endpoint was open";
            let closed = io::Error::new(io::ErrorKind::ConnectionAborted, message);
            state.error.get_or_insert(closed);
            drop(state);
            self.end();
        }
    }
}
