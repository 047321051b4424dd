//! Servers under load. The server is this process; the load is another, started by a plain thread beside it.
//!
//! The thread ends the process when it has its number, so that no peer needs a way to stop a server.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio, exit};

use crate::alloc;
use crate::peers::{Peer, Pool};

/// Starts `asyncio-bench load KIND PORT ARGUMENTS`.
pub fn start_load(kind: &str, port: u16, arguments: &[u64]) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["load", kind, &port.to_string()])
        .args(arguments.iter().map(u64::to_string))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits for a load's one line, a number.
pub fn finish_load(load: Child) -> f64 {
    let output = load.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim()
        .parse()
        .unwrap_or_else(|_| panic!("the load said {text:?}"))
}

pub(super) fn print_and_exit(value: f64, unit: &str) -> ! {
    println!("{value} {unit}");
    exit(0)
}

pub(super) fn load_beside(
    kind: &'static str,
    arguments: Vec<u64>,
    unit: &'static str,
) -> impl FnOnce(u16) + Send {
    move |port| {
        std::thread::spawn(move || print_and_exit(finish_load(start_load(kind, port, &arguments)), unit));
    }
}

/// Round trips per second over `connections` connections with messages of `size` bytes.
pub fn tcp<P: Peer>(connections: u64, size: u64, millis: u64) -> f64 {
    let load = load_beside("tcp", vec![connections, size, millis], "ops/s");
    P::run(|peer: P| peer.tcp_echo(buffer(size), load));
    unreachable!("a server does not end")
}

/// The buffer of a connection: a message, and a kilobyte at least.
pub(super) fn buffer(size: u64) -> usize {
    size.max(1024) as usize
}

/// Connections per second, 16 at a time, each with one round trip of 64 bytes.
pub fn connect<P: Peer>(millis: u64) -> f64 {
    let load = load_beside("connect", vec![16, 64, millis], "ops/s");
    P::run(|peer: P| peer.tcp_echo(buffer(64), load));
    unreachable!("a server does not end")
}

/// Datagrams echoed per second by one socket, for 64 clients.
pub fn udp<P: Peer>(millis: u64) -> f64 {
    let load = load_beside("udp", vec![64, 64, millis], "ops/s");
    P::run(|peer: P| peer.udp_echo(load));
    unreachable!("a server does not end")
}

/// The 99th percentile of a round trip in nanoseconds, beside a task that blocks its worker.
pub fn stuck<P: Pool>(millis: u64) -> f64 {
    let load = load_beside("latency", vec![16, 64, millis, 99], "ns");
    P::run(|peer: P| super::pool::stuck_beside_echo(peer, load));
    unreachable!("a server does not end")
}

/// Bytes of heap per connection that had one round trip and now waits, its buffer of 1024 bytes included.
pub fn idle_bytes<P: Peer>(connections: u64) -> f64 {
    alloc::count();
    P::run(|peer: P| peer.tcp_echo(buffer(64), measure_idle(connections)));
    unreachable!("a server does not end")
}

/// Prints the bytes of heap per connection that the server on that port then has, and ends the process.
pub(super) fn measure_idle(connections: u64) -> impl FnOnce(u16) {
    move |port| {
        std::thread::spawn(move || {
            // One connection first, so that what a server makes once is not counted.
            let mut first = start_load("idle", port, &[1, 64]);
            wait_for_line(&mut first);
            let before = alloc::live_bytes();
            let mut rest = start_load("idle", port, &[connections, 64]);
            wait_for_line(&mut rest);
            let bytes = (alloc::live_bytes() - before) as f64 / connections as f64;
            drop((first.stdin.take(), rest.stdin.take()));
            print_and_exit(bytes, "bytes")
        });
    }
}

pub(super) fn wait_for_line(load: &mut Child) {
    let mut line = String::new();
    BufReader::new(load.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert_eq!(line.trim(), "ready");
}

/// Prints the port, and ends the process when its standard input ends.
pub(super) fn announce(port: u16) {
    println!("{port}");
    std::io::stdout().flush().unwrap();
    std::thread::spawn(|| {
        let _ = std::io::stdin().read(&mut [0]);
        exit(0)
    });
}

/// An echo server that prints its port and ends when its standard input does: for a tracer.
pub fn serve<P: Peer>() -> ! {
    P::run(|peer: P| peer.tcp_echo(buffer(64), announce));
    unreachable!("a server does not end")
}
