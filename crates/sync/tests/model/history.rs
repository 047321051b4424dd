//! Histories of what several threads did, and the search for an order in which one thread could have done it.
//!
//! Wing and Gong, "Testing and verifying concurrent objects" (1993), with Lowe's memory of the configurations that led
//! nowhere (2017): an event may come next if it was called before any of those that are left had returned.
//!
//! An event may be *long*: it begins in one step, and ends in a later one, when the state allows it; between them the
//! state may change silently, step by step. That is how permits that are given to several waiters look to other
//! threads, and a wait that is over before its first poll is.

use std::collections::HashSet;
use std::fmt::Debug;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};

/// What one thread at a time could do.
pub(crate) trait Spec: Clone + Eq + Hash {
    type Event: Debug;

    /// The state after the event, or after its beginning; `None`: it cannot have gone like this.
    fn after(&self, event: &Self::Event) -> Option<Self>;

    fn is_long(_: &Self::Event) -> bool {
        false
    }

    /// The state after the end of a long event; `None`: it cannot end yet.
    fn at_end(&self, _: &Self::Event) -> Option<Self> {
        Some(self.clone())
    }

    /// One silent step, while a long event is under way; `None`: there is nothing to do.
    fn silently(&self) -> Option<Self> {
        None
    }
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
const MOST: usize = 64;

/// How far each event has come, two bits each.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Progress(u128);

const BEGUN: u128 = 1;
const DONE: u128 = 2;

impl Progress {
    fn of(self, event: usize) -> u128 {
        (self.0 >> (2 * event)) & 3
    }

    fn with(self, event: usize, to: u128) -> Progress {
        Progress(self.0 & !(3 << (2 * event)) | to << (2 * event))
    }
}

/// Whether there is an order.
fn can_be_ordered<S: Spec>(start: &S, records: &[Record<S::Event>]) -> bool {
    assert!(records.len() <= MOST, "{} events are too many", records.len());
    let mut seen = HashSet::new();
    let mut open = vec![(Progress(0), start.clone())];
    while let Some((progress, state)) = open.pop() {
        let left = || (0..records.len()).filter(|&event| progress.of(event) != DONE);
        let Some(first_return) = left().map(|event| records[event].returned).min() else {
            return true;
        };
        if !seen.insert((progress, state.clone())) {
            continue;
        }
        if left().any(|event| progress.of(event) == BEGUN) {
            open.extend(state.silently().map(|next| (progress, next)));
        }
        for event in left().filter(|&event| records[event].called < first_return) {
            let Record { event: what, .. } = &records[event];
            let begun = progress.of(event) == BEGUN;
            let next = if begun {
                state.at_end(what)
            } else {
                state.after(what)
            };
            let to = if !begun && S::is_long(what) { BEGUN } else { DONE };
            open.extend(next.map(|next| (progress.with(event, to), next)));
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
