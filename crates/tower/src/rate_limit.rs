//! `RateLimit`: so many requests begin within any stretch of time.
//!
//! The times of the last `most` beginnings are kept, so the bound is exact: not one window after the other, at whose border
//! twice as many could begin, but any. One who has said that it is ready and was not called yet counts as a beginning that
//! has no time. A semaphore of one permit is the line; who is first in it sleeps until the oldest beginning is old enough.
//!
//! Invariant: reserved places and times within the stretch are together at most `most`.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use asyncio_sync::{Event, Semaphore};
use asyncio_tasks::select2;
use asyncio_timers::{now, sleep_until};
use tower_layer::Layer;
use tower_service::Service;

/// Lets so many requests begin within any stretch of time, counted over all services that it is laid around, and their clones.
///
/// It remembers one time for each of the requests that may begin.
///
/// # Fairness
///
/// First come, first served.
///
/// # Examples
///
/// See the [crate](crate).
#[derive(Debug, Clone)]
pub struct RateLimitLayer {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    most: usize,
    per: Duration,
    /// Whoever has its permit is next.
    line: Semaphore,
    /// A place was given back, or its beginning has a time now.
    changed: Event,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    begun: VecDeque<Instant>,
    reserved: usize,
}

/// What who is first in line waits for.
enum Until {
    Time(Instant),
    Change,
}

impl RateLimitLayer {
    /// At most `most` requests begin within any stretch of `per`.
    ///
    /// # Panics
    ///
    /// With `most` zero, for nothing could ever begin.
    pub fn new(most: usize, per: Duration) -> RateLimitLayer {
        assert!(
            most > 0,
            "a rate of no requests lets nothing begin: give 1 or more"
        );
        let shared = Shared {
            most,
            per,
            line: Semaphore::new(1),
            changed: Event::new(),
            state: Mutex::default(),
        };
        RateLimitLayer {
            shared: Arc::new(shared),
        }
    }
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = RateLimit<S>;

    fn layer(&self, inner: S) -> RateLimit<S> {
        RateLimit {
            inner,
            shared: self.shared.clone(),
            turn: Turn::None,
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place, if there is one now.
    fn try_reserve(self: &Arc<Self>) -> Result<Place, Until> {
        let mut state = self.state();
        let now = now();
        while state
            .begun
            .front()
            .is_some_and(|begun| now.saturating_duration_since(*begun) >= self.per)
        {
            state.begun.pop_front();
        }
        if state.begun.len() + state.reserved < self.most {
            state.reserved += 1;
            return Ok(Place {
                shared: self.clone(),
                begun: false,
            });
        }
        // Under the lock: what changes after this look sets it again.
        self.changed.clear();
        let oldest = state.begun.front().and_then(|begun| begun.checked_add(self.per));
        Err(oldest.map_or(Until::Change, Until::Time))
    }

    /// Waits in line for a place.
    async fn reserve(self: Arc<Self>) -> Place {
        let _turn = self.line.acquire().await;
        loop {
            match self.try_reserve() {
                Ok(place) => return place,
                Err(Until::Change) => self.changed.wait().await,
                Err(Until::Time(when)) => {
                    // A place that is given back meanwhile comes sooner.
                    select2(sleep_until(when), self.changed.wait()).await;
                }
            }
        }
    }
}

/// A reserved place. Dropped, it is given back; begun, it stays taken for a while.
struct Place {
    shared: Arc<Shared>,
    begun: bool,
}

impl Place {
    fn begin(mut self) {
        self.begun = true;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.reserved -= 1;
        if self.begun {
            state.begun.push_back(now());
        }
        drop(state);
        self.shared.changed.set();
    }
}

/// A service of which so many requests begin within any stretch of time; from [`RateLimitLayer`].
///
/// # Cancel safety
///
/// A service that is dropped after it has said that it is ready gives its place back.
pub struct RateLimit<S> {
    inner: S,
    shared: Arc<Shared>,
    turn: Turn,
}

enum Turn {
    None,
    Waits(Pin<Box<dyn Future<Output = Place> + Send + Sync>>),
    Has(Place),
}

/// A clone stands in line by itself.
impl<S: Clone> Clone for RateLimit<S> {
    fn clone(&self) -> RateLimit<S> {
        RateLimit {
            inner: self.inner.clone(),
            shared: self.shared.clone(),
            turn: Turn::None,
        }
    }
}

impl<S, R> Service<R> for RateLimit<S>
where
    S: Service<R>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        loop {
            match &mut self.turn {
                Turn::Has(_) => return self.inner.poll_ready(cx),
                Turn::Waits(wait) => self.turn = Turn::Has(ready!(wait.as_mut().poll(cx))),
                Turn::None => {
                    // Nobody is in line, so nobody is overtaken.
                    let turn = self.shared.line.try_acquire();
                    let place = turn.and_then(|_turn| self.shared.try_reserve().ok());
                    self.turn = match place {
                        Some(place) => Turn::Has(place),
                        None => Turn::Waits(Box::pin(self.shared.clone().reserve())),
                    };
                }
            }
        }
    }

    /// # Panics
    ///
    /// When the service was not asked before whether it is ready.
    fn call(&mut self, request: R) -> Self::Future {
        let Turn::Has(place) = std::mem::replace(&mut self.turn, Turn::None) else {
            panic!("`call` before `poll_ready` was ready");
        };
        place.begin();
        self.inner.call(request)
    }
}

impl<S: fmt::Debug> fmt::Debug for RateLimit<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit")
            .field("inner", &self.inner)
            .field("most", &self.shared.most)
            .field("per", &self.shared.per)
            .finish_non_exhaustive()
    }
}
