//! wrk, and what a server's process has cost.

use std::io;
use std::process::{Command, Stdio};
use std::time::Duration;

/// One run of wrk against one server.
pub(super) struct Round {
    /// Requests per second.
    pub(super) rate: f64,
    /// Processor time of the server per request.
    pub(super) micros: f64,
}

fn missing(what: &str, text: &str) -> io::Error {
    io::Error::other(format!("no {what} in:\n{text}"))
}

/// Requests per second, and how many there were.
pub(super) fn wrk(url: &str, connections: u32, length: Duration) -> io::Result<(f64, f64)> {
    let output = Command::new("wrk")
        .args(["-t", "1", "-c", &connections.to_string()])
        .args(["-d", &format!("{}s", length.as_secs()), url])
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if text.contains("Non-2xx") || text.contains("Socket errors") {
        return Err(io::Error::other(format!("wrk was not served well:\n{text}")));
    }
    let rate = text
        .lines()
        .find_map(|line| line.strip_prefix("Requests/sec:")?.trim().parse().ok())
        .ok_or_else(|| missing("rate", &text))?;
    let requests = text
        .lines()
        .find_map(|line| line.trim().split_once(" requests in ")?.0.parse().ok())
        .ok_or_else(|| missing("number of requests", &text))?;
    Ok((rate, requests))
}

/// What a process has used of the processor, its own and the system's, to a hundredth of a second.
pub(super) fn cpu_time(id: u32) -> io::Result<Duration> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
    // The name in parentheses may hold blanks.
    let (_, rest) = text.rsplit_once(')').ok_or_else(|| missing("name", &text))?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |at: usize| -> u64 {
        fields
            .get(at)
            .and_then(|field| field.parse().ok())
            .unwrap_or_default()
    };
    Ok(Duration::from_millis((ticks(11) + ticks(12)) * 10))
}

/// Instructions of the program itself, as valgrind's callgrind has counted them in its last words.
pub(super) fn collected(words: &str) -> Option<f64> {
    let line = words.lines().find(|line| line.contains("Collected :"))?;
    line.rsplit(':').next()?.trim().parse().ok()
}

/// System calls per request; `None` where strace is missing or may not look.
pub(super) fn syscalls(id: u32, url: &str, connections: u32) -> io::Result<Option<f64>> {
    let strace = Command::new("strace")
        .args(["-c", "-q", "-f", "-p", &id.to_string()])
        .stderr(Stdio::piped())
        .spawn();
    let Ok(strace) = strace else { return Ok(None) };
    // It attaches while the first requests run.
    let (_, requests) = wrk(url, connections, Duration::from_secs(3))?;
    signal(strace.id(), "INT")?;
    let output = strace.wait_with_output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let total = text.lines().find(|line| line.trim_end().ends_with("total"));
    // The calls stand before the errors, if there were any; the share of the time is small.
    let count = total.and_then(|line| {
        let numbers = line.split_whitespace().filter_map(|word| word.parse().ok());
        numbers.reduce(f64::max)
    });
    Ok(count.map(|count| count / requests))
}

/// Sends a signal by its name.
pub(super) fn signal(id: u32, name: &str) -> io::Result<()> {
    Command::new("kill")
        .args(["-s", name, &id.to_string()])
        .status()?;
    Ok(())
}
