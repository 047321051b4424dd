//! `Sleep`: a future that is ready at its deadline.
//!
//! A sleep registers in its first pending poll with the driver of the polling thread, or with the fallback driver,
//! and keeps to it: it remembers the driver's number, the half of the driver in which it is, and its key there. A
//! driver that closes wakes it, and it registers anew elsewhere.
//!
//! Invariant: a sleep that is registered takes itself out when it is dropped. No waker is cloned or dropped while the
//! thread's slot is borrowed (see `current.rs`).

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use asyncio_core::waits_for_deadline;

use crate::clock::after;
use crate::current::{self, Driver, Turn};
use crate::local::Local;
use crate::registry;
use crate::shared::{Found, Note, Shared};
use crate::store::Key;

/// A future that is ready at its deadline; made by [`sleep`] and [`sleep_until`].
///
/// Never early. A poll after completion is ready again, until [`reset`](Sleep::reset) sets a new deadline. It is
/// `Unpin`, and may be moved between threads at any time, also after it was polled.
///
/// # Cancel safety
///
/// Dropping it takes the timer out; nothing is lost.
#[must_use = "futures do nothing unless they are awaited"]
pub struct Sleep {
    deadline: Instant,
    /// The number of the driver, 0 before the first pending poll.
    driver: u64,
    key: Key,
    state: State,
    /// Of a sleep in a loop's store: the waker that is there, by its identity, and how often timers had fired when it was
    /// last looked at. While neither has changed there is nothing to look at.
    waker: (usize, usize),
    fired: u64,
}

/// What tells wakers apart without keeping one.
#[inline]
fn identity(waker: &Waker) -> (usize, usize) {
    (waker.data().addr(), std::ptr::from_ref(waker.vtable()).addr())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not registered, and the deadline was still to come when it was created just now.
    Fresh,
    /// A duration of zero that has not let the others go first.
    Yield,
    /// Not registered.
    Idle,
    /// In the plain store of a loop.
    Local,
    /// Behind the lock of a driver.
    Shared,
    Done,
}

const NO_KEY: Key = Key {
    index: 0,
    sequence: 0,
};

/// Waits for `duration`.
///
/// The time begins with this call, not with the first poll, on the clock of the driver that serves this thread. A
/// duration of zero lets everything else that is ready go first, once. One that is too long for the clock, such as [`Duration::MAX`], never ends.
///
/// # Cancel safety
///
/// Dropping the future takes the timer out; nothing is lost.
///
/// # Python
///
/// `asyncio.sleep(delay)`. A negative delay cannot be written. With a value: [`sleep_with`].
///
/// # Examples
///
/// ```
/// use asyncio_timers::sleep;
/// use std::time::{Duration, Instant};
///
/// futures_lite::future::block_on(async {
///     let start = Instant::now();
///     sleep(Duration::from_millis(20)).await;
///     assert!(start.elapsed() >= Duration::from_millis(20));
/// });
/// ```
#[doc(alias = "asyncio.sleep")]
#[doc(alias = "call_later")]
#[inline]
pub fn sleep(duration: Duration) -> Sleep {
    Sleep {
        deadline: after(current::now(), duration),
        driver: 0,
        key: NO_KEY,
        waker: (0, 0),
        fired: 0,
        state: if duration.is_zero() {
            State::Yield
        } else {
            State::Fresh
        },
    }
}

/// Waits for `duration` and gives `value`.
///
/// # Cancel safety
///
/// Dropping the future takes the timer out, and drops the value.
///
/// # Python
///
/// `asyncio.sleep(delay, result)`.
pub async fn sleep_with<T>(duration: Duration, value: T) -> T {
    sleep(duration).await;
    value
}

/// Waits until `deadline`, which is ready at once when it has passed.
///
/// # Cancel safety
///
/// Dropping the future takes the timer out; nothing is lost.
///
/// # Examples
///
/// ```
/// use asyncio_timers::{now, sleep_until};
/// use std::time::Duration;
///
/// futures_lite::future::block_on(async {
///     let deadline = now() + Duration::from_millis(20);
///     sleep_until(deadline).await;
///     assert!(now() >= deadline);
/// });
/// ```
#[doc(alias = "call_at")]
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep::on(deadline, 0)
}

impl Sleep {
    /// Remembers what it was polled with, once that is in the store.
    #[inline]
    fn note(&mut self, turn: Turn, cx: &Context<'_>) {
        if self.state == State::Local {
            self.waker = identity(cx.waker());
            self.fired = turn.fired;
        }
    }

    /// A sleep on the driver of this number; 0 is the one of the thread that polls it first.
    pub(crate) fn on(deadline: Instant, driver: u64) -> Sleep {
        Sleep {
            deadline,
            driver,
            key: NO_KEY,
            state: State::Idle,
            waker: (0, 0),
            fired: 0,
        }
    }

    /// When it is ready.
    ///
    /// For a duration that is too long for an `Instant`, a time some centuries away that never comes.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Whether the deadline has passed, on the clock of its driver.
    pub fn is_elapsed(&self) -> bool {
        self.state == State::Done || self.deadline <= self.now()
    }

    /// Sets a new deadline, also after completion.
    ///
    /// A task that waits for it goes on waiting, and is woken at the new deadline; when the sleep was registered on
    /// another thread it may be woken once before that.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio_timers::{now, sleep};
    /// use std::time::Duration;
    ///
    /// futures_lite::future::block_on(async {
    ///     let mut idle = sleep(Duration::from_secs(3600));
    ///     idle.reset(now() + Duration::from_millis(10));
    ///     idle.await;
    /// });
    /// ```
    pub fn reset(&mut self, deadline: Instant) {
        let waker = self.take_out(true);
        self.deadline = deadline;
        let (home, former) = (self.state, self.driver);
        self.state = State::Idle;
        let Some(waker) = waker else { return };
        // Still waited for: back to where it was.
        let refused = match home {
            State::Local => current::with(|driver| match driver {
                Some(Driver::Local(local)) if local.shared().id() == former && !local.is_closed() => {
                    self.key = local.insert(local.shared().nanos(deadline), waker);
                    self.state = State::Local;
                    None
                }
                _ => Some(waker),
            }),
            _ => with_shared(former, |shared| match shared {
                Some(shared) => match shared.insert(shared.nanos(deadline), waker) {
                    Ok(key) => {
                        self.key = key;
                        self.state = State::Shared;
                        None
                    }
                    Err(waker) => Some(waker),
                },
                None => Some(waker),
            }),
        };
        // Its driver has gone: the task polls again and finds another.
        if let Some(waker) = refused {
            waker.wake();
        }
    }

    fn now(&self) -> Instant {
        if self.driver == 0 {
            return current::now();
        }
        with_shared(self.driver, |shared| {
            shared.map_or_else(Instant::now, |shared| shared.clock().now())
        })
    }

    /// Cancels the registration. Its waker comes back if it was pending and is at hand; otherwise, with `wake`, the
    /// loop that has it wakes it.
    fn take_out(&mut self, wake: bool) -> Option<Waker> {
        let key = self.key;
        match self.state {
            State::Local => {
                let here = current::with(|driver| match driver {
                    Some(Driver::Local(local)) if local.shared().id() == self.driver => {
                        Some(local.remove(key))
                    }
                    _ => None,
                });
                match here {
                    Some(waker) => waker,
                    None => {
                        self.leave_note(wake);
                        None
                    }
                }
            }
            State::Shared => with_shared(self.driver, |shared| shared.and_then(|shared| shared.remove(key))),
            State::Fresh | State::Yield | State::Idle | State::Done => None,
        }
    }

    /// Tells the loop, which is not entered on this thread, that the timer is no longer wanted.
    #[cold]
    fn leave_note(&self, wake: bool) {
        let note = Note { key: self.key, wake };
        with_shared(self.driver, |shared| {
            if let Some(shared) = shared {
                shared.leave(note);
            }
        });
    }

    #[inline]
    fn poll_local(&mut self, cx: &Context<'_>) -> Poll<()> {
        let (id, key) = (self.driver, self.key);
        let look = || {
            current::with(|driver| match driver {
                Some(Driver::Local(local)) if local.shared().id() == id => Some(local.poll(key, cx)),
                _ => None,
            })
        };
        match look() {
            Some(Ok(found)) => self.settle(found, cx),
            Some(Err(())) => {
                let waker = cx.waker().clone();
                let replace = |local: &Local| local.replace(key, waker);
                let former = current::with(|driver| match driver {
                    Some(Driver::Local(local)) if local.shared().id() == id => Some(replace(local)),
                    _ => None,
                });
                drop(former);
                Poll::Pending
            }
            None => self.poll_away(cx),
        }
    }

    /// The loop that has it is not entered here. It has not fired what is not due, so the sleep can be judged by
    /// the time, and moves to the locked half.
    #[cold]
    fn poll_away(&mut self, cx: &Context<'_>) -> Poll<()> {
        self.leave_note(false);
        self.state = State::Idle;
        self.register(cx)
    }

    fn poll_shared(&mut self, cx: &Context<'_>) -> Poll<()> {
        let key = self.key;
        let found = with_shared(self.driver, |shared| {
            shared.map_or(Found::Closed, |shared| shared.poll(key, cx))
        });
        self.settle(found, cx)
    }

    #[inline]
    fn settle(&mut self, found: Found, cx: &Context<'_>) -> Poll<()> {
        match found {
            Found::Pending => Poll::Pending,
            Found::Fired => {
                self.state = State::Done;
                Poll::Ready(())
            }
            Found::Closed => {
                self.state = State::Idle;
                self.driver = 0;
                self.register(cx)
            }
        }
    }

    /// Registers, unless the deadline has passed.
    fn register(&mut self, cx: &Context<'_>) -> Poll<()> {
        let mut waker = cx.waker().clone();
        loop {
            match self.register_local(waker) {
                Ok(polled) => return polled,
                Err(refused) => waker = refused,
            }
            if self.driver == 0 || !is_gone(self.driver) {
                return self.register_shared(waker);
            }
            // Its driver is closed, and the one of this thread takes it over.
            self.driver = 0;
        }
    }

    /// Registers in the plain store of the loop that is entered here; an error gives the waker back, as there is none
    /// or the sleep belongs elsewhere.
    fn register_local(&mut self, waker: Waker) -> Result<Poll<()>, Waker> {
        let mut waker = Some(waker);
        let polled = current::with(|driver| {
            let Some(Driver::Local(local)) = driver else {
                return None;
            };
            let shared = local.shared();
            if local.is_closed() || (self.driver != 0 && self.driver != shared.id()) {
                return None;
            }
            let nanos = shared.nanos(self.deadline);
            // The clock was read when a fresh sleep was created: a turn since then is all that can have passed it.
            if local.has_passed(nanos)
                || (self.state != State::Fresh && self.deadline <= shared.clock().now())
            {
                self.state = State::Done;
                return Some(Poll::Ready(()));
            }
            self.driver = shared.id();
            self.key = local.insert(nanos, waker.take()?);
            self.state = State::Local;
            Some(Poll::Pending)
        });
        match (polled, waker) {
            (None, Some(waker)) => Err(waker),
            (polled, _) => Ok(polled.unwrap_or(Poll::Pending)),
        }
    }

    /// Registers behind the lock of its driver, of the thread's, or of the fallback.
    fn register_shared(&mut self, mut waker: Waker) -> Poll<()> {
        let mut candidates = [
            registry::find(self.driver),
            current::with(|driver| match driver {
                Some(Driver::Shared(shared)) => Some(shared.clone()),
                _ => None,
            }),
            None,
        ];
        if candidates[0].is_some() {
            candidates[1] = None;
        }
        for (step, found) in candidates.into_iter().enumerate() {
            let candidate = if step == 2 { registry::fallback() } else { found };
            let Some(shared) = candidate else { continue };
            if self.deadline <= shared.clock().now() {
                self.state = State::Done;
                return Poll::Ready(());
            }
            match shared.insert(shared.nanos(self.deadline), waker) {
                Ok(key) => {
                    self.driver = shared.id();
                    self.key = key;
                    self.state = State::Shared;
                    return Poll::Pending;
                }
                Err(refused) => waker = refused,
            }
        }
        // The fallback's thread cannot be started now. Polling on keeps the promise, at the price of a busy task.
        std::thread::yield_now();
        waker.wake();
        Poll::Pending
    }
}

/// Whether the driver of this number is closed.
fn is_gone(id: u64) -> bool {
    with_shared(id, |shared| shared.is_none_or(Shared::is_closed))
}

/// Calls `look` with the driver of this number, unless it is closed. The thread's slot is free while `look` runs, as
/// waking an owner is foreign code.
fn with_shared<R>(id: u64, look: impl FnOnce(Option<&Shared>) -> R) -> R {
    let current = current::with(|driver| match driver {
        Some(Driver::Shared(shared)) if shared.id() == id => Some(shared.clone()),
        Some(Driver::Local(local)) if local.shared().id() == id => Some(local.shared().clone()),
        _ => None,
    });
    look(current.or_else(|| registry::find(id)).as_deref())
}

impl Future for Sleep {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let polled = this.poll_once(cx);
        if polled.is_pending() {
            waits_for_deadline();
        }
        polled
    }
}

impl Sleep {
    #[inline]
    fn poll_once(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let this = self;
        match this.state {
            State::Fresh | State::Idle => {
                let polled = this.register(cx);
                this.note(current::turn(), cx);
                polled
            }
            State::Local => {
                let turn = current::turn();
                if turn.local == this.driver && turn.fired == this.fired && this.waker == identity(cx.waker())
                {
                    return Poll::Pending;
                }
                let polled = this.poll_local(cx);
                this.note(turn, cx);
                polled
            }
            State::Shared => this.poll_shared(cx),
            State::Yield => {
                this.state = State::Done;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            State::Done => Poll::Ready(()),
        }
    }
}

impl Drop for Sleep {
    #[inline]
    fn drop(&mut self) {
        if matches!(self.state, State::Local | State::Shared) {
            let waker = self.take_out(false);
            drop(waker);
        }
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep")
            .field("deadline", &self.deadline)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
