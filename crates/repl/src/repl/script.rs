//! `asyncio run FILE`, and a standard input that is no terminal: the whole text is one input, and its values are not shown.

use std::ffi::OsString;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use super::diagnostics::{self, Shift};
use super::display::Display;
use super::engine::Outcome;
use super::session::Desk;
use super::style::Style;

/// Bad usage, as the shell's own tools say it.
const USAGE: u8 = 2;
/// Ends as a program does that Ctrl-C ended.
const BY_CTRL_C: u8 = 130;

const OPENING: &str = "asyncio::__session::script(async { ";

/// `asyncio run FILE`.
pub(crate) fn script(arguments: &[OsString]) -> ExitCode {
    let Some((file, _)) = arguments.split_first() else {
        eprintln!("asyncio: run needs a file, or - for the standard input");
        return ExitCode::from(USAGE);
    };
    if file == "-" {
        return from_stdin();
    }
    match std::fs::read_to_string(file) {
        Ok(text) => run(&text),
        Err(error) => {
            eprintln!("asyncio: {}: {error}", Path::new(file).display());
            ExitCode::from(USAGE)
        }
    }
}

pub(super) fn from_stdin() -> ExitCode {
    let mut text = String::new();
    match std::io::stdin().read_to_string(&mut text) {
        Ok(_) => run(&text),
        Err(error) => {
            eprintln!("asyncio: the standard input cannot be read: {error}");
            ExitCode::from(USAGE)
        }
    }
}

fn run(text: &str) -> ExitCode {
    let desk = Desk::new(Display::start(true), false);
    if let Err(error) = desk.wait() {
        eprintln!("asyncio: {error}");
        return ExitCode::FAILURE;
    }
    let (input, shift) = wrapped(text);
    let (outcome, interrupted) = desk.evaluate(&input);
    let code = match outcome {
        _ if interrupted => BY_CTRL_C,
        Outcome::Done(_) => 0,
        Outcome::Rejected(errors) => {
            eprint!("{}", diagnostics::render(&errors, text, shift, Style::PLAIN));
            1
        }
        Outcome::Ended { code: Some(code), .. } => u8::try_from(code & 0xff).unwrap_or(1),
        Outcome::Failed(error)
        | Outcome::Ended {
            code: None,
            text: error,
        } => {
            eprintln!("asyncio: {error}");
            1
        }
    };
    desk.end();
    ExitCode::from(code)
}

/// The text as the body of an async block: what it defines need not outlive it, and `?` ends it. Its lines keep their
/// numbers. Commands (`:dep`) at its head stay outside.
fn wrapped(text: &str) -> (String, Shift) {
    let mut head = 0;
    for line in text.split_inclusive('\n') {
        let plain = line.trim();
        if !plain.is_empty()
            && !plain.starts_with(':')
            && !plain.starts_with("#!")
            && !plain.starts_with("//")
        {
            break;
        }
        head += line.len();
    }
    let (head, body) = text.split_at(head);
    // A line that begins with `#!/` is for the shell.
    let head: String = head
        .split_inclusive('\n')
        .map(|line| if line.starts_with("#!/") { "\n" } else { line })
        .collect();
    let shift = Shift {
        line: head.lines().count() + 1,
        columns: OPENING.chars().count(),
    };
    (format!("{head}{OPENING}{body}\n; Ok(()) }}).await"), shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_stay_at_the_head_and_lines_keep_their_numbers() {
        let text = "#!/usr/bin/env -S asyncio run\n:dep itoa = \"1\"\n\nlet x = 1;\nprintln!(\"{x}\");";
        let (wrapped, shift) = wrapped(text);
        assert_eq!((shift.line, shift.columns), (4, OPENING.len()));
        assert!(wrapped.starts_with("\n:dep itoa = \"1\"\n\nasyncio"), "{wrapped}");
        let line = wrapped.lines().position(|line| line.contains("let x"));
        assert_eq!(line, text.lines().position(|line| line.contains("let x")));
    }
}
