//! `call_soon`, `call_later`, `call_at`: callbacks on the loop's own thread.
//!
//! They come in three forms: of the owner of a loop ([`EventLoop`]), of a handle on the loop's thread, and without
//! either, for the loop that runs on this thread. Callbacks share one queue with the tasks, first in, first out.

use std::panic::Location;
use std::time::{Duration, Instant};

use asyncio_core::{CallRefusal, CallRefused, DelayedCall, Handle, QueueId};
use asyncio_tasks::Context;
use asyncio_timers::LocalHandle;

use crate::{EventLoop, LoopHandle, TimerHandle};

/// Calls `function` on the loop that runs on this thread, behind what is ready now.
///
/// It is called once, in a copy of the current context. If it panics, the loop's exception handler is told. A loop that
/// closes before drops it.
///
/// # Panics
///
/// When no loop runs on this thread, or it is closing; [`LoopHandle::try_call_soon`] gives the function back then.
///
/// # Python
///
/// `asyncio.get_running_loop().call_soon`.
///
/// # Examples
///
/// ```
/// use std::{cell::RefCell, rc::Rc};
///
/// let log = Rc::new(RefCell::new(Vec::new()));
/// asyncio_loop::run(async {
///     for n in 0..3 {
///         let log = log.clone();
///         asyncio_loop::call_soon(move || log.borrow_mut().push(n));
///     }
///     asyncio_tasks::yield_now().await;
/// });
/// assert_eq!(*log.borrow(), [0, 1, 2]);
/// ```
#[track_caller]
#[inline]
pub fn call_soon(function: impl FnOnce() + 'static) -> Handle {
    accept(asyncio_core::call_soon(None, None, Location::caller(), function))
}

/// Calls `function` on the loop that runs on this thread when `delay` is over; see [`call_at`].
///
/// # Panics
///
/// As for [`call_soon`].
///
/// # Python
///
/// `asyncio.get_running_loop().call_later`.
#[track_caller]
pub fn call_later(delay: Duration, function: impl FnOnce() + 'static) -> TimerHandle {
    accept(at(
        None,
        None,
        Location::caller(),
        |timers| timers.clock().after(delay),
        function,
    ))
}

/// Calls `function` on the loop that runs on this thread when `when` has come on the loop's clock: never before, and
/// functions of one time in the order of these calls.
///
/// # Panics
///
/// As for [`call_soon`].
///
/// # Python
///
/// `asyncio.get_running_loop().call_at`.
#[track_caller]
pub fn call_at(when: Instant, function: impl FnOnce() + 'static) -> TimerHandle {
    accept(at(None, None, Location::caller(), |_| when, function))
}

/// A timer of the loop that this thread turns, which is `queue`.
fn at<F: FnOnce() + 'static>(
    queue: Option<QueueId>,
    context: Option<Context>,
    location: &'static Location<'static>,
    when: impl FnOnce(&LocalHandle) -> Instant,
    function: F,
) -> Result<TimerHandle, CallRefused<F>> {
    let call = asyncio_core::delay_call(queue, context, location, function)?;
    let timers = LocalHandle::current().expect("whoever enters a loop enters its timers");
    Ok(TimerHandle::start(&timers, when(&timers), call))
}

#[track_caller]
#[inline]
fn accept<T, F>(result: Result<T, CallRefused<F>>) -> T {
    match result {
        Ok(handle) => handle,
        Err(refused) => refuse(refused.reason),
    }
}

#[cold]
#[track_caller]
fn refuse(reason: CallRefusal) -> ! {
    panic!("{reason}")
}

impl LoopHandle {
    /// Calls `function` on the loop, behind what is ready now; see [`call_soon`].
    ///
    /// # Panics
    ///
    /// When the loop is not the one that runs on this thread, or it is closing. From other threads there is
    /// [`call_soon_threadsafe`](LoopHandle::call_soon_threadsafe), and on a loop that does not run
    /// [`EventLoop::call_soon`].
    ///
    /// # Python
    ///
    /// `loop.call_soon`, which notices the wrong thread in debug mode only.
    #[track_caller]
    #[inline]
    pub fn call_soon(&self, function: impl FnOnce() + 'static) -> Handle {
        accept(self.soon(None, Location::caller(), function))
    }

    /// Calls `function` on the loop, behind what is ready now; see [`call_soon`].
    ///
    /// # Errors
    ///
    /// Gives the function back where [`call_soon`](LoopHandle::call_soon) panics.
    #[track_caller]
    #[inline]
    pub fn try_call_soon<F: FnOnce() + 'static>(&self, function: F) -> Result<Handle, CallRefused<F>> {
        self.soon(None, Location::caller(), function)
    }

    /// Calls `function` on the loop in the given context; what it sets there is seen by all who hold it.
    ///
    /// # Panics
    ///
    /// As for [`call_soon`](LoopHandle::call_soon).
    ///
    /// # Python
    ///
    /// `loop.call_soon(callback, context=context)`.
    #[track_caller]
    pub fn call_soon_in(&self, context: &Context, function: impl FnOnce() + 'static) -> Handle {
        accept(self.soon(Some(context.clone()), Location::caller(), function))
    }

    #[inline]
    fn soon<F: FnOnce() + 'static>(
        &self,
        context: Option<Context>,
        location: &'static Location<'static>,
        function: F,
    ) -> Result<Handle, CallRefused<F>> {
        asyncio_core::call_soon(Some(self.queue()), context, location, function)
            .map_err(|refused| self.explain(refused))
    }

    /// To its own thread, a closed loop is one that nobody turns any more.
    #[cold]
    fn explain<F>(&self, mut refused: CallRefused<F>) -> CallRefused<F> {
        if self.is_closed() {
            refused.reason = CallRefusal::Closed;
        }
        refused
    }

    /// Calls `function` on the loop when `delay` is over; see [`call_at`].
    ///
    /// # Panics
    ///
    /// As for [`call_soon`](LoopHandle::call_soon).
    ///
    /// # Python
    ///
    /// `loop.call_later`.
    #[track_caller]
    pub fn call_later(&self, delay: Duration, function: impl FnOnce() + 'static) -> TimerHandle {
        let when = self.clock().after(delay);
        accept(self.timer(when, None, Location::caller(), function))
    }

    /// Calls `function` on the loop when `when` has come on the loop's clock; see [`call_at`].
    ///
    /// # Panics
    ///
    /// As for [`call_soon`](LoopHandle::call_soon).
    ///
    /// # Python
    ///
    /// `loop.call_at`.
    #[track_caller]
    pub fn call_at(&self, when: Instant, function: impl FnOnce() + 'static) -> TimerHandle {
        accept(self.timer(when, None, Location::caller(), function))
    }

    /// Calls `function` on the loop when `when` has come; see [`call_at`].
    ///
    /// # Errors
    ///
    /// Gives the function back where [`call_at`](LoopHandle::call_at) panics.
    #[track_caller]
    pub fn try_call_at<F: FnOnce() + 'static>(
        &self,
        when: Instant,
        function: F,
    ) -> Result<TimerHandle, CallRefused<F>> {
        self.timer(when, None, Location::caller(), function)
    }

    /// Calls `function` on the loop when `when` has come, in the given context.
    ///
    /// # Panics
    ///
    /// As for [`call_soon`](LoopHandle::call_soon).
    #[track_caller]
    pub fn call_at_in(
        &self,
        context: &Context,
        when: Instant,
        function: impl FnOnce() + 'static,
    ) -> TimerHandle {
        accept(self.timer(when, Some(context.clone()), Location::caller(), function))
    }

    fn timer<F: FnOnce() + 'static>(
        &self,
        when: Instant,
        context: Option<Context>,
        location: &'static Location<'static>,
        function: F,
    ) -> Result<TimerHandle, CallRefused<F>> {
        at(Some(self.queue()), context, location, |_| when, function).map_err(|refused| self.explain(refused))
    }
}

/// Callbacks of a loop that does not run at the moment.
impl EventLoop {
    /// Calls `function` when the loop is run next, behind what is ready now; see [`call_soon`].
    ///
    /// # Panics
    ///
    /// When the loop was closed.
    ///
    /// # Python
    ///
    /// `loop.call_soon`.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio_loop::EventLoop;
    ///
    /// let mut event_loop = EventLoop::new()?;
    /// let handle = event_loop.handle();
    /// event_loop.call_soon(move || handle.stop());
    /// event_loop.run_forever()?;
    /// # Ok::<(), asyncio_loop::RunError>(())
    /// ```
    #[track_caller]
    pub fn call_soon(&self, function: impl FnOnce() + 'static) -> Handle {
        accept(self.try_call_soon(function))
    }

    /// Calls `function` when the loop is run next.
    ///
    /// # Errors
    ///
    /// Gives the function back when the loop was closed.
    #[track_caller]
    pub fn try_call_soon<F: FnOnce() + 'static>(&self, function: F) -> Result<Handle, CallRefused<F>> {
        self.queue.call_soon(None, function).map_err(closed)
    }

    /// Calls `function` when the loop is run next, in the given context.
    ///
    /// # Panics
    ///
    /// When the loop was closed.
    #[track_caller]
    pub fn call_soon_in(&self, context: &Context, function: impl FnOnce() + 'static) -> Handle {
        accept(
            self.queue
                .call_soon(Some(context.clone()), function)
                .map_err(closed),
        )
    }

    /// Calls `function` when `delay` is over and the loop is run; see [`call_at`].
    ///
    /// # Panics
    ///
    /// When the loop was closed.
    ///
    /// # Python
    ///
    /// `loop.call_later`.
    #[track_caller]
    pub fn call_later(&self, delay: Duration, function: impl FnOnce() + 'static) -> TimerHandle {
        self.call_at(self.handle.clock().after(delay), function)
    }

    /// Calls `function` when `when` has come and the loop is run; see [`call_at`].
    ///
    /// # Panics
    ///
    /// When the loop was closed.
    ///
    /// # Python
    ///
    /// `loop.call_at`.
    #[track_caller]
    pub fn call_at(&self, when: Instant, function: impl FnOnce() + 'static) -> TimerHandle {
        let call: (DelayedCall, Handle) = accept(self.queue.delay_call(None, function).map_err(closed));
        TimerHandle::start(&self.timers.local(), when, call)
    }
}

fn closed<F>(function: F) -> CallRefused<F> {
    CallRefused {
        function,
        reason: CallRefusal::Closed,
    }
}
