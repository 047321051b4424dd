//! `Part`: a future that a loop polls as it polls its tasks, but that is no task.
//!
//! It has a place in the same ready queue, so the order between the two is that of the wakes. It is in no list of tasks,
//! inside of it there is no current task, and the end of a loop does not ask it to stop: it lives until it is ready or the
//! loop closes, which drops it on the loop's thread. What it does belongs to the context in which it was made.

use std::fmt;
use std::future::Future;
use std::panic::Location;

use crate::loop_queue::{Start, spawn_made, takes_tasks};
use crate::{Outcome, TaskRef};

/// A future that a loop polls beside its tasks, and that is none; made by [`spawn_part`].
///
/// Dropping this lets it go on.
#[derive(Clone)]
pub struct Part {
    cell: TaskRef,
}

/// Lets the loop that this thread turns poll `future`, in its turn, until it is ready.
///
/// # Errors
///
/// Gives the future back when this thread turns no loop, or the loop is ending.
#[track_caller]
pub fn spawn_part<F>(future: F) -> Result<Part, F>
where
    F: Future<Output = Outcome<()>> + 'static,
{
    if !takes_tasks() {
        return Err(future);
    }
    let location = Location::caller();
    let dress = |cell: &TaskRef| cell.header().become_part();
    let spawned = spawn_made(|| future, Some(Start::Queued), location, dress);
    let cell = spawned.unwrap_or_else(|| unreachable!("the loop takes tasks"));
    Ok(Part {
        cell: cell.as_task_ref().clone(),
    })
}

impl Part {
    /// Lets it be polled in its turn, from any thread.
    #[inline]
    pub fn wake(&self) {
        self.cell.schedule();
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part")
            .field("location", &format_args!("{}", self.cell.location()))
            .finish_non_exhaustive()
    }
}
