//! `Roster`: who of the pool's threads does what, and who is called when a job arrives.
//!
//! Everything here happens under the pool's mutex and starts no thread, wakes nobody and runs no user code: a method
//! changes the books and returns the `Call`s that the caller makes after it has let go of the lock. So the rules can
//! be tested without a thread.
//!
//! A thread of the pool is *parked*, *searching* (called, has not looked at the queue yet), *running* a job, or it is
//! the *watcher*. The rules:
//! - A job that arrives calls a thread only when none is searching or running: in a burst the second job finds the
//!   first one's thread awake, and thousands of jobs need a handful of wakes.
//! - While jobs wait behind running ones there is a watcher (if any thread is left to be one): it looks at the queue
//!   every [`PERIOD`] and, when jobs that were there a look ago still wait, calls 1, 2, 4, ... threads. So jobs that
//!   block get their threads, whatever the submitting thread does meanwhile.
//! - While the threads chew through short jobs (`SHORT_JOBS` each in a period), more of them than there are cores
//!   would only fight for the lock: then the watcher goes on looking.
//!
//! The invariant that excludes a lost job: while the queue is not empty, a thread is searching or running, and each
//! of these looks at the queue again before it parks or leaves.
//!
//! A wake per job (the common design) was rejected: measured, it costs a burst a factor of ten.

use std::collections::VecDeque;
use std::thread::{JoinHandle, Thread};
use std::time::Duration;

/// How long the watcher sleeps between two looks.
pub(super) const PERIOD: Duration = Duration::from_micros(200);

/// So many jobs of one thread in one period are "short": under 25 µs each.
const SHORT_JOBS: u64 = 8;

/// What a thread is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Search,
    Watch,
}

/// A thread that the caller of a method has to wake or to start, outside the lock.
#[derive(Debug)]
#[must_use = "the thread counts as awake already"]
pub(super) enum Call {
    Nobody,
    Unpark(Thread),
    Start(Start),
}

/// A thread that is to be started.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) seat: usize,
    pub(super) id: u64,
    pub(super) order: Order,
}

/// What a searching thread does next.
pub(super) enum Next<J> {
    Run(J, Call),
    Park,
    Leave,
}

/// What the watcher does next.
pub(super) enum Look {
    Stay(Vec<Call>),
    Search,
    Park,
    Leave,
}

/// One thread of the pool.
#[derive(Debug)]
struct Seat {
    id: u64,
    thread: Option<Thread>,
    handle: Option<JoinHandle<()>>,
    order: Option<Order>,
}

#[derive(Debug)]
pub(super) struct Roster<J> {
    /// The jobs in their order; `None` where one was cancelled.
    jobs: VecDeque<Option<J>>,
    /// The number of the job in front, counted from the pool's first.
    head: u64,
    /// How many of `jobs` are jobs.
    waiting: usize,

    seats: Vec<Option<Seat>>,
    next_id: u64,
    /// The last one to park is called first: its caches are warm, and the others get to their idle timeout.
    parked: Vec<usize>,
    threads: usize,
    searching: usize,
    running: usize,
    watcher: Option<usize>,
    max_threads: usize,
    cores: usize,

    /// Spawners that count on a thread but have not pushed their job yet.
    expected: usize,
    /// The `head` at which a thread could not be started: not tried again until a job has been taken.
    refused_at: Option<u64>,
    closed: bool,
    /// Threads that left after the pool was closed, to be joined by `shutdown`.
    left: Vec<JoinHandle<()>>,

    /// What the watcher saw at its last look: the number of the next job to arrive, and of the next to be taken.
    seen_end: u64,
    seen_head: u64,
    step: usize,
}

impl<J> Roster<J> {
    pub(super) fn new(max_threads: usize, cores: usize) -> Roster<J> {
        Roster {
            jobs: VecDeque::new(),
            head: 0,
            waiting: 0,
            seats: Vec::new(),
            next_id: 0,
            parked: Vec::new(),
            threads: 0,
            searching: 0,
            running: 0,
            watcher: None,
            max_threads,
            cores,
            expected: 0,
            refused_at: None,
            closed: false,
            left: Vec::new(),
            seen_end: 0,
            seen_head: 0,
            step: 1,
        }
    }

    pub(super) fn threads(&self) -> usize {
        self.threads
    }

    pub(super) fn idle(&self) -> usize {
        self.parked.len() + usize::from(self.watcher.is_some())
    }

    pub(super) fn queued(&self) -> usize {
        self.waiting
    }

    pub(super) fn running(&self) -> usize {
        self.running
    }

    pub(super) fn outstanding(&self) -> usize {
        self.waiting + self.running
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed
    }

    // --- Jobs ---------------------------------------------------------------------------------------------------

    /// Queues a job; `threads` must not be zero. Returns the job's number and whom to call.
    pub(super) fn push(&mut self, job: J) -> (u64, Call) {
        debug_assert!(self.threads > 0, "a queued job needs a thread");
        let number = self.end();
        self.jobs.push_back(Some(job));
        self.waiting += 1;
        let call = if self.searching > 0 {
            Call::Nobody
        } else if self.running == 0 {
            self.call_for_search()
        } else {
            self.call_for_watch()
        };
        (number, call)
    }

    /// Takes a job that still waits out of the queue.
    pub(super) fn cancel(&mut self, number: u64) -> Option<J> {
        let index = usize::try_from(number.checked_sub(self.head)?).ok()?;
        let job = self.jobs.get_mut(index)?.take()?;
        self.waiting -= 1;
        if self.waiting == 0 {
            self.head = self.end();
            self.jobs.clear();
        }
        Some(job)
    }

    /// Takes all jobs that still wait.
    pub(super) fn cancel_all(&mut self) -> Vec<J> {
        self.head = self.end();
        self.waiting = 0;
        self.jobs.drain(..).flatten().collect()
    }

    /// The number of the next job to arrive.
    fn end(&self) -> u64 {
        self.head + self.jobs.len() as u64
    }

    fn take(&mut self) -> Option<J> {
        while let Some(slot) = self.jobs.pop_front() {
            self.head += 1;
            if let Some(job) = slot {
                self.waiting -= 1;
                return Some(job);
            }
        }
        None
    }

    // --- What a thread of the pool reports ----------------------------------------------------------------------

    /// A new thread has begun. Returns the order to act on.
    pub(super) fn arrive(&mut self, seat: usize, thread: Thread) -> Order {
        let seat_of = self.seat(seat);
        seat_of.thread = Some(thread);
        seat_of.order.take().unwrap_or(Order::Search)
    }

    /// The handle of a thread that was started, which may have left again already.
    pub(super) fn started(&mut self, start: &Start, handle: JoinHandle<()>) {
        match self.seats.get_mut(start.seat) {
            Some(Some(seat)) if seat.id == start.id => seat.handle = Some(handle),
            _ if self.closed => self.left.push(handle),
            _ => {}
        }
    }

    /// A thread could not be started. When it was the only one, nobody can run the jobs that wait: they come back.
    pub(super) fn start_failed(&mut self, start: &Start) -> Vec<J> {
        self.seats[start.seat] = None;
        self.threads -= 1;
        match start.order {
            Order::Search => self.searching -= 1,
            Order::Watch => self.watcher = None,
        }
        self.refused_at = Some(self.head);
        if self.threads == 0 {
            self.cancel_all()
        } else {
            Vec::new()
        }
    }

    /// A searching thread looks at the queue.
    pub(super) fn search(&mut self, seat: usize) -> Next<J> {
        self.searching -= 1;
        match self.take() {
            Some(job) => {
                self.running += 1;
                let call = if self.waiting > 0 && self.searching == 0 {
                    self.call_for_watch()
                } else {
                    Call::Nobody
                };
                Next::Run(job, call)
            }
            None if self.closed => {
                self.leave(seat);
                Next::Leave
            }
            None => {
                self.parked.push(seat);
                Next::Park
            }
        }
    }

    /// A running thread has ended its job and searches again.
    pub(super) fn finished(&mut self) {
        self.running -= 1;
        self.searching += 1;
    }

    /// The order that a parked thread or the watcher got meanwhile.
    pub(super) fn order(&mut self, seat: usize) -> Option<Order> {
        self.seat(seat).order.take()
    }

    /// A parked thread got no order for as long as it may idle. Returns whether it leaves.
    pub(super) fn timed_out(&mut self, seat: usize) -> bool {
        if self.expected > 0 {
            return false;
        }
        self.parked.retain(|&other| other != seat);
        self.leave(seat);
        true
    }

    /// The watcher's look, after a period without an order.
    pub(super) fn look(&mut self, seat: usize) -> Look {
        let taken = self.head - self.seen_head;
        let stalled = self.waiting > 0 && self.head < self.seen_end;
        self.remember();
        if self.waiting == 0 {
            self.step = 1;
            // While there is traffic it stays: the next job that has to wait then needs no wake for its watcher.
            if taken > 0 && !self.closed {
                return Look::Stay(Vec::new());
            }
            self.watcher = None;
            if self.closed {
                self.leave(seat);
                return Look::Leave;
            }
            self.parked.push(seat);
            return Look::Park;
        }
        if !stalled {
            self.step = 1;
            return Look::Stay(Vec::new());
        }
        let awake = self.running + self.searching;
        if awake >= self.cores && taken >= SHORT_JOBS * awake as u64 {
            return Look::Stay(Vec::new());
        }
        let wanted = self.step.min(self.waiting.saturating_sub(self.searching));
        self.step = self.step.saturating_mul(2);
        let calls: Vec<Call> = (0..wanted).map_while(|_| self.call_another()).collect();
        if calls.is_empty() && self.searching == 0 {
            // There is nobody else: the watcher runs the job itself, and nobody is left to be called.
            self.watcher = None;
            self.searching += 1;
            return Look::Search;
        }
        Look::Stay(calls)
    }

    // --- Closing ------------------------------------------------------------------------------------------------

    /// Lets no job in any more, and calls every idle thread: they help with what waits and leave.
    pub(super) fn close(&mut self) -> Vec<Call> {
        self.closed = true;
        let mut calls = Vec::with_capacity(self.parked.len() + 1);
        while let Some(call) = self.unpark(Order::Search) {
            calls.push(call);
        }
        if let Some(seat) = self.watcher {
            // It looks now, and leaves unless it has something to watch.
            calls.extend(self.seat(seat).thread.clone().map(Call::Unpark));
        }
        calls
    }

    /// The handles of the threads that have left, and the names of those that have not.
    pub(super) fn take_left(&mut self) -> (Vec<JoinHandle<()>>, Vec<String>) {
        let still_here = self
            .seats
            .iter()
            .flatten()
            .map(|seat| {
                let name = seat.thread.as_ref().and_then(|thread| thread.name());
                name.unwrap_or("(starting)").to_owned()
            })
            .collect();
        (std::mem::take(&mut self.left), still_here)
    }

    // --- A spawner that needs a first thread --------------------------------------------------------------------

    /// Somebody needs a thread and there is none: start this one, then push, then say [`met`](Roster::met).
    pub(super) fn expect(&mut self) -> Start {
        self.expected += 1;
        self.searching += 1;
        self.seat_for(Order::Search)
    }

    pub(super) fn met(&mut self) {
        self.expected -= 1;
    }

    // --- Calling ------------------------------------------------------------------------------------------------

    /// Nobody is awake: call one.
    fn call_for_search(&mut self) -> Call {
        if let Some(call) = self.call_another() {
            return call;
        }
        // No other is parked and none can be started, so the watcher is the one.
        let Some(seat) = self.watcher.take() else {
            return Call::Nobody;
        };
        self.searching += 1;
        let watcher = self.seat(seat);
        watcher.order = Some(Order::Search);
        watcher.thread.clone().map_or(Call::Nobody, Call::Unpark)
    }

    /// Jobs wait behind running ones: call a watcher unless there is one.
    fn call_for_watch(&mut self) -> Call {
        if self.watcher.is_some() {
            return Call::Nobody;
        }
        let call = if let Some(&seat) = self.parked.last() {
            self.watcher = Some(seat);
            self.unpark(Order::Watch).unwrap_or(Call::Nobody)
        } else if self.may_start() {
            let start = self.seat_for(Order::Watch);
            self.watcher = Some(start.seat);
            Call::Start(start)
        } else {
            return Call::Nobody;
        };
        self.remember();
        self.step = 1;
        call
    }

    fn call_another(&mut self) -> Option<Call> {
        if let Some(call) = self.unpark(Order::Search) {
            return Some(call);
        }
        self.may_start().then(|| {
            self.searching += 1;
            Call::Start(self.seat_for(Order::Search))
        })
    }

    fn unpark(&mut self, order: Order) -> Option<Call> {
        let seat = self.parked.pop()?;
        if order == Order::Search {
            self.searching += 1;
        }
        let parked = self.seat(seat);
        parked.order = Some(order);
        Some(parked.thread.clone().map_or(Call::Nobody, Call::Unpark))
    }

    fn may_start(&self) -> bool {
        self.threads < self.max_threads && self.refused_at != Some(self.head)
    }

    fn seat_for(&mut self, order: Order) -> Start {
        let id = self.next_id;
        self.next_id += 1;
        self.threads += 1;
        let new = Some(Seat {
            id,
            thread: None,
            handle: None,
            order: Some(order),
        });
        let seat = match self.seats.iter().position(Option::is_none) {
            Some(seat) => {
                self.seats[seat] = new;
                seat
            }
            None => {
                self.seats.push(new);
                self.seats.len() - 1
            }
        };
        Start { seat, id, order }
    }

    fn seat(&mut self, seat: usize) -> &mut Seat {
        self.seats[seat]
            .as_mut()
            .expect("a thread keeps its seat until it leaves")
    }

    fn leave(&mut self, seat: usize) {
        let handle = self.seats[seat].take().and_then(|seat| seat.handle);
        self.threads -= 1;
        self.refused_at = None;
        if self.closed {
            self.left.extend(handle);
        }
    }

    fn remember(&mut self) {
        self.seen_end = self.end();
        self.seen_head = self.head;
    }
}
