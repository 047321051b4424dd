//! Children under a loop: on its thread, on its pool, and as members of groups.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use asyncio::reactor::Backend;
use asyncio::subprocess::{Command, DEVNULL, PIPE, Process, ProcessHandle, TaskGroupExt, run};
use asyncio::tasks::WaitKind;
use asyncio::{
    Runner, create_subprocess_exec, create_subprocess_shell, create_task, sleep, spawn, task_group, timeout,
    yield_now,
};

fn sleeper() -> Command {
    Command::new("sleep").arg("1000")
}

/// What a group has ended was reaped, not only killed.
fn is_reaped(handle: &ProcessHandle) -> bool {
    !std::path::Path::new(&format!("/proc/{}", handle.pid())).exists()
}

#[test]
fn a_child_of_a_loop_talks_and_ends() {
    asyncio::run(async {
        let mut child = create_subprocess_exec("cat", [""; 0])
            .stdin(PIPE)
            .stdout(PIPE)
            .await
            .unwrap();
        let (out, _) = child.communicate("hello").await.unwrap();
        assert_eq!(out.unwrap(), b"hello");
        assert_eq!(child.wait().await.unwrap(), 0);
    });
}

/// SUB-21: pipes and the ends of children, on each way to wait for them.
#[test]
fn every_backend_of_the_reactor_serves_children() {
    for backend in [Backend::Auto, Backend::Polling, Backend::PollingOneshot] {
        let ran = Runner::new().reactor_backend(backend).run(async {
            let input: Vec<u8> = (0..3_000_000_u32).map(|byte| byte as u8).collect();
            let mut child = create_subprocess_shell("tee /dev/stderr; exit 9")
                .stdin(PIPE)
                .stdout(PIPE)
                .stderr(PIPE)
                .await
                .unwrap();
            let (out, err) = child.communicate(input.clone()).await.unwrap();
            assert!(out.unwrap() == input && err.unwrap() == input, "{backend:?}");
            assert_eq!(child.wait().await.unwrap(), 9);
            // Two who wait, and the end comes later.
            let child = sleeper().await.unwrap();
            let other = child.handle();
            let waits = create_task(async move { other.wait().await.unwrap() });
            yield_now().await;
            let ends = create_task({
                let handle = child.handle();
                async move { handle.kill().unwrap() }
            });
            assert_eq!(child.wait().await.unwrap(), -9);
            assert_eq!(waits.await.unwrap(), -9);
            ends.await.unwrap();
        });
        ran.unwrap();
    }
}

/// A program that drains is held to the speed of the child.
#[test]
fn a_child_that_does_not_read_holds_up_who_drains() {
    asyncio::run(async {
        // It reads its input when it is told to, over what it has for its standard error.
        let (ours, theirs) = UnixStream::pair().unwrap();
        let command = create_subprocess_shell("read go <&2; wc -c")
            .stdin(PIPE)
            .stdout(PIPE);
        let mut child = command.stderr(OwnedFd::from(theirs)).await.unwrap();
        let stdin = child.stdin.take().unwrap();
        let mut sent = 0;
        while timeout(Duration::from_millis(20), stdin.drain()).await.is_ok() {
            stdin.write(&[b'x'; 10_000]).unwrap();
            sent += 10_000;
        }
        // The pipe, grown, the high-water mark and one write.
        assert!(sent <= 256 * 1024 + 64 * 1024 + 10_000, "{sent}");
        io::Write::write_all(&mut &ours, b"\n").unwrap();
        stdin.drain().await.unwrap();
        stdin.close();
        let out = child.stdout.as_mut().unwrap().readline().await.unwrap();
        assert_eq!(std::str::from_utf8(&out).unwrap().trim(), sent.to_string());
        assert_eq!(child.wait().await.unwrap(), 0);
    });
}

/// SUB-20.
#[test]
fn a_child_may_be_made_on_the_pool_and_awaited_on_the_loop() {
    asyncio::run(async {
        let child = spawn(async { create_subprocess_shell("exit 3").stdin(DEVNULL).await.unwrap() });
        assert_eq!(child.await.unwrap().wait().await.unwrap(), 3);
        let child = create_subprocess_shell("exit 4").await.unwrap();
        assert_eq!(
            spawn(async move { child.wait().await.unwrap() }).await.unwrap(),
            4
        );
    });
}

/// All of it from a task of the pool.
#[test]
fn a_worker_of_the_pool_does_all_that_a_loop_does() {
    asyncio::run(async {
        let all = spawn(async {
            let mut child = create_subprocess_shell("cat; exit 2")
                .stdin(PIPE)
                .stdout(PIPE)
                .await
                .unwrap();
            assert_eq!(child.communicate("in").await.unwrap().0.unwrap(), b"in");
            assert_eq!(child.wait().await.unwrap(), 2);
            let out = run("echo", ["x"])
                .timeout(Duration::from_secs(60))
                .check(true)
                .await
                .unwrap();
            assert_eq!(out.stdout, b"x\n");
            let piped = (Command::new("echo").arg("y") | Command::new("cat"))
                .run()
                .await
                .unwrap();
            assert_eq!(piped.stdout, b"y\n");
            let stubborn = sleeper().await.unwrap();
            stubborn.shutdown(Duration::from_secs(60)).await.unwrap();
            let mut handle = None;
            let group = task_group(async |tg| {
                handle = Some(tg.subprocess(sleeper()).await?.handle());
                Err::<(), _>(io::Error::other("no"))
            });
            assert_eq!(group.await.unwrap_err().errors().len(), 1);
            assert!(is_reaped(&handle.unwrap()));
        });
        all.await.unwrap();
    });
}

/// SUB-08, SUB-21: on the wait record, and for many.
#[test]
fn tasks_that_wait_for_a_child_say_so_and_are_told_the_same() {
    asyncio::run(async {
        let mut child = create_subprocess_shell("read x; exit 5")
            .stdin(PIPE)
            .await
            .unwrap();
        let waiters: Vec<_> = (0..50)
            .map(|_| {
                let handle = child.handle();
                create_task(async move { handle.wait().await.unwrap() })
            })
            .collect();
        yield_now().await;
        for waiter in &waiters {
            let waits = waiter.wait();
            assert_eq!(
                (waits.kind, waits.address),
                (WaitKind::Process, child.pid() as usize)
            );
        }
        waiters[0].cancel();
        drop(child.stdin.take());
        let mut cancelled = 0;
        for waiter in waiters {
            match waiter.await {
                Ok(code) => assert_eq!(code, 5),
                Err(_) => cancelled += 1,
            }
        }
        assert_eq!(cancelled, 1);
    });
}

#[test]
fn a_clock_that_jumps_does_not_while_a_child_is_awaited() {
    let mut runner = Runner::new().mock_clock(true);
    let code = runner.run(async {
        let hour = Duration::from_secs(3600);
        let child = create_subprocess_shell("sleep 0.05; exit 2").await.unwrap();
        timeout(hour, child.wait())
            .await
            .expect("the child comes first")
            .unwrap()
    });
    assert_eq!(code.unwrap(), 2);
}

#[test]
fn a_group_that_fails_ends_its_children_and_reaps_them() {
    asyncio::run(async {
        let mut handle = None;
        let failed = task_group(async |tg| {
            handle = Some(tg.subprocess(sleeper()).await?.handle());
            Err::<(), _>(io::Error::other("no"))
        });
        assert_eq!(failed.await.unwrap_err().errors().len(), 1);
        let handle = handle.unwrap();
        assert!(is_reaped(&handle));
        assert_eq!(handle.returncode(), Some(-15), "it was asked first");
    });
}

/// Reads the line with which a child says that it is ready.
async fn ready(child: &mut Process) -> String {
    let line = child.stdout.as_mut().unwrap().readline().await.unwrap();
    String::from_utf8(line.to_vec()).unwrap()
}

#[test]
fn a_group_kills_what_does_not_end_in_time_with_what_it_has_started() {
    asyncio::run(async {
        let mut seen = None;
        let late = timeout(
            Duration::from_millis(500),
            task_group(async |tg| {
                let line = "trap '' TERM; sleep 1000 & echo $!; while :; do sleep 1000; done";
                let command = create_subprocess_shell(line).stdout(PIPE).process_group(true);
                let mut child = tg.subprocess(command.grace(Duration::from_millis(10))).await?;
                let grandchild = ready(&mut child).await.trim().to_owned();
                seen = Some((child.handle(), grandchild));
                Ok::<_, io::Error>(())
            }),
        );
        assert!(late.await.is_err());
        let (handle, grandchild) = seen.unwrap();
        assert_eq!(handle.returncode(), Some(-9));
        let path = format!("/proc/{grandchild}/stat");
        // Another process reaps it.
        while std::fs::read_to_string(&path).is_ok_and(|stat| !stat.contains(") Z")) {
            yield_now().await;
        }
    });
}

#[test]
fn a_group_waits_for_its_children_and_takes_none_when_it_ends() {
    asyncio::run(async {
        let mut handle = None;
        let mut keep = None;
        task_group(async |tg| {
            handle = Some(
                tg.subprocess(create_subprocess_shell("sleep 0.02; exit 3"))
                    .await?
                    .handle(),
            );
            let missing = tg.subprocess(Command::new("no-such-program-here")).await;
            assert_eq!(missing.unwrap_err().kind(), io::ErrorKind::NotFound);
            keep = Some(tg.clone());
            Ok::<_, io::Error>(())
        })
        .await
        .unwrap();
        assert_eq!(handle.unwrap().returncode(), Some(3));
        let refused = keep.unwrap().subprocess(sleeper()).await;
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::Other);
    });
}

/// A task that is cancelled before its first step makes no child; after it, it ends it.
#[test]
fn a_group_that_is_cancelled_at_once_leaves_no_child() {
    asyncio::run(async {
        for turns in 0..4 {
            let (ours, theirs) = UnixStream::pair().unwrap();
            let ended = task_group(async |tg| {
                let start = tg.subprocess(sleeper().stdin(OwnedFd::from(theirs)));
                for _ in 0..turns {
                    yield_now().await;
                }
                drop(start);
                tg.cancel();
                Ok::<_, io::Error>(())
            });
            ended.await.unwrap();
            // Whoever had the other end is gone. Another test's child may have it until its program begins.
            ours.set_nonblocking(true).unwrap();
            while let Err(error) = io::Read::read(&mut &ours, &mut [0]) {
                assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
                sleep(Duration::from_millis(1)).await;
            }
        }
    });
}

/// SUB-19: reaped while the loop runs, while it does not, and after it.
#[test]
fn a_child_that_nobody_holds_is_reaped_whatever_the_loop_does() {
    async fn detached(seconds: &str) -> u32 {
        Command::new("sleep").arg(seconds).await.unwrap().pid()
    }
    let is_there = |pid: u32| std::path::Path::new(&format!("/proc/{pid}")).exists();
    let mut runner = Runner::new();
    let between = runner.run(async {
        let pid = detached("0.01").await;
        while is_there(pid) {
            sleep(Duration::from_millis(1)).await;
        }
        detached("0.05").await
    });
    let between = between.unwrap();
    while is_there(between) {
        std::thread::yield_now();
    }
    let after = runner.run(detached("0.05")).unwrap();
    runner.close();
    while is_there(after) {
        std::thread::yield_now();
    }
}
