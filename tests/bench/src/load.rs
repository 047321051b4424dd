//! The other end of the sockets: `asyncio-bench load KIND PORTS [--conns N] [--bytes N] [--time MS] [--warm MS]
//! [--ops N] [--interval US] [--pin CPU]`.
//!
//! One thread, one epoll, no runtime, so that it costs less than any server that it drives. A connection sends its
//! message, waits for all of it to come back, and sends the next: the number of connections is the number of messages
//! under way. The first messages of every connection are compared byte by byte.

mod paced;
mod poller;
mod short;
mod steady;

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::machine;
use crate::measure::Metrics;
use crate::stats::quantile;

/// What is asked for.
#[derive(Clone, Debug)]
struct Load {
    ports: Vec<u16>,
    conns: usize,
    bytes: usize,
    time: Duration,
    warm: Duration,
    ops: Option<u64>,
    interval: Duration,
}

pub fn main(arguments: &[String]) -> Result<(), String> {
    let [kind, ports, rest @ ..] = arguments else {
        return Err("load needs a kind and a port".to_owned());
    };
    let ports: Result<Vec<u16>, _> = ports.split(',').map(str::parse).collect();
    let mut load = Load {
        ports: ports.map_err(|e| format!("ports: {e}"))?,
        conns: 1,
        bytes: 64,
        time: Duration::from_millis(300),
        warm: Duration::from_millis(50),
        ops: None,
        interval: Duration::from_millis(5),
    };
    let mut rest = rest.iter();
    while let (Some(option), Some(value)) = (rest.next(), rest.next()) {
        let number: u64 = value.parse().map_err(|_| format!("{option}: {value:?} is not a number"))?;
        match option.as_str() {
            "--conns" => load.conns = number as usize,
            "--bytes" => load.bytes = number as usize,
            "--time" => load.time = Duration::from_millis(number),
            "--warm" => load.warm = Duration::from_millis(number),
            "--ops" => load.ops = Some(number),
            "--interval" => load.interval = Duration::from_micros(number),
            "--pin" => machine::pin(number as usize),
            _ => return Err(format!("load knows no option {option:?}")),
        }
    }
    machine::raise_file_limit();
    let metrics = match kind.as_str() {
        "tcp" => steady::tcp(&load),
        "udp" => steady::udp(&load),
        "idle" => steady::idle(&load),
        "connect" => short::connect(&load),
        "paced" => paced::tcp(&load),
        _ => return Err(format!("there is no load {kind:?}")),
    };
    let metrics = metrics.map_err(|e| format!("load {kind}: {e}"))?;
    println!("{}", metrics.to_line());
    Ok(())
}

const SERVER: Ipv4Addr = Ipv4Addr::LOCALHOST;

/// Latencies in nanoseconds, as figures in microseconds.
fn latencies(mut nanoseconds: Vec<f64>) -> Metrics {
    nanoseconds.sort_by(f64::total_cmp);
    Metrics::one("p50", quantile(&nanoseconds, 0.5) / 1e3)
        .and("p99", quantile(&nanoseconds, 0.99) / 1e3)
        .and("count", nanoseconds.len() as f64)
}

/// The message of a connection: no two neighbours alike.
fn message(connection: usize, bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (connection * 31 + at * 7 + at / 251) as u8).collect()
}
