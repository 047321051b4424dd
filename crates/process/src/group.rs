//! `TaskGroupExt`: children as members of a task group.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

use asyncio_core::on_pool_worker;
use asyncio_tasks::{TaskGroup, on_cancel};

use crate::command::Command;
use crate::handle::ProcessHandle;
use crate::process::Process;

/// Lets a task group own child processes.
pub trait TaskGroupExt: sealed::Sealed {
    /// Starts a program that belongs to the group: the group does not end before it has ended and was reaped.
    ///
    /// When the group shuts down, because one of its tasks fails or it is cancelled, the child is asked to end, and killed
    /// after the command's [`grace`](Command::grace); with what it has started if it leads a
    /// [group](Command::process_group) of processes. When all goes well the group waits for the child to end by itself.
    /// How it ended is no failure of the group, whatever it was; `wait` tells it.
    ///
    /// Dropping the [`Process`] changes nothing, but its streams are closed.
    ///
    /// # Errors
    ///
    /// Those of [`Command::spawn`]; `Other` when the group is shutting down or finished.
    ///
    /// # Panics
    ///
    /// As `create_task`, where no loop runs. On a worker of the pool it is a task of the pool that watches the child.
    ///
    /// # Cancel safety
    ///
    /// The child belongs to the group all the same, if it was started.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio_process::{Command, TaskGroupExt};
    /// use asyncio_tasks::task_group;
    ///
    /// # asyncio_loop::run(async {
    /// let result = task_group(async |tg| {
    ///     tg.subprocess(Command::new("sleep").arg("1000")).await?;
    ///     Err::<(), _>(std::io::Error::other("something else failed"))
    /// })
    /// .await;
    /// // The child has ended, too.
    /// assert_eq!(result.unwrap_err().errors().len(), 1);
    /// # });
    /// ```
    fn subprocess(&self, command: Command) -> GroupStart;
}

mod sealed {
    pub trait Sealed {}

    impl<E> Sealed for asyncio_tasks::TaskGroup<E> {}
}

impl<E: Send + 'static> TaskGroupExt for TaskGroup<E> {
    #[track_caller]
    fn subprocess(&self, command: Command) -> GroupStart {
        let handed = Arc::new(Mutex::new(Handed::Nothing(None)));
        let give = Give(handed.clone());
        // The child is made in the task that watches it: a task that is cancelled before its first step makes none, and
        // after that step it sees each request.
        let watch = async move {
            let grace = command.grace;
            match command.spawn() {
                Err(error) => give.put(Err(error)),
                Ok(process) => {
                    let leash = Leash(process.handle());
                    give.put(Ok(process));
                    let child = &leash.0;
                    // Where somebody else took the status it has ended all the same.
                    let _ = on_cancel(child.status(), async |_| drop(child.shutdown(grace).await)).await;
                }
            }
            Ok(())
        };
        if on_pool_worker() {
            drop(self.spawn(watch));
        } else {
            drop(self.create_task(watch));
        }
        GroupStart { handed }
    }
}

/// Kills the child if it has not ended: its task was dropped.
struct Leash(ProcessHandle);

impl Drop for Leash {
    fn drop(&mut self) {
        if self.0.is_running() {
            // It may end meanwhile.
            let _ = self.0.kill_tree();
        }
    }
}

/// What goes from the task that makes the child to the one that asked for it.
enum Handed {
    Nothing(Option<Waker>),
    Made(Box<io::Result<Process>>),
    /// The task was dropped, or all was taken.
    Over,
}

struct Give(Arc<Mutex<Handed>>);

impl Give {
    fn put(&self, made: io::Result<Process>) {
        self.set(Handed::Made(Box::new(made)));
    }

    fn set(&self, handed: Handed) {
        let before = {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if matches!((&*state, &handed), (Handed::Made(_), Handed::Over)) {
                return;
            }
            std::mem::replace(&mut *state, handed)
        };
        if let Handed::Nothing(Some(waker)) = before {
            waker.wake();
        }
    }
}

impl Drop for Give {
    fn drop(&mut self) {
        self.set(Handed::Over);
    }
}

/// The start of a child that belongs to a group; from [`TaskGroupExt::subprocess`].
#[must_use = "the child is started, but whether that went well is told here"]
pub struct GroupStart {
    handed: Arc<Mutex<Handed>>,
}

impl Future for GroupStart {
    type Output = io::Result<Process>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<Process>> {
        let mut state = self.handed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Handed::Nothing(waker) = &mut *state {
            let old = waker.replace(cx.waker().clone());
            drop(state);
            drop(old);
            return Poll::Pending;
        }
        match std::mem::replace(&mut *state, Handed::Over) {
            Handed::Made(made) => Poll::Ready(*made),
            Handed::Nothing(_) | Handed::Over => {
                let message = "TaskGroup is finished or shutting down: it takes no more children";
                Poll::Ready(Err(io::Error::other(message)))
            }
        }
    }
}

impl fmt::Debug for GroupStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupStart").finish_non_exhaustive()
    }
}
