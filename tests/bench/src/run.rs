//! Round-robin over the peers inside each round, several rounds, the order rotated.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::drive::{self, Effort};
use crate::rows::{PYTHON, RUNS, Run};
use crate::verdict::Figures;

/// What to measure.
#[derive(Clone, Debug)]
pub struct Plan {
    pub rounds: usize,
    pub only: Vec<String>,
    pub peers: Vec<String>,
    pub effort: Effort,
}

/// All that was measured.
#[derive(Debug, Default)]
pub struct Results {
    /// By row.
    pub figures: BTreeMap<&'static str, Figures>,
    /// What could not be measured, and why.
    pub failures: BTreeSet<String>,
    pub minutes: f64,
}

impl Plan {
    pub fn runs(&self) -> impl Iterator<Item = &'static Run> + '_ {
        RUNS.iter().filter(|run| run.is_asked_for(&self.only))
    }

    fn takes(&self, run: &Run, peer: &str, round: usize, absent: &BTreeSet<&str>) -> bool {
        let asked = self.peers.is_empty() || self.peers.iter().any(|name| name == peer);
        // The interpreters are slow, far from every bar, and steady: a third of the rounds is enough for them.
        let now = if run.exact { round == 0 } else { round % 3 == 0 || !PYTHON.contains(&peer) };
        asked && now && !absent.contains(peer)
    }
}

/// The python peers that this machine has not.
fn absent() -> BTreeSet<&'static str> {
    let has = |module: &str| {
        Command::new("python3")
            .args(["-c", &format!("import {module}")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    let mut absent = BTreeSet::new();
    if !has("asyncio") {
        absent.extend(PYTHON);
    } else if !has("uvloop") {
        absent.extend(["uvloop", "uvloop-protocol"]);
    }
    absent
}

pub fn all(plan: &Plan) -> Results {
    let begun = Instant::now();
    let absent = absent();
    let mut results = Results::default();
    for peer in &absent {
        results.failures.insert(format!("{peer}: python3 has no such module"));
    }
    for round in 0..plan.rounds {
        for (index, run) in plan.runs().enumerate() {
            let mut peers: Vec<&str> = run.peers.to_vec();
            peers.rotate_left((round + index) % peers.len());
            for peer in peers {
                if plan.takes(run, peer, round, &absent) {
                    one(run, peer, round, plan, &mut results);
                }
            }
        }
        eprintln!("round {} of {} after {:.0?}", round + 1, plan.rounds, begun.elapsed());
    }
    results.minutes = begun.elapsed().as_secs_f64() / 60.0;
    results
}

fn one(run: &Run, peer: &str, round: usize, plan: &Plan, results: &mut Results) {
    match drive::measure(run.kind, peer, &plan.effort) {
        Ok(metrics) => {
            for row in run.rows {
                if let Some(value) = metrics.get(row.metric).filter(|value| value.is_finite()) {
                    let figures = results.figures.entry(row.id).or_default();
                    figures.entry(peer.to_owned()).or_default().insert(round, value);
                }
            }
        }
        Err(message) => {
            let row = run.rows.first().map_or("", |row| row.id);
            // A command line may hold the place of this program; the last part of the message is the reason.
            eprintln!("{row}, {peer}: {message}");
            results.failures.insert(format!("{row}, {peer}: {}", reason(&message)));
        }
    }
}

/// A message without the command line in front of it.
fn reason(message: &str) -> &str {
    match message.rsplit_once('"') {
        Some((_, rest)) => rest.trim_start_matches([':', ' ']),
        None => message,
    }
}
