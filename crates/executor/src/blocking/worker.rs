//! The life of one thread of the pool: search, run, watch, park, leave. What it does next is the roster's decision.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use async_task::Runnable;

use super::roster::{Look, Next, Order, PERIOD};
use super::shared::{Shared, wake_all};

/// The body of a thread.
pub(super) fn work(shared: &Arc<Shared>, seat: usize) {
    let mut order = shared.lock().roster.arrive(seat, thread::current());
    loop {
        let parks = match order {
            Order::Search => search(shared, seat),
            Order::Watch => watch(shared, seat),
        };
        let next = match parks {
            After::Order(order) => Some(order),
            After::Park => park(shared, seat),
            After::Leave => None,
        };
        match next {
            Some(next) => order = next,
            None => break,
        }
    }
    // Under the lock, so that a shutdown that has just looked at the books and not yet gone to sleep is not missed.
    let _books = shared.lock();
    shared.left.notify_all();
}

/// What follows a role.
enum After {
    Order(Order),
    Park,
    Leave,
}

/// Runs jobs until none waits.
fn search(shared: &Arc<Shared>, seat: usize) -> After {
    let mut books = shared.lock();
    loop {
        match books.roster.search(seat) {
            Next::Run(job, call) => {
                drop(books);
                shared.make(call);
                run(job);
                books = shared.lock();
                books.roster.finished();
                let wakers = books.job_gone();
                if !wakers.is_empty() {
                    drop(books);
                    wake_all(wakers);
                    books = shared.lock();
                }
            }
            Next::Park => return After::Park,
            Next::Leave => return After::Leave,
        }
    }
}

/// Looks at the queue every period until called away, or until nothing goes on.
fn watch(shared: &Arc<Shared>, seat: usize) -> After {
    loop {
        thread::park_timeout(PERIOD);
        let mut books = shared.lock();
        if let Some(order) = books.roster.order(seat) {
            return After::Order(order);
        }
        let look = books.roster.look(seat);
        drop(books);
        match look {
            Look::Stay(calls) => calls.into_iter().for_each(|call| shared.make(call)),
            Look::Search => return After::Order(Order::Search),
            Look::Park => return After::Park,
            Look::Leave => return After::Leave,
        }
    }
}

/// Sleeps until there is an order; `None` when the thread has idled for too long and has left.
fn park(shared: &Shared, seat: usize) -> Option<Order> {
    // `None`: so far away that it never comes.
    let deadline = Instant::now().checked_add(shared.threads.idle_timeout);
    loop {
        let late = match deadline {
            None => {
                thread::park();
                false
            }
            Some(deadline) => {
                thread::park_timeout(deadline.saturating_duration_since(Instant::now()));
                Instant::now() >= deadline
            }
        };
        let mut books = shared.lock();
        if let Some(order) = books.roster.order(seat) {
            return Some(order);
        }
        if late && books.roster.timed_out(seat) {
            return None;
        }
    }
}

/// Runs a job. Whatever it does, the thread lives on.
///
/// Jobs of this crate keep their panic for the awaiter; this is for jobs of others, and for destructors that panic.
fn run(job: Runnable) {
    let payload = match catch_unwind(AssertUnwindSafe(|| job.run())) {
        Ok(_) => return,
        Err(payload) => payload,
    };
    // The panic hook has printed it. The payload's own destructor may panic, too; what that throws is leaked.
    if let Err(worse) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(worse);
    }
}
