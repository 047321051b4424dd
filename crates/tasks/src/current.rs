//! Which task runs, and which there are.

use asyncio_core::{TaskRef, loop_tasks, pool_tasks};

/// The task that takes a step on this thread, on a loop, on a pool, or on an executor that is not ours; `None` in a
/// callback, and outside of tasks.
///
/// # Python
///
/// `asyncio.current_task()`.
pub fn current_task() -> Option<TaskRef> {
    TaskRef::current()
}

/// The tasks that have not ended: of this thread's loop and its pool; on a worker, those of the pool.
///
/// # Python
///
/// `asyncio.all_tasks()`. For another loop, or from another thread: `LoopHandle::all_tasks`.
pub fn all_tasks() -> Vec<TaskRef> {
    let mut tasks = loop_tasks().unwrap_or_default();
    tasks.extend(pool_tasks());
    tasks
}
