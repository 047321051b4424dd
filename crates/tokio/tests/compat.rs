//! `compat`: what is tokio's in tasks of ours, and when it ends.

#![allow(clippy::unwrap_used, reason = "helpers of tests: who calls them is a test")]

use std::future::{Future, pending, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use asyncio::{Runner, create_task, finally, spawn, timeout, yield_now};
use asyncio_tokio::{Compat, TokioCompat, handle};
use futures_core::Stream;
use static_assertions::{assert_impl_all, assert_not_impl_any};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;

assert_impl_all!(Compat<()>: Send, Sync, Unpin);
assert_not_impl_any!(Compat<*const ()>: Send, Sync);
assert_not_impl_any!(Compat<std::marker::PhantomPinned>: Unpin);

const LONG: Duration = Duration::from_secs(3600);

async fn nap() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

async fn echo_once(listener: TcpListener) -> std::io::Result<()> {
    let (mut stream, _) = listener.accept().await?;
    let number = stream.read_u32().await?;
    stream.write_u32(number + 1).await
}

async fn ask(address: std::net::SocketAddr, number: u32) -> std::io::Result<u32> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_u32(number).await?;
    stream.read_u32().await
}

async fn round_trip() -> std::io::Result<u32> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(echo_once(listener));
    let answer = ask(address, 41).await?;
    server.await??;
    Ok(answer)
}

/// Says that it was dropped, and whether tokio's context was there.
struct Dropped(Arc<Mutex<Vec<bool>>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.lock().unwrap().push(Handle::try_current().is_ok());
    }
}

#[test]
fn sockets_timers_and_spawn_of_tokio_work_in_tasks_of_the_loop_and_of_its_pool() {
    asyncio::run(async {
        let on_loop = create_task(round_trip().compat());
        let on_pool = spawn(round_trip().compat());
        assert_eq!(on_loop.await.unwrap().unwrap(), 42);
        assert_eq!(on_pool.await.unwrap().unwrap(), 42);
        nap().compat().await;
    });
}

#[test]
fn it_works_on_executors_that_are_not_ours() {
    assert_eq!(smol::block_on(round_trip().compat()).unwrap(), 42);
    assert_eq!(futures_lite::future::block_on(round_trip().compat()).unwrap(), 42);
}

#[test]
fn inside_of_tokio_it_uses_the_runtime_that_is_there() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let here = runtime.handle().id();
    assert_eq!(runtime.block_on(async { handle().unwrap().id() }.compat()), here);
}

#[test]
fn all_of_a_loop_share_one_runtime_and_two_loops_do_not() {
    let mut runner = Runner::new();
    let mut ids = |_| {
        let ids = runner.run(async {
            let on_pool = spawn(async { Handle::current().id() }.compat()).await.unwrap();
            assert_eq!(async { Handle::current().id() }.compat().await, on_pool);
            on_pool
        });
        ids.unwrap()
    };
    assert_eq!(ids(0), ids(1), "it is the same in the next run");
    let other = asyncio::run(async { Handle::current().id() }.compat());
    assert_ne!(ids(2), other);
}

#[test]
fn without_a_use_there_is_no_runtime() {
    asyncio::run(async {
        drop(pending::<()>().compat());
        assert!(Handle::try_current().is_err());
    });
}

/// What tokio's own tasks were told is there when the loop has been closed.
#[test]
fn what_was_spawned_goes_on_after_its_future_and_is_gone_when_the_loop_is_closed() {
    let drops = Arc::default();
    let mut runner = Runner::new();
    let dropped = Dropped(Arc::clone(&drops));
    let steps = Arc::new(AtomicUsize::new(0));
    let counted = steps.clone();
    runner
        .run(async move {
            async move {
                tokio::spawn(async move {
                    let _dropped = dropped;
                    loop {
                        counted.fetch_add(1, Ordering::Relaxed);
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                });
            }
            .compat()
            .await;
        })
        .unwrap();
    let before = steps.load(Ordering::Relaxed);
    runner
        .run(async {
            while steps.load(Ordering::Relaxed) < before + 3 {
                nap().compat().await;
            }
        })
        .unwrap();
    assert!(drops.lock().unwrap().is_empty());
    runner.close();
    assert_eq!(drops.lock().unwrap().len(), 1);
}

#[test]
fn tasks_that_clean_up_at_the_end_of_the_loop_may_use_tokio() {
    let cleaned = Arc::new(AtomicBool::new(false));
    let tells = cleaned.clone();
    asyncio::run(async {
        create_task(async move {
            let body = async { tokio::time::sleep(LONG).await }.compat();
            finally(body, async move {
                assert_eq!(round_trip().compat().await.unwrap(), 42);
                tells.store(true, Ordering::Relaxed);
            })
            .await;
        })
        .detach();
        yield_now().await;
    });
    assert!(cleaned.load(Ordering::Relaxed));
}

#[test]
fn a_timeout_of_ours_drops_tokios_future_in_its_context() {
    let drops: Arc<Mutex<Vec<bool>>> = Arc::default();
    asyncio::run(async {
        let dropped = Dropped(drops.clone());
        let slow = async move {
            let _dropped = dropped;
            tokio::time::sleep(LONG).await;
        };
        assert!(timeout(Duration::from_millis(1), slow.compat()).await.is_err());
        assert_eq!(*drops.lock().unwrap(), [true]);

        let dropped = Dropped(drops.clone());
        let task = create_task(
            async move {
                let _dropped = dropped;
                tokio::time::sleep(LONG).await;
            }
            .compat(),
        );
        yield_now().await;
        task.cancel();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(*drops.lock().unwrap(), [true, true]);
    });
}

#[test]
fn panics_arrive_where_they_would_under_tokio_and_the_runtime_goes_on() {
    asyncio::run(async {
        let ours = create_task(async { panic!("ours") }.compat());
        assert!(ours.await.unwrap_err().is_panic());
        let theirs = async { tokio::spawn(async { panic!("theirs") }).await }.compat();
        assert!(theirs.await.unwrap_err().is_panic());
        assert_eq!(round_trip().compat().await.unwrap(), 42);
    });
}

/// Counts by tokio's clock.
struct Ticks(tokio::time::Interval, u32);

impl Stream for Ticks {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u32>> {
        if self.1 == 0 {
            return Poll::Ready(None);
        }
        self.0.poll_tick(cx).map(|_| {
            self.1 -= 1;
            Some(self.1)
        })
    }
}

#[test]
fn streams_have_the_context_too() {
    asyncio::run(async {
        let ticks = async { Ticks(tokio::time::interval(Duration::from_millis(1)), 3) };
        let mut ticks = Box::pin(ticks.compat().await.compat());
        let mut seen = Vec::new();
        while let Some(tick) = poll_fn(|cx| ticks.as_mut().poll_next(cx)).await {
            seen.push(tick);
        }
        assert_eq!(seen, [2, 1, 0]);
    });
}

#[test]
fn blocking_work_that_never_ends_does_not_keep_the_loop_for_ever() {
    let (release, held) = mpsc::channel::<()>();
    let (tell, told) = mpsc::channel();
    let program = std::thread::spawn(move || {
        asyncio::run(
            async move {
                let (began, begins) = tokio::sync::oneshot::channel();
                tokio::task::spawn_blocking(move || {
                    let _ = began.send(());
                    held.recv()
                });
                begins.await.unwrap();
            }
            .compat(),
        );
        tell.send(()).unwrap();
    });
    let ended = told.recv_timeout(Duration::from_secs(60));
    assert_ne!(ended, Err(RecvTimeoutError::Timeout));
    drop(release);
    program.join().unwrap();
}

#[test]
fn what_is_inside_can_be_reached_and_taken_out() {
    let mut compat = Compat::new(7);
    *compat.get_mut() += 1;
    assert_eq!(*compat.get_ref(), 8);
    assert_eq!(format!("{compat:?}"), "Compat(8)");
    assert_eq!(compat.into_inner(), 8);
    let (mut asked, polled) = (Compat::new(Box::pin(yield_now())), AtomicUsize::new(0));
    asyncio::run(poll_fn(|cx| {
        polled.fetch_add(1, Ordering::Relaxed);
        Pin::new(&mut asked).poll(cx)
    }));
    assert_eq!(polled.into_inner(), 2);
}
