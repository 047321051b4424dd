//! `Frame`: what a scope shows to the scopes inside it while it polls its future.
//!
//! It lies on the stack of the poll, and the thread has its address (in asyncio-core, so that a step of a task, or
//! an executor, can hide it). No scope of one task sees those of another: a step begins without a frame.

#![expect(
    unsafe_code,
    reason = "a frame on the stack, found through an address in the thread"
)]

use std::task::Waker;

use asyncio_core::{scope_frame, with_scope_frame};

use crate::scope::children::Children;

pub(crate) struct Frame<'a> {
    pub(crate) children: &'a Children,
    /// The waker that the scope was polled with.
    pub(crate) waker: &'a Waker,
}

/// Calls `f` inside the frame of a scope.
#[inline]
pub(crate) fn inside<R>(frame: &Frame<'_>, f: impl FnOnce() -> R) -> R {
    // SAFETY: the frame is borrowed, and so stays, for the time of the call.
    unsafe { with_scope_frame(std::ptr::from_ref(frame).cast(), f) }
}

/// Calls `look` with the frame of the innermost scope around.
#[inline]
pub(crate) fn with_frame<R>(look: impl FnOnce(Option<&Frame<'_>>) -> R) -> R {
    // SAFETY: null, or put there by `inside`, which takes it away before the frame goes; both on this thread.
    look(unsafe { scope_frame().cast::<Frame<'_>>().as_ref() })
}

/// Calls `f` outside of every scope: what it polls is the root of a tree of its own.
#[inline]
pub(crate) fn without_frame<R>(f: impl FnOnce() -> R) -> R {
    // SAFETY: no frame at all.
    unsafe { with_scope_frame(std::ptr::null(), f) }
}
