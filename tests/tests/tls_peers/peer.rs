//! Another program as the peer: it has its time, and is gone when the test is.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(20);

/// Whether a program is there, and does what the test needs of it; if not, it is said why.
pub(crate) fn is_there(program: &str, arguments: &[&str]) -> bool {
    let tried = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output();
    match tried {
        Ok(output) if output.status.success() => true,
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            println!("skipped: {program} {arguments:?} does not work here: {said}");
            false
        }
        Err(error) => {
            println!("skipped: {program} is missing: {error}");
            false
        }
    }
}

/// A program that runs.
pub(crate) struct Peer {
    child: Child,
    output: Option<BufReader<ChildStdout>>,
    errors: Option<JoinHandle<String>>,
}

impl Peer {
    pub(crate) fn start(program: &str, directory: &Path, arguments: &[&str], input: &str) -> Peer {
        let mut child = Command::new(program)
            .args(arguments)
            .current_dir(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdin = child.stdin.as_mut().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        let output = child.stdout.take().map(BufReader::new);
        let mut errors = child.stderr.take().unwrap();
        let errors = thread::spawn(move || {
            let mut said = Vec::new();
            drop(errors.read_to_end(&mut said));
            String::from_utf8_lossy(&said).into_owned()
        });
        Peer {
            child,
            output,
            errors: Some(errors),
        }
    }

    /// The port at the end of the first line that begins with `start`.
    pub(crate) async fn port(mut self, start: &'static str) -> (Peer, u16) {
        let found = asyncio::to_thread(move || {
            let mut line = String::new();
            while !line.starts_with(start) {
                line.clear();
                let count = self.output.as_mut().unwrap().read_line(&mut line).unwrap();
                assert!(count > 0, "no line begins with {start:?}");
            }
            let port = line.trim().rsplit(':').next().unwrap().parse().unwrap();
            (self, port)
        });
        found.await.unwrap()
    }

    /// What it has printed, when it ends by itself and without an error.
    pub(crate) async fn finish(mut self) -> String {
        // Some end with their input.
        drop(self.child.stdin.take());
        let ended = asyncio::to_thread(move || {
            let mut output = self.output.take().unwrap();
            let reading = thread::spawn(move || {
                let mut printed = Vec::new();
                drop(output.read_to_end(&mut printed));
                printed
            });
            let begun = Instant::now();
            let status = loop {
                if let Some(status) = self.child.try_wait().unwrap() {
                    break Some(status);
                }
                if begun.elapsed() > LIMIT {
                    self.child.kill().unwrap();
                    break None;
                }
                thread::sleep(Duration::from_millis(5));
            };
            let printed = String::from_utf8_lossy(&reading.join().unwrap()).into_owned();
            let errors = self.errors.take().unwrap().join().unwrap();
            assert!(
                status.is_some_and(|status| status.success()),
                "{status:?}\n{printed}\n{errors}"
            );
            printed
        });
        ended.await.unwrap()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Nothing happens if it has ended.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
