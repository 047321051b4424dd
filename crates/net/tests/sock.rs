//! Operations on sockets that a loop does not own.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;

use asyncio_net::{
    SockAddr, Socket, sock_accept, sock_connect, sock_connect_to, sock_recv, sock_recv_into, sock_recvfrom,
    sock_recvfrom_into, sock_sendall, sock_sendto,
};
use futures_lite::future::{block_on, or, poll_once, try_zip};
use socket2::{Domain, Type};

fn pair() -> (UnixStream, UnixStream) {
    let (one, other) = UnixStream::pair().unwrap();
    one.set_nonblocking(true).unwrap();
    other.set_nonblocking(true).unwrap();
    (one, other)
}

fn socket(domain: Domain) -> Socket {
    let socket = Socket::new(domain, Type::STREAM, None).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

// LOP-43, LOP-44, LOP-47
#[test]
fn data_goes_through_and_the_end_is_an_empty_read() {
    block_on(async {
        let (one, other) = pair();
        let sent: Vec<u8> = (0..3_000_000u32).map(|n| n as u8).collect();
        let send = async {
            sock_sendall(&one, &sent).await?;
            sock_sendall(&one, &[]).await?;
            drop(one.shutdown(std::net::Shutdown::Write));
            Ok(())
        };
        let receive = async {
            let mut got = sock_recv(&other, 1000).await?;
            assert!(!got.is_empty() && got.len() <= 1000);
            let mut buffer = vec![0; 1 << 16];
            loop {
                match sock_recv_into(&other, &mut buffer).await? {
                    0 => return std::io::Result::Ok(got),
                    count => got.extend_from_slice(&buffer[..count]),
                }
            }
        };
        let ((), got) = try_zip(send, receive).await.unwrap();
        assert!(got == sent);
        assert_eq!(sock_recv(&other, 10).await.unwrap(), b"");
    });
}

// LOP-43: also both directions of one socket at a time, on a loop and off it.
#[test]
fn a_read_that_is_dropped_leaves_the_socket_free_for_the_next() {
    let work = async {
        let (one, other) = pair();
        assert!(poll_once(sock_recv(&one, 1)).await.is_none(), "nothing is there");
        let fill = async {
            let block = [7; 1 << 16];
            loop {
                sock_sendall(&one, &block).await.unwrap();
            }
        };
        // One waits to read while the other waits to write.
        let read = sock_recv(&one, 1);
        let read = async { Err(read.await.unwrap()) };
        let fill = async {
            fill.await;
            Ok(())
        };
        let both = or(read, fill);
        assert!(poll_once(both).await.is_none());
        sock_sendall(&other, b"x").await.unwrap();
        assert_eq!(sock_recv(&one, 1).await.unwrap(), b"x");
        assert_eq!(sock_recv(&other, 3).await.unwrap(), [7, 7, 7]);
    };
    block_on(work);
}

// LOP-45, LOP-46, LOP-48
#[test]
fn datagrams_have_their_senders() {
    block_on(async {
        let bind = || {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            socket.set_nonblocking(true).unwrap();
            socket
        };
        let (one, other) = (bind(), bind());
        let to = other.local_addr().unwrap();
        let receive = sock_recvfrom(&other, 3);
        let send = async { sock_sendto(&one, b"hello", to).await };
        let (sent, (data, from)) = try_zip(send, receive).await.unwrap();
        assert_eq!((sent, &*data), (5, &b"hel"[..]), "what does not fit is lost");
        assert_eq!(from.as_socket(), one.local_addr().ok());
        sock_sendto(&one, b"", to).await.unwrap();
        let mut buffer = [0; 8];
        let (count, from) = sock_recvfrom_into(&other, &mut buffer).await.unwrap();
        assert_eq!((count, from.as_socket()), (0, one.local_addr().ok()));
    });
}

// LOP-49, LOP-50
#[test]
fn connections_are_made_and_accepted_and_refused() {
    block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        assert!(poll_once(sock_accept(&listener)).await.is_none(), "nobody comes");
        let client = socket(Domain::IPV4);
        // The name has addresses of both families; the socket's is taken.
        let connect = sock_connect(&client, ("localhost", address.port()));
        let ((accepted, from), ()) = try_zip(sock_accept(&listener), connect).await.unwrap();
        assert_eq!(from.as_socket(), client.local_addr().unwrap().as_socket());
        let accepted = TcpStream::from(accepted);
        sock_sendall(&client, b"hi").await.unwrap();
        assert_eq!(sock_recv(&accepted, 9).await.unwrap(), b"hi");

        drop(listener);
        let refused = sock_connect(&socket(Domain::IPV4), address).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
        let family = sock_connect(&socket(Domain::IPV6), address).await.unwrap_err();
        assert_eq!(family.kind(), ErrorKind::InvalidInput);
        let nowhere = SockAddr::unix("/nonexistent/socket").unwrap();
        let missing = sock_connect_to(&socket(Domain::UNIX), nowhere).await.unwrap_err();
        assert_eq!(missing.kind(), ErrorKind::NotFound);
    });
}

// LOP-43
#[test]
fn a_socket_that_blocks_is_refused() {
    block_on(async {
        let (one, _other) = UnixStream::pair().unwrap();
        let refused = sock_recv(&one, 1).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput);
        assert!(refused.to_string().contains("set_nonblocking"), "{refused}");
        assert!(sock_sendall(&one, b"").await.is_err());
    });
}
