//! The picture: a frame of plain data becomes lines for a terminal of that size. No clock, no I/O, so a test can look at it.
//!
//! What does not fit is left out whole, the least important first: columns of the table from the right, parts of a line from its
//! end, symbols from the bottom. A line is never wider than the terminal.

use std::time::Duration;

use crate::book::Symbol;
use crate::line::{GREEN, GREY, Line, RED, STRONG, bar, group, hundredths, span};

/// All that is shown.
#[derive(Debug, Clone, Default)]
pub struct Frame {
    pub title: &'static str,
    pub phase: &'static str,
    pub elapsed: Duration,
    pub feeds: (usize, usize),
    pub received: u64,
    pub received_rate: f64,
    pub done: u64,
    pub done_rate: f64,
    pub dropped: u64,
    pub waited: u64,
    pub connections: u64,
    pub depth: usize,
    pub room: usize,
    /// In microseconds: the median, 90 and 99 per cent, the most.
    pub lag: [u64; 4],
    /// Turns and steps of the loop per second; its tasks, timers and sources.
    pub loop_rates: [f64; 2],
    pub loop_counts: [u64; 3],
    /// How far it is, out of how much, when that is known.
    pub progress: Option<(u64, u64)>,
    pub symbols: Vec<(String, Symbol)>,
    /// Why a connection is down.
    pub trouble: Option<String>,
}

impl Frame {
    /// The lines for a terminal.
    pub fn draw(&self, width: usize, height: usize, colour: bool) -> Vec<String> {
        let mut lines = vec![self.head(width), self.counts(width), self.trouble(width)];
        let mut tail = vec![
            Line::default(),
            self.queue(width),
            self.lag(width),
            self.turns(width),
        ];
        tail.extend(self.progress(width));
        let room = height.saturating_sub(lines.len() + tail.len() + 1);
        lines.extend(self.table(width, room));
        lines.extend(tail);
        lines.truncate(height);
        lines.iter().map(|line| line.render(colour)).collect()
    }

    /// One line for what is no terminal.
    pub fn plain(&self) -> String {
        let mut line = format!(
            "{} {}: received {} ({:.0}/s), done {} ({:.0}/s), queue {}/{}, dropped {}, waited {}, lag p50 {} p99 {}",
            self.title,
            self.phase,
            self.received,
            self.received_rate,
            self.done,
            self.done_rate,
            self.depth,
            self.room,
            self.dropped,
            self.waited,
            span(self.lag[0]),
            span(self.lag[2]),
        );
        if self.feeds.1 > 0 {
            line += &format!(", feeds {}/{}", self.feeds.0, self.feeds.1);
        }
        if let Some(trouble) = &self.trouble {
            line += &format!(", {trouble}");
        }
        line
    }

    fn head(&self, width: usize) -> Line {
        let seconds = self.elapsed.as_secs();
        let clock = format!(
            "{:02}:{:02}:{:02}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        );
        let (up, all) = self.feeds;
        let mut line = Line::default();
        line.add(STRONG, self.title);
        line.part(width, "", self.phase);
        line.part(width, GREY, &clock);
        if all > 0 {
            let style = if up == all { GREEN } else { RED };
            line.right(width, style, &format!("{up} of {all} feeds up"));
        }
        line
    }

    fn counts(&self, width: usize) -> Line {
        let mut line = Line::default();
        line.part(width, "", &format!("in {}", group(self.received)));
        line.part(width, GREY, &format!("{}/s", group(self.received_rate as u64)));
        line.part(width, "", &format!("done {}", group(self.done)));
        line.part(width, GREY, &format!("{}/s", group(self.done_rate as u64)));
        let style = if self.dropped > 0 { RED } else { "" };
        line.part(width, style, &format!("dropped {}", group(self.dropped)));
        line.part(width, "", &format!("waited {}", group(self.waited)));
        line.part(width, GREY, &format!("connections {}", self.connections));
        line
    }

    /// What is wrong, cut where it is too long; else the line is empty.
    fn trouble(&self, width: usize) -> Line {
        let mut line = Line::default();
        if let Some(trouble) = &self.trouble {
            line.add(
                RED,
                &trouble
                    .chars()
                    .filter(|c| !c.is_control())
                    .take(width)
                    .collect::<String>(),
            );
        }
        line
    }

    fn queue(&self, width: usize) -> Line {
        let share = self.depth as f64 / self.room.max(1) as f64;
        let style = match share {
            share if share > 0.9 => RED,
            _ => GREEN,
        };
        let words = format!("{} of {}", self.depth, self.room);
        gauge("queue", share, style, &words, width)
    }

    fn lag(&self, width: usize) -> Line {
        let mut line = label("lag");
        for (name, value) in ["p50", "p90", "p99", "most"].iter().zip(self.lag) {
            line.part(width, "", &format!("{name} {}", span(value)));
        }
        line
    }

    fn turns(&self, width: usize) -> Line {
        let mut line = label("loop");
        for (name, value) in ["turns/s", "steps/s"].iter().zip(self.loop_rates) {
            line.part(width, "", &format!("{} {name}", group(value as u64)));
        }
        for (name, value) in ["tasks", "timers", "sources"].iter().zip(self.loop_counts) {
            line.part(width, GREY, &format!("{value} {name}"));
        }
        line
    }

    fn progress(&self, width: usize) -> Option<Line> {
        let (done, all) = self.progress?;
        let share = done as f64 / all.max(1) as f64;
        let left = all.saturating_sub(done) as f64 / self.received_rate;
        let mut words = format!("{:3.0} %  {} of {}", share * 100.0, group(done), group(all));
        if left.is_finite() && width >= 70 {
            words += &format!("  {left:.0} s left");
        }
        Some(gauge("done", share, STRONG, &words, width))
    }

    fn table(&self, width: usize, room: usize) -> Vec<Line> {
        let mut taken = 0;
        let columns: Vec<&Column> = COLUMNS
            .iter()
            .take_while(|column| {
                taken += column.width + 2;
                taken <= width + 2
            })
            .collect();
        let used: usize = columns.iter().map(|column| column.width + 2).sum();
        let trend = if columns.len() == COLUMNS.len() {
            width.saturating_sub(used)
        } else {
            0
        };

        let mut head = Line::default();
        for column in &columns {
            head.column(GREY, column.name, column.width, column.is_text);
        }
        if trend >= 8 {
            head.column(GREY, "TREND", trend, true);
        }
        let mut lines = vec![head];
        for (name, symbol) in self.symbols.iter().take(room) {
            let mut line = Line::default();
            for column in &columns {
                let (style, text) = (column.cell)(name, symbol);
                line.column(style, &text, column.width, column.is_text);
            }
            if trend >= 8 {
                line.column(style_of(symbol), &sparkline(symbol, trend), trend, true);
            }
            lines.push(line);
        }
        if self.symbols.len() > room && room > 0 {
            lines.pop();
            let mut line = Line::default();
            line.part(
                width,
                GREY,
                &format!("… and {} more", self.symbols.len() + 1 - room),
            );
            lines.push(line);
        }
        lines
    }
}

fn label(name: &str) -> Line {
    let mut line = Line::default();
    line.column(GREY, name, 5, true);
    line
}

/// A name, a bar that takes what room there is, and words.
fn gauge(name: &str, share: f64, style: &'static str, words: &str, width: usize) -> Line {
    let mut line = label(name);
    let room = width
        .saturating_sub(line.width() + 2 + words.chars().count() + 2)
        .min(60);
    if room >= 8 {
        let (full, empty) = bar(share, room);
        line.part(width, style, &full);
        line.add(GREY, &empty);
    }
    line.part(width, "", words);
    line
}

struct Column {
    name: &'static str,
    width: usize,
    is_text: bool,
    cell: fn(&str, &Symbol) -> (&'static str, String),
}

/// The most important first.
const COLUMNS: [Column; 6] = [
    Column {
        name: "SYMBOL",
        width: 6,
        is_text: true,
        cell: |name, symbol| (if symbol.halted { RED } else { STRONG }, name.to_owned()),
    },
    Column {
        name: "LAST",
        width: 9,
        is_text: false,
        cell: |_, symbol| ("", hundredths(symbol.last)),
    },
    Column {
        name: "CHANGE",
        width: 8,
        is_text: false,
        cell: |_, symbol| {
            let sign = if symbol.change() > 0 { "+" } else { "" };
            (
                style_of(symbol),
                format!("{sign}{} %", hundredths(symbol.change())),
            )
        },
    },
    Column {
        name: "VOLUME",
        width: 13,
        is_text: false,
        cell: |_, symbol| ("", group(symbol.volume)),
    },
    Column {
        name: "VWAP",
        width: 9,
        is_text: false,
        cell: |_, symbol| ("", symbol.vwap().map_or("–".to_owned(), hundredths)),
    },
    Column {
        name: "TRADES",
        width: 9,
        is_text: false,
        cell: |_, symbol| ("", group(symbol.trades)),
    },
];

fn style_of(symbol: &Symbol) -> &'static str {
    match symbol.change() {
        ..0 => RED,
        0 => "",
        _ => GREEN,
    }
}

/// The last prices as bars, between the lowest and the highest of them.
fn sparkline(symbol: &Symbol, width: usize) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let shown = symbol.trend.len().min(width);
    let prices = symbol.trend.iter().skip(symbol.trend.len() - shown);
    let (low, high) = prices.clone().fold((i64::MAX, i64::MIN), |(low, high), &price| {
        (low.min(price), high.max(price))
    });
    prices
        .map(|price| match high - low {
            0 => BARS[3],
            range => BARS[usize::try_from((price - low) * 7 / range).unwrap_or(0)],
        })
        .collect()
}
