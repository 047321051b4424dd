//! The descriptors of the sockets, for those who call the system themselves.
//!
//! Only borrowing is offered: giving the descriptor away goes through `into_std`, which deregisters it first.

#[cfg(unix)]
mod unix {
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

    use crate::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream};

    macro_rules! descriptors {
        ($($kind:ty),*) => {$(
            impl AsFd for $kind {
                fn as_fd(&self) -> BorrowedFd<'_> {
                    self.as_async().as_fd()
                }
            }

            impl AsRawFd for $kind {
                fn as_raw_fd(&self) -> RawFd {
                    self.as_async().as_raw_fd()
                }
            }
        )*};
    }

    descriptors!(
        TcpListener,
        TcpStream,
        UdpSocket,
        UnixDatagram,
        UnixListener,
        UnixStream
    );
}

#[cfg(windows)]
mod windows {
    use std::os::windows::io::{AsRawSocket, AsSocket, BorrowedSocket, RawSocket};

    use crate::{TcpListener, TcpStream, UdpSocket};

    macro_rules! sockets {
        ($($kind:ty),*) => {$(
            impl AsSocket for $kind {
                fn as_socket(&self) -> BorrowedSocket<'_> {
                    self.as_async().as_socket()
                }
            }

            impl AsRawSocket for $kind {
                fn as_raw_socket(&self) -> RawSocket {
                    self.as_async().as_raw_socket()
                }
            }
        )*};
    }

    sockets!(TcpListener, TcpStream, UdpSocket);
}
