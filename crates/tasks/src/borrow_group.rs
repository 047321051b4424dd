//! `borrow_group`: concurrent futures that are polled inside this task, and so may borrow from it.
//!
//! Each future, and the body, is the root of a scope tree of its own: a failure or a request reaches each, and each
//! cleans up by itself. A future is polled when it was woken, not whenever the task is.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use asyncio_core::{Request, WaitKind, waits_for};
use pin_project_lite::pin_project;

use crate::ExceptionGroup;
use crate::ready_set::ReadySet;
use crate::scope::{Children, Own, Position, deliver_again, poll_inside, raise, without_frame};

/// Runs `body` with a group of futures that are polled inside this task, and ends when all have ended.
///
/// They may borrow what lives outside of the group, and are all of one type; box them where they are not. The rules
/// are those of [`task_group`](crate::task_group): the first failure cancels the rest, and all errors come back
/// together. A panic goes on at once, and drops the others.
///
/// # Errors
///
/// The errors of the futures and of the body, in the order in which they happened.
///
/// # Cancel safety
///
/// A request from outside cancels the body and all futures, and goes on when they have cleaned up. Dropped, it drops
/// them.
///
/// # Examples
///
/// ```
/// use std::cell::Cell;
///
/// use asyncio_tasks::{ExceptionGroup, borrow_group};
///
/// async fn add(to: &Cell<u32>, n: u32) -> Result<(), String> {
///     to.set(to.get() + n);
///     Ok(())
/// }
///
/// let sum = Cell::new(0);
/// let done: Result<(), ExceptionGroup<String>> = futures_lite::future::block_on(borrow_group(async |group| {
///     for n in 1..=3 {
///         group.start(add(&sum, n));
///     }
///     Ok(())
/// }));
/// done.unwrap();
/// assert_eq!(sum.get(), 6);
/// ```
pub fn borrow_group<T, E, F, Fut>(body: impl FnOnce(BorrowGroup<F>) -> Fut) -> RunBorrow<T, E, F, Fut>
where
    F: Future<Output = Result<(), E>>,
    Fut: Future<Output = Result<T, E>>,
{
    let group = BorrowGroup {
        shared: Arc::new(Mutex::new(Incoming {
            futures: Vec::new(),
            closed: false,
            waker: None,
        })),
    };
    RunBorrow {
        body: Some(body(group.clone())),
        of_body: Children::default(),
        run: Run {
            close: Close(group),
            position: Position::default(),
            kids: Vec::new(),
            free: Vec::new(),
            live: 0,
            ready: ReadySet::default(),
            errors: Vec::new(),
            value: None,
            own: None,
            for_body: None,
            over: false,
        },
    }
}

/// Starts futures of a [`borrow_group`]. Clones share it.
pub struct BorrowGroup<F> {
    shared: Arc<Mutex<Incoming<F>>>,
}

struct Incoming<F> {
    /// Not yet seen by the future that polls them.
    futures: Vec<F>,
    closed: bool,
    waker: Option<Waker>,
}

impl<F> BorrowGroup<F> {
    fn incoming(&self) -> MutexGuard<'_, Incoming<F>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a future. `false` if the group is shutting down or finished, and the future was dropped.
    pub fn start(&self, future: F) -> bool {
        let waker = {
            let mut incoming = self.incoming();
            if incoming.closed {
                drop(incoming);
                drop(future);
                return false;
            }
            incoming.futures.push(future);
            incoming.waker.clone()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }
}

impl<F> Clone for BorrowGroup<F> {
    fn clone(&self) -> BorrowGroup<F> {
        BorrowGroup {
            shared: self.shared.clone(),
        }
    }
}

/// Refuses futures when the group is gone, and drops those that were never polled.
struct Close<F>(BorrowGroup<F>);

impl<F> Close<F> {
    fn close(&self) {
        let (futures, waker) = {
            let mut incoming = self.0.incoming();
            incoming.closed = true;
            (std::mem::take(&mut incoming.futures), incoming.waker.take())
        };
        drop(futures);
        drop(waker);
    }
}

impl<F> Drop for Close<F> {
    fn drop(&mut self) {
        self.close();
    }
}

/// One future of the group.
struct Kid<F> {
    children: Children,
    future: Pin<Box<Option<F>>>,
    waker: Waker,
}

struct Run<T, E, F> {
    close: Close<F>,
    position: Position,
    kids: Vec<Option<Kid<F>>>,
    free: Vec<usize>,
    live: usize,
    /// The futures that were woken.
    ready: ReadySet,
    errors: Vec<E>,
    value: Option<T>,
    /// The request that the group makes itself when something in it fails.
    own: Option<Own>,
    /// A request that the body has not been told of.
    for_body: Option<Request>,
    over: bool,
}

pin_project! {
    /// The future of [`borrow_group`].
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct RunBorrow<T, E, F, Fut> {
        // The futures may borrow what the body holds, so they go first.
        run: Run<T, E, F>,
        of_body: Children,
        #[pin]
        body: Option<Fut>,
    }
}

impl<T, E, F: Future<Output = Result<(), E>>> Run<T, E, F> {
    /// Takes in what was started since.
    fn admit(&mut self, waker: &Waker) {
        let futures = {
            let mut incoming = self.close.0.incoming();
            if !incoming
                .waker
                .as_ref()
                .is_some_and(|known| known.will_wake(waker))
            {
                incoming.waker = Some(waker.clone());
            }
            std::mem::take(&mut incoming.futures)
        };
        for future in futures {
            let index = self.free.pop().unwrap_or_else(|| {
                self.kids.push(None);
                self.kids.len() - 1
            });
            self.kids[index] = Some(Kid {
                children: Children::default(),
                future: Box::pin(Some(future)),
                waker: self.ready.waker(index),
            });
            self.live += 1;
            self.ready.push(index);
        }
    }

    fn has_incoming(&self) -> bool {
        !self.close.0.incoming().futures.is_empty()
    }

    /// One step of one future. `request` is what reaches it now.
    fn step(&mut self, index: usize, request: Option<Request>) {
        let Some(mut kid) = self.kids[index].take() else {
            return;
        };
        // A fresh waker: the last one has had its say.
        kid.waker = self.ready.waker(index);
        let waker = kid.waker.clone();
        let mut cx = Context::from_waker(&waker);
        let polled = without_frame(|| poll_inside(&kid.children, kid.future.as_mut(), &mut cx, request));
        match polled {
            Poll::Pending => {
                self.kids[index] = Some(kid);
                return;
            }
            Poll::Ready(Ok(Err(error))) => {
                self.errors.push(error);
                self.stop();
            }
            Poll::Ready(Ok(Ok(())) | Err(_)) => {}
        }
        self.live -= 1;
        self.free.push(index);
    }

    /// The group shuts down by itself, because something in it failed.
    fn stop(&mut self) {
        if self.own.is_none() {
            let request = self.own.insert(Own::new("the group is shutting down")).request();
            self.ask_all(&request);
        }
    }

    /// Passes a request on to everything in the group, and takes in nothing more.
    fn ask_all(&mut self, request: &Request) {
        self.close.close();
        self.for_body = Some(request.clone());
        for index in 0..self.kids.len() {
            self.step(index, Some(request.clone()));
        }
    }

    /// Lets every future that was woken take a step.
    fn run_ready(&mut self, cx: &mut Context<'_>) {
        // What wakes itself goes on in the next poll: the task has others beside it.
        let mut budget = self.live.max(1) * 2;
        while let Poll::Ready(index) = self.ready.poll_next(cx) {
            self.step(index, None);
            budget -= 1;
            if budget == 0 {
                cx.waker().wake_by_ref();
                return;
            }
        }
    }
}

impl<T, E, F, Fut> Future for RunBorrow<T, E, F, Fut>
where
    F: Future<Output = Result<(), E>>,
    Fut: Future<Output = Result<T, E>>,
{
    type Output = Result<T, ExceptionGroup<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let run = this.run;
        if run.over {
            return Poll::Pending;
        }
        if let Some(request) = run.position.inbox() {
            run.ask_all(&request);
        }
        loop {
            if this.body.is_some() {
                let (children, body, request) = (&*this.of_body, this.body.as_mut(), run.for_body.take());
                match without_frame(|| poll_inside(children, body, cx, request)) {
                    Poll::Pending => {}
                    Poll::Ready(Ok(Ok(value))) => run.value = Some(value),
                    Poll::Ready(Ok(Err(error))) => {
                        run.errors.push(error);
                        run.stop();
                    }
                    // What came from outside was passed on to all.
                    Poll::Ready(Err(_)) if run.position.outer.is_some() => {}
                    Poll::Ready(Err(_)) => run.stop(),
                }
            }
            run.admit(cx.waker());
            run.run_ready(cx);
            // Something failed just now, and the body hears of it in this very poll; or more was started.
            let told = this.body.is_none() || run.for_body.is_none();
            if told && !run.has_incoming() {
                break;
            }
        }
        if this.body.is_some() || run.live > 0 {
            waits_for(WaitKind::Group, 0);
            run.position.link(cx.waker());
            return Poll::Pending;
        }
        run.close.close();
        run.own = None;
        let outer = run.position.outer.take().filter(|outer| !outer.is_withdrawn());
        if !run.errors.is_empty() {
            run.position.end();
            if let Some(outer) = outer {
                deliver_again(outer, cx.waker());
            }
            let errors = std::mem::take(&mut run.errors);
            return Poll::Ready(Err(ExceptionGroup::new("unhandled errors in a group", errors)));
        }
        if let Some(outer) = outer {
            run.over = true;
            run.position.raise(outer);
            return Poll::Pending;
        }
        run.position.end();
        match run.value.take() {
            Some(value) => Poll::Ready(Ok(value)),
            None => {
                // The body raised a request of its own: it goes on.
                run.over = true;
                raise(Request::new(Some("the body of the group was cancelled")), true);
                Poll::Pending
            }
        }
    }
}

impl<F> fmt::Debug for BorrowGroup<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BorrowGroup").finish_non_exhaustive()
    }
}

impl<T, E, F, Fut> fmt::Debug for RunBorrow<T, E, F, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunBorrow")
            .field("live", &self.run.live)
            .finish_non_exhaustive()
    }
}
