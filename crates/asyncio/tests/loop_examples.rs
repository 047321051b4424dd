//! The examples of the low-level loop do what they say.

#![cfg(unix)]

#[path = "kit/example.rs"]
mod kit;

use std::process::Command;

use kit::example;

/// What an example writes.
fn output(name: &str) -> String {
    let output = Command::new(example(name))
        .output()
        .expect("the example was built");
    assert!(output.status.success(), "{name}: {output:?}");
    String::from_utf8(output.stdout).expect("it writes text")
}

/// EXT-02.
#[test]
fn a_loop_runs_inside_of_tokio() {
    let expected = "one times six? 6\ntwo times six? 12\n2 answers\n";
    assert_eq!(output("embed_in_tokio"), expected);
}

/// EXT-01.
#[test]
fn a_clock_of_ones_own_is_faster_than_the_real_one() {
    let said = output("fast_clock");
    assert_eq!(said, "at least 500 ms: true\nfaster than real time: true\n");
}

/// GST-01, GST-02.
#[test]
fn a_guest_runs_beside_its_host() {
    let said = output("guest_mode");
    let mut lines: Vec<&str> = said.lines().collect();
    assert!(lines.contains(&"the host says hello"), "{said}");
    lines.retain(|line| *line != "the host says hello");
    assert_eq!(lines, ["3", "2", "1", "counted from Some(3), drawn: true"]);
}

/// LOP-58, LOP-60.
#[test]
fn an_executor_of_ones_own_works_in_processes() {
    let said = output("process_pool");
    assert_eq!(
        said,
        "385\n338350\n333833500\nfailed: true\ngoes on: 14\nended: true\n"
    );
}
