//! The command line: a table of commands, and nothing that a command does.

use std::ffi::OsString;
use std::process::ExitCode;

/// Bad usage, as the shell's own tools say it.
const USAGE: u8 = 2;

const ABOUT: &str = "\
Python's asyncio in Rust: a prompt, and a look into running programs

usage: asyncio [COMMAND]

";

/// One command: its name and arguments, what it does in a line, and the function behind it.
struct Command {
    name: &'static str,
    arguments: &'static str,
    about: &'static str,
    run: fn(&[OsString]) -> ExitCode,
}

const COMMANDS: &[Command] = &[
    #[cfg(feature = "repl")]
    Command {
        name: "repl",
        arguments: "",
        about: "a prompt with top-level .await; this is what no command means",
        run: crate::repl::interactive,
    },
    #[cfg(feature = "repl")]
    Command {
        name: "run",
        arguments: "FILE.rs",
        about: "run a file of Rust with top-level .await; - is the standard input",
        run: crate::repl::script,
    },
    #[cfg(unix)]
    Command {
        name: "ps",
        arguments: "PID",
        about: "the tasks of a process; --json, --watch[=SECONDS], --retries N",
        run: crate::introspect::ps,
    },
    #[cfg(unix)]
    Command {
        name: "pstree",
        arguments: "PID",
        about: "who waits for whom, and deadlocks; the same options",
        run: crate::introspect::pstree,
    },
];

/// What the program does: reads its arguments, and runs the command that they name.
pub fn main() -> ExitCode {
    #[cfg(feature = "repl")]
    crate::repl::hook();
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    dispatch(&arguments)
}

fn dispatch(arguments: &[OsString]) -> ExitCode {
    let Some((first, rest)) = arguments.split_first() else {
        return without_command();
    };
    match first.to_str() {
        Some("--version" | "-V") => {
            println!("asyncio {}", env!("CARGO_PKG_VERSION"));
            ExitCode::SUCCESS
        }
        Some("--help" | "-h" | "help") => {
            print!("{}", help());
            ExitCode::SUCCESS
        }
        name => match COMMANDS.iter().find(|command| Some(command.name) == name) {
            Some(command) => (command.run)(rest),
            None => {
                eprint!("asyncio: no command {}\n\n{}", first.display(), help());
                ExitCode::from(USAGE)
            }
        },
    }
}

#[cfg(feature = "repl")]
fn without_command() -> ExitCode {
    crate::repl::interactive(&[])
}

/// Built without the prompt, the program needs to be told what to look at.
#[cfg(not(feature = "repl"))]
fn without_command() -> ExitCode {
    eprint!("{}", help());
    ExitCode::from(USAGE)
}

fn help() -> String {
    let mut text = String::from(ABOUT);
    for command in COMMANDS {
        let call = format!("{} {}", command.name, command.arguments);
        text += &format!("  {call:<22}{}\n", command.about);
    }
    text += "  --version, --help     this program's version; this text\n";
    if cfg!(unix) {
        text += "\nps and pstree look into processes that have opened their introspection socket: start them with\n\
                 ASYNCIO_INTROSPECT=1 in the environment, or build them with Runner::introspect(true).\n";
    }
    if !cfg!(feature = "repl") {
        text += "\nThis one was built without the prompt (cargo feature `repl`).\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_command() {
        let help = help();
        for command in COMMANDS {
            assert!(help.contains(command.name), "{help}");
            assert!(!command.about.is_empty());
        }
        assert!(help.contains("--version"));
    }
}
