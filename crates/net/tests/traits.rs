//! What the public types are: `Send`, `Sync`, `Unpin`, and the I/O traits.

use asyncio_net::{
    Duplex, Incoming, Keepalive, OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, TcpListener,
    TcpListenerBuilder, TcpStream, UdpSocket, WriteHalf,
};
use futures_io::{AsyncRead, AsyncWrite};
use static_assertions::{assert_impl_all as has, assert_not_impl_any as lacks};

has!(TcpListener: Send, Sync, Unpin);
has!(TcpListenerBuilder: Send, Sync, Unpin, Clone);
has!(TcpStream: Send, Sync, Unpin, AsyncRead, AsyncWrite);
has!(&'static TcpStream: AsyncRead, AsyncWrite);
lacks!(TcpStream: Clone);
has!(Duplex: Send, Sync, Unpin, AsyncRead, AsyncWrite);
has!(UdpSocket: Send, Sync, Unpin);
has!(Keepalive: Send, Sync, Unpin, Clone);
has!(Incoming<'static, TcpListener>: Send, Unpin, futures_core::Stream);
has!(ReadHalf<'static, TcpStream>: Send, Sync, Unpin, AsyncRead);
has!(WriteHalf<'static, TcpStream>: Send, Sync, Unpin, AsyncWrite);
has!(OwnedReadHalf<TcpStream>: Send, Sync, Unpin, AsyncRead);
has!(OwnedWriteHalf<TcpStream>: Send, Sync, Unpin, AsyncWrite);
// A half that could be cloned would end the direction at the drop of any of them.
lacks!(OwnedWriteHalf<TcpStream>: Clone);
lacks!(ReadHalf<'static, TcpStream>: Clone, AsyncWrite);
lacks!(WriteHalf<'static, TcpStream>: Clone, AsyncRead);
has!(ReuniteError<TcpStream>: Send, Sync, Unpin, std::error::Error);

#[cfg(unix)]
mod unix {
    use std::os::fd::{AsFd, AsRawFd};

    use asyncio_net::{UnixDatagram, UnixListener, UnixStream};

    use super::*;

    has!(UnixListener: Send, Sync, Unpin, AsFd, AsRawFd);
    has!(UnixStream: Send, Sync, Unpin, AsyncRead, AsyncWrite, AsFd, AsRawFd);
    has!(&'static UnixStream: AsyncRead, AsyncWrite);
    has!(UnixDatagram: Send, Sync, Unpin, AsFd, AsRawFd);
    has!(OwnedReadHalf<UnixStream>: Send, Sync, Unpin, AsyncRead);
    has!(OwnedWriteHalf<UnixStream>: Send, Sync, Unpin, AsyncWrite);
    has!(TcpListener: AsFd, AsRawFd);
    has!(TcpStream: AsFd, AsRawFd);
    has!(UdpSocket: AsFd, AsRawFd);
}

#[test]
fn futures_of_methods_may_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let connect = TcpStream::connect("127.0.0.1:1");
    is_send(&connect);
    let bind = UdpSocket::bind("127.0.0.1:1");
    is_send(&bind);
    let listen = TcpListener::bind("127.0.0.1:1");
    is_send(&listen);
    let std = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listener = TcpListener::from_std(std).unwrap();
    is_send(&listener.accept());
    is_send(&listener.accept_retrying(|_| ()));
}
