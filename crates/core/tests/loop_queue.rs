//! The loop's queue: order, wakes from other threads, panics, and the end.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Wake, Waker};

use asyncio_core::{LoopQueue, Outcome, RawTask, Start, current_loop, spawn_local};

/// Sets a flag when it is dropped.
struct OnDrop(Rc<Cell<u32>>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

fn turn(queue: &LoopQueue) {
    queue.take_remote();
    queue.tick(0);
}

async fn yield_once() {
    let mut yielded = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

async fn plain<F: Future>(future: F) -> Outcome<F::Output> {
    Outcome::Value(future.await)
}

fn go<F: Future<Output: 'static> + 'static>(queue: &LoopQueue, future: F) -> RawTask<F::Output> {
    queue.spawn(plain(future)).map_err(drop).expect("an open queue")
}

fn go_local<F: Future<Output: 'static> + 'static>(future: F) -> Option<RawTask<F::Output>> {
    let here = std::panic::Location::caller();
    spawn_local(plain(future), Start::Queued, here, |_| {}).ok()
}

fn value<T>(task: RawTask<T>) -> Outcome<T> {
    let mut task = std::pin::pin!(task);
    let mut cx = std::task::Context::from_waker(Waker::noop());
    match std::future::Future::poll(task.as_mut(), &mut cx) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the task has not ended"),
    }
}

fn value_of<T>(outcome: Outcome<T>) -> T {
    match outcome {
        Outcome::Value(value) => value,
        other => panic!("no value but {other:?}"),
    }
}

#[test]
fn tasks_run_in_the_order_of_their_creation_and_their_wakes() {
    let queue = LoopQueue::new().unwrap();
    let seen = Rc::new(RefCell::new(Vec::new()));
    for n in 0..3 {
        let seen = seen.clone();
        let task = go(&queue, async move {
            seen.borrow_mut().push(n);
            yield_once().await;
            seen.borrow_mut().push(10 + n);
        });
        drop(task);
    }
    turn(&queue);
    assert_eq!(
        *seen.borrow(),
        [0, 1, 2],
        "a budget of 0 runs exactly what was ready at entry"
    );
    turn(&queue);
    assert_eq!(*seen.borrow(), [0, 1, 2, 10, 11, 12]);
    assert_eq!(queue.live(), 0);
}

#[test]
fn a_budget_goes_on_with_what_became_ready_meanwhile() {
    let queue = LoopQueue::new().unwrap();
    let steps = Rc::new(Cell::new(0));
    let count = steps.clone();
    let task = go(&queue, async move {
        loop {
            count.set(count.get() + 1);
            yield_once().await;
        }
    });
    assert_eq!(queue.tick(10), 10);
    assert_eq!(steps.get(), 10);
    drop(task);
}

#[test]
fn a_task_can_spawn_tasks_on_its_loop() {
    let queue = LoopQueue::new().unwrap();
    let task = go(&queue, async { value_of(go_local(async { 7 }).unwrap().await) });
    assert!(current_loop().is_none());
    turn(&queue);
    turn(&queue);
    turn(&queue);
    assert!(matches!(value(task), Outcome::Value(7)));
}

#[test]
fn a_wake_from_another_thread_arrives_and_unparks() {
    struct Unparked(AtomicUsize);
    impl Wake for Unparked {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let unparked = Arc::new(Unparked(AtomicUsize::new(0)));
    let queue = LoopQueue::new().unwrap();
    queue.set_unpark(Waker::from(unparked.clone()));

    let slot: Arc<Mutex<Option<Waker>>> = Arc::default();
    let mine = slot.clone();
    let mut first = true;
    let task = go(
        &queue,
        poll_fn(move |cx| {
            if std::mem::replace(&mut first, false) {
                *mine.lock().unwrap() = Some(cx.waker().clone());
                return Poll::Pending;
            }
            Poll::Ready(5)
        }),
    );
    turn(&queue);

    assert!(queue.prepare_park());
    std::thread::spawn(move || slot.lock().unwrap().take().unwrap().wake())
        .join()
        .unwrap();
    assert_eq!(unparked.0.load(Ordering::Relaxed), 1);
    assert!(!queue.prepare_park(), "the remote side has the task");
    turn(&queue);
    assert!(matches!(value(task), Outcome::Value(5)));
}

#[test]
#[should_panic(expected = "LoopQueue::tick was called inside a step")]
fn a_queue_is_not_turned_inside_one_of_its_own_tasks() {
    let queue = Rc::new(LoopQueue::new().unwrap());
    let inner = queue.clone();
    let task = go(&queue, async move {
        inner.tick(1);
    });
    turn(&queue);
    if let Outcome::Panicked(panic) = value(task) {
        std::panic::resume_unwind(panic);
    }
}

#[test]
fn closing_ends_tasks_that_nobody_would_ever_wake() {
    let drops = Rc::new(Cell::new(0));
    let queue = LoopQueue::new().unwrap();
    let mut wakers = Vec::new();
    let kept: Rc<RefCell<Vec<Waker>>> = Rc::default();
    for _ in 0..100 {
        let guard = OnDrop(drops.clone());
        let kept = kept.clone();
        let task = go(&queue, async move {
            let _guard = guard;
            poll_fn(|cx| {
                kept.borrow_mut().push(cx.waker().clone());
                Poll::<()>::Pending
            })
            .await;
        });
        drop(task);
    }
    turn(&queue);
    wakers.append(&mut kept.borrow_mut());
    assert_eq!((drops.get(), queue.live()), (0, 100));
    queue.close();
    assert_eq!((drops.get(), queue.live()), (100, 0));
    drop(queue);
    for waker in wakers {
        waker.wake();
    }
}

#[test]
fn a_closed_queue_gives_the_future_back() {
    let queue = LoopQueue::new().unwrap();
    queue.close();
    assert!(queue.spawn(plain(async {})).is_err());
}

#[test]
fn a_task_that_spawns_while_it_is_dropped_does_not_keep_the_loop_open() {
    struct SpawnsOnDrop(Rc<Cell<bool>>);
    impl Drop for SpawnsOnDrop {
        fn drop(&mut self) {
            self.0.set(go_local(async {}).is_none());
        }
    }
    let refused = Rc::new(Cell::new(false));
    let queue = LoopQueue::new().unwrap();
    let guard = SpawnsOnDrop(refused.clone());
    let task = go(&queue, async move {
        let _guard = guard;
        pending::<()>().await;
    });
    queue.close();
    assert!(refused.get());
    assert!(matches!(value(task), Outcome::Cancelled(None)));
}

#[test]
fn a_panic_in_a_task_reaches_who_joins_it_and_nobody_else() {
    let queue = LoopQueue::new().unwrap();
    let bad = go(&queue, async { panic!("on purpose") });
    let good = go(&queue, async { 1 });
    turn(&queue);
    assert!(matches!(value(good), Outcome::Value(1)));
    assert!(matches!(value::<()>(bad), Outcome::Panicked(_)));
}

#[test]
fn a_panic_in_a_destructor_does_not_end_the_process() {
    struct Bad;
    impl Drop for Bad {
        fn drop(&mut self) {
            panic!("on purpose, in a destructor");
        }
    }
    let queue = LoopQueue::new().unwrap();
    let bad = go(&queue, async {
        let _bad = Bad;
    });
    drop::<RawTask<()>>(bad);
    let good = go(&queue, async { 1 });
    turn(&queue);
    assert!(matches!(value(good), Outcome::Value(1)));
    assert_eq!(queue.live(), 0);
}

#[test]
fn wakers_of_ended_loops_are_harmless_to_the_next_one() {
    let mut old = Vec::new();
    for _ in 0..50 {
        let queue = LoopQueue::new().unwrap();
        let kept: Rc<RefCell<Vec<Waker>>> = Rc::default();
        let inner = kept.clone();
        let task = go(
            &queue,
            poll_fn(move |cx| {
                inner.borrow_mut().push(cx.waker().clone());
                Poll::<()>::Pending
            }),
        );
        drop(task);
        turn(&queue);
        old.append(&mut kept.borrow_mut());
        old.iter().for_each(Waker::wake_by_ref);
    }
}

#[test]
fn other_threads_wake_while_the_loop_closes() {
    // A stress run: threads hold wakers and use them while the queue ends; every future is dropped exactly once.
    for _ in 0..200 {
        let drops = Rc::new(Cell::new(0));
        let queue = LoopQueue::new().unwrap();
        let wakers: Arc<Mutex<Vec<Waker>>> = Arc::default();
        for _ in 0..8 {
            let guard = OnDrop(drops.clone());
            let wakers = wakers.clone();
            let task = go(&queue, async move {
                let _guard = guard;
                poll_fn(|cx| {
                    wakers.lock().unwrap().push(cx.waker().clone());
                    Poll::<()>::Pending
                })
                .await;
            });
            drop(task);
        }
        turn(&queue);
        let taken = std::mem::take(&mut *wakers.lock().unwrap());
        let waking = std::thread::spawn(move || taken.into_iter().for_each(Waker::wake));
        queue.close();
        assert_eq!(drops.get(), 8);
        waking.join().unwrap();
    }
}

#[test]
fn a_detached_task_that_nothing_can_wake_lives_until_the_loop_ends() {
    let drops = Rc::new(Cell::new(0));
    let queue = LoopQueue::new().unwrap();
    for _ in 0..10 {
        let guard = OnDrop(drops.clone());
        let task = go(&queue, async move {
            let _guard = guard;
            pending::<()>().await;
        });
        queue.enter(|| drop(task));
    }
    turn(&queue);
    turn(&queue);
    assert_eq!((drops.get(), queue.live()), (0, 10));
    queue.close();
    assert_eq!((drops.get(), queue.live()), (10, 0));
}

#[test]
fn a_handle_that_is_detached_on_another_thread_or_after_the_loop_is_harmless() {
    let queue = LoopQueue::new().unwrap();
    let running = go(&queue, pending::<()>());
    let kept = go(&queue, pending::<()>());
    turn(&queue);
    std::thread::spawn(move || drop(running)).join().unwrap();
    turn(&queue);
    turn(&queue);
    assert_eq!(queue.live(), 2);
    queue.close();
    drop(queue);
    drop(kept);
}

#[test]
fn long_steps_end_a_tick_before_its_budget() {
    let queue = LoopQueue::new().expect("room for a queue");
    let steps = Rc::new(Cell::new(0));
    let count = steps.clone();
    let task = go(&queue, async move {
        loop {
            count.set(count.get() + 1);
            std::thread::sleep(std::time::Duration::from_millis(2));
            yield_once().await;
        }
    });
    queue.take_remote();
    let taken = queue.tick(512);
    assert_eq!(taken, steps.get());
    assert!((2..=32).contains(&taken), "{taken} steps of 2 ms");
    drop(task);
}

#[test]
fn short_steps_use_the_budget_up() {
    let queue = LoopQueue::new().expect("room for a queue");
    let task = go(&queue, async {
        loop {
            yield_once().await;
        }
    });
    queue.take_remote();
    // A busy machine may make a step long: not each time.
    assert!((0..100).any(|_| queue.tick(512) == 512));
    drop(task);
}
