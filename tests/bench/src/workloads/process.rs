//! Whole processes: start-up, and the system calls of an echo.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::net::{finish_load, start_load};

fn me() -> std::path::PathBuf {
    std::env::current_exe().unwrap()
}

/// Nanoseconds that a run of nothing adds to an empty process: the 10th percentiles of `runs` of each, interleaved.
pub fn startup(peer: &str, runs: usize) -> f64 {
    let time = |who: &str| {
        let start = Instant::now();
        let status = Command::new(me())
            .args(["hello", who])
            .stdout(Stdio::null())
            .status();
        assert!(status.unwrap().success());
        start.elapsed().as_nanos() as f64
    };
    let (mut with, mut without) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        with.push(time(peer));
        without.push(time("empty"));
    }
    // What disturbs a start only ever makes it slower, so that the quick ones tell; below a microsecond is noise.
    let quick = |times: &mut Vec<f64>| crate::stats::percentile(times, 10);
    (quick(&mut with) - quick(&mut without)).max(1000.0)
}

/// System calls of the server per echo: what 4000 more round trips add. `None` where strace is not to be had.
pub fn syscalls_per_echo(peer: &str, connections: u64) -> Option<f64> {
    let (few_calls, few) = traced(peer, connections, 1000)?;
    let (many_calls, many) = traced(peer, connections, 5000)?;
    Some((many_calls - few_calls) / (many - few))
}

/// The system calls of a server's life, and its round trips.
fn traced(peer: &str, connections: u64, echoes: u64) -> Option<(f64, f64)> {
    let report = std::env::temp_dir().join(format!("asyncio-bench-{}.strace", std::process::id()));
    let mut server = Command::new("strace")
        .args(["-f", "-c", "-qq", "-o"])
        .arg(&report)
        .arg(me())
        .args(["serve", peer])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut line = String::new();
    BufReader::new(server.stdout.take()?).read_line(&mut line).ok()?;
    let port = line.trim().parse().ok()?;
    let echoes = finish_load(start_load("fixed", port, &[connections, 64, echoes]));
    drop(server.stdin.take());
    server.wait().ok()?;
    let text = std::fs::read_to_string(&report).ok()?;
    std::fs::remove_file(&report).ok()?;
    // The last line: `100.00 0.123456 1 60035 2 total`, where the column of errors may be empty.
    let total = text.lines().rev().find(|line| line.ends_with("total"))?;
    let calls = total.split_whitespace().nth(3)?.parse().ok()?;
    Some((calls, echoes))
}
