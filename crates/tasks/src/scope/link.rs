//! `Link`: the one object that a scope shares with the scope around it.
//!
//! It has two owners, the parent's end (`Down`) and the child's (`Up`), so one bit for each takes the place of a
//! reference count, and whoever clears the second frees it. A parent whose child has gone uses the link again.
//!
//! The two ends are mostly polled by one thread, one inside the other, but nothing forces that: a pinned future can
//! move to another task, on another thread, and leave its link behind. So the state is atomic, and the request and the
//! waker lie under a lock that is touched only when there is one.

#![expect(
    unsafe_code,
    reason = "two owners with a bit each: a scope costs no reference count"
)]

use std::ptr::NonNull;
use std::sync::PoisonError;
use std::task::Waker;

use asyncio_core::Request;

use crate::sync::{AtomicU8, Mutex, MutexGuard, Ordering};

/// What became of the last request that the parent passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ticket {
    /// There is none, or it was answered.
    Idle,
    /// The child has not looked yet.
    Asked,
    /// The child, or the token that it handed out, deals with it.
    Taken,
    /// The child was dropped before it had dealt with it: the parent must not lose it.
    Bounced,
}

const ASKED: u8 = 1;
const TAKEN: u8 = 2;
const BOUNCED: u8 = 3;
const TICKET: u8 = 3;
/// The scope at the child's end is live: a request can be passed on to it.
const LIVE: u8 = 1 << 2;
/// The parent's end exists.
const DOWN: u8 = 1 << 3;
/// The child's end exists.
const UP: u8 = 1 << 4;
/// The link holds a waker of the child's own. Set and cleared by the child's end.
const OWN_WAKER: u8 = 1 << 5;

struct Link {
    state: AtomicU8,
    /// Where the parent has its end; see `Children`.
    index: u32,
    slot: Mutex<Slot>,
}

#[derive(Default)]
struct Slot {
    request: Option<Request>,
    /// Wakes the child, if its waker is not the parent's.
    waker: Option<Waker>,
}

impl Link {
    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn update(&self, change: impl Fn(u8) -> u8) -> u8 {
        let mut state = self.state.load(Ordering::Acquire);
        loop {
            let new = change(state);
            match self
                .state
                .compare_exchange_weak(state, new, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => return state,
                Err(seen) => state = seen,
            }
        }
    }

    fn set_ticket(&self, ticket: u8) {
        self.update(|state| state & !TICKET | ticket);
    }
}

fn ticket(state: u8) -> Ticket {
    match state & TICKET {
        ASKED => Ticket::Asked,
        TAKEN => Ticket::Taken,
        BOUNCED => Ticket::Bounced,
        _ => Ticket::Idle,
    }
}

/// The parent's end of a link.
pub(crate) struct Down(NonNull<Link>);

/// The child's end of a link.
pub(crate) struct Up(NonNull<Link>);

// SAFETY: all that is shared is atomic or locked; the wakers and requests inside are Send.
unsafe impl Send for Down {}
// SAFETY: as for Send.
unsafe impl Sync for Down {}
// SAFETY: as for Send.
unsafe impl Send for Up {}
// SAFETY: as for Send.
unsafe impl Sync for Up {}

/// A new link between a parent, which has its end at `index`, and a live child.
pub(crate) fn link(index: u32) -> (Down, Up) {
    let link = Box::new(Link {
        state: AtomicU8::new(LIVE | DOWN | UP),
        index,
        slot: Mutex::default(),
    });
    let link = NonNull::from(Box::leak(link));
    (Down(link), Up(link))
}

/// Clears the bit of one end, with a change of the rest, and frees the link if it was the last.
///
/// # Safety
///
/// The end of that bit is the caller's, and not used afterwards.
unsafe fn leave(link: NonNull<Link>, end: u8, change: impl Fn(u8) -> u8) {
    let gone = if end == UP { UP | OWN_WAKER } else { end };
    // SAFETY: the end's bit keeps the link allocated.
    let before = unsafe { link.as_ref() }.update(|state| change(state) & !gone);
    if before & (UP | DOWN) == end {
        // SAFETY: the other end left before, and this one now.
        drop(unsafe { Box::from_raw(link.as_ptr()) });
    }
}

impl Down {
    #[inline]
    pub(crate) fn into_raw(self) -> NonNull<()> {
        let link = self.0.cast();
        std::mem::forget(self);
        link
    }

    /// # Safety
    ///
    /// It comes from [`into_raw`](Down::into_raw), and becomes one end again.
    #[inline]
    pub(crate) unsafe fn from_raw(link: NonNull<()>) -> Down {
        Down(link.cast())
    }

    fn link(&self) -> &Link {
        // SAFETY: this end's bit keeps it allocated.
        unsafe { self.0.as_ref() }
    }

    pub(crate) fn ticket(&self) -> Ticket {
        ticket(self.link().state.load(Ordering::Acquire))
    }

    pub(crate) fn is_live(&self) -> bool {
        self.link().state.load(Ordering::Acquire) & LIVE != 0
    }

    /// Is it the other end of `up`?
    #[inline]
    pub(crate) fn leads_to(&self, up: &Up) -> bool {
        self.0 == up.0
    }

    /// The link for another child, if the last one has left it and owes no answer.
    #[inline]
    pub(crate) fn reuse(&self) -> Option<Up> {
        let link = self.link();
        if link.state.load(Ordering::Acquire) != DOWN {
            return None;
        }
        // This end is alone: nobody else can write.
        link.state.store(LIVE | DOWN | UP, Ordering::Release);
        Some(Up(self.0))
    }

    /// Is nobody at the other end, and nothing owed?
    pub(crate) fn is_free(&self) -> bool {
        self.link().state.load(Ordering::Acquire) == DOWN
    }

    /// Passes a request on to the child. The caller wakes the waker, and drops the older request, in peace.
    pub(crate) fn ask(&self, request: Request) -> (Option<Waker>, Option<Request>) {
        let mut slot = self.link().slot();
        let old = slot.request.replace(request);
        self.link().set_ticket(ASKED);
        (slot.waker.clone(), old)
    }

    /// Forgets the ticket, and gives the request that lay there for the caller to drop.
    pub(crate) fn settle(&self) -> Option<Request> {
        let mut slot = self.link().slot();
        self.link().set_ticket(0);
        slot.request.take()
    }

    /// Forgets an older ticket whose scope has gone: the token that it handed out answers to nobody any more.
    pub(crate) fn void_token(&self) {
        self.link().update(|state| {
            if state & LIVE == 0 && state & TICKET == TAKEN {
                state & !TICKET
            } else {
                state
            }
        });
    }
}

impl Drop for Down {
    fn drop(&mut self) {
        // SAFETY: this end is dropped once.
        unsafe { leave(self.0, DOWN, |state| state) };
    }
}

impl Up {
    fn link(&self) -> &Link {
        // SAFETY: this end's bit keeps it allocated.
        unsafe { self.0.as_ref() }
    }

    /// The request that the parent has passed on, once.
    #[inline]
    pub(crate) fn inbox(&self) -> Option<Request> {
        if self.link().state.load(Ordering::Acquire) & TICKET != ASKED {
            return None;
        }
        self.take()
    }

    #[cold]
    fn take(&self) -> Option<Request> {
        let mut slot = self.link().slot();
        let request = slot.request.take();
        if request.is_some() {
            self.link().set_ticket(TAKEN);
        }
        request
    }

    /// Is a request taken that was not answered?
    pub(crate) fn has_taken(&self) -> bool {
        ticket(self.link().state.load(Ordering::Acquire)) == Ticket::Taken
    }

    /// Where the parent has its end.
    #[inline]
    pub(crate) fn index(&self) -> u32 {
        self.link().index
    }

    /// Does the link hold a waker of the child's own?
    #[inline]
    pub(crate) fn has_waker(&self) -> bool {
        self.link().state.load(Ordering::Acquire) & OWN_WAKER != 0
    }

    /// Sets the waker by which the child is woken when it is not the parent's.
    pub(crate) fn set_waker(&self, waker: Option<&Waker>) {
        let old = {
            let mut slot = self.link().slot();
            let own = if waker.is_some() { OWN_WAKER } else { 0 };
            self.link().update(|state| state & !OWN_WAKER | own);
            match (&slot.waker, waker) {
                (Some(known), Some(waker)) if known.will_wake(waker) => None,
                (_, waker) => std::mem::replace(&mut slot.waker, waker.cloned()),
            }
        };
        drop(old);
    }

    /// The scope ended while its parent is being polled around it: the parent's end exists, on this thread. A request
    /// that nobody looked at goes back, a taken one is answered.
    #[inline]
    pub(crate) fn end_inside_parent(self) {
        if self.link().state.load(Ordering::Acquire) == LIVE | DOWN | UP {
            // Nothing is under way, there is no waker, and the only other owner waits for this very poll.
            self.link().state.store(DOWN, Ordering::Release);
            std::mem::forget(self);
        } else {
            self.end();
        }
    }

    /// The scope has ended. A request that nobody looked at goes back to the parent, a taken one is answered.
    pub(crate) fn end(self) {
        self.finish(|state| match state & TICKET {
            ASKED | BOUNCED => state & !(TICKET | LIVE) | BOUNCED,
            _ => state & !(TICKET | LIVE),
        });
    }

    /// The scope has ended, but a token that it handed out has still to answer: this end goes on in the token.
    pub(crate) fn hand_over(self) -> Up {
        self.link().update(|state| match state & TICKET {
            ASKED => state & !(TICKET | LIVE) | BOUNCED,
            _ => state & !LIVE,
        });
        self
    }

    fn finish(self, change: impl Fn(u8) -> u8) {
        self.forget_waker();
        let link = self.0;
        std::mem::forget(self);
        // SAFETY: this end is used no more.
        unsafe { leave(link, UP, change) };
    }

    /// The waker is dropped before the link can be used again.
    fn forget_waker(&self) {
        let waker = self.link().slot().waker.take();
        drop(waker);
    }
}

/// A scope that is dropped before its end.
impl Drop for Up {
    fn drop(&mut self) {
        self.forget_waker();
        // SAFETY: this end is dropped once. What it owed goes back.
        unsafe {
            leave(self.0, UP, |state| match state & TICKET {
                0 => state & !LIVE,
                _ => state & !(TICKET | LIVE) | BOUNCED,
            });
        }
    }
}
