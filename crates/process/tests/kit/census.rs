//! What this process has: descriptors, children, threads.

#![allow(dead_code, reason = "no test uses all of it")]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::fs::{read_dir, read_to_string};
use std::time::{Duration, Instant};

/// How many descriptors are open.
pub(crate) fn descriptors() -> usize {
    // The one with which they are listed is among them.
    read_dir("/proc/self/fd").unwrap().count() - 1
}

/// How many threads there are.
pub(crate) fn threads() -> usize {
    read_dir("/proc/self/task").unwrap().count()
}

/// The children of this process, zombies too.
pub(crate) fn children() -> Vec<u32> {
    let of_thread = |thread: std::io::Result<std::fs::DirEntry>| {
        // A thread may have ended meanwhile; its children are then another's.
        read_to_string(thread.unwrap().path().join("children")).unwrap_or_default()
    };
    let all: String = read_dir("/proc/self/task").unwrap().map(of_thread).collect();
    all.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

/// Does the process run? A zombie does not.
pub(crate) fn runs(pid: u32) -> bool {
    let Ok(status) = read_to_string(format!("/proc/{pid}/stat")) else {
        return false;
    };
    let state = status.rsplit(')').next().unwrap().trim_start().chars().next();
    !matches!(state, Some('Z' | 'X') | None)
}

/// Waits for what nobody tells: another process's affairs.
pub(crate) fn eventually(what: &str, holds: impl Fn() -> bool) {
    let patience = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < patience, "{what}");
        std::thread::yield_now();
    }
}
