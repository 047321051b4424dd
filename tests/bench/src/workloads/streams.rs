//! Servers of lines and records, and echo on two cores, under load.

use crate::alloc;
use crate::peers::{Pool, Protocol, Streams, ours};

use super::net::{
    announce, buffer, finish_load, load_beside, measure_idle, print_and_exit, start_load, wait_for_line,
};

/// The length of a line with its newline, and of a record.
const SIZE: u64 = 64;

/// Answers per second over `connections` connections, each of which has `lines` lines under way.
pub fn echo<P: Streams>(protocol: Protocol, connections: u64, lines: u64, millis: u64) -> f64 {
    let load = load_beside("lines", vec![connections, SIZE, lines, millis], "ops/s");
    P::run(|peer: P| peer.stream_echo(protocol, load));
    unreachable!("a server does not end")
}

/// Such a server, for a tracer or a profiler; it prints its port and ends when its standard input does.
pub fn serve<P: Streams>(protocol: Protocol) -> ! {
    P::run(|peer: P| peer.stream_echo(protocol, announce));
    unreachable!("a server does not end")
}

/// Bytes of heap per connection that had one line answered, and whose server waits for the next.
pub fn idle_bytes<P: Streams>(connections: u64) -> f64 {
    alloc::count();
    P::run(|peer: P| peer.stream_echo(Protocol::Lines, measure_idle(connections)));
    unreachable!("a server does not end")
}

/// The 99th percentile of the time that a line takes there and back, in nanoseconds, beside `idle` connections that do
/// nothing.
pub fn beside_idle<P: Streams>(idle: u64, millis: u64) -> f64 {
    let measure = move |port| {
        std::thread::spawn(move || {
            let mut rest = start_load("idle", port, &[idle, SIZE]);
            wait_for_line(&mut rest);
            let value = finish_load(start_load("latency", port, &[16, SIZE, millis, 99]));
            drop(rest.stdin.take());
            print_and_exit(value, "ns")
        });
    };
    P::run(|peer: P| peer.stream_echo(Protocol::Lines, measure));
    unreachable!("a server does not end")
}

/// So many idle connections as this process and its load may have, and 10,000 at most. `None` where that is too few to
/// tell anything.
pub fn idle_connections() -> Option<u64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find(|line| line.starts_with("Max open files"))?;
    let most = line.split_whitespace().nth(3)?.parse().unwrap_or(u64::MAX);
    let idle = most.saturating_sub(200).min(10_000);
    if idle < 1000 {
        eprintln!("only {most} descriptors may be open: no thousand idle connections");
        return None;
    }
    Some(idle)
}

/// Round trips per second of a runtime with two workers: 64 connections, 64 bytes.
pub fn two_workers<P: Pool>(millis: u64) -> f64 {
    let load = load_beside("tcp", vec![64, 64, millis], "ops/s");
    P::run(|peer: P| peer.tcp_echo(buffer(64), load));
    unreachable!("a server does not end")
}

/// The same of two loops, each with a listener of its own on the one port.
pub fn per_core(millis: u64) -> f64 {
    ours::per_core_echo(buffer(64), load_beside("tcp", vec![64, 64, millis], "ops/s"));
    unreachable!("a server does not end")
}
