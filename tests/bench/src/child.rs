//! `asyncio-bench child WORKLOAD PEER [--time MS] [--ops N] [--size N] [--pin CPU]`: one measurement, in a process of
//! its own, which prints one line.

use std::time::Duration;

use crate::measure::{Metrics, Params};
use crate::peers::compio::Compio;
use crate::peers::monoio::{MonoioLegacy, MonoioUring};
use crate::peers::ours::{Ours, OursPool};
use crate::peers::smol::{Smol, Smol2};
use crate::peers::tokio::{TokioCt, TokioMt};
use crate::peers::{Blocking, Local, Net, Pool, PoolNet};
use crate::workloads::{blocking, memory, pool, tasks, timers};
use crate::{machine, serve};

pub fn main(arguments: &[String]) -> Result<(), String> {
    let [workload, peer, rest @ ..] = arguments else {
        return Err("child needs a workload and a peer".to_owned());
    };
    let mut params = Params {
        time: Duration::from_millis(200),
        ops: None,
        size: 1000,
    };
    let mut rest = rest.iter();
    while let (Some(option), Some(value)) = (rest.next(), rest.next()) {
        let number: u64 = value.parse().map_err(|_| format!("{option}: {value:?} is not a number"))?;
        match option.as_str() {
            "--time" => params.time = Duration::from_millis(number),
            "--ops" => params.ops = Some(number),
            "--size" => params.size = number as usize,
            "--pin" => machine::pin(number as usize),
            _ => return Err(format!("child knows no option {option:?}")),
        }
    }
    if peer == "none" && workload == "hello" {
        return Ok(());
    }
    if let Some(kind) = workload.strip_prefix("serve-") {
        return server(kind, peer, params.size);
    }
    let metrics = match peer.as_str() {
        "ours" if workload.starts_with("pool-") => on_pool::<OursPool>(workload, params),
        "ours" => on_thread::<Ours>(workload, params),
        "tokio-ct" => on_thread::<TokioCt>(workload, params),
        "tokio-mt" => on_pool::<TokioMt>(workload, params).or_else(|| blocks::<TokioMt>(workload, params)),
        "smol" => on_thread::<Smol>(workload, params),
        "smol-2" => on_pool::<Smol2>(workload, params),
        "monoio" => on_thread::<MonoioLegacy>(workload, params),
        "monoio-uring" => on_thread::<MonoioUring>(workload, params),
        "compio" => on_thread::<Compio>(workload, params),
        _ => return Err(format!("there is no peer {peer:?}")),
    };
    let metrics = metrics.ok_or_else(|| format!("{peer} has no workload {workload:?}"))??;
    println!("{}", metrics.to_line());
    Ok(())
}

type Measured = Option<Result<Metrics, String>>;

fn on_thread<R: Local + Blocking>(workload: &str, params: Params) -> Measured {
    Some(match workload {
        "spawn" => Ok(<R as Local>::run(tasks::spawn::<R>(params))),
        "yield" => Ok(<R as Local>::run(tasks::yields::<R>(params))),
        "wake" => Ok(<R as Local>::run(tasks::wake::<R>(params))),
        "timer-cancel-1" => Ok(<R as Local>::run(timers::cancel_one::<R>(params))),
        "timer-cancel-1000" => Ok(<R as Local>::run(timers::cancel_many::<R>(params))),
        "timer-fire" => <R as Local>::run(timers::fire::<R>(params)),
        "timer-sparse" => <R as Local>::run(timers::sparse::<R>(params)),
        "task-bytes" => Ok(<R as Local>::run(memory::parked::<R>(params))),
        "spawn-allocations" => Ok(<R as Local>::run(memory::spawn_allocations::<R>(params))),
        "yield-allocations" => Ok(<R as Local>::run(memory::yield_allocations::<R>(params))),
        "hello" => {
            <R as Local>::run(async {});
            Ok(Metrics::default())
        }
        _ => return blocks::<R>(workload, params),
    })
}

fn blocks<R: Blocking>(workload: &str, params: Params) -> Measured {
    match workload {
        "blocking-burst" => Some(Ok(R::run(blocking::burst::<R>(params)))),
        "blocking-single" => Some(Ok(R::run(blocking::single::<R>(params)))),
        _ => None,
    }
}

fn on_pool<R: Pool>(workload: &str, params: Params) -> Measured {
    match workload {
        "pool-spawn" => Some(Ok(R::run(pool::spawn::<R>(params)))),
        "pool-yield" => Some(Ok(R::run(pool::yields::<R>(params)))),
        "pool-wake" => Some(Ok(R::run(pool::wake::<R>(params)))),
        _ => None,
    }
}

fn server(kind: &str, peer: &str, size: usize) -> Result<(), String> {
    match (kind, peer) {
        ("pool-tcp" | "stuck-tcp", "ours") => serve::tcp(|l| OursPool::tcp(l, size, kind == "stuck-tcp")),
        ("pool-tcp" | "stuck-tcp", "tokio-mt") => serve::tcp(|l| <TokioMt as PoolNet>::tcp(l, size, kind == "stuck-tcp")),
        ("pool-tcp" | "stuck-tcp", "smol-2") => serve::tcp(|l| Smol2::tcp(l, size, kind == "stuck-tcp")),
        (_, "ours") => serve_on::<Ours>(kind, size),
        (_, "tokio-ct") => serve_on::<TokioCt>(kind, size),
        (_, "smol") => serve_on::<Smol>(kind, size),
        (_, "monoio") => serve_on::<MonoioLegacy>(kind, size),
        (_, "monoio-uring") => serve_on::<MonoioUring>(kind, size),
        (_, "compio") => serve_on::<Compio>(kind, size),
        _ => Err(format!("{peer} has no server {kind:?}")),
    }
}

fn serve_on<R: Net>(kind: &str, size: usize) -> Result<(), String> {
    match kind {
        "tcp" => serve::tcp(|listener| R::tcp(listener, size)),
        "udp" => serve::udp(size, R::udp),
        _ => Err(format!("there is no server {kind:?}")),
    }
}
