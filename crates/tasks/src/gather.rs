//! `gather`: several tasks at once, their results in the order of the arguments.
//!
//! A gather is a delegate: who awaits it and is cancelled passes the request on to every task that has not ended, and
//! is cancelled when all have.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use asyncio_core::{Outcome, Request, TaskRef, WaitKind, note_member, waits_for};

use crate::ready_set::ReadySet;
use crate::scope::Leaf;
use crate::{JoinError, Task, create_task, spawn};

/// Runs futures as tasks on this thread's loop, at once, and gives all their results in the order of the futures.
///
/// # Panics
///
/// As [`create_task`].
///
/// # Cancel safety
///
/// A request from outside cancels every task that has not ended; the gather ends when they have. Dropped, it cancels
/// them and does not wait.
///
/// # Python
///
/// `asyncio.gather(*aws, return_exceptions=True)`. [`try_gather_all`] is the form that fails at the first error.
#[track_caller]
pub fn gather_all<F>(futures: impl IntoIterator<Item = F>) -> Gather<GatherList<F::Output>>
where
    F: Future<Output: 'static> + 'static,
{
    gather_tasks(futures.into_iter().map(create_task))
}

/// [`gather_all`] on the pool of workers.
///
/// # Panics
///
/// As [`spawn`].
///
/// # Cancel safety
///
/// As [`gather_all`].
#[track_caller]
pub fn gather_all_spawn<F>(futures: impl IntoIterator<Item = F>) -> Gather<GatherList<F::Output>>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    gather_tasks(futures.into_iter().map(spawn))
}

/// [`gather_all`] of tasks that run already.
///
/// # Cancel safety
///
/// As [`gather_all`].
pub fn gather_tasks<T>(tasks: impl IntoIterator<Item = Task<T>>) -> Gather<GatherList<T>> {
    Gather::new(GatherList::new(tasks.into_iter().map(GatherSlot::new).collect()))
}

/// Runs futures as tasks on this thread's loop, at once, and gives all their values; at the first error, that. The
/// other tasks then run on.
///
/// # Errors
///
/// The first error of a task, in the order of time; or the [`JoinError`] of one without a value.
///
/// # Panics
///
/// As [`create_task`].
///
/// # Cancel safety
///
/// As [`gather_all`].
///
/// # Python
///
/// `asyncio.gather(*aws)`. A [`task_group`](crate::task_group) is better: it cancels the others, and loses no error.
#[track_caller]
pub fn try_gather_all<F, T, E>(futures: impl IntoIterator<Item = F>) -> TryGather<GatherList<Result<T, E>>, E>
where
    F: Future<Output = Result<T, E>> + 'static,
    T: 'static,
    E: From<JoinError> + 'static,
{
    TryGather::new(gather_all(futures))
}

/// [`try_gather_all`] on the pool of workers.
///
/// # Errors
///
/// As [`try_gather_all`].
///
/// # Panics
///
/// As [`spawn`].
///
/// # Cancel safety
///
/// As [`gather_all`].
#[track_caller]
pub fn try_gather_all_spawn<F, T, E>(
    futures: impl IntoIterator<Item = F>,
) -> TryGather<GatherList<Result<T, E>>, E>
where
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: From<JoinError> + Send + 'static,
{
    TryGather::new(gather_all_spawn(futures))
}

/// One task of a gather; made by the functions and macros of this module.
pub struct GatherSlot<T> {
    task: Task<T>,
    outcome: Option<Outcome<T>>,
}

impl<T> GatherSlot<T> {
    #[doc(hidden)]
    pub fn new(task: Task<T>) -> GatherSlot<T> {
        GatherSlot { task, outcome: None }
    }

    /// True: it has ended.
    fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        if self.outcome.is_none() {
            if let Poll::Ready(outcome) = self.task.poll_outcome(cx) {
                self.outcome = Some(outcome);
            }
        }
        self.outcome.is_some()
    }

    fn result(&mut self) -> Result<T, JoinError> {
        match self.outcome.take() {
            Some(outcome) => JoinError::result(outcome),
            None => unreachable!("a gather takes its results when all have ended"),
        }
    }

    fn for_task(&self, tell: &mut dyn FnMut(&TaskRef)) {
        if self.outcome.is_none() {
            tell(&self.task);
        }
    }
}

/// What can be gathered: a list of tasks of one type, or a tuple.
pub trait Gathered {
    /// All results.
    type Output;

    #[doc(hidden)]
    fn poll_all(&mut self, cx: &mut Context<'_>) -> bool;
    #[doc(hidden)]
    fn results(&mut self) -> Self::Output;
    #[doc(hidden)]
    fn for_each_open(&self, tell: &mut dyn FnMut(&TaskRef));
    /// How it is told from others in a wait record.
    #[doc(hidden)]
    fn address(&self) -> usize;
}

/// What can be gathered until the first error.
pub trait TryGathered<E>: Gathered {
    /// All values.
    type Values;

    #[doc(hidden)]
    fn first_error(&mut self) -> Option<E>;
    #[doc(hidden)]
    fn values(&mut self) -> Self::Values;
}

/// The tasks of a gather that are all of one type. A poll looks at those that have ended since the last.
pub struct GatherList<T> {
    slots: Vec<GatherSlot<T>>,
    /// Made in the first poll.
    ready: Option<ReadySet>,
    left: usize,
    /// Those that ended since the errors were looked at.
    fresh: Vec<usize>,
}

impl<T> GatherList<T> {
    fn new(slots: Vec<GatherSlot<T>>) -> GatherList<T> {
        GatherList {
            left: slots.len(),
            slots,
            ready: None,
            fresh: Vec::new(),
        }
    }
}

impl<T> Gathered for GatherList<T> {
    type Output = Vec<Result<T, JoinError>>;

    fn poll_all(&mut self, cx: &mut Context<'_>) -> bool {
        let slots = &mut self.slots;
        let ready = self.ready.get_or_insert_with(|| {
            let ready = ReadySet::default();
            for (index, slot) in slots.iter_mut().enumerate() {
                ready.watch(index, &mut slot.task);
            }
            ready
        });
        while self.left > 0 {
            let Poll::Ready(index) = ready.poll_next(cx) else {
                return false;
            };
            let slot = &mut slots[index];
            slot.outcome = slot.task.take_outcome();
            self.fresh.push(index);
            self.left -= 1;
        }
        true
    }

    fn address(&self) -> usize {
        self.ready.as_ref().map_or(0, ReadySet::address)
    }

    fn results(&mut self) -> Self::Output {
        self.slots.iter_mut().map(GatherSlot::result).collect()
    }

    fn for_each_open(&self, tell: &mut dyn FnMut(&TaskRef)) {
        self.slots.iter().for_each(|slot| slot.for_task(tell));
    }
}

impl<T> fmt::Debug for GatherList<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatherList")
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for GatherSlot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GatherSlot").field(&self.task).finish()
    }
}

impl<T, E: From<JoinError>> GatherSlot<Result<T, E>> {
    fn error(&mut self) -> Option<E> {
        if matches!(self.outcome, None | Some(Outcome::Value(Ok(_)))) {
            return None;
        }
        match self.result() {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(error),
            Err(error) => Some(E::from(error)),
        }
    }

    fn value(&mut self) -> T {
        match self.outcome.take() {
            Some(Outcome::Value(Ok(value))) => value,
            _ => unreachable!("a gather takes its values when none is an error"),
        }
    }
}

impl<T, E: From<JoinError>> TryGathered<E> for GatherList<Result<T, E>> {
    type Values = Vec<T>;

    fn first_error(&mut self) -> Option<E> {
        let slots = &mut self.slots;
        self.fresh.drain(..).find_map(|index| slots[index].error())
    }

    fn values(&mut self) -> Vec<T> {
        self.slots.iter_mut().map(GatherSlot::value).collect()
    }
}

macro_rules! tuples {
    ($($name:ident $at:tt),+) => {
        impl<$($name),+> Gathered for ($(GatherSlot<$name>,)+) {
            type Output = ($(Result<$name, JoinError>,)+);

            fn poll_all(&mut self, cx: &mut Context<'_>) -> bool {
                let mut all = true;
                $(all &= self.$at.poll(cx);)+
                all
            }

            fn results(&mut self) -> Self::Output {
                ($(self.$at.result(),)+)
            }

            fn for_each_open(&self, tell: &mut dyn FnMut(&TaskRef)) {
                $(self.$at.for_task(tell);)+
            }

            fn address(&self) -> usize {
                let address = std::ptr::from_ref(self).addr();
                self.for_each_open(&mut |task| note_member(task, address));
                address
            }
        }

        impl<$($name,)+ Error: From<JoinError>> TryGathered<Error> for ($(GatherSlot<Result<$name, Error>>,)+) {
            type Values = ($($name,)+);

            fn first_error(&mut self) -> Option<Error> {
                $(if let Some(error) = self.$at.error() {
                    return Some(error);
                })+
                None
            }

            fn values(&mut self) -> Self::Values {
                ($(self.$at.value(),)+)
            }
        }
    };
}

tuples!(A 0);
tuples!(A 0, B 1);
tuples!(A 0, B 1, C 2);
tuples!(A 0, B 1, C 2, D 3);
tuples!(A 0, B 1, C 2, D 3, E 4);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuples!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

/// Several tasks whose results are awaited together; from [`gather!`](crate::gather!) and its kin.
#[must_use = "the tasks run, but their results are lost"]
pub struct Gather<S: Gathered> {
    slots: S,
    join: Delegate,
}

/// The gather's place in the tree of scopes.
#[derive(Default)]
struct Delegate {
    position: Leaf,
    asked: Option<Request>,
    over: bool,
    /// The tasks are not to be cancelled when the gather is dropped.
    settled: bool,
}

impl<S: Gathered> Gather<S> {
    #[doc(hidden)]
    pub fn new(slots: S) -> Gather<S> {
        Gather {
            slots,
            join: Delegate::default(),
        }
    }

    /// Passes requests on. True: the await is cancelled for good.
    fn delegate(&mut self) -> bool {
        if let Some(request) = self.join.position.inbox() {
            if request.came_round(self.join.asked.as_ref()) {
                self.join.over = true;
                self.join.position.raise(request);
                return true;
            }
            self.slots.for_each_open(&mut |task| {
                task.pass_on(&request);
            });
            self.join.asked = Some(request);
        }
        self.join.over
    }

    /// All have ended: goes on being cancelled if that was asked. True: it does.
    fn settle(&mut self) -> bool {
        self.join.settled = true;
        match self.join.asked.take() {
            Some(request) => {
                self.join.over = true;
                self.join.position.raise(request);
                true
            }
            None => {
                self.join.position.end();
                false
            }
        }
    }
}

impl<S: Gathered + Unpin> Future for Gather<S> {
    type Output = S::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<S::Output> {
        let this = self.get_mut();
        if this.delegate() {
            return Poll::Pending;
        }
        if !this.slots.poll_all(cx) {
            waits_for(WaitKind::Group, this.slots.address());
            this.join.position.link(cx.waker());
            return Poll::Pending;
        }
        if this.settle() {
            return Poll::Pending;
        }
        Poll::Ready(this.slots.results())
    }
}

impl<S: Gathered> Drop for Gather<S> {
    fn drop(&mut self) {
        if !self.join.settled {
            self.slots.for_each_open(&mut |task| {
                task.cancel();
            });
        }
    }
}

impl<S: Gathered> fmt::Debug for Gather<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut open = 0;
        self.slots.for_each_open(&mut |_| open += 1);
        f.debug_struct("Gather")
            .field("open", &open)
            .finish_non_exhaustive()
    }
}

/// A gather that ends at the first error; from [`try_gather!`](crate::try_gather!) and [`try_gather_all`].
#[must_use = "the tasks run, but their results are lost"]
pub struct TryGather<S: Gathered, E> {
    gather: Gather<S>,
    error: std::marker::PhantomData<fn() -> E>,
}

impl<S: Gathered, E> TryGather<S, E> {
    #[doc(hidden)]
    pub fn new(gather: Gather<S>) -> TryGather<S, E> {
        TryGather {
            gather,
            error: std::marker::PhantomData,
        }
    }
}

impl<S: TryGathered<E> + Unpin, E> Future for TryGather<S, E> {
    type Output = Result<S::Values, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let gather = &mut self.get_mut().gather;
        if gather.delegate() {
            return Poll::Pending;
        }
        let all = gather.slots.poll_all(cx);
        if gather.join.asked.is_none() {
            if let Some(error) = gather.slots.first_error() {
                gather.settle();
                return Poll::Ready(Err(error));
            }
        }
        if !all {
            waits_for(WaitKind::Group, gather.slots.address());
            gather.join.position.link(cx.waker());
            return Poll::Pending;
        }
        if gather.settle() {
            return Poll::Pending;
        }
        Poll::Ready(Ok(gather.slots.values()))
    }
}

impl<S: Gathered, E> fmt::Debug for TryGather<S, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.gather.fmt(f)
    }
}

/// Runs up to eight futures as tasks on this thread's loop, at once; awaited, it gives a tuple of their results.
///
/// As [`gather_all`] in all else.
///
/// # Examples
///
/// ```no_run
/// # use asyncio_tasks::gather;
/// # async fn f() {
/// let (number, text) = gather!(async { 1 }, async { "one" }).await;
/// assert_eq!((number.unwrap(), text.unwrap()), (1, "one"));
/// # }
/// ```
#[macro_export]
macro_rules! gather {
    ($($future:expr),+ $(,)?) => {
        $crate::Gather::new(($($crate::GatherSlot::new($crate::create_task($future)),)+))
    };
}

/// [`gather!`] on the pool of workers.
#[macro_export]
macro_rules! gather_spawn {
    ($($future:expr),+ $(,)?) => {
        $crate::Gather::new(($($crate::GatherSlot::new($crate::spawn($future)),)+))
    };
}

/// Runs up to eight fallible futures as tasks on this thread's loop, at once; awaited, it gives a tuple of their
/// values, or the first error. As [`try_gather_all`] in all else.
///
/// # Examples
///
/// ```no_run
/// # use asyncio_tasks::try_gather;
/// # async fn number() -> std::io::Result<u32> { Ok(1) }
/// # async fn text() -> std::io::Result<String> { Ok(String::new()) }
/// # async fn f() -> std::io::Result<()> {
/// let (number, text) = try_gather!(number(), text()).await?;
/// # Ok(()) }
/// ```
#[macro_export]
macro_rules! try_gather {
    ($($future:expr),+ $(,)?) => {
        $crate::TryGather::new($crate::gather!($($future),+))
    };
}

/// [`try_gather!`] on the pool of workers.
#[macro_export]
macro_rules! try_gather_spawn {
    ($($future:expr),+ $(,)?) => {
        $crate::TryGather::new($crate::gather_spawn!($($future),+))
    };
}
