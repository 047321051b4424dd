//! Many children, and none of them leaves anything behind. Alone in its program, for it counts what that has.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "kit/census.rs"]
mod census;

use std::io;
use std::process::ExitStatus;
use std::task::Poll;
use std::time::Duration;

use asyncio_process::{Command, PIPE, SubprocessError, create_subprocess_exec, run};
use futures_lite::future::{block_on, poll_fn, poll_once};

use census::{children, descriptors, eventually, threads};

async fn truth() -> ExitStatus {
    Command::new("true").await.unwrap().status().await.unwrap()
}

/// A child with all that it can have.
async fn cat() {
    let mut cat = create_subprocess_exec("cat", ["-"])
        .stdin(PIPE)
        .stdout(PIPE)
        .stderr(PIPE)
        .await
        .unwrap();
    assert_eq!(cat.communicate("x").await.unwrap().0.unwrap(), b"x");
}

/// Waits until nothing is left but what was there before: what was dropped is reaped by another thread.
fn nothing_is_left(before: usize) {
    eventually("no child is left", || children().is_empty());
    eventually("no descriptor is left", || descriptors() <= before);
}

/// So many descriptors from now on.
fn limit(most: u64) {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let limit = rustix::process::Rlimit {
        current: Some(most),
        ..limit
    };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, limit).unwrap();
}

fn is_out_of_descriptors(error: &io::Error) -> bool {
    let inner = |error: &io::Error| {
        let start = error.get_ref()?.downcast_ref::<asyncio_process::StartError>()?;
        start.error.raw_os_error()
    };
    error.raw_os_error().or_else(|| inner(error)) == Some(libc::EMFILE)
}

/// Starts children at a limit of descriptors that leaves room for 0, 1, 2, … of them. True: a start went well.
fn start_with_room_for(room: usize) -> bool {
    let before = rustix::process::getrlimit(rustix::process::Resource::Nofile)
        .current
        .unwrap();
    limit((descriptors() + room) as u64);
    let started = block_on(async {
        let command = Command::new("sleep")
            .arg("1000")
            .stdin(PIPE)
            .stdout(PIPE)
            .stderr(PIPE);
        command.kill_on_drop(true).await
    });
    limit(before);
    match started {
        Ok(child) => {
            child.kill().unwrap();
            assert_eq!(block_on(child.wait()).unwrap(), -9);
            true
        }
        Err(error) => {
            assert!(is_out_of_descriptors(&error), "{error:?}");
            assert!(children().is_empty(), "an error means that there is no child");
            false
        }
    }
}

/// One test, one after the other: each counts what all of the program has.
#[test]
fn children_leave_nothing_behind() {
    // What is made once.
    block_on(async {
        truth().await;
        cat().await;
        let slow = run("sleep", ["1000"]).timeout(Duration::from_secs(60));
        assert!(poll_once(slow.into_future()).await.is_none());
    });
    eventually("no child is left", || children().is_empty());
    let (fds, tasks) = (descriptors(), threads());

    block_on(async {
        for _ in 0..1000 {
            assert!(truth().await.success());
        }
        for _ in 0..50 {
            cat().await;
        }
    });
    nothing_is_left(fds);

    let sixteen: Vec<_> = (0..16)
        .map(|_| {
            std::thread::spawn(|| {
                let mut all: Vec<_> = (0..64).map(|_| Box::pin(truth())).collect();
                block_on(poll_fn(|cx| {
                    all.retain_mut(|one| one.as_mut().poll(cx).is_pending());
                    if all.is_empty() {
                        Poll::Ready(())
                    } else {
                        Poll::Pending
                    }
                }));
            })
        })
        .collect();
    sixteen.into_iter().for_each(|thread| thread.join().unwrap());
    nothing_is_left(fds);

    // Given up at the start of everything that waits.
    block_on(async {
        for _ in 0..20 {
            let sleeper = Command::new("sleep").arg("1000").kill_on_drop(true);
            let mut child = sleeper.stdin(PIPE).stdout(PIPE).await.unwrap();
            assert!(poll_once(child.wait()).await.is_none());
            assert!(
                poll_once(child.communicate(vec![0; 1 << 20]).into_future())
                    .await
                    .is_none()
            );
            // What was to be fed goes with it.
            drop(child);
            assert!(poll_once(run("sleep", ["1000"]).into_future()).await.is_none());
            let ended = run("sleep", ["1000"]).timeout(Duration::from_millis(1)).await;
            assert!(matches!(ended, Err(SubprocessError::TimeoutExpired(_))));
            let unknown = Command::new("no-such-program-here")
                .stdin(PIPE)
                .stdout(PIPE)
                .stderr(PIPE);
            assert!(unknown.await.is_err());
        }
    });
    nothing_is_left(fds);

    // The numbers of descriptors go up to the highest that is open, and a little more.
    let started: Vec<bool> = (0..40).map(start_with_room_for).collect();
    assert!(!started[0] && started[39], "{started:?}");
    nothing_is_left(fds);
    eventually("no thread is left", || threads() <= tasks);
}
