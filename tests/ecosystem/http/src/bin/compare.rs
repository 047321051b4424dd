//! `cargo run --release --bin compare`: requests per second of the same servers on asyncio and on tokio, by wrk.
//!
//! Each server is a process of its own. Rounds are interleaved, so that what else the machine does falls on both; what counts is
//! the ratio within a round. Beside it stands the processor time that a request cost the server, and the instructions (by
//! callgrind) and system calls (by strace), which nobody on the machine disturbs.

use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use ecosystem_http::peer::is_there;
use ecosystem_http::twins::{Program, Runtime, serve};

#[path = "compare/measure.rs"]
mod measure;

use measure::{Round, collected, cpu_time, signal, syscalls, wrk};

const ROUNDS: usize = 9;
const CONNECTIONS: [u32; 2] = [64, 256];

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [word, program, runtime] = arguments.as_slice() {
        if word == "serve" {
            return serve(named(program)?, placed(runtime)?, |address| println!("{address}"));
        }
    }
    if !is_there("wrk") {
        return Ok(());
    }
    let seconds = match arguments.as_slice() {
        [] => 3,
        [seconds] => seconds.parse().map_err(io::Error::other)?,
        _ => return Err(io::Error::other("give the seconds of a run, or nothing")),
    };
    for program in [Program::Hyper, Program::Axum] {
        for connections in CONNECTIONS {
            compare(program, connections, Duration::from_secs(seconds))?;
        }
    }
    Ok(())
}

fn named(program: &str) -> io::Result<Program> {
    match program {
        "hyper" => Ok(Program::Hyper),
        "axum" => Ok(Program::Axum),
        other => Err(io::Error::other(format!("no program `{other}`: hyper or axum"))),
    }
}

fn placed(runtime: &str) -> io::Result<Runtime> {
    match runtime {
        "asyncio" => Ok(Runtime::Asyncio),
        "tokio" => Ok(Runtime::Tokio),
        other => Err(io::Error::other(format!(
            "no runtime `{other}`: asyncio or tokio"
        ))),
    }
}

/// A server that runs.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(program: &str, runtime: &str) -> io::Result<Server> {
        let own = Command::new(std::env::current_exe()?);
        Server::run(own, program, runtime)
    }

    /// Under callgrind, if that is on the machine.
    fn start_counted(program: &str, runtime: &str) -> io::Result<Option<Server>> {
        if !is_there("valgrind") {
            return Ok(None);
        }
        let mut valgrind = Command::new("valgrind");
        valgrind
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(std::env::current_exe()?)
            .stderr(Stdio::piped());
        Server::run(valgrind, program, runtime).map(Some)
    }

    fn run(mut command: Command, program: &str, runtime: &str) -> io::Result<Server> {
        let mut child = command
            .args(["serve", program, runtime])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut address = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut address)?;
        }
        Ok(Server {
            child,
            address: address.trim().to_owned(),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

fn compare(program: Program, connections: u32, length: Duration) -> io::Result<()> {
    let (name, path) = match program {
        Program::Hyper => ("hyper", "/"),
        Program::Axum => ("axum", "/greet/you"),
    };
    println!("{name}, {connections} connections");
    let mut ratios = Vec::new();
    let mut costs = Vec::new();
    for round in 0..ROUNDS {
        // Who goes first changes, for the second finds a warmer machine.
        let order = if round % 2 == 0 {
            ["asyncio", "tokio"]
        } else {
            ["tokio", "asyncio"]
        };
        let mut results = Vec::new();
        for runtime in order {
            results.push((runtime, one(name, runtime, path, connections, length)?));
        }
        results.sort_by_key(|(runtime, _)| *runtime);
        let [(_, ours), (_, theirs)] = results.as_slice() else {
            continue;
        };
        println!(
            "  round {}: asyncio {:>8.0}/s, tokio {:>8.0}/s, ratio {:.3}; time of the processor {:.2} and {:.2} us",
            round + 1,
            ours.rate,
            theirs.rate,
            ours.rate / theirs.rate,
            ours.micros,
            theirs.micros,
        );
        ratios.push(ours.rate / theirs.rate);
        costs.push(ours.micros / theirs.micros);
    }
    println!(
        "  ratio of requests/s {:.3}, of processor time per request {:.3} (medians)",
        median(&mut ratios),
        median(&mut costs)
    );
    for runtime in ["asyncio", "tokio"] {
        let shown =
            |count: Option<f64>| count.map_or("not counted".to_owned(), |count| format!("{count:.2}"));
        println!(
            "  {runtime}: instructions of the program per request {}, system calls {}",
            shown(instructions(name, runtime, path, connections)?),
            shown(calls(name, runtime, path, connections)?)
        );
    }
    Ok(())
}

fn instructions(name: &str, runtime: &str, path: &str, connections: u32) -> io::Result<Option<f64>> {
    let Some(mut server) = Server::start_counted(name, runtime)? else {
        return Ok(None);
    };
    let url = format!("http://{}{path}", server.address);
    let (_, requests) = wrk(&url, connections, Duration::from_secs(5))?;
    signal(server.child.id(), "TERM")?;
    let mut words = String::new();
    if let Some(mut output) = server.child.stderr.take() {
        output.read_to_string(&mut words)?;
    }
    Ok(collected(&words).map(|count| count / requests))
}

fn calls(name: &str, runtime: &str, path: &str, connections: u32) -> io::Result<Option<f64>> {
    let server = Server::start(name, runtime)?;
    let url = format!("http://{}{path}", server.address);
    syscalls(server.child.id(), &url, connections)
}

fn one(name: &str, runtime: &str, path: &str, connections: u32, length: Duration) -> io::Result<Round> {
    let server = Server::start(name, runtime)?;
    let url = format!("http://{}{path}", server.address);
    // Connections are opened, memory is there, frequencies have risen.
    wrk(&url, connections, Duration::from_secs(1))?;
    let before = cpu_time(server.child.id())?;
    let (rate, requests) = wrk(&url, connections, length)?;
    let spent = cpu_time(server.child.id())?.saturating_sub(before);
    Ok(Round {
        rate,
        micros: spent.as_secs_f64() * 1e6 / requests,
    })
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
