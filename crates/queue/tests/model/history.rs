//! Histories of what several threads did, and the search for an order in which one thread could have done it.
//!
//! Wing and Gong, "Testing and verifying concurrent objects" (1993), with Lowe's memory of the configurations that led
//! nowhere (2017): an event may come next if it was called before any of those that are left had returned.

use std::collections::HashSet;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};

/// What one thread at a time could do.
pub(crate) trait Spec: Clone + Eq + Hash {
    type Event: Debug;

    /// The state after the event; `None`: it cannot have gone like this.
    fn after(&self, event: &Self::Event) -> Option<Self>;
}

#[derive(Debug)]
pub(crate) struct Record<E> {
    called: u64,
    returned: u64,
    event: E,
}

/// What one thread did, in the time of a clock that all share.
pub(crate) struct Recorder<'a, E> {
    clock: &'a AtomicU64,
    records: Vec<Record<E>>,
}

impl<'a, E> Recorder<'a, E> {
    pub(crate) fn new(clock: &'a AtomicU64) -> Recorder<'a, E> {
        Recorder {
            clock,
            records: Vec::new(),
        }
    }

    /// Does something, and records it.
    pub(crate) fn record<R>(&mut self, act: impl FnOnce() -> (E, R)) -> R {
        let called = self.clock.fetch_add(1, Ordering::SeqCst);
        let (event, result) = act();
        let returned = self.clock.fetch_add(1, Ordering::SeqCst);
        self.records.push(Record {
            called,
            returned,
            event,
        });
        result
    }

    pub(crate) fn into_records(self) -> Vec<Record<E>> {
        self.records
    }
}

/// How much the search can take.
const MOST: usize = 128;

/// Whether there is an order.
fn can_be_ordered<S: Spec>(start: &S, records: &[Record<S::Event>]) -> bool {
    assert!(records.len() <= MOST, "{} events are too many", records.len());
    let mut seen = HashSet::new();
    // A bit for each event that is done.
    let mut open = vec![(0_u128, start.clone())];
    while let Some((done, state)) = open.pop() {
        let left = || (0..records.len()).filter(|event| done >> event & 1 == 0);
        let Some(first_return) = left().map(|event| records[event].returned).min() else {
            return true;
        };
        if !seen.insert((done, state.clone())) {
            continue;
        }
        for event in left().filter(|&event| records[event].called < first_return) {
            if let Some(next) = state.after(&records[event].event) {
                open.push((done | 1 << event, next));
            }
        }
    }
    false
}

/// Panics, with the history, if no single thread could have done it.
pub(crate) fn check<S: Spec + Debug>(start: &S, mut records: Vec<Record<S::Event>>) {
    records.sort_by_key(|record| record.called);
    if !can_be_ordered(start, &records) {
        let lines: Vec<String> = records.iter().map(|record| format!("{record:?}")).collect();
        panic!("from {start:?} no order explains:\n{}", lines.join("\n"));
    }
}
