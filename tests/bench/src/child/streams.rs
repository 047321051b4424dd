//! The rows of streams, and of loops per core.

use std::process::ExitCode;

use super::shrink;

use crate::peers::{Ours, Protocol, Smol, Streams, Tls, TokioCt, TokioMt};
use crate::workloads::{net, streams, tls};

/// How many lines a client that does not wait has under way.
const PIPELINED: u64 = 16;

fn stream<P: Streams + Tls>(row: &str, quick: bool) -> Option<f64> {
    let millis = 1000 / shrink(quick) as u64;
    Some(match row {
        "lines_1" => streams::echo::<P>(Protocol::Lines, 1, 1, millis),
        "lines_64" => streams::echo::<P>(Protocol::Lines, 64, 1, millis),
        "exactly_64" => streams::echo::<P>(Protocol::Exactly, 64, 1, millis),
        "lines_pipelined_64" => streams::echo::<P>(Protocol::Lines, 64, PIPELINED, millis),
        "lines_batched_64" => streams::echo::<P>(Protocol::Batches, 64, PIPELINED, millis),
        "bytes_per_idle_stream" => streams::idle_bytes::<P>(1000),
        "tls_echo_64" => tls::echo::<P>(millis),
        "idle_10k_p99" => streams::beside_idle::<P>(streams::idle_connections()?, 3 * millis),
        _ => return None,
    })
}

/// `asyncio-bench serve PEER lines|batches|exactly`: such a server for a tracer or a profiler.
pub fn serve(peer: &str, protocol: &str) -> ExitCode {
    let protocol = match protocol {
        "lines" => Protocol::Lines,
        "batches" => Protocol::Batches,
        "exactly" => Protocol::Exactly,
        _ => {
            eprintln!("no protocol {protocol}");
            return ExitCode::from(2);
        }
    };
    match peer {
        "ours" => streams::serve::<Ours>(protocol),
        "tokio" => streams::serve::<TokioCt>(protocol),
        "smol" => streams::serve::<Smol>(protocol),
        _ => {
            eprintln!("no server of {peer}");
            ExitCode::from(2)
        }
    }
}

/// One measurement, or `None` when the row is of another kind or the peer has none.
pub fn measure(row: &str, peer: &str, quick: bool) -> Option<f64> {
    let millis = 1000 / shrink(quick) as u64;
    match (row, peer) {
        ("per_core_echo", "ours") => Some(streams::per_core(millis)),
        ("per_core_echo", "tokio_mt") => Some(streams::two_workers::<TokioMt>(millis)),
        ("bytes_per_idle_stream", "tokio_1k") => Some(net::idle_bytes::<TokioCt>(1000)),
        (_, "ours") => stream::<Ours>(row, quick),
        (_, "tokio") => stream::<TokioCt>(row, quick),
        (_, "smol") => stream::<Smol>(row, quick),
        _ => None,
    }
}
