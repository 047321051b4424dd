//! The same small programs on asyncio for Rust and on its peers, side by side. Linux only.
//!
//! The parent starts this program again for each measurement ([`child`]) and for the load of a server ([`load`]);
//! what it then makes of the numbers is in [`verdict`].

mod alloc;
mod build_time;
mod child;
mod cli;
mod load;
mod peers;
mod python;
mod report;
mod rounds;
mod rows;
mod stats;
mod svg;
mod verdict;
mod workloads;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["child", row, peer] => return child::measure(row, peer, false),
        ["child", row, peer, "--quick"] => return child::measure(row, peer, true),
        ["instructions", work, peer, count] => return child::instructions(work, peer, count),
        ["load", ..] => load::run(&arguments[1..]),
        ["lines", count] => child::print_lines(count),
        ["hello", peer] => child::hello(peer),
        ["serve", peer] => child::serve(peer),
        ["serve", "ours", "protocol"] => child::serve_protocol(),
        ["serve", peer, protocol] => return child::serve_streams(peer, protocol),
        ["help" | "--help" | "-h"] => println!("{}", cli::USAGE),
        _ => return parent(&arguments),
    }
    ExitCode::SUCCESS
}

fn parent(arguments: &[String]) -> ExitCode {
    let options = match cli::parse(arguments) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("{error}\n\n{}", cli::USAGE);
            return ExitCode::from(2);
        }
    };
    if options.list {
        for row in rows::ROWS {
            println!(
                "{:26} {:6} {}  [{}]",
                row.name,
                row.unit,
                row.what,
                row.peers.join(" ")
            );
        }
        return ExitCode::SUCCESS;
    }
    let measured = rounds::run(&options);
    println!("{}", report::table(&measured));
    let build = match options.build_time.then(build_time::section).transpose() {
        Ok(section) => section.unwrap_or_default(),
        Err(error) => {
            eprintln!("hello world: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("{build}");
    if options.write {
        if let Err(error) = report::write(&measured, &options, &build) {
            eprintln!("docs/benchmarks.md: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
