//! Protocols: objects that a connection calls.
//!
//! Below streams, and without tasks: a [`Protocol`] is told what comes and what happens, by calls that never wait, and
//! writes through its [`Transport`]. The calls come from the loop, in their turn, and never one inside another.
//!
//! `engine` hides the protocol's type, `link` ties it to its transport, `pump` reads for it; `home` is a place for what is not
//! `Send`. The sending side is the transport's, the same as that of streams.

use std::io;

use crate::transport::Transport;

mod connect_accepted_socket;
mod create_connection;
mod create_server;
mod datagram;
mod engine;
mod home;
mod link;
#[cfg(unix)]
mod pipe;
mod pump;

pub use connect_accepted_socket::{ConnectAcceptedSocket, connect_accepted_socket};
pub use create_connection::{CreateConnection, Creating, create_connection};
#[cfg(unix)]
pub use create_connection::{CreateUnixConnection, create_unix_connection};
pub use create_server::create_server;
#[cfg(unix)]
pub use create_server::create_unix_server;
pub use datagram::{
    CreateDatagramEndpoint, DatagramProtocol, DatagramSocket, DatagramTransport, create_datagram_endpoint,
};
#[cfg(unix)]
pub use datagram::{CreateUnixDatagramEndpoint, create_unix_datagram_endpoint};
pub use engine::AnyProtocol;
pub(crate) use engine::Engine;
#[cfg(feature = "tls")]
pub(crate) use link::HELD;
pub(crate) use link::{CLOSING, EOF, LEFT, Link, PAUSED, TOLD};
#[cfg(unix)]
pub(crate) use pipe::Pipe;
#[cfg(unix)]
pub use pipe::{ConnectPipe, connect_read_pipe, connect_write_pipe};
pub(crate) use pump::{connected, start};

/// What all protocols are told. The transport is a [`Transport`], but for datagrams and subprocesses.
///
/// Each connection has one protocol object, which belongs to the thread of its loop and need not be `Send`. A panic in any of the
/// calls is reported to the loop's exception handler, and ends the connection.
///
/// # Python
///
/// `asyncio.BaseProtocol`.
pub trait BaseProtocol<T = Transport> {
    /// The connection is there: called once, before everything else.
    fn connection_made(&mut self, transport: T) {
        let _ = transport;
    }

    /// The connection is gone: called once, after everything else. There is no error if it was closed from here, or by the
    /// peer in good order. Then the protocol is dropped.
    ///
    /// When the loop closes before the connection does, that is the error (`ConnectionAborted`).
    fn connection_lost(&mut self, error: Option<io::Error>) {
        let _ = error;
    }

    /// What waits to be sent is more than the high-water mark: time to stop writing. Called inside of the write that brought
    /// it there, or, if that is inside of another call to the protocol or on another thread, after that.
    fn pause_writing(&mut self) {}

    /// What waits to be sent is down to the low-water mark. Follows each `pause_writing`, unless the connection is lost.
    fn resume_writing(&mut self) {}
}

/// A protocol that is shown the bytes of a connection.
///
/// The order is: `connection_made`, `data_received` any number of times, `eof_received` perhaps, `connection_lost`.
///
/// # Python
///
/// `asyncio.Protocol`.
///
/// # Examples
///
/// See [`create_server`].
pub trait Protocol: BaseProtocol {
    /// Bytes have come: at least one. How they are divided means nothing. They lie in memory that is used again when
    /// this returns.
    fn data_received(&mut self, data: &[u8]);

    /// The peer sends no more. With `true` the connection stays open for what is still to be written, which TLS cannot;
    /// otherwise it is closed.
    fn eof_received(&mut self) -> bool {
        false
    }
}

/// A protocol whose bytes are read into memory of its own.
///
/// # Python
///
/// `asyncio.BufferedProtocol`.
pub trait BufferedProtocol: BaseProtocol {
    /// Where the next bytes go: as many as `size_hint` will come, if that is known. An empty buffer ends the connection.
    fn get_buffer(&mut self, size_hint: Option<usize>) -> &mut [u8];

    /// So many bytes, at least one, are at the beginning of the buffer that was got last.
    fn buffer_updated(&mut self, count: usize);

    /// See [`Protocol::eof_received`].
    fn eof_received(&mut self) -> bool {
        false
    }
}

macro_rules! boxed {
    () => {
        fn connection_made(&mut self, transport: Transport) {
            (**self).connection_made(transport);
        }

        fn connection_lost(&mut self, error: Option<io::Error>) {
            (**self).connection_lost(error);
        }

        fn pause_writing(&mut self) {
            (**self).pause_writing();
        }

        fn resume_writing(&mut self) {
            (**self).resume_writing();
        }
    };
}

impl BaseProtocol for Box<dyn Protocol> {
    boxed!();
}

impl Protocol for Box<dyn Protocol> {
    fn data_received(&mut self, data: &[u8]) {
        (**self).data_received(data);
    }

    fn eof_received(&mut self) -> bool {
        (**self).eof_received()
    }
}

impl BaseProtocol for Box<dyn BufferedProtocol> {
    boxed!();
}

impl BufferedProtocol for Box<dyn BufferedProtocol> {
    fn get_buffer(&mut self, size_hint: Option<usize>) -> &mut [u8] {
        (**self).get_buffer(size_hint)
    }

    fn buffer_updated(&mut self, count: usize) {
        (**self).buffer_updated(count);
    }

    fn eof_received(&mut self) -> bool {
        (**self).eof_received()
    }
}
