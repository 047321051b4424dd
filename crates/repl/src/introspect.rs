//! `asyncio ps` and `asyncio pstree`: what the loops of another process do.
//!
//! The process must have opened its introspection socket (`Runner::introspect`, or `ASYNCIO_INTROSPECT=1`). `client` asks it,
//! `table` shows the answer as a table; the tree comes as text.

mod client;
mod options;
mod table;

use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use options::Options;
use serde_json::Value;

/// The arguments are wrong.
const USAGE: u8 = 2;

const PS: &str = "a table of the tasks of a process";
const PSTREE: &str = "\
who waits for whom in a process, and deadlocks; it exits with 1 when tasks wait for each other in a circle";

/// `asyncio ps PID`: a line for each task.
pub(crate) fn ps(arguments: &[OsString]) -> ExitCode {
    show("ps", PS, arguments, |answer| (table::tasks(answer), true))
}

/// `asyncio pstree PID`: who waits for whom. It fails when tasks wait for each other in a circle.
pub(crate) fn pstree(arguments: &[OsString]) -> ExitCode {
    show("pstree", PSTREE, arguments, |answer| {
        let tree = answer["tree"].as_str().unwrap_or_default().to_owned();
        let circles = answer["deadlocks"].as_array().map_or(0, Vec::len);
        (tree, circles == 0)
    })
}

fn show(
    command: &str,
    about: &str,
    arguments: &[OsString],
    view: impl Fn(&Value) -> (String, bool),
) -> ExitCode {
    if options::ask_for_help(arguments) {
        let (usage, help) = (options::USAGE, options::HELP);
        print!("asyncio {command}: {about}\n\nusage: asyncio {command} {usage}\n\n{help}");
        return ExitCode::SUCCESS;
    }
    let options = match Options::parse(arguments) {
        Ok(options) => options,
        Err(message) => {
            eprintln!(
                "asyncio {command}: {message}\nusage: asyncio {command} {}",
                options::USAGE
            );
            return ExitCode::from(USAGE);
        }
    };
    loop {
        let line = match client::ask(options.pid, options.retries) {
            Ok(line) => line,
            Err(message) => {
                eprintln!("asyncio {command}: {message}");
                return ExitCode::FAILURE;
            }
        };
        let (text, good) = match client::read(&line) {
            Ok(answer) => {
                let (text, good) = view(&answer);
                (if options.json { line } else { text }, good)
            }
            Err(message) => {
                eprintln!("asyncio {command}: {message}");
                return ExitCode::FAILURE;
            }
        };
        let mut out = std::io::stdout().lock();
        if options.watch.is_some() && out.is_terminal() {
            // Home, and clear what is below.
            let _ = out.write_all(b"\x1b[H\x1b[J");
        }
        // Whoever reads may have gone, as `head` does.
        if out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err() {
            return ExitCode::SUCCESS;
        }
        match options.watch {
            Some(every) => std::thread::sleep(every),
            None if good => return ExitCode::SUCCESS,
            None => {
                eprintln!(
                    "asyncio {command}: there are tasks that wait for each other, and stand still unless a timeout or a request to stop ends a wait"
                );
                return ExitCode::FAILURE;
            }
        }
    }
}
