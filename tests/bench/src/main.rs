//! The benchmark: the same small programs on asyncio for Rust and on its peers, side by side.
//!
//! `cargo xtask bench` starts it. One process measures nothing itself: it starts a child for every measurement
//! (`asyncio-bench child …`, and `asyncio-bench load …` for the other end of a socket), so that no runtime disturbs
//! another, and goes round-robin over the peers inside each round. See `rows.rs` for what is measured and which bar
//! a row has, `stats.rs` for how rounds become a ratio with an interval, `report.rs` for what is written.

mod alloc;
mod build_time;
mod callgrind;
mod child;
mod cli;
mod drive;
mod load;
mod machine;
mod measure;
mod peers;
mod process;
mod report;
mod rows;
mod run;
mod serve;
mod stats;
mod svg;
mod verdict;
mod workloads;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.first().map(String::as_str) {
        Some("child") => child::main(&arguments[1..]),
        Some("load") => load::main(&arguments[1..]),
        _ => cli::main(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("asyncio-bench: {message}");
            ExitCode::FAILURE
        }
    }
}
