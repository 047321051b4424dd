//! `DatagramTransport`: the sending side of an endpoint.
//!
//! A datagram is sent at once if nothing waits; the rest is queued, whole, and sent by the pump. The flow control is that of
//! streams, and each datagram counts for eight bytes more than it has.
//!
//! Invariant: nothing is told to the protocol under the lock, or while one of its callbacks runs.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use asyncio_core::{ExceptionContext, Part, report};
use asyncio_sync::ValueError;

use super::{DatagramProtocol, DatagramSocket};
use crate::UdpSocket;
use crate::protocol::home::Home;

const HIGH: usize = 64 * 1024;
/// What a datagram counts for besides its bytes, as in Python.
const HEADER: usize = 8;

/// The transport of an endpoint: a handle, of which there can be many, for any thread.
///
/// # Python
///
/// `asyncio.DatagramTransport`.
pub struct DatagramTransport<S: DatagramSocket = UdpSocket> {
    pub(super) shared: Arc<Shared<S>>,
}

impl<S: DatagramSocket> Clone for DatagramTransport<S> {
    fn clone(&self) -> DatagramTransport<S> {
        let shared = self.shared.clone();
        DatagramTransport { shared }
    }
}

pub(super) struct Shared<S: DatagramSocket> {
    pub(super) socket: S,
    remote: Option<S::Addr>,
    pub(super) protocol: Home<Box<dyn DatagramProtocol<S>>>,
    pub(super) part: OnceLock<Part>,
    state: Mutex<State<S::Addr>>,
}

pub(super) struct State<A> {
    pub(super) queue: VecDeque<(Vec<u8>, Option<A>)>,
    pub(super) size: usize,
    high: usize,
    low: usize,
    paused: bool,
    /// What the protocol knows of `paused`.
    told: bool,
    pub(super) made: bool,
    pub(super) closing: bool,
    pub(super) lost: bool,
    pub(super) error: Option<io::Error>,
    /// What the system said when something was sent.
    pub(super) errors: Vec<io::Error>,
}

impl<A> State<A> {
    pub(super) fn sent(&mut self, count: usize) {
        self.size -= count + HEADER;
        self.paused &= self.size > self.low;
    }
}

impl<S: DatagramSocket> DatagramTransport<S> {
    pub(super) fn new(socket: S, remote: Option<S::Addr>) -> Option<DatagramTransport<S>> {
        let shared = Arc::new(Shared {
            socket,
            remote,
            protocol: Home::new()?,
            part: OnceLock::new(),
            state: Mutex::new(State {
                queue: VecDeque::new(),
                size: 0,
                high: HIGH,
                low: HIGH / 4,
                paused: false,
                told: false,
                made: false,
                closing: false,
                lost: false,
                error: None,
                errors: Vec::new(),
            }),
        });
        Some(DatagramTransport { shared })
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State<S::Addr>> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_made(&self) -> bool {
        self.state().made
    }

    fn wake(&self) {
        if let Some(part) = self.shared.part.get() {
            part.wake();
        }
    }

    /// Sends a datagram, which may be empty: at once if the system takes it, else as soon as it does. An error of the system is
    /// told by [`error_received`](DatagramProtocol::error_received).
    ///
    /// # Errors
    ///
    /// `InvalidInput` when there is no address, or one that is not the endpoint's peer. `NotConnected` when the endpoint is
    /// closing. Nothing is sent then.
    #[doc(alias = "sendto")]
    pub fn send_to(&self, data: &[u8], to: Option<S::Addr>) -> io::Result<()> {
        let to = match (to, &self.shared.remote) {
            (None, None) => {
                return Err(invalid(
                    "this endpoint has no peer: an address is needed".to_owned(),
                ));
            }
            (Some(to), Some(remote)) if !S::is_same(&to, remote) => {
                return Err(invalid(format!("the endpoint's peer is {remote:?}, not {to:?}")));
            }
            (_, Some(_)) => None,
            (to, None) => to,
        };
        let mut state = self.state();
        if state.closing {
            return Err(io::Error::new(
                io::ErrorKind::NotConnected,
                "the endpoint is closing",
            ));
        }
        if state.queue.is_empty() {
            match self.shared.socket.try_send_datagram(data, to.as_ref()) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(_) => return Ok(()),
                Err(error) => {
                    state.errors.push(error);
                    drop(state);
                    self.wake();
                    return Ok(());
                }
            }
        }
        state.queue.push_back((data.to_vec(), to));
        state.size += data.len() + HEADER;
        state.paused |= state.size > state.high;
        drop(state);
        self.flow_changed();
        self.wake();
        Ok(())
    }

    /// Closes the endpoint when all has been sent. Nothing is received any more.
    pub fn close(&self) {
        self.state().closing = true;
        self.wake();
    }

    /// Closes the endpoint; what waits is lost.
    pub fn abort(&self) {
        let mut state = self.state();
        state.closing = true;
        state.queue.clear();
        state.size = 0;
        drop(state);
        self.wake();
    }

    /// Whether the endpoint is closing or closed.
    pub fn is_closing(&self) -> bool {
        self.state().closing
    }

    /// How many bytes wait to be sent, and eight for each datagram.
    pub fn get_write_buffer_size(&self) -> usize {
        self.state().size
    }

    /// The low-water and the high-water mark, in bytes; at first 16 and 64 KiB.
    pub fn get_write_buffer_limits(&self) -> (usize, usize) {
        let state = self.state();
        (state.low, state.high)
    }

    /// Sets the marks, as [`Transport`](crate::Transport::set_write_buffer_limits) does.
    ///
    /// # Errors
    ///
    /// When `low` is above `high`.
    pub fn set_write_buffer_limits(&self, high: Option<usize>, low: Option<usize>) -> Result<(), ValueError> {
        let high = high.unwrap_or_else(|| low.map_or(HIGH, |low| low.saturating_mul(4)));
        let low = low.unwrap_or(high / 4);
        if low > high {
            return Err(ValueError::new(format!(
                "the low-water mark, {low}, must not be above the high-water mark, {high}"
            )));
        }
        let mut state = self.state();
        (state.low, state.high) = (low, high);
        state.paused = state.size > high || state.paused && state.size > low;
        drop(state);
        self.flow_changed();
        Ok(())
    }

    /// The address that it is bound to.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn local_addr(&self) -> io::Result<S::Addr> {
        self.shared.socket.bound_to()
    }

    /// The address of the one peer, if there is one.
    pub fn peer_addr(&self) -> Option<S::Addr> {
        self.shared.remote.clone()
    }

    /// The socket below.
    pub fn socket(&self) -> &S {
        &self.shared.socket
    }

    /// Tells the protocol if it is there, or lets the pump tell it.
    fn flow_changed(&self) {
        if self.shared.protocol.is_free() && self.is_made() {
            self.tell();
        } else {
            self.wake();
        }
    }

    /// Tells the protocol whether writing is paused, until it knows.
    pub(super) fn tell(&self) {
        loop {
            let mut state = self.state();
            if state.lost || state.told == state.paused {
                return;
            }
            state.told = state.paused;
            let paused = state.paused;
            drop(state);
            if paused {
                self.call("pause_writing", |protocol| protocol.pause_writing());
            } else {
                self.call("resume_writing", |protocol| protocol.resume_writing());
            }
        }
    }

    /// Calls the protocol; a panic is reported, and ends the endpoint.
    pub(super) fn call(&self, name: &'static str, f: impl FnOnce(&mut dyn DatagramProtocol<S>)) {
        let home = &self.shared.protocol;
        let called = home.visit(|protocol| catch_unwind(AssertUnwindSafe(|| f(&mut **protocol))));
        if let Some(Err(panic)) = called {
            let message = format!("Fatal error: protocol.{name}() call failed.");
            report(
                Some(home.queue()),
                &ExceptionContext::new(message).with_panic(panic),
            );
            let message = format!("the protocol panicked in {name}");
            self.state()
                .error
                .get_or_insert_with(|| io::Error::other(message));
            self.abort();
        }
    }
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

impl<S: DatagramSocket> fmt::Debug for DatagramTransport<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatagramTransport")
            .field("socket", &self.shared.socket)
            .field("remote", &self.shared.remote)
            .finish_non_exhaustive()
    }
}
