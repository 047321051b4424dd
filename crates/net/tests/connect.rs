//! `connect` on executors that are not ours: who wins, what is reported, what the options do. On loopback only.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "kit/common.rs"]
mod kit;

use std::error::Error;
use std::future::{IntoFuture, pending, ready};
use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use asyncio_net::{
    Connect, ConnectErrors, Connecting, Family, Keepalive, Resolver, Resolving, TcpListener, TcpStream,
    connect,
};
use futures_lite::future;
use static_assertions::{assert_impl_all, assert_not_impl_any};

use kit::{everywhere, poll_once};

assert_impl_all!(Connect: Send, Sync, Unpin, Clone);
assert_impl_all!(Connecting: Send, Unpin);
assert_not_impl_any!(Connecting: Sync);
assert_impl_all!(ConnectErrors: Send, Sync, Unpin, Error);

/// Longer than any test may take: an attempt that waits for so long has not been overtaken.
const EVER: Duration = Duration::from_secs(3600);

/// An address at which nobody listens any more.
fn refused() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

/// A listener whose queue is full: on Linux, a further attempt to connect hangs.
#[cfg(target_os = "linux")]
async fn black_hole() -> io::Result<(SocketAddr, (TcpListener, TcpStream))> {
    let listener = TcpListener::builder().backlog(0).bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let filler = TcpStream::connect(address).await?;
    Ok((address, (listener, filler)))
}

/// Knows one host, "known", by the given addresses, and counts how often it is asked.
#[derive(Clone, Default)]
struct Table(Vec<SocketAddr>, Arc<AtomicUsize>);

impl Resolver for Table {
    fn resolve(&self, host: &str, port: u16, family: Option<Family>) -> Resolving {
        self.1.fetch_add(1, SeqCst);
        let of_family = |address: &&SocketAddr| family.is_none_or(|family| family == Family::of(address));
        let found = match host {
            "known" => Ok(self.0.iter().filter(of_family).copied().collect()),
            _ => Err(io::Error::new(
                ErrorKind::NotFound,
                format!("not in the table, port {port}"),
            )),
        };
        Box::pin(ready(found))
    }
}

#[cfg(target_os = "linux")]
/// LOP-28.
#[test]
fn a_black_hole_is_overtaken_after_the_delay() {
    everywhere(|| async {
        let (hole, _kept) = black_hole().await?;
        let good = TcpListener::bind("127.0.0.1:0").await?;
        let delay = Duration::from_millis(30);
        let begun = Instant::now();
        let stream = connect([hole, good.local_addr()?])
            .happy_eyeballs_delay(delay)
            .await?;
        let taken = begun.elapsed();
        assert_eq!(stream.peer_addr()?, good.local_addr()?);
        assert!(taken >= delay, "{taken:?}");
        // A dropped packet is sent again after a second, and given up after minutes.
        assert!(taken < Duration::from_secs(10), "{taken:?}");
        Ok(())
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_black_hole_that_opens_can_still_win() {
    // Once is enough: it takes the second after which the system sends its packet again.
    future::block_on(async {
        let (hole, (listener, _filler)) = black_hole().await?;
        let (other, _kept) = black_hole().await?;
        let both = connect([hole, other]).happy_eyeballs_delay(Duration::ZERO);
        let mut connecting = both.into_future();
        assert!(poll_once(&mut connecting).await.is_none());
        listener.accept().await?;
        let stream = connecting.await?;
        assert_eq!(stream.peer_addr()?, hole);
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn after_a_refusal_the_next_attempt_begins_at_once() {
    everywhere(|| async {
        let good = TcpListener::bind("127.0.0.1:0").await?;
        let addresses = [refused(), refused(), good.local_addr()?];
        // Both would wait for ever for the delay.
        for delay in [Some(EVER), None] {
            let stream = connect(addresses).happy_eyeballs_delay(delay).await?;
            assert_eq!(stream.peer_addr()?, good.local_addr()?);
        }
        Ok(())
    });
}

/// LOP-29.
#[test]
fn when_all_fail_the_error_names_every_address() {
    everywhere(|| async {
        let addresses = [refused(), refused(), refused()];
        let error = connect(addresses).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert!(
            error.to_string().starts_with("cannot connect to any of "),
            "{error}"
        );
        let system = error.get_ref().and_then(|error| error.source()).unwrap();
        let system: &io::Error = system.downcast_ref().unwrap();
        assert_eq!(system.kind(), ErrorKind::ConnectionRefused);
        assert!(system.raw_os_error().is_some());

        let every = connect(addresses).all_errors(true).await.unwrap_err();
        assert_eq!(every.kind(), ErrorKind::ConnectionRefused);
        for address in addresses {
            assert!(error.to_string().contains(&address.to_string()), "{error}");
            assert!(every.to_string().contains(&address.to_string()), "{every}");
        }
        let tried: Vec<_> = ConnectErrors::of(&every)
            .unwrap()
            .iter()
            .map(|(address, _)| *address)
            .collect();
        assert_eq!(tried, addresses);
        let errors = every.into_inner().unwrap().downcast::<ConnectErrors>().unwrap();
        for (_, error) in errors.into_attempts() {
            assert!(error.raw_os_error().is_some(), "{error:?}");
        }
        Ok(())
    });
}

#[test]
fn one_address_that_fails_is_named_with_its_host() {
    everywhere(|| async {
        let address = refused();
        let plain = TcpStream::connect(address).await.unwrap_err();
        let start = format!("cannot connect to {address}: ");
        assert!(plain.to_string().starts_with(&start), "{plain}");
        let resolver = Table(vec![address], Arc::default());
        let by_name = connect(("known", 7)).resolver(resolver).await.unwrap_err();
        let start = format!("cannot connect to known:7 ({address}): ");
        assert!(by_name.to_string().starts_with(&start), "{by_name}");
        Ok(())
    });
}

#[test]
fn a_resolver_of_ones_own_is_asked_for_names_only() {
    everywhere(|| async {
        let good = TcpListener::bind("127.0.0.1:0").await?;
        let address = good.local_addr()?;
        let table = Table(vec![address], Arc::default());
        let stream = connect("known:1").resolver(table.clone()).await?;
        assert_eq!(stream.peer_addr()?, address);
        assert_eq!(table.1.load(SeqCst), 1);
        let port = address.port();
        connect(("127.0.0.1", port)).resolver(table.clone()).await?;
        #[cfg(unix)]
        connect(("127.1", port)).resolver(table.clone()).await?;
        assert_eq!(table.1.load(SeqCst), 1, "a look-up of an address");
        let shared: Arc<dyn Resolver> = Arc::new(table.clone());
        let error = connect(("0.de", 5)).resolver(shared).await.unwrap_err();
        assert_eq!(table.1.load(SeqCst), 2, "a name that looks like an address");
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(
            error.to_string(),
            "cannot look up 0.de:5: not in the table, port 5"
        );
        Ok(())
    });
}

#[test]
fn a_resolver_that_never_answers_can_be_dropped() {
    struct Hangs;
    impl Resolver for Hangs {
        fn resolve(&self, _: &str, _: u16, _: Option<Family>) -> Resolving {
            Box::pin(pending())
        }
    }
    everywhere(|| async {
        let mut connecting = connect(("known", 1)).resolver(Hangs).into_future();
        for _ in 0..3 {
            assert!(poll_once(&mut connecting).await.is_none());
            future::yield_now().await;
        }
        Ok(())
    });
}

#[test]
fn only_addresses_of_the_wanted_family_are_tried() {
    everywhere(|| async {
        let good = TcpListener::bind("127.0.0.1:0").await?;
        let v6 = SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], refused().port()));
        let addresses = vec![v6, good.local_addr()?];
        let stream = connect(&addresses)
            .family(Family::V4)
            .happy_eyeballs_delay(None)
            .await?;
        assert_eq!(stream.peer_addr()?, good.local_addr()?);

        let error = connect(good.local_addr()?).family(Family::V6).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("IPv6"), "{error}");
        let table = Table(vec![good.local_addr()?], Arc::default());
        let error = connect("known:1")
            .family(Family::V6)
            .resolver(table)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.to_string().contains("known:1"), "{error}");
        Ok(())
    });
}

#[test]
fn nothing_to_connect_to_is_an_error() {
    everywhere(|| async {
        let none: [SocketAddr; 0] = [];
        let error = connect(none).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        let error = connect("known:1").resolver(Table::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert_eq!(
            connect("no port").await.unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
        assert_eq!(
            connect(("", 1)).await.unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
        Ok(())
    });
}

/// LOP-27.
#[test]
fn the_local_address_is_the_first_that_fits() {
    everywhere(|| async {
        let good = TcpListener::bind("127.0.0.1:0").await?;
        let address = good.local_addr()?;
        let v6 = SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], 0));
        // 192.0.2.0/24 is for documentation: no machine has an address in it.
        let foreign = SocketAddr::from(([192, 0, 2, 1], 0));
        let ours = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let stream = connect(address).local_addr([v6, foreign, ours]).await?;
        assert_eq!(stream.local_addr()?.ip(), Ipv4Addr::LOCALHOST);

        let error = connect(address).local_addr(foreign).await.unwrap_err();
        assert!(error.to_string().contains("192.0.2.1:0"), "{error}");
        assert_eq!(error.kind(), ErrorKind::AddrNotAvailable);
        let error = connect(address).local_addr(v6).await.unwrap_err();
        assert!(error.to_string().contains("IPv4"), "{error}");
        Ok(())
    });
}

#[test]
fn the_socket_has_its_options() {
    everywhere(|| async {
        let good = TcpListener::bind("127.0.0.1:0").await?;
        let stream = connect(good.local_addr()?)
            .nodelay(true)
            .keepalive(Keepalive::new().time(Duration::from_secs(77)))
            .recv_buffer_size(20_000)
            .send_buffer_size(30_000)
            .await?;
        assert!(stream.nodelay()? && stream.keepalive()?);
        // Linux doubles the number.
        assert!((20_000..=40_000).contains(&stream.recv_buffer_size()?));
        assert!((30_000..=60_000).contains(&stream.send_buffer_size()?));
        Ok(())
    });
}

#[test]
fn both_families_of_a_name_are_reached() {
    everywhere(|| async {
        let v4 = TcpListener::bind("127.0.0.1:0").await?;
        let v6 = SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], refused().port()));
        let gone = refused();
        // By turns: IPv6, then the first of IPv4, which answers.
        let table = Table(vec![v6, v6, v6, v4.local_addr()?, gone], Arc::default());
        let stream = connect("known:1")
            .resolver(table.clone())
            .happy_eyeballs_delay(EVER)
            .await?;
        assert_eq!(stream.peer_addr()?, v4.local_addr()?);
        drop(v4);
        let error = connect("known:1")
            .resolver(table.clone())
            .all_errors(true)
            .await
            .unwrap_err();
        let tried = ConnectErrors::of(&error)
            .unwrap()
            .iter()
            .map(|(address, _)| *address);
        assert_eq!(tried.collect::<Vec<_>>(), [v6, table.0[3], v6, gone, v6]);
        let error = connect("known:1")
            .resolver(table.clone())
            .interleave(0)
            .all_errors(true)
            .await
            .unwrap_err();
        let tried = ConnectErrors::of(&error)
            .unwrap()
            .iter()
            .map(|(address, _)| *address);
        assert_eq!(tried.collect::<Vec<_>>(), table.0);
        Ok(())
    });
}
