//! The cancel explorer over children: at no suspension point of a wait, a talk, a run or an end is a byte, a status or a
//! child lost.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::Duration;

use asyncio::subprocess::{Command, PIPE, Process, TaskGroupExt};
use asyncio::testing::{Case, Ended, How, explore_cancel};
use asyncio::{create_subprocess_shell, create_task, sleep, task_group, yield_now};
use futures_lite::FutureExt;

const GRACE: Duration = Duration::from_secs(60);

/// SUB-01: a start has no suspension point, so nothing can be cancelled half-way.
#[test]
fn a_start_happens_or_does_not() {
    asyncio::run(async {
        let explored = explore_cancel(|| {
            let (ours, theirs) = UnixStream::pair().unwrap();
            let command = Command::new("sleep").arg("1000").stdin(OwnedFd::from(theirs));
            let future = command.kill_on_drop(true).into_future();
            Case::new(future, async move |outcome| {
                if let Ended::Value(child) = outcome {
                    drop(child.unwrap());
                }
                is_alone(&ours).await;
            })
        })
        .await;
        assert_eq!(explored.suspension_points, 0);
    });
}

/// SUB-08: cancelling one of many is harmless.
#[test]
fn a_wait_that_is_cancelled_takes_nothing_from_the_next() {
    asyncio::run(async {
        let explored = explore_cancel(|| {
            let child: Rc<RefCell<Option<Process>>> = Rc::default();
            let made = child.clone();
            let future = async move {
                let mut process = create_subprocess_shell("read x; exit 7")
                    .stdin(PIPE)
                    .await
                    .unwrap();
                let stdin = process.stdin.take();
                let handle = process.handle();
                *made.borrow_mut() = Some(process);
                drop(create_task(async move {
                    yield_now().await;
                    drop(stdin);
                }));
                let code = handle.wait().await.unwrap();
                assert_eq!(handle.status().await.unwrap().code(), Some(code));
                code
            };
            Case::new(future, async move |outcome| {
                if let Ended::Value(code) = outcome {
                    assert_eq!(code, 7);
                }
                let process = child.borrow_mut().take();
                if let Some(process) = process {
                    assert_eq!(process.wait().await.unwrap(), 7);
                }
            })
        })
        .await;
        assert!(explored.suspension_points > 0);
    });
}

/// SUB-09.
#[test]
fn a_talk_that_is_cancelled_loses_no_byte() {
    asyncio::run(async {
        let input: Rc<Vec<u8>> = Rc::new((0..200_000_u32).map(|byte| byte as u8).collect());
        // A fresh child for each run, made before it: the talk alone is explored.
        let fresh = || {
            let cat = Command::new("cat").stdin(PIPE).stdout(PIPE).kill_on_drop(true);
            Rc::new(RefCell::new(cat.spawn().unwrap()))
        };
        #[expect(clippy::await_holding_refcell_ref, reason = "one borrows it at a time")]
        let explored = explore_cancel(|| {
            let child = fresh();
            let talks = child.clone();
            let given = input.to_vec();
            let expected = input.clone();
            let future = async move { talks.borrow_mut().communicate(given).await.unwrap().0.unwrap() };
            Case::new(future, async move |outcome| {
                let all = match outcome {
                    Ended::Value(all) => all,
                    // Nothing was given yet.
                    Ended::Cancelled { at: 0, .. } => return,
                    Ended::Cancelled { .. } => child.borrow_mut().communicate(None).await.unwrap().0.unwrap(),
                };
                assert!(all == *expected, "{} bytes", all.len());
                assert_eq!(child.borrow().wait().await.unwrap(), 0);
            })
        })
        .await;
        assert!(explored.suspension_points > 0);
    });
}

/// Nobody has the other end any more. Another test's child may have it for a moment, before its program begins.
async fn is_alone(end: &UnixStream) {
    end.set_nonblocking(true).unwrap();
    // What it was sent and has not read makes its end a reset.
    while io::Read::read(&mut &*end, &mut [0]).is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
        sleep(Duration::from_millis(1)).await;
    }
}

/// Writes to a child. One that was cancelled may be gone by then.
fn feed(end: &UnixStream, bytes: &[u8]) {
    if let Err(error) = io::Write::write_all(&mut &*end, bytes) {
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }
}

/// The child would live until somebody writes to it.
#[test]
fn a_run_that_is_cancelled_leaves_no_child() {
    asyncio::run(async {
        let explored = explore_cancel(|| {
            let (ours, theirs) = UnixStream::pair().unwrap();
            let ours = Rc::new(ours);
            let feeds = ours.clone();
            let future = async move {
                let command = create_subprocess_shell("echo out; read x").stdin(OwnedFd::from(theirs));
                let run = command.process_group(true).run().timeout(GRACE).into_future();
                let feeds_it = async {
                    yield_now().await;
                    feed(&feeds, b"\n");
                    std::future::pending().await
                };
                run.or(feeds_it).await.unwrap().stdout
            };
            Case::new(future, async move |outcome| {
                if let Ended::Value(out) = outcome {
                    assert_eq!(out, b"out\n");
                }
                is_alone(&ours).await;
            })
        })
        .await;
        assert!(explored.suspension_points > 0);
    });
}

#[test]
fn a_pipeline_that_is_cancelled_leaves_no_child() {
    asyncio::run(async {
        let explored = explore_cancel(|| {
            let (ours, theirs) = UnixStream::pair().unwrap();
            let future = async move {
                let first = Command::new("cat").stdin(OwnedFd::from(theirs));
                let piped = first | Command::new("sort") | Command::new("cat");
                let talk = piped.process_group(true).run().timeout(GRACE).into_future();
                let feeds_it = async {
                    yield_now().await;
                    feed(&ours, b"b\na\n");
                    drop(ours);
                    std::future::pending().await
                };
                talk.or(feeds_it).await.unwrap().stdout
            };
            Case::new(future, async move |outcome| {
                if let Ended::Value(out) = outcome {
                    assert_eq!(out, b"a\nb\n");
                }
            })
        })
        .await;
        assert!(explored.suspension_points > 0);
    });
}

/// An end that is given up half-way has asked, and the next goes on.
#[test]
fn an_end_that_is_cancelled_can_be_begun_again() {
    asyncio::run(async {
        let explored = explore_cancel(|| {
            let made: Rc<RefCell<Option<Process>>> = Rc::default();
            let child = made.clone();
            let future = async move {
                let line = "trap '' TERM; echo ready; while :; do sleep 1000; done";
                let command = create_subprocess_shell(line)
                    .process_group(true)
                    .kill_on_drop(true);
                let mut process = command.stdout(PIPE).await.unwrap();
                let mut output = process.stdout.take().unwrap();
                let handle = process.handle();
                *made.borrow_mut() = Some(process);
                output.readline().await.unwrap();
                handle.shutdown(Duration::from_millis(1)).await.unwrap()
            };
            Case::new(future, async move |_| {
                let process = child.borrow_mut().take();
                if let Some(process) = process {
                    process.shutdown(Duration::ZERO).await.unwrap();
                    assert!(process.returncode().is_some());
                }
            })
        })
        .await;
        assert!(explored.suspension_points > 0);
    });
}

/// Asked to stop, a group has reaped its child; dropped, its tasks do that.
#[test]
fn a_group_with_a_child_that_is_cancelled_has_none_afterwards() {
    asyncio::run(async {
        let explored = explore_cancel(|| {
            let pid = Rc::new(Cell::new(0));
            let seen = pid.clone();
            let future = async move {
                let group = task_group(async |tg| {
                    let mut child = tg
                        .subprocess(create_subprocess_shell("echo x").stdout(PIPE))
                        .await?;
                    seen.set(child.pid());
                    child.stdout.as_mut().unwrap().read_to_end().await?;
                    Ok::<_, io::Error>(())
                });
                group.await.unwrap();
            };
            Case::new(future, async move |outcome| {
                let path = format!("/proc/{}", pid.get());
                if let Ended::Cancelled { how: How::Hard, .. } = outcome {
                    while asyncio::all_tasks().len() > 1 {
                        sleep(Duration::from_millis(1)).await;
                    }
                }
                assert!(pid.get() == 0 || !std::path::Path::new(&path).exists());
            })
        })
        .await;
        assert!(explored.suspension_points > 0);
    });
}
