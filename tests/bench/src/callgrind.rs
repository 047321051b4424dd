//! Instructions per operation, by callgrind: the difference between two runs of different length, so that start-up
//! drops out. It counts what a loaded machine cannot disturb.

use std::process::{Command, Stdio};

use crate::drive;
use crate::machine;
use crate::rows::{Kind, PYTHON, RUNS};
use crate::run::Plan;

pub fn count(row: &str, plan: &Plan) -> Result<(), String> {
    if !machine::has("valgrind") {
        return Err("there is no valgrind".to_owned());
    }
    let run = RUNS.iter().find(|run| run.rows.iter().any(|of| of.id == row));
    let Some((run, Kind::Child(workload, size))) = run.map(|run| (run, run.kind)) else {
        return Err(format!("{row:?} is not a row that a single program measures"));
    };
    let (few, many) = match workload {
        "timer-fire" => (10_000, 30_000),
        "timer-sparse" => return Err("timer-sparse waits, and does nothing that could be counted".to_owned()),
        _ => (100_000, 300_000),
    };
    println!("{row}: instructions per operation");
    for peer in run.peers.iter().filter(|peer| !PYTHON.contains(peer)) {
        if !plan.peers.is_empty() && !plan.peers.iter().any(|name| name == peer) {
            continue;
        }
        let counted = instructions(workload, size, peer, few, plan)
            .and_then(|low| Ok(instructions(workload, size, peer, many, plan)? - low));
        match counted {
            Ok(difference) => println!("  {peer:14} {:10.1}", difference / (many - few) as f64),
            Err(message) => println!("  {peer:14} {message}"),
        }
    }
    Ok(())
}

fn instructions(workload: &str, size: usize, peer: &str, ops: u64, plan: &Plan) -> Result<f64, String> {
    let inner = drive::command(workload, peer, &plan.effort)?;
    let file = std::env::temp_dir().join(format!("asyncio-bench-{}.callgrind", std::process::id()));
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "-q"])
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(inner.get_program())
        .args(inner.get_args())
        .args(["--ops", &ops.to_string(), "--size", &size.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .map_err(|e| format!("valgrind: {e}"))?;
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let _ = std::fs::remove_file(&file);
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("fails under valgrind: {}", message.lines().next().unwrap_or_default()));
    }
    let total = |line: &str| line.strip_prefix("totals:").or_else(|| line.strip_prefix("summary:")).map(str::to_owned);
    let totals = text.lines().filter_map(total).filter_map(|n| n.trim().parse::<f64>().ok());
    totals.last().ok_or_else(|| "callgrind says nothing".to_owned())
}
