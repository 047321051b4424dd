//! `Runner`: one call of `Executor::run`, with a queue of its own.

use std::future::poll_fn;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};

use async_task::Runnable;
use asyncio_core::outside;
use concurrent_queue::ConcurrentQueue;
use futures_lite::future;

use crate::idle::Place;
use crate::state::{LOCAL, Local, State, steal};

/// After so many tasks a runner looks at the injector first, lest its own queue keep out the rest.
const INJECTOR_INTERVAL: usize = 64;
/// So many tasks are run before the future of `run` is looked at again, and the executor around gets its turn.
const BATCH: usize = 200;

pub(crate) struct Runner<'a> {
    state: &'a State,
    local: Local,
    ticks: usize,
}

/// Waits for a ready task as one of the idle tickers; passes a wake on when it is dropped.
pub(crate) struct Ticker<'a> {
    state: &'a State,
    place: Place,
}

impl<'a> Ticker<'a> {
    pub(crate) fn new(state: &'a State) -> Ticker<'a> {
        Ticker {
            state,
            place: Place::default(),
        }
    }

    pub(crate) fn poll_next(
        &mut self,
        cx: &mut Context<'_>,
        mut search: impl FnMut() -> Option<Runnable>,
    ) -> Poll<Runnable> {
        let idle = &self.state.idle;
        idle.polled(&mut self.place);
        loop {
            if let Some(runnable) = search() {
                idle.leave(&mut self.place);
                if self.state.has_ready() {
                    idle.notify();
                }
                return Poll::Ready(runnable);
            }
            if !idle.enter(&mut self.place, cx.waker()) {
                return Poll::Pending;
            }
        }
    }
}

impl Drop for Ticker<'_> {
    fn drop(&mut self) {
        if self.state.idle.leave(&mut self.place) {
            self.state.idle.notify();
        }
    }
}

impl<'a> Runner<'a> {
    pub(crate) fn new(state: &'a State) -> Runner<'a> {
        let local = Arc::new(ConcurrentQueue::bounded(LOCAL));
        state
            .locals
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(local.clone());
        Runner {
            state,
            local,
            ticks: 0,
        }
    }

    /// Runs tasks for ever.
    pub(crate) async fn run(&mut self) {
        let mut ticker = Ticker::new(self.state);
        loop {
            for _ in 0..BATCH {
                let next = poll_fn(|cx| {
                    let (state, local, ticks) = (self.state, &self.local, &mut self.ticks);
                    ticker.poll_next(cx, || search(state, local, ticks))
                });
                step(next.await);
            }
            future::yield_now().await;
        }
    }
}

/// One step of a task. What polls this executor may itself be a task: its cancel scopes end here, and are none of those
/// that the task inside makes.
pub(crate) fn step(runnable: Runnable) {
    outside(|| runnable.run());
}

fn search(state: &State, local: &Local, ticks: &mut usize) -> Option<Runnable> {
    *ticks += 1;
    if *ticks % INJECTOR_INTERVAL == 0 {
        if let Ok(runnable) = state.injector.pop() {
            return Some(runnable);
        }
    }
    if let Ok(runnable) = local.pop() {
        return Some(runnable);
    }
    if let Ok(runnable) = state.injector.pop() {
        steal(&state.injector, local);
        return Some(runnable);
    }
    let locals = state.locals();
    // Each starts at another place, so that not all go to the same one.
    let start = *ticks % locals.len().max(1);
    let others = locals.iter().cycle().skip(start).take(locals.len());
    for other in others.filter(|other| !Arc::ptr_eq(other, local)) {
        if let Ok(runnable) = other.pop() {
            steal(other, local);
            return Some(runnable);
        }
    }
    None
}

impl Drop for Runner<'_> {
    fn drop(&mut self) {
        self.state
            .locals
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .retain(|local| !Arc::ptr_eq(local, &self.local));
        while let Ok(runnable) = self.local.pop() {
            self.state.schedule(runnable);
        }
    }
}
