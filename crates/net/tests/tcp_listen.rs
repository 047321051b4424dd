//! Listening and connecting: who is accepted, whom a failure names.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "kit/common.rs"]
mod kit;

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use asyncio_net::{TcpListener, TcpStream};
use futures_lite::{StreamExt, future};
use socket2::{Domain, Socket, Type};

use kit::{everywhere, poll_once};

/// An address that refuses connections and that nobody else gets while the socket is there: it does not listen.
fn bound_only() -> io::Result<(Socket, SocketAddr)> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    let address = socket.local_addr()?.as_socket().unwrap();
    Ok((socket, address))
}

#[test]
fn a_dropped_accept_loses_no_connection() {
    everywhere(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        for _ in 0..20 {
            assert!(poll_once(listener.accept()).await.is_none());
            let client = TcpStream::connect(address).await?;
            let (_server, peer) = listener.accept().await?;
            assert_eq!(peer, client.local_addr()?);
        }
        Ok(())
    });
}

#[test]
fn one_event_for_several_connections_gives_them_all() {
    everywhere(|| async {
        let listener = TcpListener::bind(([127, 0, 0, 1], 0)).await?;
        let mut clients = Vec::new();
        for _ in 0..10 {
            clients.push(TcpStream::connect(listener.local_addr()?).await?);
        }
        let servers: Vec<_> = listener.incoming().take(10).try_collect().await?;
        let mut ours: Vec<SocketAddr> = clients.iter().map(|s| s.local_addr().unwrap()).collect();
        let mut theirs: Vec<SocketAddr> = servers
            .iter()
            .map(|s: &TcpStream| s.peer_addr().unwrap())
            .collect();
        ours.sort();
        theirs.sort();
        assert_eq!(ours, theirs);
        Ok(())
    });
}

#[test]
fn several_tasks_accept_from_one_listener() {
    everywhere(|| async {
        let listener = TcpListener::bind(([127, 0, 0, 1], 0)).await?;
        let address = listener.local_addr()?;
        let (one, other) = (
            listener.accept(),
            std::future::poll_fn(|cx| listener.poll_accept(cx)),
        );
        let connect = future::try_zip(TcpStream::connect(address), TcpStream::connect(address));
        future::try_zip(future::try_zip(one, other), connect).await?;
        Ok(())
    });
}

#[test]
fn a_refused_connection_is_named() {
    everywhere(|| async {
        let (_held, address) = bound_only()?;
        let error = TcpStream::connect(address).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        let start = format!("cannot connect to {address}: ");
        assert!(error.to_string().starts_with(&start), "{error}");
        let none: [SocketAddr; 0] = [];
        let error = TcpStream::connect(&none[..]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        Ok(())
    });
}

#[test]
fn an_address_in_use_is_named() {
    everywhere(|| async {
        let first = TcpListener::bind("127.0.0.1:0").await?;
        let address = first.local_addr()?;
        let error = TcpListener::bind(address).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        let start = format!("cannot listen on {address}: ");
        assert!(error.to_string().starts_with(&start), "{error}");
        Ok(())
    });
}

#[test]
fn the_second_address_is_tried_after_the_first() {
    everywhere(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (_held, closed) = bound_only()?;
        let open = listener.local_addr()?;
        let stream = TcpStream::connect([closed, open]).await?;
        assert_eq!(stream.peer_addr()?, open);
        Ok(())
    });
}

#[test]
fn a_host_name_is_looked_up() {
    everywhere(|| async {
        let listener = TcpListener::bind(("localhost", 0)).await?;
        let port = listener.local_addr()?.port();
        let stream = TcpStream::connect(format!("localhost:{port}")).await?;
        assert!(stream.peer_addr()?.ip().is_loopback());
        let error = TcpStream::connect("no such host:1").await.unwrap_err();
        assert!(
            error.to_string().starts_with("cannot look up no such host:1: "),
            "{error}"
        );
        Ok(())
    });
}

#[test]
fn a_dropped_lookup_leaves_the_next_one_unharmed() {
    everywhere(|| async {
        for _ in 0..10 {
            let _ = poll_once(TcpStream::connect("localhost:1")).await;
        }
        TcpListener::bind("localhost:0").await?;
        Ok(())
    });
}

#[test]
fn two_listeners_share_a_port_when_asked() {
    everywhere(|| async {
        let builder = TcpListener::builder().reuse_port(true).backlog(8);
        let one = builder.bind("127.0.0.1:0").await?;
        let other = builder.bind(one.local_addr()?).await?;
        assert_eq!(one.local_addr()?, other.local_addr()?);
        let client = TcpStream::connect(one.local_addr()?);
        let either = future::or(one.accept(), other.accept());
        future::try_zip(client, either).await?;
        Ok(())
    });
}
