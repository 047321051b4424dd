//! The parent: a child per measurement, peers interleaved inside each round.
//!
//! A machine drifts: clocks, neighbours, heat. So every peer runs once per row and round, in an order that turns from
//! round to round, and only values of one round are compared with each other.

use std::collections::BTreeMap;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::cli::Options;
use crate::python;
use crate::rows::{ROWS, Row};

/// A row's values: per peer, one per round, `None` where the child failed.
#[derive(Debug)]
pub struct Measured {
    pub row: &'static Row,
    pub values: BTreeMap<&'static str, Vec<Option<f64>>>,
}

/// Runs all rounds.
pub fn run(options: &Options) -> Vec<Measured> {
    let mut table: Vec<Measured> = ROWS
        .iter()
        .filter(|row| options.wants_row(row))
        .map(|row| {
            let there = |peer: &&&'static str| options.wants_peer(row, peer) && python::has(peer);
            let peers = row.peers.iter().filter(there).map(|peer| (*peer, Vec::new()));
            Measured {
                row,
                values: peers.collect(),
            }
        })
        .collect();
    for round in 0..options.rounds {
        for measured in &mut table {
            eprint!("round {}/{}  {:26}", round + 1, options.rounds, measured.row.name);
            let peers: Vec<&'static str> = measured.values.keys().copied().collect();
            for turn in 0..peers.len() {
                let peer = peers[(turn + round) % peers.len()];
                let value = measure(measured.row.name, peer, options.quick);
                match value {
                    Some(value) => eprint!("  {peer} {}", crate::report::short(value)),
                    None => eprint!("  {peer} failed"),
                }
                measured.values.entry(peer).or_default().push(value);
            }
            eprintln!();
        }
    }
    table
}

/// Longer than any measurement takes.
const PATIENCE: Duration = Duration::from_secs(60);

fn measure(row: &str, peer: &str, quick: bool) -> Option<f64> {
    let mut command = match python::command(row, peer, quick) {
        Some(command) => command,
        None => {
            let mut command = Command::new(std::env::current_exe().ok()?);
            command
                .args(["child", row, peer])
                .args(quick.then_some("--quick"));
            command
        }
    };
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().ok()?;
    let mut output = child.stdout.take()?;
    let reader = std::thread::spawn(move || {
        let mut text = String::new();
        output.read_to_string(&mut text).ok().map(|_| text)
    });
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().ok()? {
            break status;
        }
        if start.elapsed() > PATIENCE {
            child.kill().ok()?;
            child.wait().ok()?;
            eprint!(" (no end after {} s)", PATIENCE.as_secs());
            return None;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let text = reader.join().ok()??;
    status.success().then_some(())?;
    text.split_whitespace().next()?.parse().ok()
}
