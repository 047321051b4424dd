//! UDP to more than one: broadcast, multicast, and addresses that sockets share; and the connected form beside the
//! unconnected one. All on the loopback. (What loop.create_datagram_endpoint can say of its socket.)

#![cfg(target_os = "linux")]

#[path = "kit/common.rs"]
mod kit;

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use asyncio_net::{UdpSocket, UdpSocketBuilder};

use kit::{everywhere, poll_once};

static_assertions::assert_impl_all!(UdpSocketBuilder: Send, Sync, Unpin, Clone);

const LOOPBACK: Ipv4Addr = Ipv4Addr::LOCALHOST;
const GROUP: Ipv4Addr = Ipv4Addr::new(239, 1, 2, 3);

async fn hears(socket: &UdpSocket, data: &[u8]) -> io::Result<SocketAddr> {
    let mut buffer = [0; 16];
    let (count, from) = socket.recv_from(&mut buffer).await?;
    assert_eq!(&buffer[..count], data);
    Ok(from)
}

async fn hears_nothing(socket: &UdpSocket) {
    assert!(poll_once(socket.recv_from(&mut [0; 16])).await.is_none());
}

/// Several sockets on one port of the system's choice.
async fn sharing(count: usize) -> io::Result<(Vec<UdpSocket>, u16)> {
    let builder = UdpSocket::builder().reuse_address(true);
    let mut sockets = vec![builder.bind("0.0.0.0:0").await?];
    let port = sockets[0].local_addr()?.port();
    while sockets.len() < count {
        sockets.push(builder.bind(("0.0.0.0", port)).await?);
    }
    Ok((sockets, port))
}

#[test]
fn a_connected_socket_hears_its_peer_alone_and_an_unconnected_one_everybody() {
    everywhere(|| async {
        let server = UdpSocket::bind("127.0.0.1:0").await?;
        let address = server.local_addr()?;
        let clients = [
            UdpSocket::builder().connect(address).await?,
            UdpSocket::builder()
                .connect(("localhost", address.port()))
                .await?,
        ];
        for client in &clients {
            assert_eq!(client.peer_addr()?, address);
            client.send(b"hello").await?;
            assert_eq!(hears(&server, b"hello").await?, client.local_addr()?);
            // The same as the address that it is connected to.
            client.send_to(b"again", address).await?;
            assert_eq!(hears(&server, b"again").await?, client.local_addr()?);
        }
        let stranger = UdpSocket::bind("127.0.0.1:0").await?;
        assert_eq!(
            stranger.peer_addr().map_err(|error| error.kind()),
            Err(ErrorKind::NotConnected)
        );
        stranger.send_to(b"psst", clients[0].local_addr()?).await?;
        server.send_to(b"answer", clients[0].local_addr()?).await?;
        assert_eq!(hears(&clients[0], b"answer").await?, address);
        hears_nothing(&clients[0]).await;
        assert!(stranger.send(b"to whom?").await.is_err());
        Ok(())
    });
}

#[test]
fn a_broadcast_must_be_allowed_and_reaches_all_who_share_the_port() {
    everywhere(|| async {
        let (sockets, port) = sharing(3).await?;
        let all = SocketAddr::from(([127, 255, 255, 255], port));
        let sender = UdpSocket::bind("127.0.0.1:0").await?;
        let error = sender.send_to(b"all", all).await;
        assert_eq!(
            error.map_err(|error| error.kind()),
            Err(ErrorKind::PermissionDenied)
        );
        assert!(!sender.broadcast()?);
        sender.set_broadcast(true)?;
        sender.send_to(b"all", all).await?;
        for socket in &sockets {
            assert_eq!(hears(socket, b"all").await?, sender.local_addr()?);
        }
        let sender = UdpSocket::builder().broadcast(true).bind("127.0.0.1:0").await?;
        assert!(sender.broadcast()?);
        sender.send_to(b"", all).await?;
        for socket in &sockets {
            assert_eq!(hears(socket, b"").await?, sender.local_addr()?);
        }
        Ok(())
    });
}

#[test]
fn a_group_reaches_those_who_have_joined_it_until_they_leave() {
    everywhere(|| async {
        let (sockets, port) = sharing(3).await?;
        let group = SocketAddr::from((GROUP, port));
        let sender = UdpSocket::bind("127.0.0.1:0").await?;
        sender.set_multicast_if_v4(LOOPBACK)?;
        assert_eq!(sender.multicast_if_v4()?, LOOPBACK);
        for socket in &sockets[..2] {
            socket.join_multicast_v4(GROUP, LOOPBACK)?;
            // Else this one hears the groups of the others too.
            socket2::SockRef::from(socket.as_async().get_ref()).set_multicast_all_v4(false)?;
        }
        socket2::SockRef::from(sockets[2].as_async().get_ref()).set_multicast_all_v4(false)?;
        sender.send_to(b"members", group).await?;
        for socket in &sockets[..2] {
            assert_eq!(hears(socket, b"members").await?, sender.local_addr()?);
        }
        hears_nothing(&sockets[2]).await;

        sockets[0].leave_multicast_v4(GROUP, LOOPBACK)?;
        sender.send_to(b"the rest", group).await?;
        hears(&sockets[1], b"the rest").await?;
        hears_nothing(&sockets[0]).await;
        Ok(())
    });
}

#[test]
fn a_group_of_ipv6_is_joined_on_an_interface() {
    everywhere(|| async {
        let Ok(socket) = UdpSocket::bind("[::1]:0").await else {
            eprintln!("skipped: this machine has no IPv6");
            return Ok(());
        };
        let group = Ipv6Addr::new(0xff01, 0, 0, 0, 0, 0, 1, 2);
        socket.set_multicast_hops_v6(3)?;
        assert_eq!(socket.multicast_hops_v6()?, 3);
        // The loopback is the first one on Linux.
        socket.join_multicast_v6(group, 1)?;
        socket.set_multicast_if_v6(1)?;
        assert_eq!(socket.multicast_if_v6()?, 1);
        socket.set_multicast_loop_v6(true)?;
        assert!(socket.multicast_loop_v6()?);
        let to = SocketAddr::from((group, socket.local_addr()?.port()));
        match socket.send_to(b"v6", to).await {
            Ok(_) => {}
            Err(error) => eprintln!("no multicast of IPv6 leaves by the loopback here: {error}"),
        }
        socket.leave_multicast_v6(group, 1)?;
        assert!(socket.leave_multicast_v6(group, 1).is_err(), "it has left");
        Ok(())
    });
}

#[test]
fn an_address_is_shared_only_if_all_agree() {
    everywhere(|| async {
        let alone = UdpSocket::bind("127.0.0.1:0").await?;
        let address = alone.local_addr()?;
        for builder in [
            UdpSocket::builder().reuse_address(true),
            UdpSocket::builder().reuse_port(true),
        ] {
            let error = builder.bind(address).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::AddrInUse, "{error}");
        }
        let builder = UdpSocket::builder().reuse_port(true);
        let first = builder.bind("127.0.0.1:0").await?;
        let second = builder.bind(first.local_addr()?).await?;
        // Each datagram goes to one of them, and those of one sender to the same.
        let sender = UdpSocket::builder().connect(first.local_addr()?).await?;
        for _ in 0..4 {
            sender.send(b"one").await?;
        }
        let (has, other) = match poll_once(first.readable()).await {
            Some(ready) => ready.map(|()| (&first, &second))?,
            None => (&second, &first),
        };
        for _ in 0..4 {
            hears(has, b"one").await?;
        }
        hears_nothing(other).await;
        Ok(())
    });
}

#[test]
fn an_ipv6_socket_hears_ipv4_unless_it_is_told_not_to() {
    everywhere(|| async {
        let Ok(both) = UdpSocket::builder().only_v6(false).bind("[::]:0").await else {
            eprintln!("skipped: this machine has no IPv6");
            return Ok(());
        };
        let port = both.local_addr()?.port();
        let sender = UdpSocket::bind("127.0.0.1:0").await?;
        sender.send_to(b"mapped", (LOOPBACK, port)).await?;
        let from = hears(&both, b"mapped").await?;
        assert_eq!(from.ip(), LOOPBACK.to_ipv6_mapped());
        drop(both);
        let one = UdpSocket::builder().only_v6(true).bind("[::]:0").await?;
        // The port is free for IPv4.
        UdpSocket::bind(("0.0.0.0", one.local_addr()?.port())).await?;
        Ok(())
    });
}
