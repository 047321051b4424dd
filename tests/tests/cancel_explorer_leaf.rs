//! The cancel explorer over the leaf crates: Unix sockets, raw readiness, executors, the blocking pool, and the
//! looking-up of names.
#![cfg(unix)]

use std::cell::{Cell, RefCell};
use std::io::{Read, Write};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use asyncio::executor::{BlockingPool, LocalExecutor};
use asyncio::net::{UnixDatagram, UnixListener, UnixStream};
use asyncio::reactor::{Async, Direction, Level};
use asyncio::testing::{Case, Ended, explore_cancel};
use asyncio::{create_task, sleep, yield_now};

/// Waits until no task but this one is left.
async fn alone() {
    while asyncio::all_tasks().len() > 1 {
        sleep(Duration::from_millis(1)).await;
    }
}

#[test]
fn no_byte_is_lost_on_a_unix_stream() {
    asyncio::run(async {
        let (writer, reader) = UnixStream::pair().unwrap();
        let (writer, reader) = (Rc::new(RefCell::new(writer)), Rc::new(RefCell::new(reader)));
        #[expect(clippy::await_holding_refcell_ref, reason = "one borrows it at a time")]
        explore_cancel(|| {
            let (to, from) = (writer.clone(), reader.clone());
            let future = async move {
                drop(create_task(async move {
                    yield_now().await;
                    to.borrow_mut().write_all(b"hello").await.unwrap();
                }));
                let mut buffer = [0; 16];
                from.borrow_mut().read(&mut buffer).await.unwrap()
            };
            let from = reader.clone();
            Case::new(future, async move |outcome| {
                alone().await;
                if let Ended::Cancelled { at: 1.., .. } = outcome {
                    let mut buffer = [0; 5];
                    from.borrow_mut().read_exact(&mut buffer).await.unwrap();
                    assert_eq!(&buffer, b"hello");
                }
            })
        })
        .await;
    });
}

#[test]
fn no_datagram_is_lost_on_a_unix_socket() {
    asyncio::run(async {
        let (a, b) = UnixDatagram::pair().unwrap();
        let (a, b) = (Rc::new(a), Rc::new(b));
        explore_cancel(|| {
            let (to, from) = (a.clone(), b.clone());
            let future = async move {
                drop(create_task(async move {
                    yield_now().await;
                    to.send(b"datagram").await.unwrap();
                }));
                let mut buffer = [0; 16];
                let peeked = from.peek(&mut buffer).await.unwrap();
                (peeked, from.recv(&mut buffer).await.unwrap())
            };
            let b = b.clone();
            Case::new(future, async move |outcome| {
                alone().await;
                if let Ended::Cancelled { at: 1.., .. } = outcome {
                    let mut buffer = [0; 16];
                    assert_eq!(b.recv(&mut buffer).await.unwrap(), 8);
                }
            })
        })
        .await;
    });
}

#[test]
fn no_connection_is_lost_on_a_unix_listener() {
    let path = std::env::temp_dir().join(format!("asyncio-explorer-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = path.clone();
    asyncio::run(async move {
        let listener = Rc::new(UnixListener::bind(&listener).unwrap());
        let accepted = Rc::new(Cell::new(0));
        let connected = Rc::new(Cell::new(0));
        explore_cancel(|| {
            let (accepting, counted, path) = (listener.clone(), accepted.clone(), path.clone());
            let made = connected.clone();
            let future = async move {
                let connecting = create_task(async move {
                    yield_now().await;
                    let stream = UnixStream::connect(&path).await.unwrap();
                    made.set(made.get() + 1);
                    stream
                });
                drop(accepting.accept().await.unwrap());
                counted.set(counted.get() + 1);
                drop(connecting.await.unwrap());
            };
            let (listener, accepted, connected) = (listener.clone(), accepted.clone(), connected.clone());
            Case::new(future, async move |_| {
                alone().await;
                // What was connected and not accepted is still in the backlog.
                while accepted.get() < connected.get() {
                    drop(listener.accept().await.unwrap());
                    accepted.set(accepted.get() + 1);
                }
            })
        })
        .await;
        std::fs::remove_file(&path).unwrap();
    });
}

#[test]
fn raw_readiness_loses_neither_an_edge_nor_a_state() {
    asyncio::run(async {
        let pair = || std::os::unix::net::UnixStream::pair().unwrap();
        let (writer, reader) = pair();
        let reader = Rc::new(Async::new(reader).unwrap());
        let writer = Rc::new(writer);
        explore_cancel(|| {
            let (to, from) = (writer.clone(), reader.clone());
            let future = async move {
                drop(create_task(async move {
                    yield_now().await;
                    (&*to).write_all(b"x").unwrap();
                }));
                from.readable().await.unwrap();
                from.read_with(|mut stream| stream.read(&mut [0])).await.unwrap()
            };
            let from = reader.clone();
            Case::new(future, async move |outcome| {
                alone().await;
                if let Ended::Cancelled { at: 1.., .. } = outcome {
                    let read = from.read_with(|mut stream| stream.read(&mut [0])).await;
                    assert_eq!(read.unwrap(), 1);
                }
            })
        })
        .await;
        let (writer, reader) = pair();
        let level = Rc::new(Level::new(reader).unwrap());
        let writer = Rc::new(writer);
        explore_cancel(|| {
            let (to, from) = (writer.clone(), level.clone());
            let future = async move {
                drop(create_task(async move {
                    yield_now().await;
                    (&*to).write_all(b"x").unwrap();
                }));
                from.ready(Direction::Read).await.unwrap();
                assert_eq!(from.get_ref().read(&mut [0]).unwrap(), 1);
            };
            let from = level.clone();
            Case::new(future, async move |outcome| {
                alone().await;
                if let Ended::Cancelled { at: 1.., .. } = outcome {
                    from.ready(Direction::Read).await.unwrap();
                    assert_eq!(from.get_ref().read(&mut [0]).unwrap(), 1);
                }
            })
        })
        .await;
    });
}

#[test]
fn an_executor_that_is_run_for_a_while_loses_no_task() {
    asyncio::run(explore_cancel(|| {
        let executor = Rc::new(LocalExecutor::new());
        let done = Rc::new(Cell::new(0));
        for _ in 0..3 {
            let done = done.clone();
            let step = async move {
                yield_now().await;
                sleep(Duration::from_millis(1)).await;
                done.set(done.get() + 1);
            };
            executor.spawn(step).detach();
        }
        let inner = executor.clone();
        let future = async move {
            for _ in 0..6 {
                inner.tick().await;
            }
            inner.run(sleep(Duration::from_millis(5))).await;
        };
        Case::new(future, async move |_| {
            while done.get() < 3 {
                executor.tick().await;
            }
        })
    }));
}

#[test]
fn a_job_for_the_blocking_pool_is_withdrawn_or_runs_once() {
    let pool = Rc::new(BlockingPool::builder().max_threads(1).build().unwrap());
    asyncio::run(explore_cancel(|| {
        let calls = Arc::new(AtomicU32::new(0));
        let (inner, pool) = (calls.clone(), pool.clone());
        let future = async move {
            let job = pool
                .spawn_wait(move || inner.fetch_add(1, Ordering::Relaxed))
                .await
                .unwrap();
            job.await
        };
        Case::new(future, async move |outcome| {
            let calls = calls.load(Ordering::Relaxed);
            match outcome {
                Ended::Value(_) => assert_eq!(calls, 1),
                Ended::Cancelled { .. } => assert!(calls <= 1),
            }
        })
    }));
}

#[test]
fn a_name_can_be_looked_up_again_after_every_cancel() {
    asyncio::run(explore_cancel(|| {
        let future = async { asyncio::net::TcpListener::bind("localhost:0").await.unwrap() };
        Case::new(future, async |_| {
            let again = asyncio::net::TcpListener::bind("localhost:0").await.unwrap();
            assert_ne!(again.local_addr().unwrap().port(), 0);
        })
    }));
}
