//! The order test: random programs of callbacks, timers, promises, tasks and what they wait at leave the same trace on our
//! loop as on CPython's.
//!
//! The traces were recorded by `tests/data/record_order.py`, which also says what a trace is and which operations are
//! left out, because their order differs by design.

#![cfg(unix)]

mod program;
mod world;

use miniz_oxide::inflate::decompress_to_vec_zlib;

/// The recorded programs, or those of the file that `ORDER_DATA` names; all of them, or the one with the number
/// `ORDER_PROGRAM`.
#[test]
fn programs_run_in_the_order_of_cpythons_loop() {
    let data = match std::env::var_os("ORDER_DATA") {
        Some(other) => std::fs::read(other).expect("the file is there"),
        None => include_bytes!("../../data/order.txt.z").to_vec(),
    };
    assert!(compare(&data) >= 1000 || std::env::var_os("ORDER_DATA").is_some());
}

// LOP-39, LOP-40
#[test]
fn readers_are_called_in_the_turns_of_cpythons_loop() {
    assert!(compare(include_bytes!("../../data/order_io.txt.z")) >= 100);
}

/// Runs the programs of a file, and gives their number.
fn compare(data: &[u8]) -> usize {
    let text = decompress_to_vec_zlib(data).expect("the file is whole");
    let text = String::from_utf8(text).expect("the file is text");
    let programs = program::parse(&text);
    let only = std::env::var("ORDER_PROGRAM").ok();
    let mut wrong = Vec::new();
    for program in &programs {
        if only.as_ref().is_some_and(|only| *only != program.name) {
            continue;
        }
        let (here, there) = (
            readers_as_sets(world::run(program)),
            readers_as_sets(program.trace.clone()),
        );
        if here != there {
            let same = here
                .iter()
                .zip(&there)
                .take_while(|(ours, theirs)| ours == theirs)
                .count();
            wrong.push(format!(
                "program {} from word {same}:\n  CPython {}\n  here    {}",
                program.name,
                there[same..].join(" "),
                here[same..].join(" ")
            ));
        }
    }
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
    programs.len()
}

/// Readers that are called one after the other are a set: CPython calls them in the order in which epoll names them.
fn readers_as_sets(mut trace: Vec<String>) -> Vec<String> {
    for readers in trace.chunk_by_mut(|one, next| one.starts_with('r') && next.starts_with('r')) {
        readers.sort();
    }
    trace
}
