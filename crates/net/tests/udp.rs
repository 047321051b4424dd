//! UDP on executors that are not ours.

#[path = "kit/common.rs"]
mod kit;

use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::net::Ipv4Addr;

use asyncio_net::UdpSocket;
use futures_lite::future;

use kit::{everywhere, poll_once};

async fn pair() -> io::Result<(UdpSocket, UdpSocket)> {
    let one = UdpSocket::bind("127.0.0.1:0").await?;
    let other = UdpSocket::bind(([127, 0, 0, 1], 0)).await?;
    one.connect(other.local_addr()?).await?;
    other.connect(one.local_addr()?).await?;
    Ok((one, other))
}

#[test]
fn datagrams_keep_their_borders_and_their_sender() {
    everywhere(|| async {
        let one = UdpSocket::bind("127.0.0.1:0").await?;
        let other = UdpSocket::bind("127.0.0.1:0").await?;
        let address = other.local_addr()?;
        for data in [&b"one"[..], b"", b"three"] {
            assert_eq!(one.send_to(data, address).await?, data.len());
        }
        let mut buffer = [0; 16];
        for data in [&b"one"[..], b"", b"three"] {
            let (count, from) = other.recv_from(&mut buffer).await?;
            assert_eq!((&buffer[..count], from), (data, one.local_addr()?));
        }
        Ok(())
    });
}

#[test]
fn a_receiver_that_waits_is_woken() {
    everywhere(|| async {
        let (one, other) = pair().await?;
        let mut buffer = [0; 16];
        for round in 0..20_u8 {
            let send = async {
                future::yield_now().await;
                one.send(&[round; 3]).await
            };
            let (count, _) = future::try_zip(other.recv(&mut buffer), send).await?;
            assert_eq!(buffer[..count], [round; 3]);
        }
        Ok(())
    });
}

#[test]
fn a_dropped_receive_loses_no_datagram() {
    everywhere(|| async {
        let (one, other) = pair().await?;
        let mut buffer = [0; 16];
        for round in 0..20_u8 {
            assert!(poll_once(other.recv(&mut buffer)).await.is_none());
            one.send(&[round]).await?;
            assert_eq!(other.recv(&mut buffer).await?, 1);
            assert_eq!(buffer[0], round);
        }
        Ok(())
    });
}

#[test]
fn what_was_peeked_at_is_received_afterwards() {
    everywhere(|| async {
        let (one, other) = pair().await?;
        one.send(b"ping").await?;
        let mut buffer = [0; 16];
        assert_eq!(other.peek(&mut buffer).await?, 4);
        assert_eq!(other.peek_from(&mut buffer).await?, (4, one.local_addr()?));
        assert_eq!(other.recv_from(&mut buffer).await?, (4, one.local_addr()?));
        assert!(poll_once(other.recv(&mut buffer)).await.is_none());
        Ok(())
    });
}

#[test]
fn the_polled_forms_do_the_same() {
    everywhere(|| async {
        let (one, other) = pair().await?;
        let mut buffer = [0; 16];
        let send = poll_fn(|cx| one.poll_send(cx, b"ping"));
        let (count, _) = future::try_zip(poll_fn(|cx| other.poll_recv(cx, &mut buffer)), send).await?;
        assert_eq!(&buffer[..count], b"ping");
        let third = UdpSocket::bind("127.0.0.1:0").await?;
        let fourth = UdpSocket::bind("127.0.0.1:0").await?;
        let address = fourth.local_addr()?;
        let send = poll_fn(|cx| third.poll_send_to(cx, b"pong!", address));
        let receive = poll_fn(|cx| fourth.poll_recv_from(cx, &mut buffer));
        let (received, sent) = future::try_zip(receive, send).await?;
        assert_eq!((received, sent), ((5, third.local_addr()?), 5));
        Ok(())
    });
}

#[test]
fn the_tried_forms_do_not_wait() {
    everywhere(|| async {
        let (one, other) = pair().await?;
        let mut buffer = [0; 16];
        assert_eq!(
            other.try_recv(&mut buffer).unwrap_err().kind(),
            ErrorKind::WouldBlock
        );
        one.writable().await?;
        assert_eq!(one.try_send(b"ping")?, 4);
        other.readable().await?;
        assert_eq!(other.try_recv(&mut buffer)?, 4);
        let third = UdpSocket::bind("127.0.0.1:0").await?;
        let fourth = UdpSocket::bind("127.0.0.1:0").await?;
        third.try_send_to(b"pong!", fourth.local_addr()?)?;
        fourth.readable().await?;
        assert_eq!(fourth.try_recv_from(&mut buffer)?, (5, third.local_addr()?));
        Ok(())
    });
}

#[test]
fn more_tasks_than_sockets_may_receive() {
    everywhere(|| async {
        let (one, other) = pair().await?;
        let (mut first, mut second) = ([0; 8], [0; 8]);
        let receive = future::try_zip(other.recv(&mut first), other.recv(&mut second));
        let send = async {
            future::yield_now().await;
            one.send(b"a").await?;
            one.send(b"b").await
        };
        future::try_zip(receive, send).await?;
        let mut both = [first[0], second[0]];
        both.sort();
        assert_eq!(&both, b"ab");
        Ok(())
    });
}

#[test]
fn a_refusal_reaches_the_connected_sender() {
    everywhere(|| async {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        // It holds its port but hears only its own peer: for all others the port is closed.
        let deaf = UdpSocket::bind("127.0.0.1:0").await?;
        deaf.connect(deaf.local_addr()?).await?;
        let closed = deaf.local_addr()?;
        socket.connect(closed).await?;
        assert_eq!(socket.peer_addr()?, closed);
        socket.send(b"ping").await?;
        let error = socket.recv(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        Ok(())
    });
}

#[test]
fn an_address_in_use_is_named() {
    everywhere(|| async {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        let address = socket.local_addr()?;
        let error = UdpSocket::bind(address).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(
            error.to_string().starts_with(&format!("cannot bind {address}: ")),
            "{error}"
        );
        Ok(())
    });
}

#[test]
fn options_are_set_and_read_back() {
    everywhere(|| async {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        socket.set_broadcast(true)?;
        assert!(socket.broadcast()?);
        socket.set_multicast_loop_v4(false)?;
        assert!(!socket.multicast_loop_v4()?);
        socket.set_multicast_ttl_v4(3)?;
        assert_eq!(socket.multicast_ttl_v4()?, 3);
        socket.set_ttl(9)?;
        assert_eq!(socket.ttl()?, 9);
        let group = Ipv4Addr::new(239, 1, 2, 3);
        socket.join_multicast_v4(group, Ipv4Addr::LOCALHOST)?;
        socket.leave_multicast_v4(group, Ipv4Addr::LOCALHOST)?;
        // Not a group: the system says so.
        assert!(
            socket
                .join_multicast_v4(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST)
                .is_err()
        );
        socket.set_recv_buffer_size(32 * 1024)?;
        assert!(socket.recv_buffer_size()? >= 32 * 1024);
        assert!(socket.take_error()?.is_none());
        UdpSocket::try_from(socket.into_std()?)?;
        Ok(())
    });
}
