//! One measurement of one peer: starts the children and puts their answers together.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::machine;
use crate::measure::Metrics;
use crate::process::Process;
use crate::rows::{Kind, PYTHON};
use crate::stats::median;

/// How thorough a measurement is.
#[derive(Clone, Debug)]
pub struct Effort {
    /// The time that a repeated batch gets.
    pub time: Duration,
    /// Keep a one-thread server and its load on a processor each.
    pub pin: bool,
    pub quick: bool,
    pub python: PathBuf,
}

/// No child may take longer.
const LIMIT: Duration = Duration::from_secs(30);

/// The connections at rest whose memory is measured.
const IDLE: usize = 1000;

pub fn measure(kind: Kind, peer: &str, effort: &Effort) -> Result<Metrics, String> {
    match kind {
        Kind::Child(workload, size) => child(workload, size, peer, effort),
        Kind::Echo(conns, bytes) => {
            let server = server("serve-tcp", bytes.max(4096), peer, effort.pin, effort)?;
            echo(server, "tcp", conns, bytes, effort.pin, effort)
        }
        Kind::PoolEcho(conns, bytes) => {
            let server = server("serve-pool-tcp", bytes.max(4096), peer, false, effort)?;
            echo(server, "tcp", conns, bytes, false, effort)
        }
        Kind::Connect => {
            let server = server("serve-tcp", 4096, peer, effort.pin, effort)?;
            echo(server, "connect", 32, 64, effort.pin, effort)
        }
        Kind::Udp(sockets) => {
            let server = server("serve-udp", sockets, peer, effort.pin, effort)?;
            echo(server, "udp", sockets, 64, effort.pin, effort)
        }
        Kind::Idle => idle(peer, effort),
        Kind::Stuck => stuck(peer, effort),
        Kind::Calls(conns) => calls(conns, peer, effort),
        Kind::Startup => startup(peer, effort),
    }
}

/// The command of a child.
pub fn command(workload: &str, peer: &str, effort: &Effort) -> Result<Command, String> {
    let mut command = if PYTHON.contains(&peer) {
        let mut python = Command::new("python3");
        python.arg(&effort.python);
        python
    } else {
        let mut this = this_program()?;
        this.arg("child");
        this
    };
    command.args([workload, peer]);
    Ok(command)
}

fn this_program() -> Result<Command, String> {
    std::env::current_exe().map(Command::new).map_err(|e| format!("this program: {e}"))
}

fn child(workload: &str, size: usize, peer: &str, effort: &Effort) -> Result<Metrics, String> {
    let python = PYTHON.contains(&peer);
    // Ten times slower, and not what is compared.
    let size = if python && workload == "timer-fire" { size / 10 } else { size };
    let size = if effort.quick && workload == "timer-sparse" { size / 3 } else { size };
    let mut command = command(workload, peer, effort)?;
    command.args(["--time", &effort.time.as_millis().to_string(), "--size", &size.to_string()]);
    Process::start(command, LIMIT)?.metrics()
}

/// A server that serves.
struct Server {
    process: Process,
    ports: String,
}

fn server(workload: &str, size: usize, peer: &str, pin: bool, effort: &Effort) -> Result<Server, String> {
    let mut command = command(workload, peer, effort)?;
    command.args(["--size", &size.to_string()]);
    if pin {
        command.args(["--pin", "0"]);
    }
    let mut process = Process::start(command, LIMIT)?;
    let ports = process.line()?;
    Ok(Server { process, ports })
}

fn load(kind: &str, server: &Server, options: &[(&str, usize)]) -> Result<Process, String> {
    let mut command = this_program()?;
    command.args(["load", kind, &server.ports]);
    for (name, value) in options {
        command.args([*name, &value.to_string()]);
    }
    Process::start(command, LIMIT)
}

fn echo(
    mut server: Server,
    kind: &str,
    conns: usize,
    bytes: usize,
    pin: bool,
    effort: &Effort,
) -> Result<Metrics, String> {
    let mut options = vec![
        ("--conns", conns),
        ("--bytes", bytes),
        ("--time", effort.time.as_millis() as usize),
        ("--warm", effort.time.as_millis() as usize / 5),
    ];
    if pin {
        options.push(("--pin", 1));
    }
    let cpu = server.process.ask("c")?;
    let mut metrics = load(kind, &server, &options)?.metrics()?;
    let after = server.process.ask("c")?;
    if let (Some(before), Some(after), Some(all)) = (cpu.get("cpu"), after.get("cpu"), metrics.get("all")) {
        metrics = metrics.and("cpu", (after - before) / all * 1e6);
    }
    Ok(metrics)
}

fn idle(peer: &str, effort: &Effort) -> Result<Metrics, String> {
    let mut server = server("serve-tcp", 1024, peer, false, effort)?;
    // What the first connections of a server allocate once is not theirs.
    let mut first = load("idle", &server, &[("--conns", 8)])?;
    first.metrics()?;
    let before = server.process.ask("m")?;
    let mut more = load("idle", &server, &[("--conns", IDLE)])?;
    more.metrics()?;
    let after = server.process.ask("m")?;
    let mut metrics = Metrics::default();
    for name in ["live", "rss"] {
        if let (Some(before), Some(after)) = (before.get(name), after.get(name)) {
            metrics = metrics.and(name, (after - before) / IDLE as f64);
        }
    }
    Ok(metrics)
}

fn stuck(peer: &str, effort: &Effort) -> Result<Metrics, String> {
    let server = server("serve-stuck-tcp", 4096, peer, false, effort)?;
    let time = effort.time.as_millis() as usize * 5;
    load("paced", &server, &[("--conns", 16), ("--time", time), ("--interval", 5000)])?.metrics()
}

/// The difference between two loads of one kind of server, so that what happens once drops out.
fn calls(conns: usize, peer: &str, effort: &Effort) -> Result<Metrics, String> {
    if !machine::has("strace") {
        return Err("there is no strace".to_owned());
    }
    let few = counted(conns, peer, 1000, effort)?;
    let many = counted(conns, peer, 5000, effort)?;
    Ok(Metrics::one("calls", (many - few) / 4000.0))
}

fn counted(conns: usize, peer: &str, ops: usize, effort: &Effort) -> Result<f64, String> {
    let file = std::env::temp_dir().join(format!("asyncio-bench-{}.strace", std::process::id()));
    let inner = command("serve-tcp", peer, effort)?;
    let mut command = Command::new("strace");
    command.args(["-f", "-c", "-qq", "-o"]).arg(&file).arg(inner.get_program());
    command.args(inner.get_args()).args(["--size", "4096"]);
    let mut process = Process::start(command, LIMIT)?;
    let ports = process.line()?;
    let mut server = Server { process, ports };
    load("tcp", &server, &[("--conns", conns), ("--ops", ops)])?.metrics()?;
    server.process.end();
    let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let _ = std::fs::remove_file(&file);
    // "100.00    0.123456           3     40000        12 total"
    let total = text.lines().find(|line| line.trim_end().ends_with("total"));
    let calls = total.and_then(|line| line.split_whitespace().nth(3)).and_then(|n| n.parse().ok());
    calls.ok_or_else(|| format!("strace says nothing of {peer}"))
}

fn startup(peer: &str, effort: &Effort) -> Result<Metrics, String> {
    let python = PYTHON.contains(&peer);
    let times = if python { 3 } else { 15 };
    let mut over = Vec::with_capacity(times);
    for _ in 0..times {
        let empty = whole("none", if python { "asyncio" } else { "none" }, python, effort)?;
        let hello = whole("hello", peer, python, effort)?;
        over.push((hello - empty) * 1e6);
    }
    Ok(Metrics::one("startup", median(&mut over)))
}

/// The time from start to end.
fn whole(workload: &str, peer: &str, python: bool, effort: &Effort) -> Result<f64, String> {
    let mut command = if workload == "none" && python {
        let mut python = Command::new("python3");
        python.args(["-c", "pass"]);
        python
    } else {
        command("hello", peer, effort)?
    };
    command.stdout(std::process::Stdio::null()).stdin(std::process::Stdio::null());
    let begun = Instant::now();
    let mut child = command.spawn().map_err(|e| format!("{command:?}: {e}"))?;
    let status = child.wait().map_err(|e| format!("{command:?}: {e}"))?;
    let took = begun.elapsed().as_secs_f64();
    if status.success() { Ok(took) } else { Err(format!("{command:?}: {status}")) }
}
