//! Where the output of the process that evaluates goes: with the answer while an input runs, else straight to the terminal.
//!
//! Answers to evcxr and whatever the user's code prints share the standard output. Between inputs nobody reads the
//! answers, so what a task prints then would show up with the next input only. A thread reads all of it through a pipe
//! and passes it on to one side or the other. The end of an input is a mark in the pipe, so that all that was printed
//! before it goes before it, and never in the middle of a line.

#![expect(
    unsafe_code,
    reason = "atexit, for the output of a program that calls process::exit"
)]

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::display::RUNS;

/// What evcxr waits for at the end of an input.
const COMPLETE: &[u8] = b"EVCXR_EXECUTION_COMPLETE\n";
/// In the pipe: the input has ended.
const INPUT_ENDS: &[u8] = b"\x01asyncio: the input ends\x01";
/// In the pipe: the process ends.
const PROCESS_ENDS: &[u8] = b"\x01asyncio: the process ends\x01";
/// So long an ending process waits for its output to be passed on.
const LAST_WORDS: Duration = Duration::from_secs(2);

pub(super) struct Relay {
    answering: Arc<AtomicBool>,
    terminal: Option<UnixStream>,
}

/// What the thread has told those who wait for it at the end of the process.
static PASSED_ON: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());
static RUNNING: OnceLock<()> = OnceLock::new();

impl Relay {
    /// Redirects the standard output. Without a `terminal` all of it goes with the answers.
    pub(super) fn start(terminal: Option<UnixStream>) -> io::Result<Relay> {
        let answers = File::from(rustix::io::dup(io::stdout())?);
        rustix::io::fcntl_setfd(&answers, rustix::io::FdFlags::CLOEXEC)?;
        let (reader, writer) = rustix::pipe::pipe()?;
        rustix::io::fcntl_setfd(&reader, rustix::io::FdFlags::CLOEXEC)?;
        rustix::stdio::dup2_stdout(&writer)?;
        drop(writer);
        let answering = Arc::new(AtomicBool::new(false));
        let notices = terminal.as_ref().and_then(|terminal| terminal.try_clone().ok());
        let thread = Thread {
            pipe: File::from(reader),
            answers,
            terminal,
            answering: answering.clone(),
            in_line: false,
        };
        std::thread::Builder::new()
            .name("asyncio-output".to_owned())
            .spawn(move || thread.run())?;
        if RUNNING.set(()).is_ok() {
            // SAFETY: the function lives as long as the program, takes nothing and does not unwind.
            unsafe { libc::atexit(pass_on_the_last) };
        }
        Ok(Relay {
            answering,
            terminal: notices,
        })
    }

    /// What is printed from now on goes with the answer; and the terminal is told that the compiler is done.
    pub(super) fn input_begins(&self) {
        self.answering.store(true, Ordering::Release);
        if let Some(mut terminal) = self.terminal.as_ref() {
            let _ = terminal.write_all(format!("{RUNS}\n").as_bytes());
        }
    }

    pub(super) fn input_ends(&self) {
        mark(INPUT_ENDS);
    }
}

/// Past the buffers of std, of which the inputs' libraries have another copy than this program.
fn mark(mark: &[u8]) {
    let stdout = io::stdout();
    let mut rest = mark;
    while !rest.is_empty() {
        match rustix::io::write(stdout.as_fd(), rest) {
            Ok(written) => rest = &rest[written..],
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return,
        }
    }
}

extern "C" fn pass_on_the_last() {
    mark(PROCESS_ENDS);
    let (passed_on, told) = &PASSED_ON;
    let passed_on = passed_on.lock().unwrap_or_else(PoisonError::into_inner);
    drop(told.wait_timeout_while(passed_on, LAST_WORDS, |passed_on| !*passed_on));
}

struct Thread {
    pipe: File,
    answers: File,
    terminal: Option<UnixStream>,
    answering: Arc<AtomicBool>,
    /// What was passed on last did not end its line.
    in_line: bool,
}

impl Thread {
    fn run(mut self) {
        let mut buffer = Vec::new();
        let mut chunk = [0; 8192];
        loop {
            match self.pipe.read(&mut chunk) {
                Ok(0) => return,
                Ok(read) => buffer.extend_from_slice(&chunk[..read]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return,
            }
            self.pass_on(&mut buffer);
        }
    }

    /// Passes on what is certain; the beginning of a mark stays in the buffer until the rest of it has come.
    fn pass_on(&mut self, buffer: &mut Vec<u8>) {
        let mut done = 0;
        while let Some(at) = buffer[done..].iter().position(|&byte| byte == b'\x01') {
            let (text, rest) = buffer[done..].split_at(at);
            self.text(text);
            done += at;
            if rest.starts_with(INPUT_ENDS) {
                self.input_ends();
                done += INPUT_ENDS.len();
            } else if rest.starts_with(PROCESS_ENDS) {
                *PASSED_ON.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
                PASSED_ON.1.notify_all();
                done += PROCESS_ENDS.len();
            } else if INPUT_ENDS.starts_with(rest) || PROCESS_ENDS.starts_with(rest) {
                buffer.drain(..done);
                return;
            } else {
                self.text(b"\x01");
                done += 1;
            }
        }
        self.text(&buffer[done..]);
        buffer.clear();
    }

    fn text(&mut self, text: &[u8]) {
        let Some(last) = text.last() else { return };
        self.in_line = *last != b'\n';
        // A reader that is gone ends the process soon, by the end of its commands.
        let _ = match &mut self.terminal {
            Some(terminal) if !self.answering.load(Ordering::Acquire) => terminal.write_all(text),
            _ => self.answers.write_all(text),
        };
    }

    fn input_ends(&mut self) {
        if std::mem::take(&mut self.in_line) {
            let _ = self.answers.write_all(b"\n");
        }
        // Before the answer: what comes after it is not part of it.
        self.answering.store(false, Ordering::Release);
        let _ = self.answers.write_all(COMPLETE);
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;

    use super::*;

    fn thread() -> (Thread, UnixStream, UnixStream) {
        let (answers, answers_end) = UnixStream::pair().unwrap();
        let (terminal, terminal_end) = UnixStream::pair().unwrap();
        let thread = Thread {
            pipe: File::open("/dev/null").unwrap(),
            answers: File::from(OwnedFd::from(answers)),
            terminal: Some(terminal),
            answering: Arc::new(AtomicBool::new(true)),
            in_line: false,
        };
        (thread, answers_end, terminal_end)
    }

    fn all(mut from: UnixStream) -> String {
        let mut text = String::new();
        from.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn the_end_of_an_input_ends_its_line_and_what_follows_goes_to_the_terminal() {
        let (mut thread, answers, terminal) = thread();
        let mut buffer = b"half a line\x01asyncio: the in".to_vec();
        thread.pass_on(&mut buffer);
        buffer.extend_from_slice(b"put ends\x01from a task\n");
        thread.pass_on(&mut buffer);
        drop(thread);
        assert_eq!(all(answers), "half a line\nEVCXR_EXECUTION_COMPLETE\n");
        assert_eq!(all(terminal), "from a task\n");
    }

    #[test]
    fn a_byte_that_only_looks_like_a_mark_is_passed_on() {
        let (mut thread, answers, terminal) = thread();
        let mut buffer = b"a\x01b\x01\x01".to_vec();
        thread.pass_on(&mut buffer);
        buffer.extend_from_slice(b"c\n");
        thread.pass_on(&mut buffer);
        drop((thread, terminal));
        assert_eq!(all(answers), "a\x01b\x01\x01c\n");
    }
}
