//! Guest mode: a loop that takes its turns inside somebody else's loop, on that loop's thread.
//!
//! The host goes on running its own loop. A thread of ours waits for the guest's descriptor and its next deadline, and
//! then asks the host, through the one function that the host gives, to let the guest take a turn. So host and guest
//! share a thread and take turns; neither polls. The idea is trio's guest mode.
//!
//! The guest lies in a slot of the host's thread, since it may not leave that thread, and what goes through the host's
//! queue is `Send`. It is taken out for each turn.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use asyncio_core::{Entered, ExceptionContext, current_loop};
use asyncio_tasks::{JoinError, Promise, Task, TaskRef, all_tasks, current_task};

use crate::loop_handle;
use crate::{EventLoop, LoopHandle, RunError, WaitFor};

/// What the guest wants the host to call, once, on the host's thread.
pub type HostCall = Box<dyn FnOnce() + Send>;

type Outcome<T> = Result<T, JoinError>;

/// A guest, without its type.
trait Guest {
    /// Takes a turn. True: the guest has ended.
    fn turn(&mut self) -> bool;
    /// Closes the loop and tells who waits for it.
    fn end(self: Box<Self>);
}

struct Run<T> {
    event_loop: EventLoop,
    task: Option<Task<Outcome<T>>>,
    /// Tells the waiting thread what to wait for.
    wait: mpsc::Sender<Option<Instant>>,
    thread: JoinHandle<()>,
    host: Arc<dyn Fn(HostCall) + Send + Sync>,
    done: Box<dyn FnOnce(Outcome<T>)>,
    /// The guest is the running loop of the host's thread for the whole run.
    running: Entered<LoopHandle>,
}

thread_local! {
    static GUEST: RefCell<Option<Box<dyn Guest>>> = const { RefCell::new(None) };
}

/// Runs `future` on `event_loop` as a guest of the loop that runs on this thread already.
///
/// `host` hands a function to the host's loop, which calls it soon, on this thread: its `call_soon_threadsafe`, whatever
/// that is called there. It is called from other threads. `done` is called on this thread, once the future has ended,
/// all tasks were asked to stop and have, and the loop is closed.
///
/// The loop is this thread's running loop until then. Code of the host that wants something of it calls
/// [`LoopHandle::call_soon_threadsafe`]; only what the guest runs may use the rest. `stop` has no meaning here. If the host
/// stops calling, the guest stands still; at the end of the process nothing waits for it.
///
/// The task that comes back can be cancelled.
///
/// # Errors
///
/// When a loop or a guest runs on this thread already, when the loop was closed, when the waiting thread cannot be started,
/// and on systems without descriptors to wait for.
///
/// # Python
///
/// `asyncio.start_guest_run`, which is proposed for a later version.
///
/// # Examples
///
/// A host that is nothing but a channel of functions:
///
/// ```
/// use std::cell::Cell;
/// use std::rc::Rc;
/// use std::time::Duration;
/// use asyncio_loop::{EventLoop, HostCall, start_guest_run};
/// use asyncio_timers::sleep;
///
/// let (to_host, host) = std::sync::mpsc::channel::<HostCall>();
/// let value = Rc::new(Cell::new(None));
/// let into = value.clone();
/// start_guest_run(
///     EventLoop::new()?,
///     async {
///         sleep(Duration::from_millis(1)).await;
///         42
///     },
///     move |call| to_host.send(call).unwrap(),
///     move |outcome| into.set(Some(outcome.unwrap())),
/// )?;
/// while value.get().is_none() {
///     (host.recv().unwrap())();
/// }
/// assert_eq!(value.get(), Some(42));
/// # Ok::<(), asyncio_loop::RunError>(())
/// ```
pub fn start_guest_run<F>(
    event_loop: EventLoop,
    future: F,
    host: impl Fn(HostCall) + Send + Sync + 'static,
    done: impl FnOnce(Outcome<F::Output>) + 'static,
) -> Result<TaskRef, RunError>
where
    F: Future<Output: 'static> + 'static,
{
    if current_loop().is_some() || loop_handle::try_get_running_loop().is_ok() {
        return Err(RunError::Nested);
    }
    if event_loop.is_closed() {
        return Err(RunError::Closed);
    }
    let Some(watch) = Watch::new(&event_loop) else {
        return Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "this loop has no descriptor that another thread could wait for",
        )
        .into());
    };
    let host: Arc<dyn Fn(HostCall) + Send + Sync> = Arc::new(host);
    let (wait, orders) = mpsc::channel();
    let to_host = host.clone();
    let thread = std::thread::Builder::new()
        .name("asyncio-guest".to_owned())
        .spawn(move || {
            for deadline in orders {
                watch.wait(deadline);
                to_host(Box::new(turn));
            }
        })?;
    let task = event_loop.create_task(future);
    let of_main = task.task_ref();
    let task = event_loop.create_task(run_to_the_end(task));
    let running = loop_handle::enter(event_loop.handle());
    let guest = Run {
        event_loop,
        task: Some(task),
        wait,
        thread,
        host: host.clone(),
        done: Box::new(done),
        running,
    };
    GUEST.set(Some(Box::new(guest)));
    host(Box::new(turn));
    Ok(of_main)
}

/// Awaits the main task, and then ends the others and the threads for blocking work.
async fn run_to_the_end<T: 'static>(main: Task<T>) -> Outcome<T> {
    let outcome = main.await;
    let own = current_task();
    loop {
        let mut others = all_tasks();
        others.retain(|task| Some(task) != own.as_ref());
        if others.is_empty() {
            break;
        }
        for task in others {
            let ended = Promise::new();
            let tell = ended.clone();
            task.add_done_callback(move |_| {
                // It is set here alone.
                let _ = tell.set_result(());
            });
            task.cancel();
            let _ = ended.await;
        }
    }
    // The close of the loop names threads that are stuck.
    let _ = crate::get_running_loop().shutdown_default_executor(None).await;
    outcome
}

/// Lets the guest of this thread take a turn; the host calls it.
fn turn() {
    let Some(mut guest) = GUEST.take() else {
        return;
    };
    if guest.turn() {
        guest.end();
    } else {
        GUEST.set(Some(guest));
    }
}

impl<T: 'static> Guest for Run<T> {
    fn turn(&mut self) -> bool {
        // Told to stop, it goes on: the host alone stops.
        if let Err(error) = self.event_loop.run_once(Some(Duration::ZERO)) {
            let context =
                ExceptionContext::new("the loop of a guest failed, and is closed").with_error(error);
            self.event_loop.handle.call_exception_handler(&context);
            return true;
        }
        if self.task.as_ref().is_none_or(|task| task.is_finished()) {
            return true;
        }
        match self.event_loop.prepare_wait() {
            WaitFor::Nothing => (self.host)(Box::new(turn)),
            WaitFor::Until(deadline) => drop(self.wait.send(Some(deadline))),
            WaitFor::Event => drop(self.wait.send(None)),
        }
        false
    }

    fn end(mut self: Box<Self>) {
        let mut context = Context::from_waker(Waker::noop());
        let polled = self
            .task
            .take()
            .map(|mut task| Pin::new(&mut task).poll(&mut context));
        let outcome = match polled {
            Some(Poll::Ready(Ok(outcome))) => outcome,
            Some(Poll::Ready(Err(error))) => Err(error),
            Some(Poll::Pending) | None => Err(JoinError::from_cancelled_loop()),
        };
        drop(self.wait);
        // It waits for orders, as the host has the turn.
        let _ = self.thread.join();
        self.event_loop.close();
        drop(self.running);
        (self.done)(outcome);
    }
}

#[cfg(unix)]
use descriptor::Watch;
#[cfg(not(unix))]
use nothing::Watch;

#[cfg(unix)]
mod descriptor {
    //! Waits for a descriptor.

    use std::os::fd::OwnedFd;
    use std::time::Instant;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};

    use crate::EventLoop;

    /// A duplicate of the loop's descriptor, so that it is open for as long as somebody waits for it.
    pub(super) struct Watch(OwnedFd);

    impl Watch {
        pub(super) fn new(event_loop: &EventLoop) -> Option<Watch> {
            event_loop.try_clone_fd().ok().map(Watch)
        }

        pub(super) fn wait(&self, deadline: Option<Instant>) {
            loop {
                let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
                let timeout = left.and_then(|left| Timespec::try_from(left).ok());
                let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
                match poll(&mut fds, timeout.as_ref()) {
                    Err(rustix::io::Errno::INTR) => {}
                    // A failure is the turn's to find.
                    Ok(_) | Err(_) => return,
                }
            }
        }
    }
}

#[cfg(not(unix))]
mod nothing {
    //! No descriptor to wait for.

    use std::time::Instant;

    use crate::EventLoop;

    pub(super) struct Watch;

    impl Watch {
        pub(super) fn new(_event_loop: &EventLoop) -> Option<Watch> {
            None
        }

        pub(super) fn wait(&self, _deadline: Option<Instant>) {}
    }
}
