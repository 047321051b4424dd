//! `Threads`: the threads on which names are looked up.
//!
//! Invariants: no more than `max` calls run at once; a call that nobody waits for any more is taken out of the queue
//! and never started; nobody ever joins a thread. A system's resolver cannot be interrupted, so one that hangs keeps
//! its thread, and nothing else: the end of a loop or of the process waits for none of them. This is why the loop's
//! blocking pool, whose end waits for its jobs, is not used.
//!
//! Threads are started when a call finds none idle, and leave after a while without work. In a forked child the
//! threads of the parent do not exist: the child begins with none, and what waits for one of them fails.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use async_task::{FallibleTask, Runnable};
use asyncio_core::{WaitKind, fork_generation, waits_for};

/// After so long without work a thread leaves.
const IDLE: Duration = Duration::from_secs(10);

pub(super) struct Threads {
    /// With the fork generation that it belongs to.
    books: Mutex<Option<(u32, Arc<Books>)>>,
    default_max: usize,
}

struct Books {
    state: Mutex<State>,
    work: Condvar,
}

struct State {
    /// By the order in which they came.
    queue: BTreeMap<u64, Runnable>,
    next: u64,
    threads: usize,
    idle: usize,
    max: usize,
}

impl Threads {
    pub(super) const fn new(max: usize) -> Threads {
        Threads {
            books: Mutex::new(None),
            default_max: max,
        }
    }

    /// From now on at most `max` calls at once.
    pub(super) fn set_max(&self, max: usize) {
        let books = self.books().1;
        let mut state = books.lock();
        state.max = max;
        let start = state.hire();
        drop(state);
        books.start(start);
    }

    pub(super) fn max(&self) -> usize {
        self.books().1.lock().max
    }

    fn books(&self) -> (u32, Arc<Books>) {
        let generation = fork_generation();
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        match &*books {
            Some((made, books)) if *made == generation => (generation, books.clone()),
            _ => {
                let new = Arc::new(Books::new(self.default_max));
                // The parent's are left alone: a thread that is not there may have held their lock.
                std::mem::forget(books.replace((generation, new.clone())));
                (generation, new)
            }
        }
    }

    /// Queues `work`. Dropping the result takes it out again, or lets a running one end for nobody.
    pub(super) fn call<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Call<T> {
        let (generation, books) = self.books();
        // The future is ready at its first poll, so it is never scheduled again.
        let (job, task) = async_task::Builder::new()
            .propagate_panic(true)
            .spawn(|()| async { work() }, drop::<Runnable>);
        let ticket = books.push(job);
        Call {
            task: Some(task.fallible()),
            ticket,
            books,
            generation,
        }
    }
}

impl Books {
    fn new(max: usize) -> Books {
        Books {
            state: Mutex::new(State {
                queue: BTreeMap::new(),
                next: 0,
                threads: 0,
                idle: 0,
                max,
            }),
            work: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(self: &Arc<Self>, job: Runnable) -> u64 {
        let mut state = self.lock();
        let ticket = state.next;
        state.next += 1;
        state.queue.insert(ticket, job);
        let start = state.hire();
        drop(state);
        self.work.notify_one();
        self.start(start);
        ticket
    }

    /// Starts threads that are counted already.
    fn start(self: &Arc<Self>, count: usize) {
        for _ in 0..count {
            let books = self.clone();
            let started = std::thread::Builder::new()
                .name("asyncio-lookup".to_owned())
                .spawn(move || books.work());
            if started.is_err() {
                let mut state = self.lock();
                state.threads -= 1;
                // Without any thread nothing would ever run.
                let refused = match state.threads {
                    0 => std::mem::take(&mut state.queue),
                    _ => BTreeMap::new(),
                };
                drop(state);
                drop(refused);
            }
        }
    }

    fn work(&self) {
        while let Some(job) = self.next() {
            // A panic of the call goes to the one who waits for it; that of a result's drop goes no further.
            let _ = catch_unwind(AssertUnwindSafe(|| job.run()));
        }
    }

    /// A job, when there is one in time; otherwise the thread is counted out.
    fn next(&self) -> Option<Runnable> {
        let mut state = self.lock();
        loop {
            if state.threads > state.max {
                state.threads -= 1;
                return None;
            }
            if let Some((_, job)) = state.queue.pop_first() {
                return Some(job);
            }
            state.idle += 1;
            let (again, waited) = match self.work.wait_timeout(state, IDLE) {
                Ok(woken) => woken,
                Err(poisoned) => poisoned.into_inner(),
            };
            state = again;
            state.idle -= 1;
            if waited.timed_out() && state.queue.is_empty() {
                state.threads -= 1;
                return None;
            }
        }
    }
}

impl State {
    /// Counts the threads in that are to be started for what waits.
    fn hire(&mut self) -> usize {
        let wanted = self.queue.len().saturating_sub(self.idle);
        let count = wanted.min(self.max.saturating_sub(self.threads));
        self.threads += count;
        count
    }
}

/// A call on its way.
pub(super) struct Call<T> {
    task: Option<FallibleTask<T>>,
    ticket: u64,
    books: Arc<Books>,
    generation: u32,
}

impl<T> Future for Call<T> {
    type Output = io::Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        if self.generation != fork_generation() {
            return Poll::Ready(Err(io::Error::other("it was begun before a fork, by the parent")));
        }
        let done = match &mut self.task {
            Some(task) => match Pin::new(task).poll(cx) {
                Poll::Ready(done) => done,
                Poll::Pending => {
                    waits_for(WaitKind::Thread, 0);
                    return Poll::Pending;
                }
            },
            None => None,
        };
        self.task = None;
        Poll::Ready(done.ok_or_else(|| io::Error::other("no thread could be started for it")))
    }
}

impl<T> Drop for Call<T> {
    fn drop(&mut self) {
        if self.task.is_some() && self.generation == fork_generation() {
            let withdrawn = self.books.lock().queue.remove(&self.ticket);
            // Its closure is foreign code, which must not run under the lock.
            drop(withdrawn);
        }
    }
}
