//! `Pool`: the worker threads behind `spawn`, started at the first one.
//!
//! The queues, and who may take what from whom, are `asyncio_core::PoolQueue`'s. This file starts and ends the
//! threads; `worker` holds what one of them does, `roster` how they wait and wake each other, `rest` what they wait in.

mod rest;
mod roster;
mod worker;

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use asyncio_core::blocking::RunBlocking;
use asyncio_core::{PoolQueue, StartPool, TaskRef, fork_generation};
use asyncio_reactor::Builder;
use asyncio_timers::Clock;

use rest::Shared;

use crate::loop_handle::LoopHandle;

/// The pool of workers of one runner.
pub(crate) struct Pool {
    options: PoolOptions,
    state: Mutex<State>,
}

/// What a pool is made from, when it is made.
pub(crate) struct PoolOptions {
    /// The loop that it belongs to.
    pub(crate) home: LoopHandle,
    /// `None`: as many as the machine has cores.
    pub(crate) workers: Option<usize>,
    pub(crate) reactor: Builder,
    pub(crate) clock: Clock,
    pub(crate) blocking: Arc<dyn RunBlocking>,
}

enum State {
    Idle,
    Running {
        generation: u32,
        shared: Arc<Shared>,
        threads: Vec<JoinHandle<()>>,
    },
    Closed,
}

impl Pool {
    pub(crate) fn new(options: PoolOptions) -> Pool {
        Pool {
            options,
            state: Mutex::new(State::Idle),
        }
    }

    /// Does every worker wait, with nothing in their queues? True for a pool that was never started.
    pub(crate) fn is_quiet(&self) -> bool {
        match &*self.state.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Running { shared, .. } => shared.is_quiet(),
            State::Idle | State::Closed => true,
        }
    }

    /// How many steps its workers have begun.
    pub(crate) fn steps(&self) -> u64 {
        self.started().map_or(0, |queue| queue.steps())
    }

    /// How many descriptors and sockets are registered with its reactor.
    pub(crate) fn sources(&self) -> usize {
        match &*self.state.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Running { shared, .. } => shared.sources(),
            State::Idle | State::Closed => 0,
        }
    }

    /// Has it no task?
    pub(crate) fn is_empty(&self) -> bool {
        self.started().is_none_or(|queue| queue.live() == 0)
    }

    /// When the pool's next timer is due.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        match &*self.state.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Running { shared, .. } => shared.next_deadline(),
            State::Idle | State::Closed => None,
        }
    }

    /// Lets the pool look at its clock again, after somebody has moved it.
    pub(crate) fn clock_moved(&self) {
        if let State::Running { shared, .. } = &*self.state.lock().unwrap_or_else(PoisonError::into_inner) {
            shared.clock_moved();
        }
    }

    /// The queues, if the threads were started.
    pub(crate) fn started(&self) -> Option<PoolQueue> {
        match &*self.state.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Running {
                generation, shared, ..
            } if *generation == fork_generation() => Some(shared.queue.clone()),
            _ => None,
        }
    }

    /// Ends the workers, waits for each to finish the step that it is in, and drops every task.
    pub(crate) fn close(&self) {
        let state = std::mem::replace(
            &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner),
            State::Closed,
        );
        let State::Running {
            generation,
            shared,
            threads,
        } = state
        else {
            return;
        };
        if generation != fork_generation() {
            // The threads are the parent's, and so are the tasks that they may be running right now.
            threads.into_iter().for_each(std::mem::forget);
            std::mem::forget(shared);
            return;
        }
        shared.queue.refuse();
        shared.stop();
        for thread in threads {
            // A worker catches what tasks do; if its own code panicked, the hook has said so.
            let _ = thread.join();
        }
        shared.queue.close();
    }

    fn start(&self) -> io::Result<State> {
        let options = &self.options;
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let workers = options.workers.unwrap_or_else(cores);
        let queue = PoolQueue::new(workers).map_err(io::Error::other)?;
        queue.set_home(options.home.queue());
        let reactor = options.reactor.clone().build()?;
        let shared = Arc::new(Shared::new(
            queue,
            reactor,
            options.clock.clone(),
            options.blocking.clone(),
        ));
        shared.connect();
        let mut threads = Vec::with_capacity(workers);
        for index in 0..workers {
            let of_thread = shared.clone();
            let home = options.home.clone();
            let spawned = std::thread::Builder::new()
                .name(format!("asyncio-worker-{index}"))
                .spawn(move || worker::work(&of_thread, index, home));
            match spawned {
                Ok(thread) => threads.push(thread),
                Err(error) => {
                    shared.stop();
                    threads.into_iter().for_each(|thread| drop(thread.join()));
                    return Err(error);
                }
            }
        }
        Ok(State::Running {
            generation: fork_generation(),
            shared,
            threads,
        })
    }
}

impl StartPool for Pool {
    fn queue(&self) -> io::Result<PoolQueue> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Idle = &*state {
            *state = self.start()?;
        }
        match &*state {
            State::Running { generation, .. } if *generation != fork_generation() => Err(io::Error::other(
                "the pool of workers was started before a fork: make a new Runner in the child",
            )),
            State::Running { shared, .. } => Ok(shared.queue.clone()),
            State::Idle | State::Closed => Err(io::Error::other("the pool of workers was closed")),
        }
    }

    fn tasks(&self) -> Vec<TaskRef> {
        match &*self.state.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Running {
                generation, shared, ..
            } if *generation == fork_generation() => shared.queue.tasks(),
            _ => Vec::new(),
        }
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("workers", &self.options.workers)
            .finish_non_exhaustive()
    }
}
