//! `asyncio`: reads, evaluates and prints until the person at the terminal leaves.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::ExitCode;

use super::commands::{self, Request};
use super::diagnostics::Shift;
use super::display::Display;
use super::editor::{Event, Prompt};
use super::engine::Outcome;
use super::session::Desk;
use super::style::Style;
use super::{diagnostics, place, script};

/// Bad usage, as the shell's own tools say it.
const USAGE: u8 = 2;
/// evcxr wraps it as any input; the library of the session prints.
const TASKS: &str = "asyncio::__session::tasks();";

/// `asyncio [repl]`. Where the standard input is no terminal, it is read as a script.
pub(crate) fn interactive(arguments: &[OsString]) -> ExitCode {
    if let Some(argument) = arguments.first() {
        eprintln!(
            "asyncio: repl takes no arguments, but there is {}",
            argument.display()
        );
        return ExitCode::from(USAGE);
    }
    if !std::io::stdin().is_terminal() {
        return script::from_stdin();
    }
    let style = Style::of_stdout();
    let display = Display::start(true);
    let desk = Desk::new(display.clone(), true);
    banner(style);
    if let Err(error) = desk.wait_if_long() {
        eprintln!("asyncio: {error}");
        return ExitCode::FAILURE;
    }
    let mut prompt = match Prompt::new(desk.session.clone(), &display, style) {
        Ok(prompt) => prompt,
        Err(error) => {
            eprintln!("asyncio: the terminal cannot be used: {error}");
            return ExitCode::FAILURE;
        }
    };
    let mut left = startup(&desk, style);
    while left.is_none() {
        left = match prompt.next() {
            Event::Input(input) => follow(&desk, &input, style),
            Event::Interrupt => {
                println!("KeyboardInterrupt");
                None
            }
            Event::End => Some(0),
        };
    }
    prompt.save_history();
    drop(prompt);
    println!("exiting asyncio REPL...");
    desk.end();
    ExitCode::from(left.unwrap_or(0))
}

fn banner(style: Style) {
    println!(
        "asyncio REPL {} (Rust) on {}\nUse \".await\" directly instead of \"asyncio::run()\".\nType \":help\" for more \
         information.\n{}use asyncio::*; use std::time::Duration;",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        style.prompt(">>> "),
    );
}

/// The file that `ASYNCIO_REPL_STARTUP` names is an input before the first.
fn startup(desk: &Desk, style: Style) -> Option<u8> {
    let path = place::variable("ASYNCIO_REPL_STARTUP")?;
    match std::fs::read_to_string(&path) {
        Ok(input) => follow(desk, &input, style),
        Err(error) => {
            eprintln!("asyncio: ASYNCIO_REPL_STARTUP={}: {error}", path.display());
            None
        }
    }
}

/// Does what an input asks for; gives the exit code if that is to leave.
fn follow(desk: &Desk, input: &str, style: Style) -> Option<u8> {
    let (outcome, interrupted) = match commands::read(input) {
        Request::Nothing => return None,
        Request::Exit => return Some(0),
        Request::Help => {
            print!("{}", commands::help());
            return None;
        }
        Request::Tasks => desk.evaluate(TASKS),
        Request::Clear => desk.clear(),
        Request::Evaluate(input) => desk.evaluate(input),
    };
    if interrupted {
        println!("KeyboardInterrupt");
        if let Outcome::Ended { .. } = outcome {
            println!("the session starts anew: variables and tasks are lost");
        }
        return None;
    }
    match outcome {
        // As Python does not show a None.
        Outcome::Done(Some(text)) if !text.is_empty() && text != "()" => println!("{text}"),
        Outcome::Done(_) => {}
        Outcome::Rejected(errors) => {
            print!("{}", diagnostics::render(&errors, input, Shift::default(), style))
        }
        Outcome::Failed(text) => println!("{}: {text}", style.error("error")),
        Outcome::Ended { code: Some(code), .. } => return Some(u8::try_from(code & 0xff).unwrap_or(1)),
        Outcome::Ended { code: None, text } => {
            println!("{text}\nthe session starts anew: variables and tasks are lost");
        }
    }
    None
}
