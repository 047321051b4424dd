//! `sock_recv` and its kin: operations on sockets of std, or of anybody, that a loop does not own.
//!
//! Each tries its system call at once, and waits only if that would block. For the wait the socket is registered, and
//! leaves the reactor with it: so a call that is dropped leaves nothing behind, and the next may come at once. Two
//! waits at a time for one socket, to read and to write, use a duplicate of the descriptor for the second. Who has one
//! connection for long is better served by a [`TcpStream`](crate::TcpStream), which is registered once.

mod sys;

use std::future::Future;
use std::io::{self, Read, Write};
use std::net::SocketAddr;

use asyncio_reactor::{AsSource, Direction, Handle, Level};
use socket2::{SockAddr, SockRef, Socket};

use crate::addr::{ToAddrs, addrs};

/// Waits until `sock` is ready.
async fn ready(sock: &impl AsSource, direction: Direction) -> io::Result<()> {
    let handle = Handle::current()?;
    match Level::new_with(&handle, sys::borrow(sock)) {
        Ok(level) => level.ready(direction).await,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let own = sys::duplicate(sock)?;
            Level::new_with(&handle, own)?.ready(direction).await
        }
        Err(error) => Err(error),
    }
}

/// Tries `op` until it does not block.
async fn attempt<S: AsSource, R>(
    sock: &S,
    direction: Direction,
    mut op: impl FnMut(SockRef<'_>) -> io::Result<R>,
) -> io::Result<R> {
    sys::check_nonblocking(sock)?;
    loop {
        match op(sys::sock_ref(sock)) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready(sock, direction).await?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

/// Receives at most `n` bytes. Empty: the peer has closed the connection.
///
/// # Errors
///
/// The operating system's; `InvalidInput` for a socket that blocks.
///
/// # Cancel safety
///
/// Nothing is lost, and the socket is free for the next call.
///
/// # Python
///
/// `loop.sock_recv`.
///
/// # Examples
///
/// ```
/// use std::os::unix::net::UnixStream;
/// use asyncio_net::{sock_recv, sock_sendall};
///
/// # fn main() -> std::io::Result<()> {
/// # futures_lite::future::block_on(async {
/// let (one, other) = UnixStream::pair()?;
/// one.set_nonblocking(true)?;
/// other.set_nonblocking(true)?;
/// sock_sendall(&one, b"hello").await?;
/// assert_eq!(sock_recv(&other, 16).await?, b"hello");
/// # Ok(())
/// # })
/// # }
/// ```
pub async fn sock_recv(sock: &impl AsSource, n: usize) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0; n];
    let count = sock_recv_into(sock, &mut buffer).await?;
    buffer.truncate(count);
    Ok(buffer)
}

/// Receives into `buffer`, and says how many bytes. None: the peer has closed the connection, or there is no room.
///
/// # Errors
///
/// As for [`sock_recv`].
///
/// # Cancel safety
///
/// As for [`sock_recv`].
///
/// # Python
///
/// `loop.sock_recv_into`.
pub async fn sock_recv_into(sock: &impl AsSource, buffer: &mut [u8]) -> io::Result<usize> {
    attempt(sock, Direction::Read, |sock| (&*sock).read(buffer)).await
}

/// Receives one datagram of at most `n` bytes, and says where it came from; what does not fit is lost.
///
/// # Errors
///
/// As for [`sock_recv`].
///
/// # Cancel safety
///
/// As for [`sock_recv`].
///
/// # Python
///
/// `loop.sock_recvfrom`.
pub async fn sock_recvfrom(sock: &impl AsSource, n: usize) -> io::Result<(Vec<u8>, SockAddr)> {
    let mut buffer = vec![0; n];
    let (count, from) = sock_recvfrom_into(sock, &mut buffer).await?;
    buffer.truncate(count);
    Ok((buffer, from))
}

/// Receives one datagram into `buffer`, and says how many bytes it has and where it came from.
///
/// # Errors
///
/// As for [`sock_recv`].
///
/// # Cancel safety
///
/// As for [`sock_recv`].
///
/// # Python
///
/// `loop.sock_recvfrom_into`; a slice has its length.
pub async fn sock_recvfrom_into(sock: &impl AsSource, buffer: &mut [u8]) -> io::Result<(usize, SockAddr)> {
    attempt(sock, Direction::Read, |sock| sys::recv_from(&sock, buffer)).await
}

/// Sends all of `data`.
///
/// # Errors
///
/// As for [`sock_recv`]; how much was sent before the error is not known.
///
/// # Cancel safety
///
/// A part may have been sent.
///
/// # Python
///
/// `loop.sock_sendall`.
pub async fn sock_sendall(sock: &impl AsSource, mut data: &[u8]) -> io::Result<()> {
    sys::check_nonblocking(sock)?;
    while !data.is_empty() {
        let sent = attempt(sock, Direction::Write, |sock| (&*sock).write(data)).await?;
        data = &data[sent..];
    }
    Ok(())
}

/// Sends one datagram to `to`, and says how many bytes went.
///
/// # Errors
///
/// As for [`sock_recv`].
///
/// # Cancel safety
///
/// Nothing was sent if it waits.
///
/// # Python
///
/// `loop.sock_sendto`.
pub async fn sock_sendto(sock: &impl AsSource, data: &[u8], to: impl Into<SockAddr>) -> io::Result<usize> {
    let to = to.into();
    attempt(sock, Direction::Write, |sock| sock.send_to(data, &to)).await
}

/// Connects, to the first of the addresses of that name whose family is the socket's.
///
/// # Errors
///
/// The operating system's, and those of the look-up; `InvalidInput` for a socket that blocks.
///
/// # Cancel safety
///
/// The attempt goes on in the operating system; the call may be repeated.
///
/// # Python
///
/// `loop.sock_connect`.
pub async fn sock_connect(sock: &impl AsSource, to: impl ToAddrs) -> io::Result<()> {
    let family = sys::sock_ref(sock).local_addr()?.domain();
    let addresses = addrs(to).await?;
    let of_family = |address: &SocketAddr| socket2::Domain::for_address(*address) == family;
    let Some(address) = addresses.into_iter().find(of_family) else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "none of the addresses is of the socket's family",
        ));
    };
    sock_connect_to(sock, address).await
}

/// Connects to exactly this address, of whatever family.
///
/// # Errors
///
/// As for [`sock_connect`], without a look-up.
///
/// # Cancel safety
///
/// As for [`sock_connect`].
pub fn sock_connect_to(
    sock: &impl AsSource,
    to: impl Into<SockAddr>,
) -> impl Future<Output = io::Result<()>> {
    let to = to.into();
    async move {
        sys::check_nonblocking(sock)?;
        match sys::sock_ref(sock).connect(&to) {
            Ok(()) => return Ok(()),
            Err(error) if sys::is_under_way(&error) => {}
            Err(error) => return Err(error),
        }
        ready(sock, Direction::Write).await?;
        match sys::sock_ref(sock).take_error()? {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

/// Accepts a connection: a socket that does not block, and where it came from.
///
/// # Errors
///
/// As for [`sock_recv`].
///
/// # Cancel safety
///
/// No connection is lost.
///
/// # Python
///
/// `loop.sock_accept`.
pub async fn sock_accept(sock: &impl AsSource) -> io::Result<(Socket, SockAddr)> {
    let (socket, from) = attempt(sock, Direction::Read, |sock| sock.accept()).await?;
    socket.set_nonblocking(true)?;
    Ok((socket, from))
}
