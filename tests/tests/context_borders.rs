//! Where one context ends and another begins: loops inside of contexts, eager tasks, threads that are used again,
//! and destructors.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use asyncio::{Context, ContextVar, Runner, Token, context_var, create_task, task, to_thread, yield_now};
use futures_lite::future::{block_on, poll_once};

context_var! {
    static LEVEL: u32 = 0;
    static SHARED: Arc<AtomicU32> = Arc::new(AtomicU32::new(0));
    static WITNESS: Witness;
}

static_assertions::assert_impl_all!(Context: Send, Sync, Unpin);
static_assertions::assert_impl_all!(ContextVar<String>: Send, Sync);
static_assertions::assert_impl_all!(Token<String>: Send, Sync, Unpin);

async fn set_in_a_child_and_look() -> u32 {
    create_task(async { drop(LEVEL.set(3)) })
        .await
        .expect("nothing cancels it");
    LEVEL.get()
}

/// TSK-75, TSK-73: as in `ctx.run(asyncio.run, main())`.
#[test]
fn tasks_of_a_loop_that_runs_inside_a_context_have_their_own() {
    let seen = Context::new().run(|| {
        drop(LEVEL.set(1));
        let main = async {
            drop(LEVEL.set(2));
            set_in_a_child_and_look().await
        };
        (Runner::new().run(main).unwrap(), LEVEL.get())
    });
    assert_eq!(seen, (2, 1));
}

/// TSK-46, TSK-73.
#[test]
fn tasks_of_a_loop_that_runs_in_blocking_work_have_their_own() {
    let seen = Runner::new().run(async {
        drop(LEVEL.set(1));
        let work = to_thread(|| Runner::new().run(set_in_a_child_and_look()).unwrap());
        work.await.unwrap()
    });
    assert_eq!(seen.unwrap(), 1);
}

/// TSK-75, TSK-73.
#[test]
fn an_eager_task_keeps_its_changes_from_the_context_that_was_entered_around_it() {
    let ran = Runner::new().run(async {
        let (eager, seen) = Context::new().run(|| {
            drop(LEVEL.set(1));
            let eager = task().eager_start(true).create(async {
                drop(LEVEL.set(2));
                yield_now().await;
                LEVEL.get()
            });
            (eager, LEVEL.get())
        });
        assert_eq!((seen, eager.await.unwrap()), (1, 2));
    });
    ran.unwrap();
}

/// TSK-46: threads are used again, but not their variables.
#[test]
fn what_blocking_work_sets_is_not_seen_by_the_next() {
    let ran = Runner::new().run(async {
        for _ in 0..8 {
            let work = || (LEVEL.get(), LEVEL.set(9)).0;
            assert_eq!(to_thread(work).await.unwrap(), 0);
        }
    });
    ran.unwrap();
}

/// Looks at a variable when it is dropped.
#[derive(Clone)]
struct Witness(Arc<AtomicU32>);

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.fetch_add(LEVEL.get() + 1, Ordering::SeqCst);
        drop(LEVEL.set(5));
    }
}

/// TSK-73: neither ends the process.
#[test]
fn destructors_at_the_end_of_a_thread_can_use_variables() {
    thread_local! { static LAST: RefCell<Option<Witness>> = const { RefCell::new(None) }; }
    let seen = Arc::new(AtomicU32::new(0));
    let (value, local) = (Witness(seen.clone()), Witness(seen.clone()));
    let ends = thread::spawn(move || {
        LAST.set(Some(local));
        drop(WITNESS.set(value));
    });
    ends.join().unwrap();
    assert!(seen.load(Ordering::SeqCst) >= 2);
}

/// TSK-73.
#[test]
fn the_default_is_one_object() {
    SHARED.get().store(5, Ordering::SeqCst);
    assert_eq!(SHARED.get().load(Ordering::SeqCst), 5);
}

/// TSK-73.
#[test]
fn destructors_in_a_scope_that_is_dropped_see_its_value() {
    let seen = Arc::new(AtomicU32::new(0));
    let held = Witness(seen.clone());
    let mut scope = Box::pin(LEVEL.scope(7, async move {
        let _held = held;
        std::future::pending::<()>().await;
    }));
    assert!(block_on(poll_once(&mut scope)).is_none());
    drop(scope);
    assert_eq!((seen.load(Ordering::SeqCst), LEVEL.get()), (8, 0));
}
