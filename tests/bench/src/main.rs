//! The same small programs on asyncio for Rust and on its peers, side by side. Linux only.

mod alloc;
mod child;
mod load;
mod peers;
mod rows;
mod stats;
mod workloads;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["child", row, peer] => return child::measure(row, peer, false),
        ["child", row, peer, "--quick"] => return child::measure(row, peer, true),
        ["load", ..] => load::run(&arguments[1..]),
        ["hello", peer] => child::hello(peer),
        ["serve", peer] => child::serve(peer),
        _ => return ExitCode::from(2),
    }
    ExitCode::SUCCESS
}
