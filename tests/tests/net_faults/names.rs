//! Names that do not resolve, resolvers that hang, and addresses that swallow what is sent to them.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use asyncio::net::{
    BlockingResolver, ConnectErrors, Family, GaiError, Resolver, Resolving, TcpListener, TcpStream, connect,
};
use asyncio::{
    StreamReader, StreamWriter, all_tasks, create_task, open_connection, sleep, start_server, timeout,
};

use crate::kit::{check, descriptors};

/// Knows no name.
struct Nobody;

impl Resolver for Nobody {
    fn resolve(&self, host: &str, _: u16, _: Option<Family>) -> Resolving {
        let error = io::Error::new(ErrorKind::NotFound, format!("nobody knows {host}"));
        Box::pin(std::future::ready(Err(error)))
    }
}

/// Never answers.
struct Hangs;

impl Resolver for Hangs {
    fn resolve(&self, _: &str, _: u16, _: Option<Family>) -> Resolving {
        Box::pin(std::future::pending())
    }
}

async fn handler(_: StreamReader, _: StreamWriter) {}

/// STR-01, STR-02. By the system's resolver, and by one of one's own.
#[test]
fn a_name_that_does_not_resolve() {
    check(async |_| {
        let opened = open_connection("nosuch.invalid:80").await.map(drop);
        let served = start_server(handler, "nosuch.invalid:80").await.map(drop);
        for error in [opened.unwrap_err(), served.unwrap_err()] {
            let start = "cannot look up nosuch.invalid:80: ";
            assert!(error.to_string().starts_with(start), "{error}");
            let reason = GaiError::of(&error).expect("it is getaddrinfo that says so");
            // Without a net it may say that it cannot know.
            assert!(reason.is_not_found() || reason.is_temporary(), "{error}");
        }
        let opened = open_connection("db:1").resolver(Nobody).await;
        let error = opened.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(error.to_string(), "cannot look up db:1: nobody knows db");
    });
}

/// STR-01. One that is a future is dropped; one that blocks a thread is left to itself, and the loop ends without it.
#[test]
fn a_resolver_that_hangs() {
    let patience = Duration::from_millis(20);
    check(async |_| {
        let hung = timeout(patience, open_connection("db:1").resolver(Hangs)).await;
        assert!(hung.is_err(), "TimeoutError");
    });
    let (begun, ended) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    check(async |_| {
        let (running, done) = (begun.clone(), ended.clone());
        let resolver = BlockingResolver::new(move |_host, _port, _family| {
            running.wait();
            done.wait();
            Err(ErrorKind::TimedOut.into())
        });
        let opening = create_task(async move { open_connection("db:1").resolver(resolver).await });
        let running = begun.clone();
        asyncio::to_thread(move || running.wait()).await.unwrap();
        assert!(!opening.is_finished());
        opening.cancel();
        assert!(opening.await.unwrap_err().is_cancelled());
        assert_eq!(all_tasks().len(), 1, "nobody waits for it");
    });
    // The loop has ended, and the resolver had not.
    ended.wait();
}

/// A listener whose queue is full: a further attempt to connect hangs.
async fn black_hole() -> (SocketAddr, (TcpListener, TcpStream)) {
    let listener = TcpListener::builder()
        .backlog(0)
        .bind("127.0.0.1:0")
        .await
        .unwrap();
    let address = listener.local_addr().unwrap();
    let filler = TcpStream::connect(address).await.unwrap();
    (address, (listener, filler))
}

/// STR-01. RFC 8305: the second address has its turn after the delay, and wins; the socket of the first is closed then.
#[test]
fn a_first_address_that_swallows_everything() {
    check(async |_| {
        let (hole, _kept) = black_hole().await;
        let good = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good_address = good.local_addr().unwrap();
        let delay = Duration::from_millis(250);
        let before = descriptors();
        let begun = Instant::now();
        let opening = open_connection([hole, good_address]).happy_eyeballs_delay(delay);
        // Had it waited for the first one to fail, that would take minutes.
        let (_reader, writer) = timeout(delay * 8, opening).await.expect("in time").unwrap();
        assert!(begun.elapsed() >= delay, "the first has its delay for itself");
        assert_eq!(writer.peer_addr().unwrap(), good_address);
        assert_eq!(descriptors(), before + 1, "only the winner is open");
    });
}

/// STR-01. All swallow: it is the caller's timeout that ends it, and every socket is closed. One that is refused meanwhile
/// is told with the rest.
#[test]
fn addresses_that_all_swallow_everything() {
    check(async |_| {
        let (hole, kept) = black_hole().await;
        let before = descriptors();
        let opening = open_connection([hole, hole, hole]).happy_eyeballs_delay(Duration::ZERO);
        let hung = timeout(Duration::from_millis(20), opening).await;
        assert!(hung.is_err(), "TimeoutError");
        assert_eq!(descriptors(), before);

        let refused = {
            let gone = TcpListener::bind("127.0.0.1:0").await.unwrap();
            gone.local_addr().unwrap()
        };
        let connecting = create_task(async move {
            let all = connect([refused, hole, refused]).all_errors(true);
            all.happy_eyeballs_delay(Duration::ZERO).await
        });
        sleep(Duration::from_millis(1)).await;
        // The hole becomes a refusal when its listener goes: the system resets who waits there.
        drop(kept);
        let error = connecting.await.unwrap().unwrap_err();
        let tried: Vec<_> = ConnectErrors::of(&error)
            .unwrap()
            .iter()
            .map(|(address, _)| *address)
            .collect();
        assert_eq!(tried, [refused, hole, refused]);
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "{error}");
    });
}
