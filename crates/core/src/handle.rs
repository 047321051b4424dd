//! `Handle` and `ThreadSafeHandle`: what a caller keeps of a callback, to withdraw it. `DelayedCall`: a callback that is
//! not in the queue yet.

use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::task::Waker;

use crate::Context;
use crate::call::CallRef;

/// A callback that was given to a loop on its own thread. Dropping the handle lets it be called.
///
/// It stays on the loop's thread, so that no atomic operation is needed to cancel.
///
/// # Python
///
/// `asyncio.Handle`.
#[derive(Clone)]
pub struct Handle {
    call: CallRef,
    not_send: PhantomData<*const ()>,
}

/// A callback that was given to a loop from any thread. Dropping the handle lets it be called.
///
/// # Python
///
/// `asyncio.Handle`, as `loop.call_soon_threadsafe` gives it.
#[derive(Clone)]
pub struct ThreadSafeHandle {
    call: CallRef,
}

/// A callback that is to be queued later, by a timer of its loop. Dropped, it is never called.
pub struct DelayedCall {
    call: CallRef,
    not_send: PhantomData<*const ()>,
}

impl DelayedCall {
    pub(crate) fn new(call: CallRef) -> DelayedCall {
        DelayedCall {
            call,
            not_send: PhantomData,
        }
    }

    /// A waker that queues the callback when it is woken while the loop is the one that this thread turns, and
    /// cancels it otherwise.
    ///
    /// # Safety
    ///
    /// The waker and its clones are woken and dropped on this thread alone.
    #[expect(unsafe_code, reason = "the waker of something that stays on its thread")]
    pub unsafe fn into_waker(self) -> Waker {
        // SAFETY: passed on to the caller.
        unsafe { self.call.into_waker() }
    }
}

#[expect(unsafe_code, reason = "the cell is shared by pointers")]
// SAFETY: its cell is a shared one: the function is `Send`, and whoever claims it by an exchange alone touches it.
unsafe impl Send for ThreadSafeHandle {}
#[expect(unsafe_code, reason = "the cell is shared by pointers")]
// SAFETY: as above.
unsafe impl Sync for ThreadSafeHandle {}

impl Handle {
    pub(crate) fn new(call: CallRef) -> Handle {
        Handle {
            call,
            not_send: PhantomData,
        }
    }

    /// Withdraws the callback: it is dropped now, with what it holds, and never called. Nothing happens if it was
    /// called, is being called, or was cancelled before.
    ///
    /// # Python
    ///
    /// `Handle.cancel()`.
    pub fn cancel(&self) {
        self.call.cancel();
    }

    /// Was the callback cancelled before it was called?
    ///
    /// # Python
    ///
    /// `Handle.cancelled()`, which is true too after a `cancel` that came too late.
    pub fn cancelled(&self) -> bool {
        self.call.is_cancelled()
    }

    /// The context that the callback runs in.
    ///
    /// # Python
    ///
    /// `Handle.get_context()`.
    pub fn get_context(&self) -> Context {
        self.call.context()
    }

    /// Where the callback was given to the loop.
    pub fn location(&self) -> &'static Location<'static> {
        self.call.location()
    }

    /// Is it the same callback?
    pub fn same(&self, other: &Handle) -> bool {
        self.call.as_ptr() == other.call.as_ptr()
    }
}

impl ThreadSafeHandle {
    pub(crate) fn new(call: CallRef) -> ThreadSafeHandle {
        ThreadSafeHandle { call }
    }

    /// Withdraws the callback: it is dropped now, on this thread, and never called. Says whether it came in time:
    /// `false` if the callback was called, is being called, or was cancelled before.
    ///
    /// # Python
    ///
    /// `Handle.cancel()`, from any thread.
    pub fn cancel(&self) -> bool {
        self.call.cancel()
    }

    /// Was the callback cancelled before it was called? A loop that closes cancels those that it has not called.
    pub fn cancelled(&self) -> bool {
        self.call.is_cancelled()
    }

    /// Where the callback was given to the loop.
    pub fn location(&self) -> &'static Location<'static> {
        self.call.location()
    }
}

fn describe(f: &mut fmt::Formatter<'_>, name: &str, call: &CallRef) -> fmt::Result {
    let state = match (call.is_waiting(), call.is_cancelled()) {
        (true, _) => "waiting",
        (false, true) => "cancelled",
        (false, false) => "called",
    };
    f.debug_struct(name)
        .field("state", &state)
        .field("made_at", &format_args!("{}", call.location()))
        .finish()
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(f, "Handle", &self.call)
    }
}

impl fmt::Debug for DelayedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(f, "DelayedCall", &self.call)
    }
}

impl fmt::Debug for ThreadSafeHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(f, "ThreadSafeHandle", &self.call)
    }
}
