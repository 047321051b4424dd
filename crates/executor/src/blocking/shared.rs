//! `Shared`: what the handle of a pool, its threads and its tasks have in common.
//!
//! One mutex guards the [`Roster`] and the [`Room`]. Under it no user code runs, nobody is woken and no thread is
//! started; a method collects what is to be done and does it after.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;
use std::{fmt, io, thread};

use async_task::Runnable;
use asyncio_core::fork_generation;

use super::error::SpawnErrorKind;
use super::room::Room;
use super::roster::{Call, Roster, Start};
use super::worker;

/// The books of a pool.
pub(super) struct Books {
    pub(super) roster: Roster<Runnable>,
    pub(super) room: Room,
    /// Woken whenever the last outstanding job has ended.
    pub(super) quiet_hook: Option<Waker>,
}

/// How its threads are made.
pub(super) struct Threads {
    pub(super) name: Box<dyn Fn(usize) -> String + Send + Sync>,
    pub(super) stack_size: Option<usize>,
    pub(super) idle_timeout: Duration,
}

pub(super) struct Shared {
    books: Mutex<Books>,
    /// Signalled when a thread leaves a closed pool.
    pub(super) left: Condvar,
    pub(super) threads: Threads,
    generation: u32,
}

impl Shared {
    pub(super) fn new(books: Books, threads: Threads) -> Shared {
        Shared {
            books: Mutex::new(books),
            left: Condvar::new(),
            threads,
            generation: fork_generation(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Books> {
        // No code that can panic half-way runs under the lock, so a poisoned one is consistent.
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this process is a forked child: the mutex may be held for ever by a thread that is not here.
    pub(super) fn is_forked(&self) -> bool {
        self.generation != fork_generation()
    }

    /// The lock, if a job may be queued now, with at least one thread in the pool.
    ///
    /// `granted` says that the caller has waited for its place, which it then uses.
    pub(super) fn admit(self: &Arc<Self>, granted: bool) -> Result<MutexGuard<'_, Books>, SpawnErrorKind> {
        if self.is_forked() {
            return Err(SpawnErrorKind::Forked);
        }
        let mut books = self.lock();
        let mut expected = false;
        loop {
            let refused = if books.roster.is_closed() {
                Some(SpawnErrorKind::ShutDown)
            } else if !granted && !books.room.has_place(books.roster.outstanding()) {
                Some(SpawnErrorKind::QueueFull)
            } else {
                None
            };
            if refused.is_some() || books.roster.threads() > 0 {
                if expected {
                    books.roster.met();
                }
                return match refused {
                    Some(kind) => Err(kind),
                    None => Ok(books),
                };
            }
            let start = books.roster.expect();
            expected = true;
            drop(books);
            let started = self.start(start);
            books = self.lock();
            if let Err(error) = started {
                books.roster.met();
                return Err(SpawnErrorKind::NoThread(error));
            }
        }
    }

    /// Queues a job that was admitted, and calls whom that needs. Returns its number.
    pub(super) fn push(self: &Arc<Self>, mut books: MutexGuard<'_, Books>, job: Runnable) -> u64 {
        let (number, call) = books.roster.push(job);
        drop(books);
        self.make(call);
        number
    }

    /// Drops a job that still waits.
    pub(super) fn cancel(&self, number: u64) -> bool {
        if self.is_forked() {
            return false;
        }
        let mut books = self.lock();
        let job = books.roster.cancel(number);
        let wakers = books.job_gone();
        drop(books);
        wake_all(wakers);
        job.is_some()
    }

    /// Wakes or starts the thread that is called.
    pub(super) fn make(self: &Arc<Self>, call: Call) {
        match call {
            Call::Nobody => {}
            Call::Unpark(thread) => thread.unpark(),
            // The threads that are there do the work, if later; the books know of the failure.
            Call::Start(start) => drop(self.start(start)),
        }
    }

    fn start(self: &Arc<Self>, start: Start) -> io::Result<()> {
        let mut builder = thread::Builder::new().name((self.threads.name)(start.seat).replace('\0', "?"));
        if let Some(size) = self.threads.stack_size {
            builder = builder.stack_size(size);
        }
        let shared = self.clone();
        let seat = start.seat;
        match builder.spawn(move || worker::work(&shared, seat)) {
            Ok(handle) => {
                self.lock().roster.started(&start, handle);
                Ok(())
            }
            Err(error) => {
                let mut books = self.lock();
                let lost = books.roster.start_failed(&start);
                let wakers = books.job_gone();
                drop(books);
                self.left.notify_all();
                wake_all(wakers);
                drop(lost);
                Err(error)
            }
        }
    }
}

impl Books {
    /// A job has ended or was dropped: whom to wake for the place, and for the quiet if that was the last one.
    pub(super) fn job_gone(&mut self) -> Vec<Waker> {
        let mut wakers = self.places_free();
        if self.roster.outstanding() == 0 {
            wakers.extend(self.quiet_hook.clone());
        }
        wakers
    }

    /// The waiters that have got a place.
    pub(super) fn places_free(&mut self) -> Vec<Waker> {
        let outstanding = self.roster.outstanding();
        std::iter::from_fn(|| self.room.grant(outstanding)).collect()
    }
}

pub(super) fn wake_all(wakers: Vec<Waker>) {
    for waker in wakers {
        waker.wake();
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}
