//! `cargo xtask cost`: what tasks, locks and connections cost in instructions, with the loop as it is and with others
//! looking into it. Needs valgrind.
//!
//! The example `instructions` does one thing so many times, and then three times as many; the difference leaves out what
//! starting costs. Instructions of the program alone are counted, not those of the system. To see what a change costs, run
//! it before and after.

use std::process::Command;

use crate::report::{Failure, Steps, only};
use crate::{run, workspace};

pub(crate) const ABOUT: &str =
    "instructions for a task, a lock, an echo; also while others look (needs valgrind)";

const WORK: [&str; 5] = ["spawn", "lock", "contended", "echo", "group"];
const MODES: [&str; 4] = ["plain", "thread", "introspect", "debug"];
const TIMES: u64 = 2000;

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    only(arguments, &[])?;
    let mut steps = Steps::new();
    steps.check("cost", measure)?;
    steps.finish()
}

fn measure() -> Result<(), Failure> {
    let mut build = Command::new("cargo");
    build.current_dir(workspace::root());
    build.args([
        "build",
        "--release",
        "-p",
        "asyncio-rs",
        "--example",
        "instructions",
    ]);
    run::run(&mut build)?;
    println!("{:12}{}", "", MODES.map(|mode| format!("{mode:>12}")).concat());
    for work in WORK {
        print!("{work:12}");
        for mode in MODES {
            let (once, thrice) = (count(work, TIMES, mode)?, count(work, 3 * TIMES, mode)?);
            print!(
                "{:12.1}",
                (thrice.saturating_sub(once)) as f64 / (2 * TIMES) as f64
            );
        }
        println!();
    }
    Ok(())
}

/// How many instructions the example takes.
fn count(work: &str, times: u64, mode: &str) -> Result<u64, Failure> {
    let program = workspace::target().join("release/examples/instructions");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args([work, &times.to_string(), mode])
        .output()
        .map_err(|error| Failure::new(format!("valgrind does not run: {error}")))?;
    let said = String::from_utf8_lossy(&output.stderr);
    let line = said.lines().find_map(|line| line.split_once("Collected : "));
    let number = line.and_then(|(_, number)| number.trim().parse().ok());
    number.ok_or_else(|| Failure::new(format!("valgrind counted nothing: {said}")))
}
