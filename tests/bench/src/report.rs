//! The report: a table on the terminal, and docs/benchmarks.md.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use crate::cli::Options;
use crate::rounds::Measured;
use crate::rows::Bar;
use crate::stats::Ratio;
use crate::{python, svg};

/// A number in four places at most: `17.3M`, `261k`, `82.2`, `.74`.
pub fn short(value: f64) -> String {
    let (scaled, unit) = match value.abs() {
        v if v >= 1e9 => (value / 1e9, "G"),
        v if v >= 1e6 => (value / 1e6, "M"),
        v if v >= 1e3 => (value / 1e3, "k"),
        _ => (value, ""),
    };
    match scaled.abs() {
        v if v >= 100.0 || v == 0.0 => format!("{scaled:.0}{unit}"),
        v if v >= 10.0 => format!("{scaled:.1}{unit}"),
        v if v >= 1.0 => format!("{scaled:.2}{unit}"),
        _ => format!("{scaled:.3}"),
    }
}

fn interval(ratio: Option<Ratio>) -> [String; 2] {
    match ratio {
        Some(ratio) => [
            format!("{:.2}", ratio.median),
            format!("{:.2} to {:.2}", ratio.low, ratio.high),
        ],
        None => ["–".to_owned(), "–".to_owned()],
    }
}

fn bar(bar: Bar, against: Option<Ratio>) -> String {
    match bar {
        Bar::Best(1.0) => "best peer".to_owned(),
        Bar::Best(times) => format!("{times:.2} of the best"),
        Bar::Peer(peer, times) => {
            let [median, low_to_high] = interval(against);
            format!("{times:.0} × {peer} ({median}, {low_to_high})")
        }
        Bar::BestOf(peers, _) => {
            let [median, low_to_high] = interval(against);
            format!("best of {} ({median}, {low_to_high})", peers.join(", "))
        }
        Bar::AtMost(most) => format!("at most {}", short(most)),
        Bar::None => "–".to_owned(),
    }
}

/// The table: each peer's value relative to the best peer's (above 1 is better), then ours with its interval.
pub fn table(measured: &[Measured]) -> String {
    let mut text = String::from(
        "| row | unit | best peer | the others, relative to it | ours | ours / best | 95 % | bar | |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for row in measured {
        let verdict = row.verdict();
        let ours = row.row.ours();
        let value = |peer: &str| row.median(peer).map_or("failed".to_owned(), short);
        let best = verdict
            .best
            .map_or("–".to_owned(), |best| format!("{best} {}", value(best)));
        let others: Vec<String> = row
            .row
            .peers
            .iter()
            .filter(|peer| row.values.contains_key(*peer) && **peer != ours && Some(**peer) != verdict.best)
            .map(|peer| {
                let ratio = verdict.best.and_then(|best| row.against(peer, best));
                // Zero against zero has no ratio: say the value.
                ratio.map_or(format!("{peer} {}", value(peer)), |ratio| {
                    format!("{peer} {:.2}", ratio.median)
                })
            })
            .collect();
        let [median, low_to_high] = interval(verdict.against_best);
        let outcome = match (verdict.passes, verdict.clear) {
            (Some(true), true) => "pass",
            (Some(true), false) => "within noise",
            (Some(false), _) => "**miss**",
            (None, _) => "",
        };
        let _ = writeln!(
            text,
            "| {} | {} | {best} | {} | {} | {median} | {low_to_high} | {} | {outcome} |",
            row.row.name,
            row.row.unit,
            others.join(", "),
            value(ours),
            bar(row.row.bar, verdict.against_bar),
        );
    }
    text
}

/// What the rows that miss their bar look like, and those where somebody is ahead of us.
fn losses(measured: &[Measured]) -> String {
    let mut text = String::new();
    for row in measured {
        let verdict = row.verdict();
        let (Some(best), Some(ratio)) = (verdict.best, verdict.against_best) else {
            continue;
        };
        let missed = verdict.passes == Some(false);
        if missed || ratio.high < 1.0 {
            let outcome = match verdict.passes {
                Some(true) => "is within its bar",
                Some(false) => "misses its bar",
                None => "has no bar",
            };
            let note = note(row.row.name).map_or(String::new(), |note| format!(" {note}"));
            let _ = writeln!(
                text,
                "- `{}` ({}): {:.2} of {best} ({:.2} to {:.2}); the row {outcome}.{note}",
                row.row.name, row.row.what, ratio.median, ratio.low, ratio.high
            );
        }
    }
    if text.is_empty() {
        "Nothing, in this run.\n".to_owned()
    } else {
        text
    }
}

/// Why a row loses and what would close the gap, as losses.md has it.
fn note(row: &str) -> Option<&'static str> {
    include_str!("../losses.md")
        .lines()
        .find_map(|line| line.strip_prefix("- `")?.strip_prefix(row)?.strip_prefix("`: "))
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

fn first_line(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .next()
        .map(|line| line.trim().to_owned())
}

fn machine() -> String {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let count = std::thread::available_parallelism().map_or(1, |count| count.get());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let model = model.map_or("unknown processor", |(_, name)| name);
    format!("{count} processors ({model}), Linux {}", kernel.trim())
}

/// `tokio 1.54.1, smol 2.0.2, ...` as the lock file has them.
fn versions() -> String {
    let lock = include_str!("../Cargo.lock");
    let mut found = Vec::new();
    let names = [
        "tokio",
        "smol",
        "async-executor",
        "async-io",
        "monoio",
        "compio",
        "async-lock",
        "async-channel",
        "flume",
        "tokio-rustls",
        "futures-rustls",
    ];
    for name in names {
        // Where a peer brings an older version of its own, ours is the last.
        let entry = lock
            .split("[[package]]")
            .filter(|entry| entry.contains(&format!("name = \"{name}\"\n")))
            .last();
        if let Some(version) = entry.and_then(|entry| entry.split("version = \"").nth(1)?.split('"').next()) {
            found.push(format!("{name} {version}"));
        }
    }
    found.extend(
        ["python", "uvloop"]
            .iter()
            .filter_map(|peer| python::version(peer)),
    );
    found.join(", ")
}

/// Writes docs/benchmarks.md and its plots.
pub fn write(measured: &[Measured], options: &Options, build: &str) -> io::Result<()> {
    let folder = docs().join("benchmarks");
    fs::create_dir_all(&folder)?;
    let mut plots = String::new();
    for (name, title, rows) in svg::groups(measured) {
        fs::write(folder.join(format!("{name}.svg")), svg::chart(&title, &rows))?;
        let _ = writeln!(plots, "![{title}](benchmarks/{name}.svg)\n");
    }
    let rows: String = measured.iter().fold(String::new(), |text, row| {
        text + &format!("- `{}`: {}.\n", row.row.name, row.row.what)
    });
    let text = format!(
        include_str!("../benchmarks.md.in"),
        machine = machine(),
        rustc = first_line("rustc", &["--version"]).unwrap_or_default(),
        versions = versions(),
        rounds = options.rounds,
        quick = if options.quick {
            " **A quick run: a fifth of the work, noise included.**"
        } else {
            ""
        },
        table = table(measured),
        plots = plots,
        losses = losses(measured),
        rows = rows,
        build = build,
    );
    fs::write(docs().join("benchmarks.md"), text)
}
