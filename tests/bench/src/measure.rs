//! What a child is asked for, how it repeats a batch, and the line in which it answers.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::stats;

/// What a child is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Params {
    /// How long to repeat the batch.
    pub time: Duration,
    /// Do exactly so many operations in one batch instead: for counting instructions.
    pub ops: Option<u64>,
    /// The workload's own size, where it has one.
    pub size: usize,
}

impl Params {
    /// The size of a batch.
    pub fn batch(&self, usual: u64) -> u64 {
        self.ops.unwrap_or(usual)
    }
}

/// Named figures, in one line.
#[derive(Clone, Debug, Default)]
pub struct Metrics(pub BTreeMap<String, f64>);

impl Metrics {
    pub fn one(name: &str, value: f64) -> Metrics {
        Metrics::default().and(name, value)
    }

    pub fn and(mut self, name: &str, value: f64) -> Metrics {
        self.0.insert(name.to_owned(), value);
        self
    }

    pub fn get(&self, name: &str) -> Option<f64> {
        self.0.get(name).copied()
    }

    /// A flat JSON object.
    pub fn to_line(&self) -> String {
        let mut line = String::from("{");
        for (index, (name, value)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let _ = write!(line, "{comma}\"{name}\":{value}");
        }
        line.push('}');
        line
    }

    /// Reads a flat JSON object of numbers; nothing else is ever written.
    pub fn from_line(line: &str) -> Option<Metrics> {
        let inner = line.trim().strip_prefix('{')?.strip_suffix('}')?;
        let mut metrics = Metrics::default();
        for pair in inner.split(',').filter(|pair| !pair.trim().is_empty()) {
            let (name, value) = pair.split_once(':')?;
            let name = name.trim().trim_matches('"');
            metrics.0.insert(name.to_owned(), value.trim().parse().ok()?);
        }
        Some(metrics)
    }
}

/// Repeats a batch until the time is up. The first batch warms up and does not count, unless it is the only one.
#[derive(Debug)]
pub struct Batches {
    params: Params,
    begun: Instant,
    batch: Instant,
    rates: Vec<f64>,
    done: usize,
}

impl Batches {
    pub fn new(params: Params) -> Batches {
        Batches {
            params,
            begun: Instant::now(),
            batch: Instant::now(),
            rates: Vec::with_capacity(4096),
            done: 0,
        }
    }

    /// Is there to be another batch? Starts its clock.
    pub fn again(&mut self) -> bool {
        let again = match self.params.ops {
            Some(_) => self.done == 0,
            None => self.done < 2 || (self.begun.elapsed() < self.params.time && self.done < 4000),
        };
        self.batch = Instant::now();
        again
    }

    /// The batch is done: it was so many operations.
    pub fn record(&mut self, ops: u64) {
        let seconds = self.batch.elapsed().as_secs_f64().max(1e-9);
        if self.done > 0 || self.params.ops.is_some() {
            self.rates.push(ops as f64 / seconds);
        }
        self.done += 1;
    }

    /// The median rate of the batches, in operations per second.
    pub fn metrics(mut self) -> Metrics {
        Metrics::one("rate", stats::median(&mut self.rates))
    }
}

/// A small generator of pseudo-random numbers (xorshift64*, Vigna 2016): the same sequence for every peer.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    pub fn new() -> Random {
        Random(0x9E37_79B9_7F4A_7C15)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
