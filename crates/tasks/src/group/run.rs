//! The future of a group: it runs the body, joins the tasks, and says what came of it.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use asyncio_core::{ExceptionContext, Request, TaskRef, WaitKind, report, report_for, waits_for};
use asyncio_timers::{Sleep, sleep};
use pin_project_lite::pin_project;

use crate::ExceptionGroup;
use crate::group::TaskGroup;
use crate::scope::{Own, Scope, deliver_again};

/// Runs `body` with a group of tasks, and ends when the body and every task have ended.
///
/// The first failure, of a task or of the body, cancels the others; all are awaited, with their cleanup, and all
/// errors come back together. A task that ends cancelled is no failure. A panic cancels the others too, and goes on
/// when all have ended; errors beside it go to the exception handler.
///
/// # Errors
///
/// The errors of the tasks and of the body, in the order in which they happened.
///
/// # Panics
///
/// When a task or the body panicked, with the first panic.
///
/// # Cancel safety
///
/// A request from outside cancels the body and the tasks, waits until they have cleaned up, and goes on outwards; if
/// a task failed meanwhile the errors come back, and the request takes effect at the next suspension. Dropped (not
/// cancelled), it asks its tasks to stop and does not wait for them; their loop does.
///
/// # Python
///
/// `async with asyncio.TaskGroup() as tg: ...`.
///
/// # Examples
///
/// ```no_run
/// # async fn fetch(n: u32) -> Result<u32, std::io::Error> { Ok(n) }
/// # async fn f() -> Result<(), asyncio_tasks::ExceptionGroup<std::io::Error>> {
/// let sum = asyncio_tasks::task_group(async |tg| {
///     let (a, b) = (tg.create_task(fetch(1)), tg.create_task(fetch(2)));
///     Ok(a.await + b.await)
/// })
/// .await?;
/// # Ok(()) }
/// ```
pub fn task_group<T, E, Fut>(body: impl FnOnce(TaskGroup<E>) -> Fut) -> RunGroup<T, E, Fut>
where
    E: 'static,
    Fut: Future<Output = Result<T, E>>,
{
    TaskGroup::new().run(body)
}

/// Runs `body` with a group of tasks that cannot fail, and gives the body's value.
///
/// # Panics
///
/// When a task or the body panicked; and when the group cancels itself, since there is no value then.
///
/// # Cancel safety
///
/// As [`task_group`].
pub fn task_group_infallible<T, Fut>(body: impl FnOnce(TaskGroup<Infallible>) -> Fut) -> RunInfallible<T, Fut>
where
    Fut: Future<Output = T>,
{
    let group = TaskGroup::new();
    let body = body(group.clone());
    group.shared.enter();
    RunInfallible {
        run: RunGroup::new(group, Unfailing { body }),
    }
}

pin_project! {
    /// The future of [`task_group`].
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct RunGroup<T, E: 'static, Fut> {
        group: Abort<E>,
        scope: Scope,
        state: State<T>,
        // Of no use when the body has ended.
        #[pin]
        body: Option<Fut>,
    }
}

struct State<T> {
    /// The request that the group makes to its body.
    own: Option<Own>,
    /// What the body raised by itself.
    raised: Option<Request>,
    value: Option<T>,
    /// What the group returns if it cancels itself.
    fallback: Option<Box<dyn FnOnce() -> T + Send>>,
    /// What the group has as its waker.
    known: Option<Waker>,
    grace: Option<Duration>,
    grace_ends: Option<Sleep>,
    over: bool,
}

/// Dropped half-way, the group asks its tasks to stop.
struct Abort<E: 'static>(TaskGroup<E>);

impl<E: 'static> Drop for Abort<E> {
    fn drop(&mut self) {
        if self.0.shared.live() > 0 {
            self.0.shared.abort();
        }
    }
}

impl<T, E: 'static, Fut> RunGroup<T, E, Fut> {
    pub(crate) fn new(group: TaskGroup<E>, body: Fut) -> RunGroup<T, E, Fut> {
        RunGroup {
            group: Abort(group),
            scope: Scope::default(),
            state: State {
                own: None,
                raised: None,
                value: None,
                fallback: None,
                known: None,
                grace: None,
                grace_ends: None,
                over: false,
            },
            body: Some(body),
        }
    }

    /// Bounds the cleanup: what has not ended so long after the group began to shut down is dropped, and named in a
    /// report to the exception handler.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.state.grace = Some(grace);
        self
    }

    /// What the group returns if it [cancels itself](TaskGroup::cancel) before the body has a value. Without this it
    /// is an [`ExceptionGroup`] without errors.
    pub fn or_value(mut self, value: T) -> Self
    where
        T: Send + 'static,
    {
        self.state.fallback = Some(Box::new(move || value));
        self
    }

    /// [`or_value`](RunGroup::or_value) with the default of the type.
    pub fn or_default(mut self) -> Self
    where
        T: Default + 'static,
    {
        self.state.fallback = Some(Box::new(T::default));
        self
    }
}

impl<T, E: 'static, Fut: Future<Output = Result<T, E>>> Future for RunGroup<T, E, Fut> {
    type Output = Result<T, ExceptionGroup<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let (shared, state) = (&this.group.0.shared, this.state);
        if state.over {
            return Poll::Pending;
        }
        if !state
            .known
            .as_ref()
            .is_some_and(|known| known.will_wake(cx.waker()))
        {
            shared.set_waker(cx.waker());
            state.known = Some(cx.waker().clone());
        }
        if shared.is_aborted() && state.grace_is_over(cx) {
            give_up(&this.group.0, state.grace.unwrap_or_default());
            if this.body.is_some() {
                this.body.set(None);
                shared.close();
            }
        }
        if this.body.is_some() {
            let own = if shared.is_aborted() && state.own.is_none() {
                let own = state.own.insert(Own::new("the task group is shutting down"));
                Some(own.request())
            } else {
                None
            };
            let (scope, body) = (&mut *this.scope, this.body.as_mut());
            match catch_unwind(AssertUnwindSafe(|| scope.poll(body, cx, own))) {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(Ok(result))) => {
                    this.scope
                        .end(state.own.as_ref().map(Own::as_request), cx.waker());
                    match result {
                        Ok(value) => state.value = Some(value),
                        Err(error) => shared.body_failed(error),
                    }
                }
                Ok(Poll::Ready(Err(request))) => {
                    if !state
                        .own
                        .as_ref()
                        .is_some_and(|own| own.as_request().same(&request))
                    {
                        let above = this.scope.position.outer.as_ref();
                        if !above.is_some_and(|outer| outer.same(&request)) {
                            state.raised = Some(request);
                        }
                    }
                    shared.abort();
                }
                Err(panic) => {
                    this.body.set(None);
                    shared.body_panicked(panic);
                }
            }
            shared.close();
        }
        // Requests that come while the tasks are awaited do not end the wait.
        if this.scope.position.inbox().is_some() {
            shared.abort();
        }
        let Some((panic, errors)) = shared.finish() else {
            if shared.is_aborted() && state.grace_is_over(cx) {
                give_up(&this.group.0, state.grace.unwrap_or_default());
            }
            waits_for(WaitKind::Group, std::ptr::from_ref(&**shared).addr());
            this.scope.position.link(cx.waker());
            return Poll::Pending;
        };
        state.own = None;
        if let Some(panic) = panic {
            this.scope.position.end();
            report_beside_panic(errors.len());
            resume_unwind(panic);
        }
        let outer = this
            .scope
            .position
            .outer
            .take()
            .filter(|outer| !outer.is_withdrawn());
        if !errors.is_empty() {
            this.scope.position.end();
            if let Some(outer) = outer {
                // The errors win; the request is delivered at the next suspension.
                deliver_again(outer, cx.waker());
            }
            let message = "unhandled errors in a TaskGroup";
            return Poll::Ready(Err(ExceptionGroup::new(message, errors)));
        }
        if let Some(request) = outer.or(state.raised.take()) {
            state.over = true;
            this.scope.position.raise(request);
            return Poll::Pending;
        }
        this.scope.position.end();
        Poll::Ready(match (state.value.take(), state.fallback.take()) {
            (Some(value), _) => Ok(value),
            (None, Some(fallback)) => Ok(fallback()),
            (None, None) => Err(ExceptionGroup::cancelled()),
        })
    }
}

impl<T> State<T> {
    /// Starts the grace at the first call after the group began to shut down. True once, when it is over.
    fn grace_is_over(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(grace) = self.grace else {
            return false;
        };
        let ends = self.grace_ends.get_or_insert_with(|| sleep(grace));
        if Pin::new(ends).poll(cx).is_pending() {
            return false;
        }
        self.grace_ends = Some(sleep(Duration::MAX));
        true
    }
}

/// Names the tasks that have not ended, and drops them.
#[cold]
fn give_up<E: 'static>(group: &TaskGroup<E>, grace: Duration) {
    for task in group.shared.running() {
        if !task.wait().kind.is_of_tasks() {
            let message =
                format!("Task did not end within the grace of {grace:?} of its group, and is dropped");
            report_for(&task, &ExceptionContext::new(message).with_task(task.clone()));
        }
        task.abort();
    }
}

/// The errors that no caller sees, because a panic goes on in their place.
fn report_beside_panic(errors: usize) {
    if errors == 0 {
        return;
    }
    let message = format!("{errors} tasks of a TaskGroup failed beside one that panicked");
    let context = ExceptionContext::new(message);
    match TaskRef::current() {
        Some(task) => report_for(&task, &context.with_task(task.clone())),
        None => report(None, &context),
    }
}

impl<T, E: 'static, Fut> fmt::Debug for RunGroup<T, E, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RunGroup").field(&self.group.0).finish()
    }
}

pin_project! {
    /// A body that cannot fail, as one that could.
    struct Unfailing<Fut> {
        #[pin]
        body: Fut,
    }
}

impl<Fut: Future> Future for Unfailing<Fut> {
    type Output = Result<Fut::Output, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().body.poll(cx).map(Ok)
    }
}

pin_project! {
    /// The future of [`task_group_infallible`].
    #[must_use = "futures do nothing unless they are awaited"]
    pub struct RunInfallible<T, Fut> {
        #[pin]
        run: RunGroup<T, Infallible, Unfailing<Fut>>,
    }
}

impl<T, Fut: Future<Output = T>> Future for RunInfallible<T, Fut> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        self.project().run.poll(cx).map(|result| match result {
            Ok(value) => value,
            Err(cancelled) => panic!("{}", cancelled.message()),
        })
    }
}

impl<T, Fut> fmt::Debug for RunInfallible<T, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.run.fmt(f)
    }
}
