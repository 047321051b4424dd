//! The task cell of the loop and of the pool: an async-task cell, made in this file and nowhere else.
//!
//! The schedule functions capture nothing: a captured pointer would cost two more atomic operations at each wake.
//! They find the queue by the metadata in the cell: if this thread runs that very queue the task goes there
//! without a lock or an atomic operation; otherwise the table leads to the queue's remote side.
//!
//! Invariant: a local future is polled and dropped on the thread of its loop alone. A `Runnable` that a foreign
//! thread receives is only ever pushed to the loop's remote side; and the loop does not end before each of its
//! futures is gone.
//!
//! Invariant: the future of a task is dropped only while its `Runnable` is being run or dropped by this crate. So
//! the wrapper finds its index in the registry in the thread's `running` and stores nothing itself.

#![expect(
    unsafe_code,
    reason = "a local future is put into a Send cell: see the first invariant"
)]

use std::future::Future;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::{Context, Poll, Waker};

use async_task::{Builder, Runnable};

use crate::meta::{QueueId, TaskMeta};
use crate::raw_task::RawTask;
use crate::registry::{Left, Registry};
use crate::{table, thread};

/// The two kinds of queue that a task can live on.
trait Home {
    const ON_POOL: bool;
    fn schedule(runnable: Runnable<TaskMeta>);
    /// Takes the running task out of the registry of its queue.
    fn unregister();
}

struct OnLoop;
struct OnPool;

impl Home for OnLoop {
    const ON_POOL: bool = false;

    #[inline]
    fn schedule(runnable: Runnable<TaskMeta>) {
        let queue = runnable.metadata().queue();
        thread::with_loop(|state| match state {
            Some(state) if state.id() == queue => state.push(runnable),
            _ => table::remote(queue).push(runnable),
        });
    }

    #[inline]
    fn unregister() {
        let left = thread::with_running(|state, running| state.map(|state| state.unregister(running)));
        if let Some(left) = left {
            release(left);
        }
    }
}

impl Home for OnPool {
    const ON_POOL: bool = true;

    #[inline]
    fn schedule(runnable: Runnable<TaskMeta>) {
        let queue = runnable.metadata().queue();
        thread::with_pool(|pool| match pool {
            Some((state, worker)) if state.id() == queue => state.push(worker, runnable),
            _ => table::remote(queue).push(runnable),
        });
    }

    fn unregister() {
        let left = thread::with_pool(|pool| pool.map(|(state, _)| state.unregister(thread::running())));
        if let Some(left) = left {
            release(left);
        }
    }
}

/// A future that leaves the registry when it is dropped.
struct Registered<F, H: Home> {
    future: ManuallyDrop<F>,
    home: PhantomData<H>,
}

impl<F: Future, H: Home> Future for Registered<F, H> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: a structural projection: `future` is not moved until the wrapper's destructor drops it in place.
        let future = unsafe { self.map_unchecked_mut(|this| &mut *this.future) };
        future.poll(cx)
    }
}

impl<F, H: Home> Drop for Registered<F, H> {
    #[inline]
    fn drop(&mut self) {
        if std::mem::needs_drop::<F>() {
            // async-task aborts the process when a destructor panics. The panic has been reported by its hook when
            // it gets here; the loop and its other tasks go on.
            let future = &mut self.future;
            // SAFETY: the wrapper is being dropped, so this is the last use of the future, in its place.
            let _ = catch_unwind(AssertUnwindSafe(|| unsafe { ManuallyDrop::drop(future) }));
        }
        H::unregister();
    }
}

/// Makes the cell of a task on the loop `queue`, registers it, and gives its first `Runnable`.
///
/// # Safety
///
/// The caller is on the loop's thread. If `F` is not `'static`, the loop is closed, or the task awaited or
/// cancelled to its end, before what `F` borrows ends.
#[inline]
pub(crate) unsafe fn on_loop<F: Future>(
    queue: QueueId,
    registry: &mut Registry,
    future: F,
) -> (Runnable<TaskMeta>, RawTask<F::Output>) {
    // SAFETY: `OnLoop::schedule` is Send, Sync and 'static. The future is polled and dropped on this thread (first
    // invariant) and, by the caller's promise, while its borrows live.
    unsafe { make::<F, OnLoop>(queue, registry, 0, future) }
}

/// Makes the cell of a task on the pool `queue`, as [`on_loop`] does. `shard` is added to the registry's index.
#[inline]
pub(crate) fn on_pool<F>(
    queue: QueueId,
    registry: &mut Registry,
    shard: u32,
    future: F,
) -> (Runnable<TaskMeta>, RawTask<F::Output>)
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    // SAFETY: `OnPool::schedule` is Send, Sync and 'static, and the future is Send and 'static.
    unsafe { make::<F, OnPool>(queue, registry, shard, future) }
}

/// # Safety
///
/// As for `Builder::spawn_unchecked`: `F` is polled and dropped where it may be.
#[inline]
unsafe fn make<F: Future, H: Home>(
    queue: QueueId,
    registry: &mut Registry,
    shard: u32,
    future: F,
) -> (Runnable<TaskMeta>, RawTask<F::Output>) {
    let index = registry.reserve();
    let meta = TaskMeta::new(queue, H::ON_POOL, index | shard);
    let wrapped = Registered::<F, H> {
        future: ManuallyDrop::new(future),
        home: PhantomData,
    };
    let builder = Builder::new().propagate_panic(true).metadata(meta);
    // SAFETY: passed on to the caller.
    let (runnable, task) = unsafe { builder.spawn_unchecked(move |_| wrapped, H::schedule) };
    let cell = runnable.into_raw();
    registry.fill(index, cell);
    // SAFETY: the pointer comes from `into_raw` just above.
    (unsafe { Runnable::from_raw(cell) }, RawTask::new(task))
}

/// Runs a task's next step.
#[inline]
pub(crate) fn run(runnable: Runnable<TaskMeta>) {
    thread::set_running(runnable.metadata().index());
    runnable.run();
}

/// Ends a task that is ready to run: its future is dropped, unpolled.
pub(crate) fn discard(runnable: Runnable<TaskMeta>) {
    thread::set_running(runnable.metadata().index());
    drop(runnable);
}

/// Drops `value` on the thread of the loop `queue`, at one of its next turns. If that loop has ended, the next loop
/// with its place in the table does it.
pub(crate) fn send_drop<D: Send>(queue: QueueId, value: D) {
    // A job of its own, outside of the registry: the mark tells `run` that there is nothing to unregister.
    let meta = TaskMeta::new(queue, false, 0);
    let builder = Builder::new().metadata(meta);
    // SAFETY: the schedule function is Send, Sync and 'static, and the future is Send; it is ready at its first poll.
    let (runnable, task) =
        unsafe { builder.spawn_unchecked(move |_| async move { drop(value) }, OnLoop::schedule) };
    task.detach();
    runnable.schedule();
}

/// Lets the registry hold the task at `index`. A task that nobody joins and nobody can wake would otherwise have no
/// reference, and its cell would be freed under the registry, its future undropped.
///
/// On a pool the task may have left meanwhile, and another one have its index. That one is then held instead, which
/// only keeps it until it ends or its queue does.
pub(crate) fn hold(registry: &mut Registry, index: u32) {
    if let Some(cell) = registry.hold(index) {
        // SAFETY: the task is registered, and the registry is borrowed: nothing leaves it now.
        std::mem::forget(unsafe { waker(cell) });
    }
}

/// Drops the reference that the registry held to a task whose future is being dropped.
#[inline]
fn release(left: Left) {
    if left.held {
        release_held(left);
    }
}

#[cold]
fn release_held(left: Left) {
    let Some(cell) = NonNull::new(left.cell as *mut ()) else {
        return;
    };
    // SAFETY: the `Runnable` that is being run or dropped keeps the cell allocated. Of two equal wakers one is a
    // new reference and one the reference that `hold` forgot; both are dropped here, neither is the last.
    unsafe {
        let waker = view(cell).waker();
        drop(std::ptr::read(&waker));
        drop(waker);
    }
}

/// A look at the cell through a second `Runnable`, which is never run, scheduled or dropped: it only leads to the
/// header.
///
/// # Safety
///
/// `cell` comes from `into_raw` and is allocated, which it is while its task is registered or run.
unsafe fn view(cell: NonNull<()>) -> ManuallyDrop<Runnable<TaskMeta>> {
    // SAFETY: passed on to the caller.
    ManuallyDrop::new(unsafe { Runnable::from_raw(cell) })
}

/// A waker of the registered task at `cell`.
///
/// # Safety
///
/// The task is in its registry, and nobody can take it out during the call.
pub(crate) unsafe fn waker(cell: NonNull<()>) -> Waker {
    // SAFETY: a registered task's future has not been dropped, so its cell is allocated.
    unsafe { view(cell) }.waker()
}
