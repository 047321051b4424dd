//! The commands of the project, run as `cargo xtask COMMAND`: one file per command, and this table of them.
//!
//! It needs nothing but std, so that the one door to the project builds in a second or two. What a command runs
//! inherits the terminal, so Ctrl-C reaches it, and an exit code that matters is passed on.

mod asan;
mod bench;
mod book;
mod ci;
mod cost;
mod deny;
mod docs;
mod features;
mod files;
mod fmt;
mod help;
mod lint;
mod loom;
mod manifest;
mod parity;
mod release;
mod repl;
mod report;
mod run;
mod rust_code;
mod tally;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use report::Failure;

/// One command: its name and arguments, what it does in a line, and the function behind it.
struct Command {
    name: &'static str,
    arguments: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result<(), Failure>,
}

const COMMANDS: &[Command] = &[
    Command {
        name: "ci",
        arguments: "[--full]",
        about: ci::ABOUT,
        run: ci::run,
    },
    Command {
        name: "fmt",
        arguments: "[--check]",
        about: fmt::ABOUT,
        run: fmt::run,
    },
    Command {
        name: "lint",
        arguments: "",
        about: lint::ABOUT,
        run: lint::run,
    },
    Command {
        name: "tidy",
        arguments: "",
        about: tidy::ABOUT,
        run: tidy::run,
    },
    Command {
        name: "test",
        arguments: "[ARGS]",
        about: test::ABOUT,
        run: test::run,
    },
    Command {
        name: "loom",
        arguments: "[CRATE]",
        about: loom::ABOUT,
        run: loom::run,
    },
    Command {
        name: "asan",
        arguments: "",
        about: asan::ABOUT,
        run: asan::run,
    },
    Command {
        name: "cost",
        arguments: "",
        about: cost::ABOUT,
        run: cost::run,
    },
    Command {
        name: "features",
        arguments: "[--powerset]",
        about: features::ABOUT,
        run: features::run,
    },
    Command {
        name: "docs",
        arguments: "[--quick]",
        about: docs::ABOUT,
        run: docs::run,
    },
    Command {
        name: "parity",
        arguments: "",
        about: parity::ABOUT,
        run: parity::run,
    },
    Command {
        name: "deny",
        arguments: "",
        about: deny::ABOUT,
        run: deny::run,
    },
    Command {
        name: "bench",
        arguments: "[ARGS]",
        about: bench::ABOUT,
        run: bench::run,
    },
    Command {
        name: "repl",
        arguments: "",
        about: repl::ABOUT,
        run: repl::run,
    },
    Command {
        name: "release",
        arguments: "--dry-run",
        about: release::ABOUT,
        run: release::run,
    },
    Command {
        name: "help",
        arguments: "",
        about: help::ABOUT,
        run: help::run,
    },
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "help".to_owned());
    let rest: Vec<String> = arguments.collect();
    let wanted = match name.as_str() {
        "-h" | "--help" => "help",
        name => name,
    };
    let outcome = match COMMANDS.iter().find(|command| command.name == wanted) {
        Some(command) => (command.run)(&rest),
        None => Err(Failure::usage(format!(
            "no command {name:?}; there are: {}",
            help::names()
        ))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !failure.message.is_empty() {
                eprintln!("xtask: {}", failure.message);
            }
            ExitCode::from(failure.code)
        }
    }
}
