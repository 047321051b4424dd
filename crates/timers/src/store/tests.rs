//! The store against a model: a `BTreeMap` ordered by (deadline, sequence), under random operations.
//!
//! `ASYNCIO_LONG=1` asks for more of them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use proptest::prelude::*;

use super::{KEEP, Key, NEVER, Store};

/// Writes its number down when it is woken.
struct Mark {
    number: usize,
    last: Arc<AtomicUsize>,
}

impl Wake for Mark {
    fn wake(self: Arc<Self>) {
        self.last.store(self.number, Ordering::Relaxed);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Insert(u64),
    Cancel(usize),
    Advance(u64),
}

const SECOND: u64 = 1_000_000_000;
const CENTURY: u64 = 100 * 365 * 24 * 3600 * SECOND;

/// A distance in time of any magnitude, with many that are equal.
fn distance() -> impl Strategy<Value = u64> {
    prop_oneof![
        3 => 0..4 * (1u64 << 20),
        2 => (0..64u64).prop_map(|ticks| ticks << 20),
        3 => 0..100 * SECOND,
        2 => (0..60u32).prop_map(|shift| 1u64 << shift),
        1 => 0..5 * CENTURY,
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => distance().prop_map(Step::Insert),
        1 => Just(Step::Insert(NEVER)),
        3 => any::<usize>().prop_map(Step::Cancel),
        2 => distance().prop_map(Step::Advance),
    ]
}

/// How many programs of random steps are tried.
fn cases() -> u32 {
    if std::env::var_os("ASYNCIO_LONG").is_some_and(|long| long == "1") {
        20_000
    } else {
        400
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn the_store_does_what_an_ordered_map_does(
        steps in prop::collection::vec((step(), any::<bool>()), 1..300)
    ) {
        let last = Arc::new(AtomicUsize::new(0));
        let mut store = Store::new();
        let mut model: BTreeMap<(u64, u64), usize> = BTreeMap::new();
        let mut keys: Vec<(Key, u64)> = Vec::new();
        let mut now = CENTURY / 100;
        store.advance(now);
        for (step, in_the_past) in steps {
            match step {
                Step::Insert(distance) => {
                    let nanos = match distance {
                        NEVER => NEVER,
                        distance if in_the_past => now.saturating_sub(distance),
                        distance => now.saturating_add(distance),
                    };
                    let number = keys.len();
                    let mark = Arc::new(Mark { number, last: Arc::clone(&last) });
                    let key = store.insert(nanos, Waker::from(mark));
                    model.insert((nanos, key.sequence), number);
                    keys.push((key, nanos));
                }
                Step::Cancel(which) if !keys.is_empty() => {
                    let number = which % keys.len();
                    let (key, nanos) = keys[number];
                    let taken = store.remove(key).map(|waker| {
                        waker.wake();
                        last.load(Ordering::Relaxed)
                    });
                    prop_assert_eq!(taken, model.remove(&(nanos, key.sequence)));
                }
                Step::Cancel(_) => {}
                Step::Advance(distance) => {
                    now = now.saturating_add(distance).min(NEVER - 1);
                    store.advance(now);
                    while store.peek().is_some_and(|next| next <= now) {
                        let Some(waker) = store.pop() else { panic!("what is seen can be taken") };
                        waker.wake();
                        let Some((&(nanos, sequence), &number)) = model.first_key_value() else {
                            panic!("nothing is pending in the model")
                        };
                        prop_assert_eq!(last.load(Ordering::Relaxed), number);
                        prop_assert!(nanos <= now, "fired early");
                        model.remove(&(nanos, sequence));
                    }
                    if let Some((&(nanos, _), _)) = model.first_key_value() {
                        prop_assert!(nanos > now, "left behind");
                    }
                }
            }
            prop_assert_eq!(store.len(), model.len());
            let earliest = model.keys().map(|&(nanos, _)| nanos).find(|&nanos| nanos != NEVER);
            prop_assert_eq!(store.next_exact(), earliest);
            match (store.next(), earliest) {
                (None, None) => {}
                (Some(bound), Some(earliest)) => prop_assert!(bound <= earliest),
                (bound, earliest) => prop_assert!(false, "bound {bound:?} for {earliest:?}"),
            }
        }
        prop_assert_eq!(store.drain().len(), model.len());
        prop_assert_eq!(store.len(), 0);
    }
}

#[test]
fn a_key_of_a_former_timer_finds_nothing_in_its_slot() {
    let mut store = Store::new();
    let former = store.insert(SECOND, Waker::noop().clone());
    assert!(store.remove(former).is_some());
    let present = store.insert(SECOND, Waker::noop().clone());
    assert_eq!(former.index, present.index);
    assert!(store.remove(former).is_none());
    assert!(store.waker_mut(former).is_none());
    assert!(store.remove(present).is_some());
}

#[test]
fn memory_is_given_back_when_the_last_timer_of_a_burst_leaves() {
    let mut store = Store::new();
    let lasting = store.insert(NEVER, Waker::noop().clone());
    let keys: Vec<_> = (0..10 * KEEP as u64)
        .map(|nanos| store.insert(nanos, Waker::noop().clone()))
        .collect();
    assert!(store.slab.capacity() > KEEP);
    for key in keys {
        assert!(store.remove(key).is_some());
    }
    assert!(store.slab.capacity() > KEEP, "indices are in the hands of sleeps");
    assert!(store.remove(lasting).is_some());
    assert!(store.slab.capacity() <= KEEP);
    assert!(store.remove(lasting).is_none());
}

#[test]
fn a_turn_after_a_cancelled_minimum_finds_the_true_one() {
    let mut store = Store::new();
    let first = store.insert(10 * SECOND, Waker::noop().clone());
    store.insert(11 * SECOND, Waker::noop().clone());
    assert!(store.remove(first).is_some());
    assert_eq!(store.next(), Some(10 * SECOND), "a lower bound");
    store.advance(10 * SECOND);
    assert_eq!(store.next(), Some(11 * SECOND));
}
