//! Bar charts, written by hand: one group of bars per row, each bar a peer relative to the best of them.

use std::fmt::Write as _;

use crate::rounds::Measured;

/// Ours first, in the strongest colour.
const COLOURS: [(&str, &str); 20] = [
    ("ours", "#d1495b"),
    ("ours_pool", "#d1495b"),
    ("tokio", "#30638e"),
    ("tokio_mt", "#30638e"),
    ("tokio_1k", "#6fa3c7"),
    ("smol", "#66a182"),
    ("smol_pool", "#66a182"),
    ("monoio", "#edae49"),
    ("compio", "#8d6a9f"),
    ("tokio_on_ours", "#6fa3c7"),
    ("tokio_on_ours_pool", "#6fa3c7"),
    ("async_lock", "#66a182"),
    ("async_lock_pool", "#66a182"),
    ("async_channel", "#66a182"),
    ("async_channel_pool", "#66a182"),
    ("flume", "#edae49"),
    ("flume_pool", "#edae49"),
    ("heap", "#8d6a9f"),
    ("python", "#9a9a9a"),
    ("uvloop", "#5f5f5f"),
];

/// A chart's file name, title and rows.
pub type Group<'a> = (&'static str, String, Vec<&'a Measured>);

/// The rows by subject, empty groups left out.
pub fn groups(measured: &[Measured]) -> Vec<Group<'_>> {
    let subjects: [(&str, &str, &[&str]); 7] = [
        (
            "tasks",
            "Tasks on one thread",
            &["spawn_join", "call_soon", "yield", "wake_"],
        ),
        ("timers", "Timers", &["timer_create", "timer_fire"]),
        (
            "threads",
            "Two workers, and blocking calls",
            &["pool_spawn", "pool_yield", "pool_ping", "to_thread"],
        ),
        (
            "sync",
            "Locks and queues",
            &["lock_", "semaphore_", "queue_", "priority_queue"],
        ),
        ("network", "Network", &["echo_", "connect_", "udp_"]),
        (
            "streams",
            "Streams, TLS, and loops per core",
            &["lines_", "exactly_", "tls_", "per_core_"],
        ),
        (
            "memory",
            "Memory and lateness (less is better: bars are inverted)",
            &["bytes_", "timer_lateness", "idle_"],
        ),
    ];
    let group = |(name, title, starts): (&'static str, &str, &[&str])| {
        let belongs = |row: &&Measured| starts.iter().any(|start| row.row.name.starts_with(start));
        let rows: Vec<&Measured> = measured.iter().filter(belongs).collect();
        (!rows.is_empty()).then(|| (name, title.to_owned(), rows))
    };
    subjects.into_iter().filter_map(group).collect()
}

const BAR: usize = 14;
const LEFT: usize = 250;
const WIDTH: usize = 420;

/// Dark on light, or light on dark where the reader's system says so.
const STYLE: &str = "<style>.page { fill: white } text:not([fill]) { fill: #1f2328 } \
                     @media (prefers-color-scheme: dark) { .page { fill: #0d1117 } text:not([fill]) { fill: #e6edf3 } }</style>\n";

/// The chart as a document.
pub fn chart(title: &str, rows: &[&Measured]) -> String {
    let mut body = String::new();
    let mut y = 34;
    for row in rows {
        let peers: Vec<(&str, f64)> = row
            .row
            .peers
            .iter()
            .filter_map(|peer| Some((*peer, row.median(peer)?)))
            .collect();
        let goodness = |value: f64| {
            if row.row.higher_is_better {
                value
            } else {
                1.0 / value
            }
        };
        let top = peers
            .iter()
            .map(|(_, value)| goodness(*value))
            .fold(f64::MIN_POSITIVE, f64::max);
        let _ = writeln!(
            body,
            r#"<text x="8" y="{}" font-weight="bold">{}</text><text x="8" y="{}" fill="gray">{}</text>"#,
            y + 11,
            row.row.name,
            y + 26,
            row.row.unit
        );
        for (peer, value) in peers {
            let length = (goodness(value) / top * WIDTH as f64).clamp(1.0, WIDTH as f64);
            let colour = COLOURS
                .iter()
                .find(|(name, _)| *name == peer)
                .map_or("black", |(_, colour)| colour);
            let _ = writeln!(
                body,
                r#"<text x="{}" y="{}" text-anchor="end">{peer}</text><rect x="{LEFT}" y="{y}" width="{length:.1}" height="{}" fill="{colour}"/><text x="{:.1}" y="{}">{}</text>"#,
                LEFT - 6,
                y + 11,
                BAR - 2,
                LEFT as f64 + length + 5.0,
                y + 11,
                crate::report::short(value),
            );
            y += BAR;
        }
        y += 12;
    }
    let width = LEFT + WIDTH + 70;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {y}\" width=\"{width}\" height=\"{y}\" \
         font-family=\"sans-serif\" font-size=\"11\">\n{STYLE}<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n\
         <text x=\"8\" y=\"20\" font-size=\"14\">{title}</text>\n{body}</svg>\n"
    )
}
