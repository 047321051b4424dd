//! `Screen`: shows a frame again and again: as a picture on a terminal, as plain lines elsewhere.
//!
//! On a terminal the picture is drawn on the second screen, which leaves the first as it was, and in one write, so that it does not
//! flicker. The terminal's size is asked for each time. A terminal that is slow to take the bytes gets fewer frames; nobody
//! else waits for it.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use asyncio::io::stdout;
use asyncio::reactor::signals::{Signal, Signals};
use asyncio::{LoopHandle, finally, get_running_loop, select, sleep};
use futures_util::AsyncWriteExt;

use crate::Shared;
use crate::meter::Histogram;
use crate::table::Frame;
use crate::workers::Desk;

/// How often a terminal is drawn.
const REDRAW: Duration = Duration::from_millis(200);
/// Over how many frames rates and percentiles are taken.
const WINDOW: usize = 10;

const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";
/// The beginning and the end of a frame: terminals that know these show it at once.
const BEGIN: &str = "\x1b[?2026h\x1b[H";
const END: &str = "\x1b[J\x1b[?2026l";

/// What there is to be looked at.
#[derive(Debug)]
pub struct View {
    desk: Desk,
    title: &'static str,
    /// What the pipeline is doing.
    pub phase: Shared<Cell<&'static str>>,
    /// What is waiting and how much may, where that is not in this process.
    pub backlog: Option<Shared<Cell<(usize, usize)>>>,
    feeds: usize,
    goal: u64,
    begun: Instant,
    this: LoopHandle,
    samples: VecDeque<Sample>,
}

/// The counts at a moment, and the ages since the one before.
#[derive(Debug)]
struct Sample {
    at: Instant,
    counts: [u64; 4],
    lag: Histogram,
}

impl View {
    /// A pipeline with so many feeds that is to do so much; 0 when nobody knows.
    pub fn new(desk: &Desk, title: &'static str, feeds: usize, goal: u64) -> View {
        let this = get_running_loop();
        View {
            desk: desk.clone(),
            title,
            phase: Shared::new(Cell::new("running")),
            backlog: None,
            feeds,
            goal,
            begun: this.time(),
            this,
            samples: VecDeque::new(),
        }
    }

    /// Takes a sample, and makes a frame of it and those before.
    fn frame(&mut self) -> Frame {
        let (meter, metrics) = (&self.desk.meter, self.this.metrics());
        let (at, received, done) = (self.this.time(), meter.received.get(), meter.done.get());
        if self.samples.len() > WINDOW {
            self.samples.pop_front();
        }
        self.samples.push_back(Sample {
            at,
            counts: [received, done, metrics.turns, metrics.steps],
            lag: meter.take_lag(),
        });
        let first = &self.samples[0];
        let seconds = at.duration_since(first.at).as_secs_f64();
        let rate = |which: usize| {
            let newest = self.samples.back().map_or(0, |sample| sample.counts[which]);
            let more = newest.saturating_sub(first.counts[which]);
            if seconds > 0.0 { more as f64 / seconds } else { 0.0 }
        };
        let mut lag = Histogram::default();
        self.samples.iter().for_each(|sample| lag.merge(&sample.lag));
        let (depth, room) = match &self.backlog {
            Some(backlog) => backlog.get(),
            None => self.desk.intake.depth(),
        };
        Frame {
            title: self.title,
            phase: self.phase.get(),
            elapsed: at.duration_since(self.begun),
            feeds: (meter.up.get(), self.feeds),
            received,
            received_rate: rate(0),
            done,
            done_rate: rate(1),
            dropped: meter.dropped.get(),
            waited: meter.waited.get(),
            connections: meter.connections.get(),
            depth,
            room,
            lag: [
                lag.quantile(0.5),
                lag.quantile(0.9),
                lag.quantile(0.99),
                lag.most(),
            ],
            loop_rates: [rate(2), rate(3)],
            loop_counts: [metrics.tasks, metrics.timers, metrics.sources],
            progress: (self.goal > 0).then_some((done + meter.dropped.get(), self.goal)),
            symbols: self.desk.book.symbols().into_iter().collect(),
            trouble: meter.trouble(),
        }
    }
}

/// Where the frames go.
#[derive(Debug)]
pub struct Screen {
    is_terminal: bool,
    colour: bool,
    every: Duration,
}

impl Screen {
    /// The standard output. What is no terminal gets a line now and then.
    pub fn open(every: Duration) -> Screen {
        let is_terminal = std::io::stdout().is_terminal();
        Screen {
            is_terminal,
            // See no-color.org.
            colour: is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
            every,
        }
    }

    /// Shows frame after frame, until it is cancelled; then the last one, and the terminal as it was.
    pub async fn paint(self, mut view: View) -> std::io::Result<()> {
        if !self.is_terminal {
            loop {
                sleep(self.every).await;
                write(&(view.frame().plain() + "\n")).await?;
            }
        }
        let mut resized = Signals::new([Signal::WindowChange])?;
        write(ENTER).await?;
        finally!(
            {
                loop {
                    let (width, height) = size();
                    // The last column stays free: what clears the rest of a full line may clear the end of it.
                    let lines = view.frame().draw(width - 1, height, self.colour);
                    // Each line replaces the one that was there.
                    let picture = lines.join("\x1b[K\r\n");
                    write(&format!("{BEGIN}{picture}\x1b[K{END}")).await?;
                    select! {
                        () = sleep(REDRAW) => {},
                        resize = resized.recv() => drop(resize?),
                    }
                }
            },
            {
                drop(write(LEAVE).await);
            }
        )
    }
}

async fn write(text: &str) -> std::io::Result<()> {
    let mut out = stdout();
    out.write_all(text.as_bytes()).await?;
    out.flush().await
}

/// The terminal's columns and lines; a usual one where it does not say.
#[cfg(unix)]
fn size() -> (usize, usize) {
    match rustix::termios::tcgetwinsize(rustix::stdio::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col.into(), size.ws_row.into()),
        _ => (80, 24),
    }
}

/// The terminal's columns and lines: nobody is asked here.
#[cfg(not(unix))]
fn size() -> (usize, usize) {
    (80, 24)
}
