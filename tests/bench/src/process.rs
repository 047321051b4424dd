//! A child process that is bounded in time.
//!
//! Its output is read line by line with a deadline. Dropping the handle closes its input, which asks a server to end,
//! and kills it by its own id if it does not.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::measure::Metrics;

/// A started child.
pub struct Process {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    deadline: Instant,
    name: String,
}

impl Process {
    /// Starts a command which has to end within `limit`.
    pub fn start(mut command: Command, limit: Duration) -> Result<Process, String> {
        let name = format!("{command:?}");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .map_err(|e| format!("{name}: {e}"))?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or("no output")?;
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Process {
            child,
            input,
            lines,
            deadline: Instant::now() + limit,
            name,
        })
    }

    /// The next line of its output.
    pub fn line(&mut self) -> Result<String, String> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        match self.lines.recv_timeout(left) {
            Ok(line) => Ok(line),
            Err(RecvTimeoutError::Timeout) => Err(format!("{} took too long", self.name)),
            Err(RecvTimeoutError::Disconnected) => {
                let status = self.end();
                Err(format!("{} ended without an answer ({status})", self.name))
            }
        }
    }

    /// The next line of its output, as figures.
    pub fn metrics(&mut self) -> Result<Metrics, String> {
        let line = self.line()?;
        Metrics::from_line(&line).ok_or_else(|| format!("{}: {line:?} is not an answer", self.name))
    }

    /// Sends a line and reads the answer.
    pub fn ask(&mut self, question: &str) -> Result<Metrics, String> {
        let input = self.input.as_mut().ok_or("the input is closed")?;
        writeln!(input, "{question}").map_err(|e| format!("{}: {e}", self.name))?;
        self.metrics()
    }

    /// Closes the input and waits for the end, a second at most; then kills.
    pub fn end(&mut self) -> String {
        self.input = None;
        let patience = Instant::now() + Duration::from_secs(1);
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return status.to_string(),
                Ok(None) if Instant::now() < patience => std::thread::sleep(Duration::from_millis(1)),
                _ => {
                    let _ = self.child.kill();
                    let _ = self.child.wait();
                    return "killed".to_owned();
                }
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}
