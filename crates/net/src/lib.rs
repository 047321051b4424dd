//! TCP, UDP and Unix sockets for async code.
//!
//! They wait by `asyncio-reactor` and so work on any executor: under a loop by the loop's reactor, elsewhere by a
//! background thread. See [`TcpListener`] and [`UdpSocket`] for examples.

mod addr;
mod resolve;
mod split;
mod stream;
mod tcp_listener;
mod tcp_stream;
mod udp_socket;

pub use addr::ToAddrs;
pub use split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
pub use stream::ByteStream;
pub use tcp_listener::{TcpListener, TcpListenerBuilder};
pub use tcp_stream::TcpStream;
pub use udp_socket::UdpSocket;
