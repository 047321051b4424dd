//! `block_on`: one future on the calling thread, which sleeps in between.
//!
//! The waker is made once per thread and kept; a `block_on` inside a `block_on` finds it in use and makes one of its
//! own, so that the inner one cannot swallow the outer one's notification.

use std::cell::RefCell;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use asyncio_core::outside;

use crate::signal::Signal;

/// Runs a future to its end on this thread, and sleeps while it is pending.
///
/// Nothing else is driven: a task of an executor makes progress only if somebody runs that executor, so write
/// `block_on(executor.run(future))`. It may be called inside itself, on a future that is being polled by any executor;
/// the thread is blocked then, and with it whatever else that executor wanted to do.
///
/// # Panics
///
/// When the future panics. Nothing is left behind: the thread can call it again.
///
/// # Python
///
/// `loop.run_until_complete(fut)`, without the loop. In an application use `asyncio::run`.
///
/// # Examples
///
/// ```
/// use asyncio_executor::block_on;
///
/// let answer = block_on(async { block_on(async { 6 }) * 7 });
/// assert_eq!(answer, 42);
/// ```
#[doc(alias = "run_until_complete")]
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    with_signal(|signal, waker| {
        let mut cx = Context::from_waker(waker);
        loop {
            // Inside a task: what it is asked cannot reach in here, since nothing else of it runs meanwhile.
            if let Poll::Ready(value) = outside(|| future.as_mut().poll(&mut cx)) {
                return value;
            }
            signal.wait();
        }
    })
}

/// The signal of a thread, as a waker.
struct ThreadWaker(Signal);

impl Wake for ThreadWaker {
    fn wake(self: Arc<Self>) {
        self.0.notify();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.notify();
    }
}

type Pair = (Arc<ThreadWaker>, Waker);

fn pair() -> Pair {
    let signal = Arc::new(ThreadWaker(Signal::new()));
    let waker = Waker::from(signal.clone());
    (signal, waker)
}

/// Lends the thread's own pair, or a new one if that is lent already or the thread is ending.
fn with_signal<R>(run: impl FnOnce(&Signal, &Waker) -> R) -> R {
    thread_local! {
        static KEPT: RefCell<Option<Pair>> = const { RefCell::new(None) };
    }

    let mut run = Some(run);
    let lent = KEPT.try_with(|kept| {
        let mut kept = kept.try_borrow_mut().ok()?;
        let (signal, waker) = kept.get_or_insert_with(pair);
        let run = run.take()?;
        Some(run(&signal.0, waker))
    });
    match (lent, run) {
        (Ok(Some(result)), _) => result,
        (_, Some(run)) => {
            let (signal, waker) = pair();
            run(&signal.0, &waker)
        }
        (_, None) => unreachable!("the closure was called and gave its result"),
    }
}
