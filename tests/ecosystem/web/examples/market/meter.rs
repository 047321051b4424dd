//! `Meter`: what has come and gone, counted; and how late it was, as percentiles.

use std::cell::{Cell, RefCell};

/// The counts of a pipeline. All that came is in one of `done`, `dropped`, `left`, or still on its way.
#[derive(Debug, Default)]
pub struct Meter {
    /// Ticks that came.
    pub received: Cell<u64>,
    /// Ticks that were worked on.
    pub done: Cell<u64>,
    /// Quotes that found the queue full.
    pub dropped: Cell<u64>,
    /// Times that a feed had to wait because the queue was full.
    pub waited: Cell<u64>,
    /// Ticks that were not worked on because the time to drain was over.
    pub left: Cell<u64>,
    /// Numbers that a feed has skipped.
    pub gaps: Cell<u64>,
    /// Connections that were made.
    pub connections: Cell<u64>,
    /// Feeds that are connected now.
    pub up: Cell<usize>,
    lag: RefCell<Histogram>,
    trouble: RefCell<Option<String>>,
}

/// One more.
pub fn count(cell: &Cell<u64>) {
    cell.set(cell.get() + 1);
}

impl Meter {
    /// A tick was this old when it was done, in microseconds.
    pub fn lag(&self, micros: u64) {
        self.lag.borrow_mut().add(micros);
    }

    /// Why a connection broke, for those who watch; `None` when there is one again.
    pub fn set_trouble(&self, trouble: Option<String>) {
        *self.trouble.borrow_mut() = trouble;
    }

    /// What was set last.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.borrow().clone()
    }

    /// What became of all that came.
    pub fn summary(&self) -> String {
        format!(
            "received {}, done {}, dropped {}, left {}; waited {}, gaps {}, connections {}",
            self.received.get(),
            self.done.get(),
            self.dropped.get(),
            self.left.get(),
            self.waited.get(),
            self.gaps.get(),
            self.connections.get(),
        )
    }

    /// The ages since the last call.
    pub fn take_lag(&self) -> Histogram {
        self.lag.take()
    }
}

/// Numbers sorted into buckets: sixteen for each power of two, so that a percentile is wrong by a sixteenth at most, whatever the
/// size, and adding is a shift and an increment. (As in HdrHistogram, by Gil Tene.)
#[derive(Debug, Clone, Default)]
pub struct Histogram {
    buckets: Vec<u32>,
    count: u64,
    most: u64,
}

const STEPS: u32 = 4;

impl Histogram {
    /// Adds a number.
    pub fn add(&mut self, value: u64) {
        let at = bucket(value);
        if self.buckets.len() <= at {
            self.buckets.resize(at + 1, 0);
        }
        self.buckets[at] += 1;
        self.count += 1;
        self.most = self.most.max(value);
    }

    /// Adds what is in another one.
    pub fn merge(&mut self, other: &Histogram) {
        if self.buckets.len() < other.buckets.len() {
            self.buckets.resize(other.buckets.len(), 0);
        }
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            *mine += theirs;
        }
        self.count += other.count;
        self.most = self.most.max(other.most);
    }

    /// The greatest.
    pub fn most(&self) -> u64 {
        self.most
    }

    /// The number that this part of all, from 0 to 1, does not exceed; 0 when there is none.
    pub fn quantile(&self, part: f64) -> u64 {
        let wanted = (self.count as f64 * part).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (at, &count) in self.buckets.iter().enumerate() {
            seen += u64::from(count);
            if seen >= wanted {
                return upper(at).min(self.most);
            }
        }
        self.most
    }
}

/// The bucket of a number: the small ones have one each, then sixteen follow for each power of two.
fn bucket(value: u64) -> usize {
    let power = value.max(1).ilog2();
    if power < STEPS {
        return value as usize;
    }
    let shift = power - STEPS;
    let step = (value >> shift) - (1 << STEPS);
    (((shift + 1) << STEPS) as u64 + step) as usize
}

/// The greatest number of a bucket.
fn upper(bucket: usize) -> u64 {
    let (row, step) = (bucket >> STEPS, (bucket & ((1 << STEPS) - 1)) as u64);
    if row == 0 {
        return step;
    }
    let shift = row as u32 - 1;
    ((step + (1 << STEPS) + 1) << shift) - 1
}
