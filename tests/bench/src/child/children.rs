//! The rows of child processes.

use super::shrink;

use crate::peers::{Children, Ours, Smol, TokioCt};
use crate::workloads::children;

fn row<P: Children>(row: &str, quick: bool) -> Option<f64> {
    let n = shrink(quick);
    Some(match row {
        "process_true" => children::sequential::<P>(500 / n),
        "process_true_16" => children::concurrent::<P>(64 / n),
        "process_cat" => children::cat::<P>(256 / n),
        "process_lines" => children::lines::<P>(4_000_000 / n),
        _ => return None,
    })
}

/// One measurement, or `None` when the row is of another kind or the peer has none.
pub fn measure(name: &str, peer: &str, quick: bool) -> Option<f64> {
    match peer {
        "ours" => row::<Ours>(name, quick),
        "tokio" => row::<TokioCt>(name, quick),
        "smol" => row::<Smol>(name, quick),
        _ => None,
    }
}

/// `asyncio-bench lines COUNT`.
pub use crate::workloads::children::print as print_lines;
