//! How children begin and end when things go wrong.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "kit/census.rs"]
mod census;

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use asyncio_process::{Command, PIPE, ProcessHandle, Signal, StartError, create_subprocess_shell};
use futures_lite::future::{block_on, poll_once};

fn refused(command: Command) -> (io::ErrorKind, String) {
    let error = block_on(command.into_future()).unwrap_err();
    let text = error.to_string();
    let kind = error.kind();
    assert!(error.into_inner().unwrap().is::<StartError>());
    (kind, text)
}

/// SUB-01.
#[test]
fn what_cannot_be_started_is_named() {
    let (kind, text) = refused(Command::new("no-such-program-here").stdout(PIPE));
    assert_eq!(kind, io::ErrorKind::NotFound);
    assert!(text.contains("no-such-program-here"), "{text}");

    let file = std::env::temp_dir().join(format!("asyncio-process-{}-not-executable", std::process::id()));
    std::fs::write(&file, "#!/bin/sh\n").unwrap();
    std::fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let (kind, text) = refused(Command::new(&file));
    assert_eq!(kind, io::ErrorKind::PermissionDenied);
    assert!(text.contains("not-executable"), "{text}");
    std::fs::remove_file(file).unwrap();

    let (kind, text) = refused(Command::new("true").cwd("/no/such/directory"));
    assert_eq!(kind, io::ErrorKind::NotFound);
    assert!(text.contains("/no/such/directory"), "{text}");

    // The same where the child has to fork.
    let (kind, text) = refused(Command::new("no-such-program-here").umask(0o77));
    assert_eq!(kind, io::ErrorKind::NotFound);
    assert!(text.contains("no-such-program-here"), "{text}");
    assert_eq!(refused(Command::new("tr\0ue")).0, io::ErrorKind::InvalidInput);
}

/// SUB-08.
#[test]
fn all_who_wait_are_told_the_same() {
    let child = block_on(
        create_subprocess_shell("read x; exit 9")
            .stdin(PIPE)
            .into_future(),
    )
    .unwrap();
    let handle = child.handle();
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let handle = handle.clone();
            std::thread::spawn(move || block_on(async { (handle.wait().await.unwrap(), handle.pid()) }))
        })
        .collect();
    block_on(async {
        // One that is given up takes nothing from the others.
        assert!(poll_once(handle.wait()).await.is_none());
        assert!(poll_once(child.status()).await.is_none());
    });
    let pid = child.pid();
    let mut child = child;
    drop(child.stdin.take());
    for thread in threads {
        assert_eq!(thread.join().unwrap(), (9, pid));
    }
    assert_eq!(block_on(child.wait()).unwrap(), 9);
}

/// Waits for the line with which a child tells that it is ready.
async fn ready(line: &str) -> asyncio_process::Process {
    let mut child = create_subprocess_shell(line)
        .stdin(PIPE)
        .stdout(PIPE)
        .process_group(true)
        .await
        .unwrap();
    let said = child.stdout.as_mut().unwrap().readline().await.unwrap();
    assert_eq!(said, "ready\n");
    child
}

#[test]
fn one_that_ignores_the_polite_request_is_killed_after_the_grace() {
    block_on(async {
        let child = ready("trap '' TERM; echo ready; while :; do sleep 1000; done").await;
        let status = child.shutdown(Duration::from_millis(20)).await.unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9));
        assert_eq!(child.returncode(), Some(-9));
        let polite = ready("trap 'exit 4' TERM; echo ready; while :; do sleep 0.01; done").await;
        assert_eq!(
            polite.shutdown(Duration::from_secs(60)).await.unwrap().code(),
            Some(4)
        );
        assert_eq!(
            polite.shutdown(Duration::ZERO).await.unwrap().code(),
            Some(4),
            "it has ended"
        );
    });
}

#[test]
fn a_stopped_child_ends_all_the_same() {
    block_on(async {
        // It would like to end otherwise.
        let child = ready("trap 'exit 1' TERM; echo ready; while :; do sleep 0.01; done").await;
        child.send_signal(Signal::STOP).unwrap();
        let status = child.shutdown(Duration::from_millis(5)).await.unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9));
    });
}

async fn with_grandchild(line: &str) -> (asyncio_process::Process, u32) {
    let mut child = create_subprocess_shell(line)
        .stdout(PIPE)
        .process_group(true)
        .kill_on_drop(true)
        .await
        .unwrap();
    let said = child.stdout.as_mut().unwrap().readline().await.unwrap();
    let grandchild = std::str::from_utf8(&said).unwrap().trim().parse().unwrap();
    assert!(census::runs(grandchild));
    (child, grandchild)
}

#[test]
fn what_ends_a_child_that_leads_a_group_reaches_what_it_has_started() {
    block_on(async {
        let line = "sleep 1000 & echo $!; wait";
        let (child, grandchild) = with_grandchild(line).await;
        child.kill_group().unwrap();
        census::eventually("kill_group", || !census::runs(grandchild));
        assert_eq!(child.wait().await.unwrap(), -9);

        let (child, grandchild) = with_grandchild(line).await;
        child.shutdown(Duration::from_secs(60)).await.unwrap();
        census::eventually("shutdown", || !census::runs(grandchild));

        let (child, grandchild) = with_grandchild(line).await;
        drop(child);
        census::eventually("a drop", || !census::runs(grandchild));

        // One that has ended by itself is gone, and what it has left is reached.
        let (child, grandchild) = with_grandchild("sleep 1000 & echo $!").await;
        assert_eq!(child.wait().await.unwrap(), 0);
        assert!(census::runs(grandchild));
        drop(child);
        census::eventually("a drop after the end", || !census::runs(grandchild));
    });
}

/// SUB-12: as in Python, the shell alone.
#[test]
fn without_a_group_the_child_alone_is_killed() {
    block_on(async {
        let line = "sleep 1000 & echo $!; wait";
        let mut child = create_subprocess_shell(line).stdout(PIPE).await.unwrap();
        let said = child.stdout.as_mut().unwrap().readline().await.unwrap();
        let grandchild: u32 = std::str::from_utf8(&said).unwrap().trim().parse().unwrap();
        child.kill().unwrap();
        assert_eq!(child.wait().await.unwrap(), -9);
        assert!(census::runs(grandchild));
        let number = rustix::process::Pid::from_raw(i32::try_from(grandchild).unwrap()).unwrap();
        rustix::process::kill_process(number, rustix::process::Signal::KILL).unwrap();
    });
}

/// SUB-19.
#[test]
fn a_dropped_child_lives_on_or_is_killed_and_is_reaped_in_any_case() {
    block_on(async {
        let (ours, theirs) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
        let lives = create_subprocess_shell("read x; echo $x")
            .stdin(ours)
            .stdout(PIPE)
            .await
            .unwrap();
        let mut stdout = None;
        let pid = {
            let mut lives = lives;
            stdout.replace(lives.stdout.take().unwrap());
            lives.pid()
        };
        rustix::io::write(&theirs, b"alive\n").unwrap();
        assert_eq!(stdout.unwrap().readline().await.unwrap(), "alive\n");
        census::eventually("it is reaped", || !census::children().contains(&pid));

        let killed = Command::new("sleep")
            .arg("1000")
            .kill_on_drop(true)
            .await
            .unwrap();
        let pid = killed.pid();
        let handle: ProcessHandle = killed.handle();
        drop(killed);
        assert_eq!(handle.wait().await.unwrap(), -9);
        census::eventually("it is reaped", || !census::children().contains(&pid));

        let mut spared = Command::new("sleep")
            .arg("1000")
            .kill_on_drop(true)
            .await
            .unwrap();
        spared.set_kill_on_drop(false);
        let handle = Arc::new(spared.handle());
        drop(spared);
        assert_eq!(handle.returncode(), None);
        handle.kill().unwrap();
        assert_eq!(handle.wait().await.unwrap(), -9);
    });
}

/// The reactor that watches a child can be closed before it ends.
#[test]
fn a_wait_survives_the_loop_in_which_it_began() {
    let mut runner = asyncio_loop::Runner::new();
    let child = runner.run(async {
        let child = create_subprocess_shell("read x; exit 6")
            .stdin(PIPE)
            .await
            .unwrap();
        assert!(poll_once(child.wait()).await.is_none());
        child
    });
    let mut child = child.unwrap();
    let handle = child.handle();
    let waiter = std::thread::spawn(move || block_on(handle.wait()));
    runner.close();
    drop(child.stdin.take());
    // The pipe's end went with its reactor, or with the drop: either way the child reads its end.
    assert_eq!(block_on(child.wait()).unwrap(), 6);
    assert_eq!(waiter.join().unwrap().unwrap(), 6);
}
