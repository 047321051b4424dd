//! The rows of protocols: ours is one, the others echo as in the rows of sockets.

use super::shrink;
use crate::peers::{Monoio, OursProtocol, Peer, TokioCt};
use crate::workloads::net;

fn row<P: Peer>(row: &str, quick: bool) -> Option<f64> {
    let millis = 1000 / shrink(quick) as u64;
    Some(match row {
        "protocol_echo_1x64" => net::tcp::<P>(1, 64, millis),
        "protocol_echo_64x64" => net::tcp::<P>(64, 64, millis),
        "protocol_echo_64x4096" => net::tcp::<P>(64, 4096, millis),
        "protocol_echo_1000x64" => net::tcp::<P>(1000, 64, millis),
        "bytes_per_idle_protocol_connection" => net::idle_bytes::<P>(1000),
        _ => return None,
    })
}

/// One measurement, or `None` when the row is of another kind or the peer has none.
pub fn measure(name: &str, peer: &str, quick: bool) -> Option<f64> {
    match peer {
        "ours" => row::<OursProtocol>(name, quick),
        "tokio" => row::<TokioCt>(name, quick),
        "monoio" => row::<Monoio>(name, quick),
        _ => None,
    }
}

/// `asyncio-bench serve ours protocol`: such a server for a tracer or a profiler.
pub fn serve() {
    net::serve::<OursProtocol>()
}
