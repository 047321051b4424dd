//! `asyncio-bench child WORKLOAD PEER [--quick]`: one measurement, one line `value unit`.

use crate::peers::{
    Calls, Compio, Monoio, Ours, OursPool, Peer, Pool, Smol, SmolPool, Structured, TokioCt, TokioLocal,
    TokioMt,
};
use crate::workloads::{calls, memory, net, ping_pong, pool, process, structured, tasks, threads, timers};

mod children;
mod protocols;
mod streams;
mod sync;

pub use children::print_lines;
pub use protocols::serve as serve_protocol;
pub use streams::serve as serve_streams;

/// Amounts of work are divided by this in a quick run.
fn shrink(quick: bool) -> usize {
    if quick { 5 } else { 1 }
}

fn single<P: Peer>(row: &str, peer: &str, quick: bool) -> Option<f64> {
    let n = shrink(quick);
    let millis = 1000 / n as u64;
    Some(match row {
        "spawn_join" => tasks::spawn_join::<P>(1_000_000 / n),
        "yield" => tasks::yields::<P>(5000 / n),
        "wake_ping_pong" => ping_pong::local::<P>(2_000_000 / n),
        "timer_create_cancel_1" => timers::create_cancel::<P>(1, 1_000_000 / n),
        "timer_create_cancel_1000" => timers::create_cancel::<P>(1000, 1_000_000 / n),
        "timer_fire_100k" => timers::fire::<P>(100_000),
        "timer_lateness_p50" => timers::lateness::<P>(1000 / n, 50),
        "timer_lateness_p99" => timers::lateness::<P>(1000 / n, 99),
        "to_thread_burst" => threads::burst::<P>(100_000 / n),
        "to_thread_single" => threads::single::<P>(20_000 / n),
        "echo_1x64" => net::tcp::<P>(1, 64, millis),
        "echo_64x64" => net::tcp::<P>(64, 64, millis),
        "echo_64x4096" => net::tcp::<P>(64, 4096, millis),
        "echo_1000x64" => net::tcp::<P>(1000, 64, millis),
        "echo_64x65536" => net::tcp::<P>(64, 65536, millis),
        "connect_rate" => net::connect::<P>(millis),
        "udp_echo_64" => net::udp::<P>(millis),
        "bytes_per_parked_task" => memory::parked_task::<P>(1 << 16),
        "bytes_per_idle_connection" => net::idle_bytes::<P>(1000),
        "allocs_per_spawn" => tasks::allocs_per_spawn::<P>(),
        "allocs_per_yield" => tasks::allocs_per_yield::<P>(),
        "syscalls_per_echo_1" => process::syscalls_per_echo(peer, 1)?,
        "syscalls_per_echo_64" => process::syscalls_per_echo(peer, 64)?,
        "startup" => process::startup(peer, 100 / n),
        _ => return None,
    })
}

fn pooled<P: Pool>(row: &str, quick: bool) -> Option<f64> {
    let n = shrink(quick);
    Some(match row {
        "pool_spawn_join" => pool::spawn_join::<P>(1_000_000 / n),
        "pool_yield" => pool::yields::<P>(5000 / n),
        "pool_ping_pong" => ping_pong::pool::<P>(500_000 / n),
        "pool_stuck" => net::stuck::<P>(3000 / n as u64),
        _ => return None,
    })
}

fn structured<P: Structured>(row: &str, quick: bool) -> Option<f64> {
    let work = structured::work(row)?;
    let total = if row.starts_with("timeout") {
        20_000_000
    } else {
        2_000_000
    };
    Some(structured::run::<P>(work, total / shrink(quick) as u64))
}

fn called<P: Calls>(row: &str, quick: bool) -> Option<f64> {
    match row {
        "call_soon" => Some(calls::call_soon::<P>(5_000_000 / shrink(quick))),
        "allocs_per_call_soon" => Some(calls::allocs::<P>()),
        _ => None,
    }
}

/// One measurement, printed; the status tells whether there was one.
pub fn measure(row: &str, peer: &str, quick: bool) -> std::process::ExitCode {
    let value = sync::measure(row, peer, quick);
    let value = value.or_else(|| streams::measure(row, peer, quick));
    let value = value.or_else(|| children::measure(row, peer, quick));
    let value = value.or_else(|| protocols::measure(row, peer, quick));
    let value = value.or_else(|| match peer {
        "ours" if structured::work(row).is_some() => structured::<Ours>(row, quick),
        "tokio" if structured::work(row).is_some() => structured::<TokioCt>(row, quick),
        "tokio_local" => structured::<TokioLocal>(row, quick),
        "ours" if row.ends_with("call_soon") => called::<Ours>(row, quick),
        "tokio" if row.ends_with("call_soon") => called::<TokioCt>(row, quick),
        "smol" if row.ends_with("call_soon") => called::<Smol>(row, quick),
        "ours" => single::<Ours>(row, peer, quick),
        "tokio" => single::<TokioCt>(row, peer, quick),
        "smol" => single::<Smol>(row, peer, quick),
        "monoio" => single::<Monoio>(row, peer, quick),
        "compio" => single::<Compio>(row, peer, quick),
        "ours_pool" => pooled::<OursPool>(row, quick),
        "tokio_mt" => pooled::<TokioMt>(row, quick),
        "smol_pool" => pooled::<SmolPool>(row, quick),
        _ => None,
    });
    let unit = crate::rows::ROWS
        .iter()
        .find(|known| known.name == row)
        .map(|known| known.unit);
    match (value, unit) {
        (Some(value), Some(unit)) => {
            println!("{value} {unit}");
            std::process::ExitCode::SUCCESS
        }
        _ => {
            eprintln!("no measurement of {row} on {peer}");
            std::process::ExitCode::from(2)
        }
    }
}

/// `asyncio-bench instructions WORK PEER COUNT`: that many operations for `valgrind --tool=callgrind`, or for
/// `perf stat -e instructions:u`. The difference between two counts leaves out the start and the end.
pub fn instructions(work: &str, peer: &str, count: &str) -> std::process::ExitCode {
    let (Some(work), Ok(count)) = (structured::work(work), count.parse()) else {
        eprintln!("no work {work}, or {count} is no number");
        return std::process::ExitCode::from(2);
    };
    match peer {
        "ours" => structured::run::<Ours>(work, count),
        "tokio" => structured::run::<TokioCt>(work, count),
        "tokio_local" => structured::run::<TokioLocal>(work, count),
        _ => {
            eprintln!("no peer {peer}");
            return std::process::ExitCode::from(2);
        }
    };
    std::process::ExitCode::SUCCESS
}

/// `asyncio-bench hello PEER`: starts the loop, runs a task, ends.
pub fn hello(peer: &str) {
    fn run<P: Peer>() {
        P::run(|peer: P| async move {
            peer.spawn(async {}).await;
        });
    }
    match peer {
        "ours" => run::<Ours>(),
        "tokio" => run::<TokioCt>(),
        "smol" => run::<Smol>(),
        "monoio" => run::<Monoio>(),
        "compio" => run::<Compio>(),
        _ => {}
    }
}

/// `asyncio-bench serve PEER`: an echo server for a tracer.
pub fn serve(peer: &str) {
    match peer {
        "ours" => net::serve::<Ours>(),
        "tokio" => net::serve::<TokioCt>(),
        "smol" => net::serve::<Smol>(),
        "monoio" => net::serve::<Monoio>(),
        "compio" => net::serve::<Compio>(),
        _ => eprintln!("no server of {peer}"),
    }
}
