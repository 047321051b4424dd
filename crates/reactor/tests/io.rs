//! `Async` over sockets and pipes, on every backend.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "kit/common.rs"]
mod common;

use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use asyncio_reactor::{Async, Direction, Level};
use common::{backends, on_each_backend, reactor, run};
use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt, future};

static_assertions::assert_impl_all!(asyncio_reactor::Reactor: Send, Unpin);
static_assertions::assert_impl_all!(asyncio_reactor::Handle: Send, Sync, Unpin, Clone);
static_assertions::assert_not_impl_any!(asyncio_reactor::Entered: Send);
static_assertions::assert_impl_all!(Async<TcpStream>: Send, Sync, Unpin);
static_assertions::assert_impl_all!(Level<OwnedFd>: Send, Sync, Unpin);
static_assertions::assert_impl_all!(asyncio_reactor::Readable<'static, TcpStream>: Send, Sync, Unpin);
static_assertions::assert_impl_all!(asyncio_reactor::ReadableOwned<TcpStream>: Send, Sync, Unpin);
static_assertions::assert_impl_all!(asyncio_reactor::signals::Signals: Send, Sync, Unpin);
static_assertions::assert_impl_all!(asyncio_reactor::signals::CtrlC: Send, Sync, Unpin);
static_assertions::assert_impl_all!(asyncio_reactor::Builder: Send, Sync, Unpin);
// A source that is not Sync makes an Async that is not Sync (RUSTSEC-2020-0059 and its kin).
static_assertions::assert_not_impl_any!(Async<std::cell::Cell<u8>>: Sync);

async fn tcp_pair() -> (Async<TcpStream>, Async<TcpStream>) {
    let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0)).unwrap();
    let address = listener.get_ref().local_addr().unwrap();
    let client = Async::<TcpStream>::connect(address).await.unwrap();
    let (server, peer) = listener.accept().await.unwrap();
    assert_eq!(peer, client.get_ref().local_addr().unwrap());
    (client, server)
}

#[test]
fn tcp_carries_bytes_both_ways() {
    on_each_backend(|| async {
        let (mut client, mut server) = tcp_pair().await;
        for round in 0..100u8 {
            client.write_all(&[round; 64]).await.unwrap();
            let mut buffer = [0; 64];
            server.read_exact(&mut buffer).await.unwrap();
            server.write_all(&buffer).await.unwrap();
            let mut back = [0; 64];
            client.read_exact(&mut back).await.unwrap();
            assert_eq!(back, [round; 64]);
        }
    });
}

#[test]
fn who_asks_for_events_is_told_of_each_and_makes_no_system_call() {
    on_each_backend(|| async {
        let (mut client, server) = tcp_pair().await;
        for round in 0..10u8 {
            client.write_all(&[round]).await.unwrap();
            poll_fn(|cx| server.poll_event(Direction::Read, cx))
                .await
                .unwrap();
            let mut buffer = [0; 8];
            let read = poll_fn(|cx| {
                server.poll_stream_io(Direction::Read, 8, cx, |socket| (&mut &*socket).read(&mut buffer))
            });
            assert_eq!(read.await.unwrap(), 1);
            assert_eq!(buffer[0], round);
        }
        drop(client);
        poll_fn(|cx| server.poll_event(Direction::Read, cx))
            .await
            .unwrap();
    });
}

#[test]
fn a_transfer_larger_than_the_buffers_arrives_whole() {
    on_each_backend(|| async {
        let (client, server) = tcp_pair().await;
        let data: Vec<u8> = (0..8 << 20).map(|n| (n % 251) as u8).collect();
        let mut received = Vec::new();
        future::zip(
            async {
                (&client).write_all(&data).await.unwrap();
                client.get_ref().shutdown(Shutdown::Write).unwrap();
            },
            async { (&server).read_to_end(&mut received).await.unwrap() },
        )
        .await;
        assert!(received == data);
    });
}

#[test]
fn bytes_and_end_that_arrive_together_are_both_seen() {
    on_each_backend(|| async {
        let (client, mut server) = tcp_pair().await;
        // The server waits first, so that the edge of its registration is spent.
        let mut buffer = [0; 1024];
        assert!(future::poll_once(server.read(&mut buffer)).await.is_none());
        client.get_ref().set_nonblocking(true).unwrap();
        (&mut client.get_ref()).write_all(b"last words").unwrap();
        client.get_ref().shutdown(Shutdown::Write).unwrap();
        assert_eq!(server.read(&mut buffer).await.unwrap(), 10);
        assert_eq!(server.read(&mut buffer).await.unwrap(), 0);
    });
}

#[test]
fn bytes_and_end_on_a_unix_stream_are_both_seen() {
    on_each_backend(|| async {
        let (one, mut other) = Async::<UnixStream>::pair().unwrap();
        let mut buffer = [0; 1024];
        assert!(future::poll_once(other.read(&mut buffer)).await.is_none());
        (&mut one.get_ref()).write_all(b"last words").unwrap();
        drop(one);
        assert_eq!(other.read(&mut buffer).await.unwrap(), 10);
        assert_eq!(other.read(&mut buffer).await.unwrap(), 0);
    });
}

#[test]
fn bytes_and_end_before_the_registration_are_both_seen() {
    on_each_backend(|| async {
        let (mut one, other) = UnixStream::pair().unwrap();
        one.write_all(b"early").unwrap();
        drop(one);
        let mut other = Async::new(other).unwrap();
        let mut all = Vec::new();
        other.read_to_end(&mut all).await.unwrap();
        assert_eq!(all, b"early");
    });
}

#[test]
fn a_refused_connection_is_an_error() {
    on_each_backend(|| async {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let error = Async::<TcpStream>::connect(address).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    });
}

#[test]
fn incoming_yields_connections_in_order() {
    on_each_backend(|| async {
        let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0)).unwrap();
        let address = listener.get_ref().local_addr().unwrap();
        let clients: Vec<_> = (0..5).map(|_| TcpStream::connect(address).unwrap()).collect();
        let mut incoming = pin!(listener.incoming());
        for client in &clients {
            let server = incoming.next().await.unwrap().unwrap();
            assert_eq!(
                server.get_ref().peer_addr().unwrap(),
                client.local_addr().unwrap()
            );
        }
    });
}

#[test]
fn udp_sends_peeks_and_receives() {
    on_each_backend(|| async {
        let one = Async::<UdpSocket>::bind(([127, 0, 0, 1], 0)).unwrap();
        let other = Async::<UdpSocket>::bind(([127, 0, 0, 1], 0)).unwrap();
        let (a, b) = (
            one.get_ref().local_addr().unwrap(),
            other.get_ref().local_addr().unwrap(),
        );
        let mut buffer = [0; 16];
        let (sent, received) = future::zip(one.send_to(b"ping", b), other.peek_from(&mut buffer)).await;
        assert_eq!((sent.unwrap(), received.unwrap()), (4, (4, a)));
        assert_eq!(other.recv_from(&mut buffer).await.unwrap(), (4, a));
        other.get_ref().connect(a).unwrap();
        one.get_ref().connect(b).unwrap();
        assert_eq!(other.send(b"pong!").await.unwrap(), 5);
        assert_eq!(one.peek(&mut buffer).await.unwrap(), 5);
        assert_eq!(one.recv(&mut buffer).await.unwrap(), 5);
        assert_eq!(&buffer[..5], b"pong!");
    });
}

#[test]
fn unix_sockets_connect_and_talk() {
    on_each_backend(|| async {
        let directory = std::env::temp_dir().join(format!("reactor-{}-{:p}", std::process::id(), &()));
        std::fs::create_dir_all(&directory).unwrap();
        let (path, datagrams) = (directory.join("listener"), directory.join("datagrams"));
        let listener = Async::<UnixListener>::bind(&path).unwrap();
        let (client, server) = future::zip(Async::<UnixStream>::connect(&path), listener.accept()).await;
        let (mut client, (mut server, _)) = (client.unwrap(), server.unwrap());
        client.write_all(b"over").await.unwrap();
        let mut buffer = [0; 4];
        server.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"over");

        let receiver = Async::<UnixDatagram>::bind(&datagrams).unwrap();
        let sender = Async::<UnixDatagram>::unbound().unwrap();
        sender.send_to(b"gram", &datagrams).await.unwrap();
        assert_eq!(receiver.recv_from(&mut buffer).await.unwrap().0, 4);
        let (one, other) = Async::<UnixDatagram>::pair().unwrap();
        one.send(b"pair").await.unwrap();
        assert_eq!(other.recv(&mut buffer).await.unwrap(), 4);
        std::fs::remove_dir_all(&directory).unwrap();
    });
}

#[test]
fn a_level_is_ready_until_the_last_of_a_hundred_bytes_is_read() {
    on_each_backend(|| async {
        let (mut one, other) = UnixStream::pair().unwrap();
        other.set_nonblocking(true).unwrap();
        let level = Level::new(other.as_fd()).unwrap();
        let mut waiting = pin!(level.ready(Direction::Read));
        assert!(future::poll_once(waiting.as_mut()).await.is_none());
        one.write_all(&[7; 100]).unwrap();
        waiting.await.unwrap();
        for _ in 0..100 {
            level.ready(Direction::Read).await.unwrap();
            let mut byte = [0];
            assert_eq!((&other).read(&mut byte).unwrap(), 1);
        }
        assert!(future::poll_once(level.ready(Direction::Read)).await.is_none());
    });
}

#[test]
fn readable_is_true_even_if_the_object_was_read_behind_our_back() {
    on_each_backend(|| async {
        let (mut one, other) = UnixStream::pair().unwrap();
        let other = Async::new(other).unwrap();
        for _ in 0..3 {
            assert!(future::poll_once(other.readable()).await.is_none());
            one.write_all(b"x").unwrap();
            other.readable().await.unwrap();
            poll_fn(|cx| other.poll_readable(cx)).await.unwrap();
            assert_eq!(other.get_ref().read(&mut [0; 8]).unwrap(), 1);
        }
        poll_fn(|cx| other.poll_writable(cx)).await.unwrap();
        other.writable().await.unwrap();
    });
}

#[test]
fn any_number_of_waiters_wake_and_dropped_ones_leave() {
    on_each_backend(|| async {
        let (mut one, other) = UnixStream::pair().unwrap();
        let other = Arc::new(Async::new(other).unwrap());
        let mut waiters: Vec<_> = (0..50).map(|_| other.clone().readable_owned()).collect();
        for waiter in &mut waiters {
            assert!(future::poll_once(waiter).await.is_none());
        }
        for index in (0..50).rev().step_by(3) {
            drop(waiters.swap_remove(index));
        }
        one.write_all(b"x").unwrap();
        for waiter in waiters {
            waiter.await.unwrap();
        }
    });
}

#[test]
fn into_inner_gives_the_descriptor_back_and_it_can_be_registered_again() {
    on_each_backend(|| async {
        let (mut one, other) = UnixStream::pair().unwrap();
        let number = other.as_raw_fd();
        let other = Async::new(other).unwrap();
        let handle = other.handle();
        assert_eq!(handle.source_count(), 1);
        let other = other.into_inner().unwrap();
        assert!(handle.is_idle());
        assert_eq!(other.as_raw_fd(), number);
        one.write_all(b"x").unwrap();
        let mut other = Async::new(other).unwrap();
        assert_eq!(other.read(&mut [0; 8]).await.unwrap(), 1);
    });
}

#[test]
fn an_event_for_a_descriptor_that_was_closed_and_reused_is_dropped() {
    for backend in backends() {
        let mut reactor = reactor(backend);
        let handle = reactor.handle();
        let mut reused = 0;
        for _ in 0..20 {
            let (mut one, other) = UnixStream::pair().unwrap();
            // A second descriptor keeps the file open, so its events outlive the closed one where nobody deregisters.
            let _open = other.try_clone().unwrap();
            let number = other.as_raw_fd();
            let old = Async::new_with(&handle, other).unwrap();
            one.write_all(b"stale").unwrap();
            drop(old);
            let (quiet, _peer) = UnixStream::pair().unwrap();
            reused += usize::from(quiet.as_raw_fd() == number);
            let quiet = Async::new_with(&handle, quiet).unwrap();
            reactor.poll().unwrap();
            let mut read = pin!(quiet.readable());
            let mut cx = Context::from_waker(Waker::noop());
            assert!(read.as_mut().poll(&mut cx).is_pending());
        }
        assert!(reused > 0, "no descriptor was used again, so nothing was tested");
    }
}

#[test]
fn a_descriptor_closed_behind_our_back_is_an_error() {
    on_each_backend(|| async {
        // A number that nobody else takes meanwhile: other tests open descriptors at the lowest free one.
        let (one, _peer) = UnixStream::pair().unwrap();
        let high = unsafe_dup_above(&one, 900);
        let number = high.as_raw_fd();
        let source = Async::<UnixStream>::try_from(high).unwrap();
        close_behind(number);
        let error = source.readable().await.unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EBADF));
        assert!(
            poll_fn(|cx| source.poll_io(Direction::Write, cx, |mut s| s.write(b"x")))
                .await
                .is_err()
        );
        // The owner must not close the number a second time.
        reopen(&one, number);
        drop(source);
    });
}

fn unsafe_dup_above(stream: &UnixStream, least: i32) -> OwnedFd {
    rustix::io::fcntl_dupfd_cloexec(stream, least).unwrap()
}

#[expect(unsafe_code, reason = "the descriptor is closed behind its owner")]
fn close_behind(number: i32) {
    // SAFETY: the test owns the number.
    assert_eq!(unsafe { libc::close(number) }, 0);
}

#[expect(unsafe_code, reason = "the descriptor is closed behind its owner")]
fn reopen(stream: &UnixStream, number: i32) {
    // SAFETY: the number is free: the test closed it.
    assert_eq!(unsafe { libc::dup2(stream.as_raw_fd(), number) }, number);
}

#[test]
fn a_regular_file_is_an_error_on_systems_that_cannot_watch_one() {
    on_each_backend(|| async {
        let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
        let result = Async::new(file);
        if cfg!(target_os = "linux") {
            assert_eq!(result.unwrap_err().raw_os_error(), Some(libc::EPERM));
        }
    });
}

#[test]
fn waiters_of_a_closed_reactor_get_an_error() {
    for backend in backends() {
        let mut reactor = reactor(backend);
        let handle = reactor.handle();
        let (one, _other) = UnixStream::pair().unwrap();
        let one = Arc::new(Async::new_with(&handle, one).unwrap());
        reactor.poll().unwrap();
        let mut buffer = [0; 8];
        let mut io = &*one;
        let mut cx = Context::from_waker(Waker::noop());
        let mut read = pin!(io.read(&mut buffer));
        assert!(read.as_mut().poll(&mut cx).is_pending());
        let waiter = one.clone();
        let thread = std::thread::spawn(move || future::block_on(waiter.readable()));
        // The other thread waits, or is yet to come: it gets the error either way.
        drop(reactor);
        let error = thread.join().unwrap().unwrap_err();
        assert!(error.to_string().contains("closed"), "{error}");
        let Poll::Ready(Err(error)) = read.as_mut().poll(&mut cx) else {
            panic!("the reader was not told");
        };
        assert!(error.to_string().contains("closed"), "{error}");
        assert!(handle.is_closed());
        let (late, _peer) = UnixStream::pair().unwrap();
        assert!(Async::new_with(&handle, late).is_err());
    }
}

#[test]
fn a_short_read_then_more_data_is_read_on() {
    for backend in backends() {
        let mut reactor = reactor(backend);
        run(&mut reactor, async {
            let (client, mut server) = tcp_pair().await;
            for _ in 0..200 {
                (&mut client.get_ref()).write_all(b"abc").unwrap();
                let mut buffer = [0; 64];
                assert_eq!(server.read(&mut buffer).await.unwrap(), 3);
            }
        });
    }
}
