//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use crate::drive::Effort;
use crate::rows::{PEERS, RUNS};
use crate::run::{self, Plan};
use crate::{build_time, callgrind, machine, report};

const HELP: &str = "\
cargo xtask bench [OPTIONS]: the same small programs on asyncio for Rust and on its peers

  --quick            three short rounds (2 to 3 minutes); the default is seven, in about a quarter of an hour
  --rounds N         so many rounds
  --time MS          so long for each measurement
  --only ROW,…       these rows or groups (tasks, timers, network, memory, pool); a prefix such as echo will do
  --peers PEER,…     these peers
  --no-pin           leave a one-thread server and its load to the scheduler; otherwise each has a processor
  --list             list rows and peers
  --write            write docs/benchmarks.md and its plots
  --build-time       also build hello world on each peer, cold (slow)
  --callgrind ROW    instructions per operation of one row instead, by valgrind";

pub fn main(arguments: &[String]) -> Result<(), String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut plan = Plan {
        rounds: 0,
        only: Vec::new(),
        peers: Vec::new(),
        effort: Effort {
            time: Duration::ZERO,
            pin: machine::cores() > 1,
            quick: false,
            python: root.join("python").join("bench.py"),
        },
    };
    let (mut write, mut build, mut instructions) = (false, false, None);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--quick" => plan.effort.quick = true,
            "--rounds" => plan.rounds = number(value()?)?,
            "--time" => plan.effort.time = Duration::from_millis(number(value()?)? as u64),
            "--only" => plan.only = list(value()?),
            "--peers" => plan.peers = list(value()?),
            "--no-pin" => plan.effort.pin = false,
            "--write" => write = true,
            "--build-time" => build = true,
            "--callgrind" => instructions = Some(value()?.clone()),
            "--list" => return show(),
            "--help" | "-h" | "help" => {
                println!("{HELP}");
                return Ok(());
            }
            _ => return Err(format!("there is no option {argument:?}\n{HELP}")),
        }
    }
    check(&plan)?;
    if plan.rounds == 0 {
        plan.rounds = if plan.effort.quick { 3 } else { 7 };
    }
    if plan.effort.time.is_zero() {
        plan.effort.time = Duration::from_millis(if plan.effort.quick { 120 } else { 300 });
    }
    machine::raise_file_limit();
    if let Some(row) = instructions {
        return callgrind::count(&row, &plan);
    }
    let results = run::all(&plan);
    let builds = if build { build_time::all(&root)? } else { Vec::new() };
    print!("{}", report::terminal(&plan, &results, &builds));
    if write {
        report::write(&root, &plan, &results, &builds)?;
    }
    Ok(())
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn number(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("{text:?} is not a number"))
}

fn check(plan: &Plan) -> Result<(), String> {
    if let Some(peer) = plan.peers.iter().find(|peer| !PEERS.contains(&peer.as_str())) {
        return Err(format!("there is no peer {peer:?}: see --list"));
    }
    for name in &plan.only {
        if !RUNS.iter().any(|run| run.is_asked_for(std::slice::from_ref(name))) {
            return Err(format!("there is no row {name:?}: see --list"));
        }
    }
    Ok(())
}

fn show() -> Result<(), String> {
    for run in RUNS {
        for row in run.rows {
            println!("{:8} {:20} {} ({})", run.group, row.id, row.title, run.peers.join(" "));
        }
    }
    println!("peers: {}", PEERS.join(" "));
    Ok(())
}
