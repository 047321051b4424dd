//! The programs of the book are run, and print what the page says they print.
//!
//! `build.rs` finds them. This program runs each in a process of its own (itself, with a variable that says which), with the
//! mock clock, so that an hour of sleep is no time; `real_time` in the head of a snippet turns that off. In what
//! a page expects, `…` stands for anything in that line. A snippet with `serve` in its head is a server: it is given an
//! address, and the block after it is the play that `play.rs` performs with it.

use std::process::{Command, ExitCode};
use std::time::Duration;

#[path = "book/play.rs"]
mod play;

// A reader who copies a program is to see no warning of the compiler.
#[deny(warnings)]
#[allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    dead_code,
    reason = "pages are written for readers"
)]
#[allow(clippy::all, clippy::unwrap_used, reason = "pages are written for readers")]
mod programs {
    use super::Program;
    include!(concat!(env!("OUT_DIR"), "/programs.rs"));
    pub(super) const ALL: &[Program] = PROGRAMS;
}

/// A program of a page.
struct Program {
    name: &'static str,
    start: fn() -> ExitCode,
    serves: bool,
    expected: &'static str,
}

const WHICH: &str = "ASYNCIO_BOOK_PROGRAM";

/// Takes the place of `asyncio::run` in the programs: sleeps take no time, and waiting for a peer is not cut short.
fn run_with_mock_clock<F: Future>(main: F) -> F::Output {
    let mut runner = asyncio::Runner::new()
        .mock_clock(true)
        .autojump_after(Duration::from_millis(20));
    runner.run(main).expect("the program runs to its end")
}

/// Whether a line is as the pattern has it, where `…` is anything.
fn matches(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

fn agree(expected: &str, printed: &str) -> bool {
    expected.lines().count() == printed.lines().count()
        && expected
            .lines()
            .zip(printed.lines())
            .all(|(pattern, line)| matches(pattern, line))
}

/// Runs one program to its end.
///
/// # Errors
/// What it printed, where that is not what the page says.
fn check(program: &Program, command: &mut Command) -> Result<(), String> {
    if program.serves {
        return play::perform(program.expected, command);
    }
    let output = command.output().map_err(|error| error.to_string())?;
    let printed = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && agree(program.expected, &printed) {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "{}\nexpected:\n{}\nprinted:\n{printed}\n{errors}",
        output.status, program.expected
    ))
}

fn main() -> ExitCode {
    if let Ok(which) = std::env::var(WHICH) {
        let program = which.parse().ok().and_then(|at: usize| programs::ALL.get(at));
        return (program.expect("the number of a program").start)();
    }
    // As with other tests, a word picks those that have it in their name.
    let filter = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'))
        .unwrap_or_default();
    let this = std::env::current_exe().expect("a program knows itself");
    let (mut passed, mut failed) = (0, 0);
    for (at, program) in programs::ALL.iter().enumerate() {
        if !program.name.contains(&filter) {
            continue;
        }
        match check(
            program,
            Command::new(&this).env(WHICH, at.to_string()).env("LC_ALL", "C"),
        ) {
            Ok(()) => {
                passed += 1;
                println!("test {} ... ok", program.name);
            }
            Err(report) => {
                failed += 1;
                println!("test {} ... FAILED\n{report}", program.name);
            }
        }
    }
    let result = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {result}. {passed} passed; {failed} failed");
    ExitCode::from(u8::from(failed != 0))
}
