//! The tree of cancel scopes.
//!
//! A scope wraps a future. It is linked to the scope around it from its first pending poll until it ends, is dropped,
//! or is polled under another scope. A request to cancel travels down to the innermost live scopes; a scope without
//! live scopes inside drops its future, unpolled, and has then to say what follows. What it may do with the
//! request is to answer it:
//!
//! - *resume*: it raises the request in the scope that is around it at that moment;
//! - *a value*: it ends normally, and the request has done its work;
//! - *swallow*: user code turned the request down, or dropped the token;
//! - *bounce*: it was dropped half-way by code that knows nothing of requests; then the request goes back.
//!
//! The scope above waits for the answers of all branches (a `join!` lets each finish its cleanup); if one of them
//! resumed or bounced, it drops its own future and reports the request.
//!
//! Invariants: a request is delivered once to a scope, or withdrawn before, or given back; never lost. A newer request
//! makes the answers to older ones void. No lock is held while something is woken, dropped or polled. A future that is
//! ready at its first poll links nothing and allocates nothing.
//!
//! The rules, and the cases that shaped them, follow Python's cancellation of tasks and trio's cancel scopes; new
//! here is that a branch is cancelled by dropping it, so that plain futures need to know nothing of all this.

mod children;
mod frame;
mod link;

#[cfg(all(test, asyncio_loom))]
mod loom_tests;

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use asyncio_core::Request;

use children::Answers;
pub(crate) use children::Children;
pub(crate) use frame::without_frame;
use frame::{Frame, inside, with_frame};
use link::Up;

/// The place of a scope or of a delegate in the tree: its end of the link to the scope around it.
#[derive(Default)]
pub(crate) struct Leaf {
    up: Option<Up>,
}

/// The place of a scope, which remembers what came from above.
#[derive(Default)]
pub(crate) struct Position {
    leaf: Leaf,
    /// The last request that came from above.
    pub(crate) outer: Option<Request>,
}

impl Position {
    /// A request from the scope around, once.
    #[inline]
    pub(crate) fn inbox(&mut self) -> Option<Request> {
        let request = self.leaf.inbox()?;
        self.outer = Some(request.clone());
        Some(request)
    }

    /// See [`Leaf::link`].
    #[inline]
    pub(crate) fn link(&mut self, waker: &Waker) {
        self.leaf.link(waker);
    }

    /// See [`Leaf::end`].
    #[inline]
    pub(crate) fn end(&mut self) {
        self.outer = None;
        self.leaf.end();
    }

    /// See [`Leaf::raise`].
    pub(crate) fn raise(&mut self, request: Request) {
        self.leaf.raise(request);
    }
}

/// The state of a scope: its place, and what is inside it.
#[derive(Default)]
pub(crate) struct Scope {
    pub(crate) position: Position,
    children: Children,
}

impl Leaf {
    /// A request from the scope around, once.
    #[inline]
    pub(crate) fn inbox(&mut self) -> Option<Request> {
        self.up.as_ref()?.inbox()
    }

    /// Makes the scope known to the one around it. Called when a poll ends pending.
    #[inline]
    pub(crate) fn link(&mut self, waker: &Waker) {
        with_frame(|frame| match frame {
            Some(frame) => self.link_to(frame, waker),
            // No scope around: a step of a task, or no scope at all.
            None => self.leave(),
        });
    }

    #[inline]
    fn link_to(&mut self, frame: &Frame<'_>, waker: &Waker) {
        let known = match &self.up {
            Some(up) => frame.children.has(up),
            None => false,
        };
        if !known {
            self.leave();
            self.up = Some(frame.children.add());
        }
        // The parent's waker is the default: only a combinator with wakers of its own costs a clone.
        let same = std::ptr::eq(waker, frame.waker) || waker.will_wake(frame.waker);
        if let Some(up) = &self.up {
            if !same || up.has_waker() {
                up.set_waker((!same).then_some(waker));
            }
        }
    }

    /// The scope is polled somewhere else.
    fn leave(&mut self) {
        if let Some(up) = self.up.take() {
            up.end();
        }
    }

    /// The scope has ended with a value.
    #[inline]
    pub(crate) fn end(&mut self) {
        let Some(up) = self.up.take() else { return };
        with_frame(|frame| match frame {
            Some(frame) if frame.children.has(&up) => up.end_inside_parent(),
            _ => up.end(),
        });
    }

    /// The scope lets the request go on to the scope around it. Its poll then says pending, for good.
    pub(crate) fn raise(&mut self, request: Request) {
        let answers = self.up.take().is_some_and(|up| {
            let taken = up.has_taken();
            up.end();
            taken
        });
        raise(request, !answers);
    }
}

/// Raises a request in the scope around. With `hard` it answers no ticket, and nobody waits for other branches.
///
/// # Panics
///
/// Outside of every scope: there is nothing left to cancel.
pub(crate) fn raise(request: Request, hard: bool) {
    request.resume();
    with_frame(|frame| match frame {
        Some(frame) => frame.children.raise(request, hard),
        None => panic!(
            "a cancellation went on outside of every cancel scope: nothing is left to cancel here; resume it inside \
             a task"
        ),
    });
}

/// Lets a request be delivered at the next suspension of the scope around; it is lost if there is none.
pub(crate) fn deliver_again(request: Request, waker: &Waker) {
    with_frame(|frame| {
        if let Some(frame) = frame {
            frame.children.deliver_again(request);
            waker.wake_by_ref();
        }
    });
}

/// One poll of a future under a scope with these children. `request` is what reaches the scope now.
///
/// An error is the request that the scope has to answer. The future is gone when this is ready. A request for the next
/// suspension may be left in `children`.
#[inline]
pub(crate) fn poll_inside<F: Future>(
    children: &Children,
    mut future: Pin<&mut Option<F>>,
    cx: &mut Context<'_>,
    request: Option<Request>,
) -> Poll<Result<F::Output, Request>> {
    if let Some(request) = request.or_else(|| children.take_again().filter(|again| !again.is_withdrawn())) {
        if request.is_hard() || !children.push(&request) {
            drop_inside(children, future, cx.waker());
            children.clear();
            return Poll::Ready(Err(request));
        }
    }
    let polled = {
        let frame = Frame {
            children,
            waker: cx.waker(),
        };
        inside(&frame, || {
            let future = future.as_mut().as_pin_mut();
            future.expect("a scope was polled after its end").poll(cx)
        })
    };
    if !children.is_quiet() {
        if let Some(request) = look_at_answers(children, future.as_mut(), cx.waker(), polled.is_ready()) {
            return Poll::Ready(Err(request));
        }
    }
    if let Poll::Ready(value) = polled {
        future.set(None);
        return Poll::Ready(Ok(value));
    }
    Poll::Pending
}

#[cold]
fn look_at_answers<F>(
    children: &Children,
    mut future: Pin<&mut Option<F>>,
    waker: &Waker,
    ready: bool,
) -> Option<Request> {
    let raised = match children.answers(waker) {
        Answers::Settled(raised) => raised,
        Answers::Open if ready => {
            // What it still held gives its request back now.
            drop_inside(children, future.as_mut(), waker);
            children.left_open()
        }
        Answers::Open => None,
    };
    if raised.is_some() {
        drop_inside(children, future, waker);
        children.clear();
    }
    raised
}

/// Drops a scope's future, which may answer requests of the scope in doing so. They are not news to the scope.
fn drop_inside<F>(children: &Children, mut future: Pin<&mut Option<F>>, waker: &Waker) {
    let frame = Frame { children, waker };
    inside(&frame, || future.set(None));
}

impl Scope {
    /// One poll of the scope's future; `own` is a request that the scope itself makes now.
    ///
    /// Ready with a value, the scope is still linked: [`end`](Scope::end) follows.
    #[inline]
    pub(crate) fn poll<F: Future>(
        &mut self,
        future: Pin<&mut Option<F>>,
        cx: &mut Context<'_>,
        own: Option<Request>,
    ) -> Poll<Result<F::Output, Request>> {
        let request = self.position.inbox().or(own);
        let polled = poll_inside(&self.children, future, cx, request);
        if polled.is_pending() {
            self.position.link(cx.waker());
        }
        polled
    }

    /// The scope's future has ended with a value. `own` is the request that the scope itself made, if it did: what is
    /// left of that ends here, any other goes on to the scope around.
    #[inline]
    pub(crate) fn end(&mut self, own: Option<&Request>, waker: &Waker) {
        if let Some(request) = self.children.take_again() {
            // Nothing inside has suspended since it was put there: what is around may.
            if !own.is_some_and(|own| own.same(&request)) {
                deliver_again(request, waker);
            }
        }
        self.children.clear();
        self.position.end();
    }

    /// The scope hands its answer to a token.
    pub(crate) fn take_ticket(&mut self, waker: &Waker) -> Ticket {
        let up = self.position.leaf.up.take().map(Up::hand_over);
        Ticket(up.map(|up| (up, waker.clone())))
    }
}

/// The request that a scope makes to what is inside it. The task counts it until this is dropped, however the scope
/// ends.
pub(crate) struct Own(Request);

impl Own {
    pub(crate) fn new(message: &str) -> Own {
        Own(Request::counted(message))
    }

    pub(crate) fn as_request(&self) -> &Request {
        &self.0
    }

    /// The request, to be delivered.
    pub(crate) fn request(&self) -> Request {
        self.0.clone()
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.0.withdraw();
    }
}

/// The answer that is owed for a request, kept by a token. Dropped, it says that the request was swallowed.
pub(crate) struct Ticket(Option<(Up, Waker)>);

impl Ticket {
    /// Is it the answer to the request that the scope above waits for?
    pub(crate) fn answers(&self) -> bool {
        self.0.as_ref().is_some_and(|(up, _)| up.has_taken())
    }

    /// The request goes back.
    pub(crate) fn bounce(&mut self) {
        self.answer(drop);
    }

    /// Answers, and wakes the scope above, which has to look at it. Inside that scope's own poll there is no need: it looks
    /// afterwards, and the wake would let its task run once more, in a turn that belongs to others.
    fn answer(&mut self, how: impl FnOnce(Up)) {
        let Some((up, waker)) = self.0.take() else { return };
        let looks = with_frame(|frame| frame.is_some_and(|frame| frame.children.has(&up)));
        how(up);
        if !looks {
            waker.wake();
        }
    }

    /// The request was answered by what its scope did since.
    pub(crate) fn settle(&mut self) {
        if let Some((up, _)) = self.0.take() {
            up.end();
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.answer(Up::end);
    }
}
