//! The wait by async-process, which takes over where there is no pidfd.

use std::sync::Arc;

use futures_lite::future::{block_on, poll_once};

use super::Child;
use crate::signal::Signal;
use crate::sys::Exit;

fn child(line: &str) -> (Child, async_process::ChildStdin) {
    let mut command = async_process::Command::new("/bin/sh");
    command.args(["-c", line]).stdin(std::process::Stdio::piped());
    let mut inner = command.spawn().expect("there is a shell");
    let stdin = inner.stdin.take().expect("it is piped");
    let mut child = Child::new(inner, false);
    child.exit = Exit::without_pidfd(child.pid);
    (child, stdin)
}

// POL-15
#[cfg(target_os = "linux")]
#[test]
fn without_pidfds_no_child_has_a_thread_of_its_own() {
    let children: Vec<_> = (0..8).map(|_| child("read x; exit 3")).collect();
    for (child, _stdin) in &children {
        assert!(block_on(poll_once(child.wait())).is_none());
    }
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    let watching = threads.filter(|thread| {
        let name = std::fs::read_to_string(thread.as_ref().unwrap().path().join("comm"));
        // What async-process and async-io call theirs.
        name.is_ok_and(|name| name.starts_with("async-"))
    });
    let watching = watching.count();
    assert!((1..=2).contains(&watching), "{watching} threads for 8 children");
    for (child, stdin) in children {
        drop(stdin);
        assert_eq!(block_on(child.wait()).unwrap().code(), Some(3));
    }
}

// POL-15
#[test]
fn without_a_pidfd_all_who_wait_are_woken_once() {
    let (child, stdin) = child("read x; exit 8");
    let child = Arc::new(child);
    let waiters: Vec<_> = (0..4)
        .map(|_| {
            let child = child.clone();
            std::thread::spawn(move || block_on(child.wait()))
        })
        .collect();
    // One that is given up, perhaps the one whose poll started the wait.
    assert!(block_on(poll_once(child.wait())).is_none());
    drop(stdin);
    for waiter in waiters {
        assert_eq!(waiter.join().unwrap().unwrap().code(), Some(8));
    }
    assert_eq!(block_on(child.wait()).unwrap().code(), Some(8));
}

#[test]
fn without_a_pidfd_signals_reach_a_child_until_it_was_reaped() {
    let (child, _stdin) = child("read x");
    assert!(child.look().is_none());
    child.send(Signal::KILL).unwrap();
    let ended = block_on(child.wait()).unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&ended), Some(9));
    assert!(child.send(Signal::KILL).is_err());
}
