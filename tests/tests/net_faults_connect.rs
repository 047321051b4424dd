//! What happens when connecting goes wrong under a loop: resolvers that hang, names that do not exist, addresses that
//! swallow packets. The documented error each time, no leaked descriptor, and an end of the loop that waits for nothing.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use asyncio::net::{
    BlockingResolver, ConnectErrors, Family, GaiError, Resolver, Resolving, TcpListener, TcpStream, connect,
    getaddrinfo,
};
use asyncio::{Runner, TimeoutError, create_task, sleep, spawn, timeout, yield_now};

/// What a hung resolver could cost is minutes; what it may cost is far less than this.
const SOON: Duration = Duration::from_secs(20);

/// Tests that count descriptors must not see each other's.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(target_os = "linux")]
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Runs `test` again and again: a leak would add a descriptor each time. The first time may start threads with
/// descriptors of their own; and the thread that has woken a loop for the last time may let go of its three a moment
/// after the loop's end.
#[cfg(target_os = "linux")]
fn leaks_nothing(test: impl Fn()) {
    test();
    let before = descriptors();
    (0..10).for_each(|_| test());
    let after = descriptors();
    assert!(after < before + 5, "{before} descriptors have become {after}");
}

#[cfg(not(target_os = "linux"))]
fn leaks_nothing(test: impl Fn()) {
    test();
}

/// An address at which nobody listens any more.
fn refused() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// A listener whose queue is full: on Linux, a further attempt to connect hangs.
#[cfg(target_os = "linux")]
async fn black_hole() -> io::Result<(SocketAddr, (TcpListener, TcpStream))> {
    let listener = TcpListener::builder().backlog(0).bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let filler = TcpStream::connect(address).await?;
    Ok((address, (listener, filler)))
}

/// A resolver whose calls block until the gate is dropped.
struct Gate(Arc<(Mutex<State>, Condvar)>);

#[derive(Default)]
struct State {
    open: bool,
    running: usize,
}

impl Gate {
    fn new(threads: usize) -> (Gate, BlockingResolver) {
        let state = Arc::new((Mutex::default(), Condvar::new()));
        let shared: Arc<(Mutex<State>, Condvar)> = state.clone();
        let resolver = BlockingResolver::new(move |_host, port, _family| {
            let (state, changed) = &*shared;
            let mut now = state.lock().unwrap();
            now.running += 1;
            changed.notify_all();
            let mut now = changed.wait_while(now, |now| !now.open).unwrap();
            now.running -= 1;
            changed.notify_all();
            Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))])
        });
        (Gate(state), resolver.max_threads(threads))
    }

    /// Blocks this thread until so many calls run.
    fn wait(&self, running: usize) {
        let now = self.0.0.lock().unwrap();
        let wanted = |now: &mut State| now.running != running;
        let (_now, waited) = self.0.1.wait_timeout_while(now, SOON, wanted).unwrap();
        assert!(!waited.timed_out(), "there are never {running} calls");
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).open = true;
        self.0.1.notify_all();
    }
}

/// Never answers.
struct Hangs;

impl Resolver for Hangs {
    fn resolve(&self, _: &str, _: u16, _: Option<Family>) -> Resolving {
        Box::pin(std::future::pending())
    }
}

#[test]
fn a_resolver_that_hangs_ends_with_the_timeout() {
    let _alone = alone();
    leaks_nothing(|| {
        let begun = Instant::now();
        let patience = Duration::from_millis(20);
        let (gate, blocking) = Gate::new(2);
        let outcome = asyncio::run(async {
            let hung: Result<_, TimeoutError> = timeout(patience, connect("db:1").resolver(blocking)).await;
            assert!(hung.is_err());
            timeout(patience, connect("db:1").resolver(Hangs)).await
        });
        assert!(outcome.is_err());
        assert!(
            begun.elapsed() < SOON,
            "the end of the loop has waited for the resolver"
        );
        drop(gate);
    });
}

#[test]
fn a_resolver_that_hangs_does_not_hold_up_the_end_of_the_loop() {
    let _alone = alone();
    leaks_nothing(|| {
        let begun = Instant::now();
        let (gate, resolver) = Gate::new(2);
        let own = resolver.clone();
        asyncio::run(async {
            drop(create_task(async move { connect("db:1").resolver(own).await }));
            drop(spawn(async move { connect("db:2").resolver(resolver).await }));
            yield_now().await;
            gate.wait(2);
        });
        assert!(
            begun.elapsed() < SOON,
            "the end of the loop has waited for the resolver"
        );
        gate.wait(2);
    });
}

#[test]
fn a_resolver_that_hangs_under_a_mock_clock_does_not_hold_up_the_end_either() {
    let _alone = alone();
    let begun = Instant::now();
    let (gate, resolver) = Gate::new(1);
    let ended = Runner::new().mock_clock(true).run(async {
        drop(create_task(
            async move { connect("db:1").resolver(resolver).await },
        ));
        yield_now().await;
        gate.wait(1);
    });
    ended.unwrap();
    assert!(
        begun.elapsed() < SOON,
        "the end of the loop has waited for the resolver"
    );
}

#[test]
fn a_mock_clock_does_not_jump_while_a_name_is_looked_up() {
    let _alone = alone();
    let slow = || {
        BlockingResolver::new(|_host, _port, _family| {
            // This is the slowness that the test is about: long enough for a clock to jump.
            std::thread::sleep(Duration::from_millis(30));
            Err(ErrorKind::NotFound.into())
        })
    };
    let hour = Duration::from_secs(3600);
    let found = Runner::new().mock_clock(true).run(async {
        let here = timeout(hour, connect("db:1").resolver(slow())).await;
        let resolver = slow();
        let there = spawn(async move { timeout(hour, connect("db:1").resolver(resolver)).await });
        (here, there.await.unwrap())
    });
    let (here, there) = found.unwrap();
    assert_eq!(
        here.expect("the clock has jumped").unwrap_err().kind(),
        ErrorKind::NotFound
    );
    assert_eq!(
        there.expect("the pool's clock has jumped").unwrap_err().kind(),
        ErrorKind::NotFound
    );
}

#[test]
fn names_that_exist_are_found_beside_one_that_hangs() {
    let _alone = alone();
    let (gate, resolver) = Gate::new(1);
    asyncio::run(async {
        let hung = create_task(async move { connect("db:1").resolver(resolver).await });
        yield_now().await;
        gate.wait(1);
        let found = getaddrinfo("localhost", 80).await?;
        assert!(!found.is_empty());
        assert!(hung.cancel());
        assert!(hung.await.unwrap_err().is_cancelled());
        io::Result::Ok(())
    })
    .unwrap();
}

#[test]
fn a_name_that_does_not_exist_is_named_in_the_error() {
    let _alone = alone();
    leaks_nothing(|| {
        let error = asyncio::run(TcpStream::connect("nosuch.invalid:80")).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("cannot look up nosuch.invalid:80: "),
            "{error}"
        );
        if let Some(reason) = GaiError::of(&error) {
            assert!(reason.is_not_found() || reason.is_temporary(), "{error}");
        }
    });
}

#[test]
fn refusals_leak_nothing_and_are_all_reported() {
    let _alone = alone();
    leaks_nothing(|| {
        let addresses = [refused(), refused(), refused()];
        let error = asyncio::run(async { connect(addresses).all_errors(true).await }).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        let tried = ConnectErrors::of(&error)
            .unwrap()
            .iter()
            .map(|(address, _)| *address);
        assert_eq!(tried.collect::<Vec<_>>(), addresses);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_black_hole_is_overtaken_and_its_socket_closed_at_once() {
    let _alone = alone();
    leaks_nothing(|| {
        asyncio::run(async {
            let (hole, _kept) = black_hole().await?;
            let good = TcpListener::bind("127.0.0.1:0").await?;
            let before = descriptors();
            let begun = Instant::now();
            let stream = connect([hole, hole, good.local_addr()?])
                .happy_eyeballs_delay(Duration::from_millis(20))
                .await?;
            assert_eq!(descriptors(), before + 1, "only the winner is open");
            assert!(begun.elapsed() < SOON);
            assert_eq!(stream.peer_addr()?, good.local_addr()?);
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_connect_that_is_dropped_closes_every_socket_at_once() {
    let _alone = alone();
    leaks_nothing(|| {
        asyncio::run(async {
            let (hole, _kept) = black_hole().await?;
            let before = descriptors();
            let connecting = create_task(async move {
                connect([hole, hole, hole])
                    .happy_eyeballs_delay(Duration::ZERO)
                    .await
            });
            while descriptors() < before + 3 {
                yield_now().await;
            }
            connecting.cancel();
            assert!(connecting.await.unwrap_err().is_cancelled());
            assert_eq!(descriptors(), before);

            let hung = timeout(Duration::from_millis(10), connect(hole)).await;
            assert!(hung.is_err());
            assert_eq!(descriptors(), before);
            io::Result::Ok(())
        })
        .unwrap();
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_hundred_happy_connects_at_once_win_on_loop_and_pool() {
    let _alone = alone();
    leaks_nothing(|| {
        asyncio::run(async {
            let (hole, _kept) = black_hole().await?;
            let good = TcpListener::bind("127.0.0.1:0").await?;
            let addresses = [hole, good.local_addr()?];
            let delay = Duration::from_millis(10);
            let connecting = move || connect(addresses).happy_eyeballs_delay(delay).into_future();
            let own: Vec<_> = (0..50).map(|_| create_task(connecting())).collect();
            let others: Vec<_> = (0..50).map(|_| spawn(connecting())).collect();
            for task in own {
                assert_eq!(task.await.unwrap()?.peer_addr()?, addresses[1]);
            }
            for task in others {
                assert_eq!(task.await.unwrap()?.peer_addr()?, addresses[1]);
            }
            sleep(Duration::ZERO).await;
            io::Result::Ok(())
        })
        .unwrap();
    });
}
