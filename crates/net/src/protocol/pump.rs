//! `Pump`: what reads for a protocol, and tells it what happens.
//!
//! It is a part of the loop: woken by the reactor, by the transport, and by whoever resumes reading, it does in its turn what
//! there is to do. A read and what the protocol does with it are one step; a connection with more goes to the end of the
//! queue. The connection lives as long as the pump, and that is until `connection_lost` has been called.
//!
//! Invariant: `connection_made` is called once and first, `connection_lost` once and last, also when the loop closes.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use asyncio_core::{ExceptionContext, Outcome, Unclosed, spawn_part};

use super::engine::{Engine, Received};
use super::link::{CLOSING, DIRTY, EOF, HELD, LEFT, LOST, Link, MADE, PAUSED, RECEIVE};
use crate::server::Client;
use crate::transport::Transport;
use crate::wire::Wire;

/// So many records of a layer are opened in one step.
const RECORDS: usize = 8;

pub(super) struct Pump {
    transport: Transport,
    /// The server's list of connections.
    _client: Option<Client>,
    unclosed: Unclosed,
}

/// A connection that is to have a protocol.
///
/// # Errors
///
/// When this thread turns no loop.
pub(crate) fn connected(wire: impl Wire) -> io::Result<Transport> {
    let link = Link::new().ok_or_else(no_loop)?;
    Ok(Transport::with_link(Box::new(wire), link))
}

pub(super) fn no_loop() -> io::Error {
    io::Error::other(
        "protocols need a loop that runs on this thread: call this inside of `run`, and not on a worker of the pool",
    )
}

/// Gives a connection its protocol: `connection_made` is called in its turn.
///
/// # Errors
///
/// When this thread does not turn the connection's loop, or that is closing.
pub(crate) fn start(
    transport: &Transport,
    protocol: Box<dyn Engine>,
    client: Option<Client>,
    unclosed: Unclosed,
) -> io::Result<()> {
    let Some(link) = transport.link().filter(|link| link.takes_protocols()) else {
        return Err(no_loop());
    };
    let pump = Pump {
        transport: transport.clone(),
        _client: client,
        unclosed,
    };
    drop(link.set_protocol(protocol));
    match spawn_part(pump) {
        Ok(part) => {
            link.set_part(part);
            Ok(())
        }
        // Dropping the pump ends the connection.
        Err(_pump) => Err(no_loop()),
    }
}

impl Pump {
    fn step(&self, cx: &mut Context<'_>) -> Poll<()> {
        let transport = &self.transport;
        let Some(link) = transport.link() else {
            return Poll::Ready(());
        };
        let mut flags = link.flags();
        if flags & (MADE | DIRTY) != MADE {
            if flags & MADE == 0 {
                link.set(MADE);
                let made = transport.clone();
                link.call(transport, "connection_made", |protocol| {
                    protocol.connection_made(made)
                });
            }
            link.clear(DIRTY);
            if transport.is_over() {
                link.end(transport);
                return Poll::Ready(());
            }
            link.tell(transport);
            flags = link.flags();
        }
        for _ in 0..RECORDS {
            if flags & (PAUSED | CLOSING | EOF | HELD) != 0 {
                return Poll::Pending;
            }
            match link.call(transport, RECEIVE, |protocol| protocol.receive(transport, cx)) {
                Some(Poll::Pending) | None => return Poll::Pending,
                Some(Poll::Ready(Received::Data)) => {}
                Some(Poll::Ready(received)) => {
                    Self::ended(transport, link, received);
                    return Poll::Pending;
                }
            }
            flags = link.flags();
            if flags & DIRTY != 0 {
                // The end waits for its turn, which was asked for when it came.
                link.tell(transport);
                flags = link.flags();
            }
            if transport.layer().is_none() {
                // One read for each, and the others have their turn.
                if flags & (PAUSED | CLOSING | EOF | HELD) == 0 {
                    match transport.wire().poll_incoming(cx) {
                        Poll::Pending => return Poll::Pending,
                        Poll::Ready(_) => break,
                    }
                }
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Nothing more is to be read.
    #[cold]
    fn ended(transport: &Transport, link: &Link, received: Received) {
        match received {
            Received::Data => {}
            Received::Eof if transport.is_one_way() => {
                // Nobody reads any more, and what waits to be sent cannot be.
                if transport.get_write_buffer_size() > 0 {
                    transport.lost(io::ErrorKind::BrokenPipe.into());
                } else {
                    transport.close();
                }
            }
            Received::Eof => {
                link.set(EOF);
                let stays = link.call(transport, "eof_received", |protocol| protocol.eof_received());
                if stays != Some(true) || !transport.can_write_eof() {
                    transport.close();
                }
            }
            Received::Failed(error) => {
                transport.lost(error);
            }
            Received::NoBuffer => {
                let error = "get_buffer() returned an empty buffer";
                let message = "Fatal error: protocol.get_buffer() call failed.";
                link.report(ExceptionContext::new(message).with_error(error));
                transport.lost(io::Error::other(error));
            }
        }
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
        let Some(link) = self.transport.link() else {
            return;
        };
        self.unclosed.dropped(
            "Unclosed transport: its loop or its server ended while the connection was open",
            || link.has(CLOSING) && !link.has(LEFT),
        );
        // The loop closes.
        if !link.has(LOST) {
            let message = "the loop was closed while the connection was open";
            self.transport
                .lost(io::Error::new(io::ErrorKind::ConnectionAborted, message));
            link.end(&self.transport);
        }
    }
}
