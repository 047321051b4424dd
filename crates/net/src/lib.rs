//! TCP, UDP and Unix sockets for async code.
//!
//! They wait by `asyncio-reactor` and so work on any executor: under a loop by the loop's reactor, elsewhere by a
//! background thread. Host names are looked up on another thread.
//!
//! ```
//! use asyncio_net::{TcpListener, TcpStream};
//! use futures_lite::future;
//!
//! async fn echo(mut stream: TcpStream) -> std::io::Result<()> {
//!     let mut buffer = vec![0; 4096];
//!     loop {
//!         match stream.read(&mut buffer).await? {
//!             0 => return Ok(()),
//!             count => stream.write_all(&buffer[..count]).await?,
//!         }
//!     }
//! }
//!
//! # fn main() -> std::io::Result<()> {
//! future::block_on(async {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let address = listener.local_addr()?;
//!     let server = async {
//!         let (stream, _peer) = listener.accept().await?;
//!         echo(stream).await
//!     };
//!     let client = async {
//!         let mut stream = TcpStream::connect(address).await?;
//!         stream.write_all(b"hello").await?;
//!         let mut buffer = [0; 5];
//!         stream.read_exact(&mut buffer).await?;
//!         assert_eq!(&buffer, b"hello");
//!         Ok(())
//!     };
//!     future::try_zip(server, client).await?;
//!     Ok(())
//! })
//! # }
//! ```

mod accept;
mod addr;
mod connect;
mod descriptor;
mod duplex;
mod error;
pub mod fs;
pub mod io;
mod job;
mod open;
mod per_core_listener;
mod protocol;
mod resolve;
mod sendfile;
mod server;
mod sock;
mod socket_ref;
mod split;
mod stream;
mod stream_error;
mod stream_reader;
mod stream_writer;
mod tcp_listener;
mod tcp_options;
mod tcp_stream;
#[cfg(feature = "tls")]
pub mod tls;
pub mod transport;
mod udp_options;
mod udp_socket;
#[cfg(unix)]
mod unix_addr;
#[cfg(unix)]
mod unix_datagram;
#[cfg(unix)]
mod unix_listener;
#[cfg(unix)]
mod unix_stream;
mod wire;

pub use accept::{Incoming, Listener, is_shortage};
pub use addr::ToAddrs;
pub use connect::{Connect, ConnectErrors, Connecting, connect};
pub use duplex::Duplex;
pub use open::{OpenConnection, Opening, open_connection, stream};
#[cfg(unix)]
pub use open::{OpenUnixConnection, open_unix_connection};
pub use per_core_listener::PerCoreListener;
pub use protocol::{
    AnyProtocol, BaseProtocol, BufferedProtocol, ConnectAcceptedSocket, CreateConnection,
    CreateDatagramEndpoint, Creating, DatagramProtocol, DatagramSocket, DatagramTransport, Protocol,
    connect_accepted_socket, create_connection, create_datagram_endpoint, create_server,
};
#[cfg(unix)]
pub use protocol::{
    ConnectPipe, CreateUnixConnection, CreateUnixDatagramEndpoint, connect_read_pipe, connect_write_pipe,
    create_unix_connection, create_unix_datagram_endpoint, create_unix_server,
};
pub use resolve::{
    AddrInfo, BlockingResolver, Family, GaiError, GetAddrInfo, GetNameInfo, Host, Lookup, Resolver,
    Resolving, Service, SockType, getaddrinfo, getnameinfo, max_lookups, set_max_lookups,
};
pub use sendfile::{Sendfile, SendfileError, SendfileNotAvailableError, sendfile};
pub use server::{HandlerOutput, Server, StartServer, Starting, start_server, start_server_parallel};
#[cfg(unix)]
pub use server::{StartUnixServer, start_unix_server, start_unix_server_parallel};
pub use sock::{
    sock_accept, sock_connect, sock_connect_to, sock_recv, sock_recv_into, sock_recvfrom, sock_recvfrom_into,
    sock_sendall, sock_sendto,
};
pub use socket_ref::SocketRef;
pub use socket2::{SockAddr, Socket};
pub use split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
pub use stream::ByteStream;
pub use stream_error::{IncompleteReadError, LimitOverrunError, StreamError};
pub use stream_reader::{Feeder, Lines, ReadLine, ReadLineInto, ReadUntil, ReaderIo, StreamReader};
pub use stream_writer::{StreamWriter, WriterIo};
pub use tcp_listener::{TcpListener, TcpListenerBuilder};
pub use tcp_options::Keepalive;
pub use tcp_stream::TcpStream;
pub use transport::Transport;
pub use udp_socket::{UdpSocket, UdpSocketBuilder};
#[cfg(unix)]
pub use unix_datagram::UnixDatagram;
#[cfg(unix)]
pub use unix_listener::UnixListener;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub use unix_stream::PeerCredentials;
#[cfg(unix)]
pub use unix_stream::UnixStream;
pub use wire::Wire;
