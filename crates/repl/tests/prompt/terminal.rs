//! The program at a pseudo-terminal, with a cache that all tests share and nothing of the user's.

#![allow(clippy::unwrap_used, reason = "a helper of tests")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use expectrl::process::unix::WaitStatus;
use expectrl::session::OsSession;
use expectrl::{ControlCode, Eof, Expect, Needle, Regex};
use rustix::process::{Pid, Signal, kill_process};

/// The first start compiles the facade, beside other tests that do the same.
const PATIENCE: Duration = Duration::from_secs(280);

pub(crate) const PROMPT: &str = ">>> ";

/// What the tests compile once, and leave for their next run.
pub(crate) fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("repl-cache")
}

/// The program with an environment of its own.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_asyncio"));
    command
        .env("ASYNCIO_REPL_CACHE", cache())
        .env("ASYNCIO_REPL_HISTORY", "/dev/null")
        .env(
            "ASYNCIO_REPL_PATH",
            Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("asyncio"),
        )
        .env("NO_COLOR", "1")
        .env("TERM", "xterm")
        .env_remove("ASYNCIO_REPL_STARTUP")
        .env_remove("ASYNCIO_DEBUG");
    command
}

pub(crate) struct Terminal {
    session: OsSession,
}

impl Terminal {
    /// Starts it, up to its first prompt.
    pub(crate) fn open(command: Command) -> Terminal {
        let mut terminal = Terminal::raw(command);
        terminal.prompt();
        terminal
    }

    /// Starts it.
    pub(crate) fn raw(command: Command) -> Terminal {
        let mut session = OsSession::spawn(command).unwrap();
        session.set_expect_timeout(Some(PATIENCE));
        session.get_process_mut().set_window_size(200, 50).unwrap();
        Terminal { session }
    }

    /// Waits for `text`; gives what came before it.
    pub(crate) fn sees(&mut self, text: &str) -> String {
        self.waits(text, text)
    }

    /// As [`sees`](Terminal::sees), but what came before is as the terminal gets it.
    pub(crate) fn raw_before(&mut self, text: &str) -> String {
        let found = self.session.expect(text).unwrap();
        String::from_utf8_lossy(found.before()).into_owned()
    }

    /// As [`sees`](Terminal::sees), for a regular expression.
    pub(crate) fn matches(&mut self, pattern: &str) -> String {
        self.waits(Regex(pattern), pattern)
    }

    fn waits(&mut self, needle: impl Needle, wanted: &str) -> String {
        match self.session.expect(needle) {
            Ok(found) => plain(found.before()),
            Err(error) => {
                let mut rest = [0; 8192];
                let read = self.session.try_read(&mut rest).unwrap_or(0);
                panic!(
                    "{wanted:?} did not come ({error}); there is {:?}",
                    plain(&rest[..read])
                );
            }
        }
    }

    /// Waits until the program waits for an input: the editor has drawn the prompt and nothing behind it.
    pub(crate) fn prompt(&mut self) -> String {
        // The banner shows a prompt too, with the prelude behind it.
        self.matches(r">>> (\r|\x1b\[[0-9;?]*[a-zA-Z])*$")
    }

    /// Types a line.
    pub(crate) fn types(&mut self, line: &str) {
        self.session.send(format!("{line}\r")).unwrap();
    }

    /// Types keys without the one that ends a line.
    pub(crate) fn keys(&mut self, keys: &str) {
        self.session.send(keys).unwrap();
    }

    /// Types an input and waits for the next prompt; gives what was printed between.
    pub(crate) fn answers(&mut self, input: &str) -> String {
        self.types(input);
        // The editor draws what is typed; it ends its line when the input is complete.
        self.sees("\n");
        let answer = self.prompt();
        answer.replace('\r', "").trim().to_owned()
    }

    pub(crate) fn ctrl_c(&mut self) {
        self.session.send(ControlCode::EndOfText).unwrap();
    }

    pub(crate) fn ctrl_d(&mut self) {
        self.session.send(ControlCode::EndOfTransmission).unwrap();
    }

    /// Ends it as no program can prevent.
    pub(crate) fn kill(self) {
        let process = self.session.get_process();
        let id = Pid::from_raw(process.pid().as_raw()).unwrap();
        kill_process(id, Signal::KILL).unwrap();
        process.wait().unwrap();
    }

    /// Waits for the end; gives the rest of the output and the exit code.
    pub(crate) fn ends(mut self) -> (String, i32) {
        let rest = match self.session.expect(Eof) {
            Ok(rest) => plain(rest.as_bytes()),
            Err(error) => panic!("it did not end: {error}"),
        };
        match self.session.get_process().wait().unwrap() {
            WaitStatus::Exited(_, code) => (rest, code),
            other => panic!("it ended otherwise: {other:?}"),
        }
    }
}

/// Without control sequences, and without what was on a line before it was cleared.
fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut plain = String::new();
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        if c != '\x1b' {
            plain.push(c);
        } else if characters.next() == Some('[') {
            let end = characters.by_ref().find(char::is_ascii_alphabetic);
            if matches!(end, Some('K' | 'J')) && plain.ends_with('\r') {
                plain.truncate(plain.rfind('\n').map_or(0, |at| at + 1));
            }
        }
    }
    plain
}
