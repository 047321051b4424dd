//! The other side of the introspection socket: one request, one line of JSON back.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

/// So long the process may take: its answer needs no loop of its.
const PATIENCE: Duration = Duration::from_secs(10);
/// From one try to the next.
const PAUSE: Duration = Duration::from_millis(200);
/// No answer is longer: some hundred bytes a task.
const LONGEST: u64 = 1 << 30;

/// The line that the process `pid` answers; an error says why there is none.
pub(super) fn ask(pid: u32, retries: u32) -> Result<String, String> {
    let mut tried = 0;
    loop {
        match try_once(pid) {
            Ok(line) => return Ok(line),
            Err(_) if tried < retries => std::thread::sleep(PAUSE),
            Err(error) => return Err(explain(pid, &error)),
        }
        tried += 1;
    }
}

fn try_once(pid: u32) -> io::Result<String> {
    let mut stream = connect(&asyncio::introspect_paths(pid))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(b"{\"command\":\"tasks\"}\n")?;
    let mut line = String::new();
    stream.take(LONGEST).read_to_string(&mut line)?;
    if line.ends_with('\n') {
        return Ok(line);
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}

/// The first that can be had; the error of the last that was there.
fn connect(paths: &[PathBuf]) -> io::Result<UnixStream> {
    let mut error = io::Error::from(io::ErrorKind::NotFound);
    for path in paths {
        match UnixStream::connect(path) {
            Ok(stream) => return Ok(stream),
            Err(failed) if failed.kind() == io::ErrorKind::NotFound => {}
            Err(failed) => error = failed,
        }
    }
    Err(error)
}

fn explain(pid: u32, error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => format!(
            "process {pid} has no introspection socket: it must be one of this user, started with ASYNCIO_INTROSPECT=1 or \
             built with Runner::introspect(true)"
        ),
        io::ErrorKind::ConnectionRefused => {
            format!("nobody answers for process {pid}: the one whose socket this is has ended")
        }
        io::ErrorKind::PermissionDenied => format!("process {pid} is another user's"),
        _ => format!("process {pid} does not answer: {error}"),
    }
}

/// Reads an answer; an error is what the process said, or that it is no answer.
pub(super) fn read(line: &str) -> Result<Value, String> {
    let answer: Value = serde_json::from_str(line).map_err(|error| format!("not an answer: {error}"))?;
    match answer["error"].as_str() {
        Some(message) => Err(message.to_owned()),
        None => Ok(answer),
    }
}
