//! `Idle`: the tickers of an executor that found nothing to run, and how a new task wakes one of them.
//!
//! A ticker enters itself and searches once more before it waits; whoever schedules a task pushes it first and
//! looks for a waiting ticker afterwards. A fence between the two steps on both sides makes sure that one of them
//! sees the other. At most one ticker at a time is *searching*, that is, woken and not yet polled: of a burst of
//! tasks one wakes a ticker, and the ticker wakes the next one if it finds more than it takes. It stops being
//! the searching one before it looks at the queues, so that a task pushed after its look wakes somebody else.

use std::sync::PoisonError;
use std::task::Waker;

use crate::sync::{AtomicBool, Mutex, Ordering, fence};

/// The waiting tickers.
#[derive(Debug)]
pub(crate) struct Idle {
    waiting: Mutex<Waiting>,
    /// Somebody waits and nobody is searching. Written under the lock, by swaps: loom, which checks this, may order a
    /// plain store behind a swap that did not see it.
    wanting: AtomicBool,
}

#[derive(Debug)]
struct Waiting {
    tickers: Vec<(u64, Waker)>,
    next: u64,
    /// A ticker was woken and has not been polled since.
    searching: bool,
}

/// A ticker's place among the waiting ones: 0 when it has none.
#[derive(Debug, Default)]
pub(crate) struct Place(u64);

impl Idle {
    pub(crate) fn new() -> Idle {
        Idle {
            waiting: Mutex::new(Waiting {
                tickers: Vec::new(),
                next: 1,
                searching: false,
            }),
            wanting: AtomicBool::new(false),
        }
    }

    /// Changes the waiting ones under the lock, and the flag with them.
    fn change<R>(&self, change: impl FnOnce(&mut Waiting) -> R) -> R {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut waiting);
        self.wanting.swap(
            !waiting.tickers.is_empty() && !waiting.searching,
            Ordering::Relaxed,
        );
        result
    }

    /// Enters a ticker, or renews its waker. `true` when it was not entered: then it must search again before it
    /// waits.
    pub(crate) fn enter(&self, place: &mut Place, waker: &Waker) -> bool {
        let (entered, replaced) =
            self.change(
                |waiting| match waiting.tickers.iter_mut().find(|(id, _)| *id == place.0) {
                    Some((_, known)) if known.will_wake(waker) => (false, None),
                    Some((_, known)) => (false, Some(std::mem::replace(known, waker.clone()))),
                    None => {
                        if place.0 != 0 {
                            // It was woken between its search and now, and will search again.
                            waiting.searching = false;
                        }
                        place.0 = waiting.next;
                        waiting.next += 1;
                        waiting.tickers.push((place.0, waker.clone()));
                        (true, None)
                    }
                },
            );
        drop(replaced);
        fence(Ordering::SeqCst);
        entered
    }

    /// To be called when a ticker is polled: if it was woken it stops being the searching one.
    pub(crate) fn polled(&self, place: &mut Place) {
        if place.0 == 0 {
            return;
        }
        self.change(|waiting| {
            if !waiting.tickers.iter().any(|(id, _)| *id == place.0) {
                place.0 = 0;
                waiting.searching = false;
            }
        });
        fence(Ordering::SeqCst);
    }

    /// Takes a ticker out that has found something, or is dropped. `true` when it had been woken: what it was woken
    /// for is now somebody else's.
    pub(crate) fn leave(&self, place: &mut Place) -> bool {
        if place.0 == 0 {
            return false;
        }
        let removed = self.change(|waiting| {
            let found = waiting.tickers.iter().position(|(id, _)| *id == place.0);
            let removed = found.map(|at| waiting.tickers.remove(at));
            waiting.searching &= removed.is_some();
            removed
        });
        place.0 = 0;
        removed.is_none()
    }

    /// Wakes a waiting ticker, unless one is on its way.
    #[inline]
    pub(crate) fn notify(&self) {
        fence(Ordering::SeqCst);
        if self.wanting.load(Ordering::Relaxed) {
            self.wake_one();
        }
    }

    #[cold]
    fn wake_one(&self) {
        let ticker = self.change(|waiting| {
            if waiting.searching {
                return None;
            }
            // The one that came last: its thread is the warmest.
            let ticker = waiting.tickers.pop();
            waiting.searching = ticker.is_some();
            ticker
        });
        if let Some((_, waker)) = ticker {
            waker.wake();
        }
    }
}

#[cfg(all(test, asyncio_loom))]
mod loom_tests {
    use super::*;
    use loom::sync::{Arc, Notify};
    use std::collections::VecDeque;
    use std::task::Wake;

    struct Unpark(Arc<Notify>);

    impl Wake for Unpark {
        fn wake(self: std::sync::Arc<Self>) {
            self.0.notify();
        }
    }

    struct Model {
        tasks: Mutex<VecDeque<u32>>,
        idle: Idle,
    }

    impl Model {
        fn schedule(&self, task: u32) {
            self.tasks.lock().unwrap().push_back(task);
            self.idle.notify();
        }

        fn pop(&self) -> Option<u32> {
            self.tasks.lock().unwrap().pop_front()
        }

        /// A ticker that takes `wanted` tasks, as `Runner::next` does.
        fn take(&self, mut wanted: u32) {
            let notify = Arc::new(Notify::new());
            let waker = Waker::from(std::sync::Arc::new(Unpark(notify.clone())));
            let mut place = Place::default();
            while wanted > 0 {
                self.idle.polled(&mut place);
                loop {
                    if self.pop().is_some() {
                        self.idle.leave(&mut place);
                        self.idle.notify();
                        wanted -= 1;
                        break;
                    }
                    if !self.idle.enter(&mut place, &waker) {
                        notify.wait();
                        break;
                    }
                }
            }
            self.idle.leave(&mut place);
        }
    }

    #[test]
    fn loom_no_task_is_left_while_a_ticker_waits() {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(|| {
            let model = Arc::new(Model {
                tasks: Mutex::new(VecDeque::new()),
                idle: Idle::new(),
            });
            let scheduler = {
                let model = model.clone();
                loom::thread::spawn(move || {
                    model.schedule(1);
                    model.schedule(2);
                })
            };
            model.take(2);
            scheduler.join().unwrap();
        });
    }
}
