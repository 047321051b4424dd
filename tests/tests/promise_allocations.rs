//! What a promise costs: one allocation, whoever sets it and one who awaits it.

#![expect(unsafe_code, reason = "an allocator that counts")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use asyncio::{Promise, create_task, yield_now};

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: all is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: passed on to the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: passed on to the caller.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(f: impl FnOnce()) -> usize {
    let before = COUNT.get();
    f();
    COUNT.get() - before
}

// FUT-04
#[test]
fn a_promise_that_one_awaits_is_one_allocation() {
    let count = allocations(|| {
        let promise = Promise::new();
        let mut wait = pin!((&promise).into_future());
        let mut cx = Context::from_waker(Waker::noop());
        assert!(wait.as_mut().poll(&mut cx).is_pending());
        promise.clone().set_result(5).expect("it is open");
        assert!(matches!(wait.as_mut().poll(&mut cx), Poll::Ready(Ok(5))));
    });
    assert_eq!(count, 1);
}

/// On a loop that has warmed up: a task that awaits a promise costs its cell, which the loop keeps for the next, and the
/// promise.
#[test]
fn an_exchange_of_promises_on_a_loop_is_one_allocation_each() {
    let mut runner = asyncio::Runner::new();
    let count = runner.run(async {
        let round = async || {
            let promise = Promise::new();
            let setter = promise.clone();
            let task = create_task(async move { promise.await });
            yield_now().await;
            setter.set_result(1).expect("it is open");
            drop(setter);
            task.await.expect("a value").expect("a value")
        };
        for _ in 0..10 {
            round().await;
        }
        let before = COUNT.get();
        for _ in 0..100 {
            round().await;
        }
        COUNT.get() - before
    });
    // The await of a promise is a leaf of the task's tree: a link, which the tree keeps while the task lives.
    assert!(count.expect("a value") <= 200);
}
