//! `getaddrinfo`, `getnameinfo` and resolvers that block, on executors that are not ours. No test needs a network.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "kit/common.rs"]
mod kit;

use std::future::IntoFuture;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use asyncio_net::{
    AddrInfo, BlockingResolver, Family, GaiError, GetAddrInfo, GetNameInfo, Lookup, Resolver, SockType,
    getaddrinfo, getnameinfo,
};
use futures_lite::future;
use static_assertions::assert_impl_all;

use kit::{everywhere, poll_once};

assert_impl_all!(GetAddrInfo: Send, Sync, Unpin, Clone);
assert_impl_all!(GetNameInfo: Send, Sync, Unpin, Clone);
assert_impl_all!(Lookup<Vec<AddrInfo>>: Send, Unpin);
assert_impl_all!(GaiError: Send, Sync, Unpin, Copy, std::error::Error);
assert_impl_all!(AddrInfo: Send, Sync, Unpin);
assert_impl_all!(BlockingResolver: Send, Sync, Unpin, Clone);

/// The answer that is there at the first poll, which leaves no time for a thread.
fn at_once<T>(lookup: impl IntoFuture<Output = T>) -> T {
    let mut lookup = std::pin::pin!(lookup.into_future());
    future::block_on(poll_once(lookup.as_mut())).expect("it waits for a thread")
}

fn addrs(found: &[AddrInfo]) -> Vec<SocketAddr> {
    found.iter().map(|info| info.addr).collect()
}

#[test]
fn an_address_in_text_is_answered_at_once() {
    let tcp = |host: &str| at_once(getaddrinfo(host, 80).socktype(SockType::Stream)).unwrap();
    assert_eq!(addrs(&tcp("192.0.2.7")), ["192.0.2.7:80".parse().unwrap()]);
    assert_eq!(addrs(&tcp("2001:db8::7")), ["[2001:db8::7]:80".parse().unwrap()]);
    assert_eq!(tcp("2001:db8::7")[0].family(), Family::V6);
    let by_ip = at_once(getaddrinfo(IpAddr::from([192, 0, 2, 7]), "80").proto(6)).unwrap();
    assert_eq!(addrs(&by_ip), ["192.0.2.7:80".parse().unwrap()]);
    assert_eq!((by_ip[0].socktype, by_ip[0].proto), (SockType::Stream, 6));
}

#[cfg(unix)]
#[test]
fn every_use_of_an_address_is_an_answer() {
    let found = at_once(getaddrinfo("192.0.2.7", 80)).unwrap();
    let uses: Vec<_> = found.iter().map(|info| (info.socktype, info.proto)).collect();
    assert!(
        uses.contains(&(SockType::Stream, 6)) && uses.contains(&(SockType::Datagram, 17)),
        "{uses:?}"
    );
    let found = at_once(getaddrinfo("192.0.2.7", 80).socktype(SockType::Datagram)).unwrap();
    assert_eq!(
        (found[0].socktype, found[0].proto, found.len()),
        (SockType::Datagram, 17, 1)
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_scope_is_a_number_or_the_name_of_an_interface() {
    for host in ["fe80::1%1", "fe80::1%lo"] {
        let found = at_once(getaddrinfo(host, 80).socktype(SockType::Stream)).unwrap();
        let SocketAddr::V6(address) = found[0].addr else {
            panic!("{found:?}")
        };
        assert_eq!(address.ip(), &"fe80::1".parse::<Ipv6Addr>().unwrap());
        assert_eq!(address.scope_id(), 1);
        let name = at_once(
            getnameinfo(address.into())
                .numeric_host(true)
                .numeric_service(true),
        )
        .unwrap();
        assert_eq!(name, ("fe80::1%lo".to_owned(), "80".to_owned()));
    }
    let error = at_once(getaddrinfo("fe80::1%nosuch0", 80)).unwrap_err();
    assert!(error.to_string().contains("fe80::1%nosuch0"), "{error}");
    // The text form with brackets is what `connect` and `bind` take.
    let error = future::block_on(asyncio_net::TcpListener::bind("[fe80::1%nosuch0]:80")).unwrap_err();
    assert!(error.to_string().contains("fe80::1%nosuch0:80"), "{error}");
}

#[cfg(unix)]
#[test]
fn the_old_forms_of_ipv4_addresses_are_answered_at_once() {
    for host in ["127.1", "0x7f000001", "2130706433"] {
        let found = at_once(getaddrinfo(host, 80).socktype(SockType::Stream)).unwrap();
        assert_eq!(addrs(&found), ["127.0.0.1:80".parse().unwrap()], "{host}");
    }
}

#[test]
fn without_a_host_it_is_this_machine() {
    let found = at_once(getaddrinfo(None::<&str>, 80).socktype(SockType::Stream)).unwrap();
    assert!(
        !found.is_empty() && found.iter().all(|info| info.addr.ip().is_loopback()),
        "{found:?}"
    );
    let found = at_once(
        getaddrinfo(None::<&str>, 80)
            .passive(true)
            .socktype(SockType::Stream),
    )
    .unwrap();
    assert!(
        !found.is_empty() && found.iter().all(|info| info.addr.ip().is_unspecified()),
        "{found:?}"
    );
}

#[test]
fn a_question_that_makes_no_sense_is_not_asked() {
    let error = at_once(getaddrinfo("", 80)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let error = at_once(getaddrinfo("a\0b", 80)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let error = at_once(getaddrinfo("localhost", "")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[cfg(unix)]
#[test]
fn an_address_of_the_other_family_is_not_found() {
    for (host, family) in [("127.0.0.1", Family::V6), ("::1", Family::V4)] {
        let error = at_once(getaddrinfo(host, 80).family(family)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        assert!(GaiError::of(&error).unwrap().is_not_found());
        assert!(error.to_string().contains(host), "{error}");
    }
}

// LOP-52
#[test]
fn localhost_is_found_off_the_loop() {
    everywhere(|| async {
        let mut lookup = getaddrinfo("localhost", 80)
            .socktype(SockType::Stream)
            .into_future();
        // The thread may be quicker than this poll's end, but not than its beginning.
        let found = match poll_once(&mut lookup).await {
            Some(found) => found?,
            None => lookup.await?,
        };
        assert!(
            found
                .iter()
                .all(|info| info.addr.ip().is_loopback() && info.addr.port() == 80)
        );
        assert!(!found.is_empty());
        Ok(())
    });
}

#[test]
fn a_host_that_does_not_exist_is_named() {
    everywhere(|| async {
        let error = getaddrinfo("nosuch.invalid", 80).await.unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("cannot look up nosuch.invalid:80: "),
            "{error}"
        );
        if cfg!(unix) {
            // Without a network, the system may only be able to say that nobody answers.
            let reason = GaiError::of(&error).unwrap();
            let kind = if reason.is_temporary() {
                ErrorKind::TimedOut
            } else {
                ErrorKind::NotFound
            };
            assert_eq!(error.kind(), kind, "{error}");
            assert_ne!(reason.code(), 0);
        }
        let error = asyncio_net::TcpStream::connect("nosuch.invalid:80")
            .await
            .unwrap_err();
        assert!(error.to_string().contains("nosuch.invalid"), "{error}");
        Ok(())
    });
}

#[cfg(unix)]
#[test]
fn services_have_names() {
    everywhere(|| async {
        let found = match getaddrinfo("127.0.0.1", "http").socktype(SockType::Stream).await {
            Ok(found) => found,
            Err(error) => {
                println!("skipped: this system knows no services: {error}");
                return Ok(());
            }
        };
        assert_eq!(addrs(&found), ["127.0.0.1:80".parse().unwrap()]);
        let (host, service) = getnameinfo(found[0].addr).numeric_host(true).await?;
        assert_eq!((host.as_str(), service.as_str()), ("127.0.0.1", "http"));
        let error = getaddrinfo("127.0.0.1", "nosuch-service").await.unwrap_err();
        assert!(error.to_string().contains("127.0.0.1:nosuch-service"), "{error}");
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        let error = getaddrinfo("127.0.0.1", "http")
            .numeric_service(true)
            .await
            .unwrap_err();
        assert!(GaiError::of(&error).is_some(), "{error}");
        Ok(())
    });
}

// LOP-53
#[cfg(unix)]
#[test]
fn the_loopback_has_a_name() {
    everywhere(|| async {
        let address = SocketAddr::from(([127, 0, 0, 1], 80));
        let (host, port) = getnameinfo(address).numeric_service(true).await?;
        assert!(!host.is_empty());
        assert_eq!(port, "80");
        let found = getaddrinfo("127.0.0.1", 80).canonname(true).await?;
        assert_eq!(found[0].canonname.as_deref(), Some("127.0.0.1"));
        Ok(())
    });
}

#[test]
fn a_hundred_lookups_at_once_are_all_answered() {
    everywhere(|| async {
        let mut lookups: Vec<_> = (0..100)
            .map(|port| getaddrinfo("localhost", port).into_future())
            .collect();
        for lookup in &mut lookups {
            if let Some(found) = poll_once(lookup).await {
                found?;
            }
        }
        // Half of them are abandoned; some run by now, some wait.
        for (port, lookup) in lookups.into_iter().enumerate().skip(50) {
            drop(lookup);
            let found = getaddrinfo("localhost", port as u16).await?;
            assert_eq!(usize::from(found[0].addr.port()), port);
        }
        Ok(())
    });
}

/// A resolver whose calls wait until the gate is opened.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<Calls>, Condvar)>);

#[derive(Default)]
struct Calls {
    open: bool,
    running: usize,
    most: usize,
    hosts: Vec<String>,
    ended: usize,
}

impl Gate {
    fn resolver(&self, threads: usize) -> BlockingResolver {
        let gate = self.clone();
        BlockingResolver::new(move |host, port, _family| gate.call(host, port)).max_threads(threads)
    }

    fn call(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let (calls, changed) = &*self.0;
        let mut now = calls.lock().unwrap();
        now.running += 1;
        now.most = now.most.max(now.running);
        now.hosts.push(host.to_owned());
        changed.notify_all();
        let mut now = changed.wait_while(now, |now| !now.open).unwrap();
        now.running -= 1;
        now.ended += 1;
        changed.notify_all();
        Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))])
    }

    fn open(&self) {
        self.0.0.lock().unwrap().open = true;
        self.0.1.notify_all();
    }

    /// Blocks this thread until the calls are as wanted.
    fn wait(&self, wanted: impl Fn(&Calls) -> bool) {
        let now = self.0.0.lock().unwrap();
        let limit = Duration::from_secs(30);
        let (_now, waited) = self
            .0
            .1
            .wait_timeout_while(now, limit, |now| !wanted(now))
            .unwrap();
        assert!(!waited.timed_out(), "the calls never came so far");
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        // No thread is left waiting when a test fails.
        if std::thread::panicking() {
            self.open();
        }
    }
}

#[test]
fn no_more_calls_run_at_once_than_there_may_be_threads() {
    everywhere(|| async {
        let gate = Gate::default();
        let resolver = gate.resolver(4);
        let mut lookups: Vec<_> = (0..100)
            .map(|port| resolver.resolve("host", port, None))
            .collect();
        for lookup in &mut lookups {
            assert!(poll_once(lookup).await.is_none());
        }
        gate.wait(|now| now.running == 4);
        gate.open();
        for (port, lookup) in lookups.into_iter().enumerate() {
            assert_eq!(usize::from(lookup.await?[0].port()), port);
        }
        assert_eq!(gate.0.0.lock().unwrap().most, 4);
        Ok(())
    });
}

#[test]
fn more_threads_are_used_when_more_are_allowed() {
    future::block_on(async {
        let gate = Gate::default();
        let resolver = gate.resolver(1);
        let mut lookups: Vec<_> = (0..3).map(|port| resolver.resolve("host", port, None)).collect();
        for lookup in &mut lookups {
            assert!(poll_once(lookup).await.is_none());
        }
        gate.wait(|now| now.running == 1);
        let resolver = resolver.max_threads(3);
        gate.wait(|now| now.running == 3);
        assert!(format!("{resolver:?}").contains("max_threads: 3"));
        gate.open();
        for lookup in lookups {
            lookup.await.unwrap();
        }
    });
}

#[test]
fn a_lookup_that_is_dropped_in_the_queue_is_never_begun() {
    everywhere(|| async {
        let gate = Gate::default();
        let resolver = gate.resolver(1);
        let mut first = resolver.resolve("first", 1, None);
        let mut second = resolver.resolve("second", 2, None);
        let mut third = resolver.resolve("third", 3, None);
        for lookup in [&mut first, &mut second, &mut third] {
            assert!(poll_once(lookup).await.is_none());
        }
        gate.wait(|now| now.running == 1);
        drop(second);
        gate.open();
        assert_eq!(third.await?[0].port(), 3);
        assert_eq!(first.await?[0].port(), 1);
        assert_eq!(gate.0.0.lock().unwrap().hosts, ["first", "third"]);
        Ok(())
    });
}

#[test]
fn a_lookup_that_is_dropped_while_it_runs_gives_its_thread_back_at_its_end() {
    everywhere(|| async {
        let gate = Gate::default();
        let resolver = gate.resolver(1);
        let mut hung = resolver.resolve("hung", 1, None);
        assert!(poll_once(&mut hung).await.is_none());
        gate.wait(|now| now.running == 1);
        drop(hung);
        let mut next = resolver.resolve("next", 2, None);
        assert!(poll_once(&mut next).await.is_none());
        gate.open();
        assert_eq!(next.await?[0].port(), 2);
        gate.wait(|now| now.ended == 2);
        Ok(())
    });
}

#[test]
fn a_panic_of_a_resolver_reaches_the_one_who_waits_and_leaves_the_thread_alone() {
    let resolver = BlockingResolver::new(|host, port, _family| match host {
        "bad" => panic!("on purpose, in a resolver"),
        _ => Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))]),
    })
    .max_threads(1);
    let wait = || future::block_on(resolver.resolve("bad", 1, None));
    let panic = catch_unwind(AssertUnwindSafe(wait)).unwrap_err();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"on purpose, in a resolver"));
    let found = future::block_on(resolver.resolve("good", 2, None)).unwrap();
    assert_eq!(found[0].port(), 2);
}
