//! The server's side of a socket workload: binds, prints its ports in one line, and serves.
//!
//! A thread reads standard input, which the parent holds: `m` asks for the memory in use, `c` for the processor time;
//! the end of the input ends the process. It sleeps in `read` while a measurement runs.

use std::io::{BufRead, Write};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};

use crate::measure::Metrics;
use crate::{alloc, machine};

/// Serves TCP.
pub fn tcp(serve: impl FnOnce(TcpListener)) -> Result<(), String> {
    alloc::start();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|e| format!("bind: {e}"))?;
    listener.set_nonblocking(false).map_err(|e| format!("bind: {e}"))?;
    let port = listener.local_addr().map_err(|e| format!("bind: {e}"))?.port();
    answer(&[port]);
    serve(listener);
    Err("the server returned".to_owned())
}

/// Serves UDP, on so many sockets.
pub fn udp(count: usize, serve: impl FnOnce(Vec<UdpSocket>)) -> Result<(), String> {
    let mut sockets = Vec::with_capacity(count);
    let mut ports = Vec::with_capacity(count);
    for _ in 0..count {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|e| format!("bind: {e}"))?;
        ports.push(socket.local_addr().map_err(|e| format!("bind: {e}"))?.port());
        sockets.push(socket);
    }
    answer(&ports);
    serve(sockets);
    Err("the server returned".to_owned())
}

/// Prints the ports and goes on answering in a thread.
fn answer(ports: &[u16]) {
    let ports: Vec<String> = ports.iter().map(u16::to_string).collect();
    say(&ports.join(","));
    std::thread::spawn(|| {
        let mut line = String::new();
        let mut input = std::io::stdin().lock();
        while let Ok(1..) = input.read_line(&mut line) {
            let metrics = match line.trim() {
                "m" => Metrics::one("live", alloc::counts().live as f64).and("rss", machine::resident_bytes()),
                _ => Metrics::one("cpu", machine::cpu_seconds()),
            };
            say(&metrics.to_line());
            line.clear();
        }
        std::process::exit(0);
    });
}

fn say(line: &str) {
    let mut output = std::io::stdout().lock();
    // The parent may be gone; then the end of the input ends this process.
    let _ = writeln!(output, "{line}").and_then(|()| output.flush());
}
