//! What comes from the session while nobody asks: output of tasks, errors, and the mark that says that it compiles.
//!
//! One thread writes all of it, so that lines do not mix, and in the order in which it came. While the editor has the
//! terminal, lines go through its printer, which puts them above the prompt.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, never, select, unbounded};

use super::style;

/// A compilation that is over by then shows no mark.
const PATIENCE: Duration = Duration::from_millis(300);
const FRAME: Duration = Duration::from_millis(100);
const FRAMES: [char; 10] = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/// Prints a line above the prompt.
pub(super) type Printer = Box<dyn FnMut(String) + Send>;

enum Request {
    /// From now on there is output of this process that evaluates.
    Outputs(Receiver<String>, Receiver<String>),
    Printer(Printer),
    /// Something is compiled; the word says what.
    Compiles(&'static str),
    /// What was compiled runs now: it has the terminal.
    Runs,
    /// All that came before is to be written before the answer.
    Settle(Sender<()>),
}

/// The way to the thread that writes.
#[derive(Clone)]
pub(super) struct Display {
    requests: Sender<Request>,
    lines: Sender<String>,
}

impl Display {
    /// Starts it. A `mark` is shown only on a terminal that can clear it.
    pub(super) fn start(mark: bool) -> Display {
        let (requests, wanted) = unbounded();
        let (lines, background) = unbounded();
        let writer = Writer {
            wanted,
            background,
            stdout: never(),
            stderr: never(),
            printer: None,
            mark: mark && std::io::stderr().is_terminal() && !style::is_dumb(),
            compiling: None,
            drawn: false,
        };
        let started = std::thread::Builder::new()
            .name("asyncio-display".to_owned())
            .spawn(move || writer.run());
        if let Err(error) = started {
            eprintln!("asyncio: output will be missing: {error}");
        }
        Display { requests, lines }
    }

    /// Lines to be written, from anywhere. One that ends with [`RUNS`] says that an input begins to run.
    pub(super) fn lines(&self) -> Sender<String> {
        self.lines.clone()
    }

    pub(super) fn outputs(&self, stdout: Receiver<String>, stderr: Receiver<String>) {
        self.ask(Request::Outputs(stdout, stderr));
    }

    pub(super) fn printer(&self, printer: Printer) {
        self.ask(Request::Printer(printer));
    }

    pub(super) fn compiles(&self, what: &'static str) {
        self.ask(Request::Compiles(what));
    }

    /// Returns when the mark is gone and all that has come is written.
    pub(super) fn settle(&self) {
        self.ask(Request::Runs);
        let (settled, done) = bounded(1);
        self.ask(Request::Settle(settled));
        let _ = done.recv();
    }

    fn ask(&self, request: Request) {
        let _ = self.requests.send(request);
    }
}

/// At the end of a line from the process that evaluates: an input is compiled, and begins to run.
pub(super) const RUNS: &str = "\x01runs";

struct Writer {
    wanted: Receiver<Request>,
    background: Receiver<String>,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
    printer: Option<Printer>,
    mark: bool,
    compiling: Option<(&'static str, Instant)>,
    drawn: bool,
}

impl Writer {
    fn run(mut self) {
        loop {
            let wait = if self.compiling.is_some() && self.mark {
                FRAME
            } else {
                Duration::MAX
            };
            let timeout = if wait == Duration::MAX {
                never()
            } else {
                crossbeam_channel::after(wait)
            };
            select! {
                recv(self.wanted) -> request => match request {
                    Ok(request) => self.serve(request),
                    Err(_) => return,
                },
                recv(self.stdout) -> line => match line {
                    Ok(line) => self.line(&line),
                    Err(_) => self.stdout = never(),
                },
                recv(self.stderr) -> line => match line {
                    Ok(line) => self.error_line(&line),
                    Err(_) => self.stderr = never(),
                },
                recv(self.background) -> line => match line {
                    Ok(line) => self.background_line(&line),
                    Err(_) => self.background = never(),
                },
                recv(timeout) -> _ => self.draw(),
            }
        }
    }

    fn serve(&mut self, request: Request) {
        match request {
            Request::Outputs(stdout, stderr) => (self.stdout, self.stderr) = (stdout, stderr),
            Request::Printer(printer) => self.printer = Some(printer),
            Request::Compiles(what) => self.compiling = Some((what, Instant::now())),
            Request::Runs => self.runs(),
            Request::Settle(settled) => {
                while let Ok(line) = self.background.try_recv() {
                    self.background_line(&line);
                }
                while let Ok(line) = self.stdout.try_recv() {
                    self.line(&line);
                }
                while let Ok(line) = self.stderr.try_recv() {
                    self.error_line(&line);
                }
                let _ = settled.send(());
            }
        }
    }

    fn runs(&mut self) {
        self.compiling = None;
        self.clear();
    }

    fn background_line(&mut self, line: &str) {
        match line.strip_suffix(RUNS) {
            Some("") => self.runs(),
            Some(line) => {
                self.runs();
                self.line(line);
            }
            None => self.line(line),
        }
    }

    fn line(&mut self, line: &str) {
        self.clear();
        match &mut self.printer {
            Some(print) => print(format!("{line}\n")),
            None => drop(writeln!(std::io::stdout().lock(), "{line}")),
        }
    }

    fn error_line(&mut self, line: &str) {
        self.clear();
        match &mut self.printer {
            Some(print) => print(format!("{line}\n")),
            None => drop(writeln!(std::io::stderr().lock(), "{line}")),
        }
    }

    fn draw(&mut self) {
        let Some((what, since)) = self.compiling else {
            return;
        };
        let elapsed = since.elapsed();
        if elapsed < PATIENCE {
            return;
        }
        let frame = FRAMES[(elapsed.as_millis() / FRAME.as_millis()) as usize % FRAMES.len()];
        eprint!("\r\x1b[K{frame} {what} {:.1} s", elapsed.as_secs_f32());
        let _ = std::io::stderr().flush();
        self.drawn = true;
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            eprint!("\r\x1b[K");
            let _ = std::io::stderr().flush();
        }
    }
}
