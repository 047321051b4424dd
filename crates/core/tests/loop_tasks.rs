//! The tasks of a loop: requests, callbacks, reports, eager starts, and who awaits them from afar.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Wake, Waker};

use asyncio_core::{
    ExceptionContext, LoopQueue, Outcome, RawTask, Start, TaskRef, call_soon_threadsafe, spawn_local,
    take_running_request,
};

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
fn a_request_from_another_thread_is_seen_in_a_step_on_the_loops_thread() {
    let queue = LoopQueue::new().unwrap();
    let home = std::thread::current().id();
    let task = queue.spawn(poll_fn(move |_| {
        assert_eq!(std::thread::current().id(), home);
        match take_running_request() {
            Some(request) => Poll::Ready(Outcome::<()>::Cancelled(Some(request))),
            None => Poll::Pending,
        }
    }));
    let task = task.map_err(drop).unwrap();
    turn(&queue);
    let outside = task.as_task_ref().clone();
    let asked = std::thread::spawn(move || outside.cancel_msg("stop"))
        .join()
        .unwrap();
    assert!(asked);
    assert!(!task.as_task_ref().is_finished());
    turn(&queue);
    match value(task) {
        Outcome::Cancelled(Some(request)) => assert_eq!(request.message(), Some("stop")),
        other => panic!("not cancelled but {other:?}"),
    }
    assert_eq!(queue.live(), 0);
}

#[test]
fn a_request_in_the_last_step_turns_the_value_into_a_cancellation() {
    let queue = LoopQueue::new().unwrap();
    let task = go(&queue, async { TaskRef::current().unwrap().cancel() });
    turn(&queue);
    assert!(matches!(value(task), Outcome::Cancelled(Some(_))));
    let task = go(&queue, async {
        let me = TaskRef::current().unwrap();
        (me.cancel(), me.uncancel(), me.cancelling())
    });
    turn(&queue);
    assert!(matches!(value(task), Outcome::Value((true, 0, 0))));
}

#[test]
fn callbacks_and_tasks_take_turns_in_the_order_of_the_calls() {
    let queue = LoopQueue::new().unwrap();
    let seen: Rc<RefCell<Vec<String>>> = Rc::default();
    for n in 0..3 {
        let (of_task, of_call) = (seen.clone(), seen.clone());
        drop(go(&queue, async move {
            of_task.borrow_mut().push(format!("task {n}"))
        }));
        let called = queue.call_soon(None, move || {
            assert!(TaskRef::current().is_none());
            of_call.borrow_mut().push(format!("call {n}"));
        });
        assert!(called.is_ok());
    }
    let done = Rc::new(Cell::new(false));
    let queue_id = queue.id();
    let sent = Arc::new(AtomicUsize::new(0));
    let arrived = sent.clone();
    std::thread::spawn(move || {
        call_soon_threadsafe(queue_id, move || {
            arrived.fetch_add(1, Ordering::Relaxed);
        });
    })
    .join()
    .unwrap();
    turn(&queue);
    assert_eq!(
        *seen.borrow(),
        ["task 0", "call 0", "task 1", "call 1", "task 2", "call 2"]
    );
    assert_eq!(sent.load(Ordering::Relaxed), 1);
    let guard = OnDrop(Rc::new(Cell::new(0)));
    let drops = guard.0.clone();
    let flag = done.clone();
    let called = queue.call_soon(None, move || {
        let _guard = guard;
        flag.set(true);
    });
    assert!(called.is_ok());
    queue.close();
    assert_eq!(
        (done.get(), drops.get()),
        (false, 1),
        "a closed loop drops its callbacks"
    );
    assert!(queue.call_soon(None, || ()).is_err());
}

#[test]
fn done_callbacks_run_in_the_order_of_registration_also_when_they_come_late() {
    let queue = LoopQueue::new().unwrap();
    let seen: Arc<Mutex<Vec<u32>>> = Arc::default();
    let task = go(&queue, async { 1 });
    let push = |n| {
        let seen = seen.clone();
        move |task: &TaskRef| {
            assert!(task.is_finished());
            seen.lock().unwrap().push(n);
        }
    };
    let task_ref = task.as_task_ref().clone();
    task_ref.add_done_callback(push(1));
    let second = task_ref.add_done_callback(push(2));
    task_ref.add_done_callback(push(3));
    assert!(task_ref.remove_done_callback(second));
    assert!(!task_ref.remove_done_callback(second));
    drop(task);
    turn(&queue);
    turn(&queue);
    assert_eq!(*seen.lock().unwrap(), [1, 3]);
    task_ref.add_done_callback(push(4));
    assert_eq!(*seen.lock().unwrap(), [1, 3], "never inside the call");
    turn(&queue);
    turn(&queue);
    assert_eq!(*seen.lock().unwrap(), [1, 3, 4]);
}

#[test]
fn a_panic_that_nobody_retrieves_is_reported_once() {
    let reports: Arc<Mutex<Vec<String>>> = Arc::default();
    let queue = LoopQueue::new().unwrap();
    let told = reports.clone();
    queue.set_exception_handler(Some(Arc::new(move |context: &ExceptionContext| {
        told.lock().unwrap().push(format!(
            "{}: {}",
            context
                .task()
                .map_or("-".into(), |task| task.get_name().to_string()),
            context.panic_message().unwrap()
        ));
    })));
    let named = go(&queue, async { panic!("one") });
    named.as_task_ref().set_name("first");
    drop::<RawTask<()>>(named);
    let kept: RawTask<()> = go(&queue, async { panic!("two") });
    kept.as_task_ref().set_name("second");
    let seen: RawTask<()> = go(&queue, async { panic!("three") });
    turn(&queue);
    assert_eq!(*reports.lock().unwrap(), ["first: one"]);
    drop(kept);
    assert!(matches!(value(seen), Outcome::Panicked(_)));
    assert!(queue.call_soon(None, || panic!("four")).is_ok());
    turn(&queue);
    assert_eq!(*reports.lock().unwrap(), ["first: one", "second: two", "-: four"]);
}

#[test]
fn an_eager_task_takes_its_first_step_inside_the_call() {
    let queue = LoopQueue::new().unwrap();
    let task = go(&queue, async {
        let outer = TaskRef::current().unwrap();
        let here = std::panic::Location::caller();
        let inner = async { Outcome::Value(TaskRef::current().unwrap().id()) };
        let done = spawn_local(inner, Start::Eager, here, |_| {}).ok().unwrap();
        assert!(done.as_task_ref().is_finished());
        assert!(outer.is_current());
        let waiting = plain(async {
            yield_once().await;
            5
        });
        let waiting = spawn_local(waiting, Start::Eager, here, |_| {}).ok().unwrap();
        assert!(!waiting.as_task_ref().is_finished());
        let id = value_of(done.await);
        assert!(id != outer.id() && id != 0);
        value_of(waiting.await)
    });
    for _ in 0..4 {
        turn(&queue);
    }
    assert!(matches!(value(task), Outcome::Value(5)));
    assert_eq!(queue.live(), 0);
}

#[test]
fn a_task_can_be_awaited_from_another_thread() {
    for _ in 0..200 {
        let queue = LoopQueue::new().unwrap();
        let (task, late) = (go(&queue, yield_once()), go(&queue, async { 4 }));
        let joiner = std::thread::spawn(move || {
            let (task, late) = (
                futures_lite::future::block_on(task),
                futures_lite::future::block_on(late),
            );
            (value_of(task), value_of(late))
        });
        while queue.live() > 0 {
            turn(&queue);
        }
        assert_eq!(joiner.join().unwrap(), ((), 4));
    }
}

/// Wakes by letting go of what it holds.
struct Holder(Mutex<Option<TaskRef>>);

impl Wake for Holder {
    fn wake(self: Arc<Self>) {
        drop(self.0.lock().expect("nobody panics with it").take());
    }
}

/// Otherwise the task would be freed while those who waited for it are told.
#[test]
fn who_is_told_of_a_task_that_is_closed_may_have_the_last_reference_to_it() {
    let queue = LoopQueue::new().unwrap();
    let mut task = go(&queue, std::future::pending::<()>());
    turn(&queue);
    let holder = Arc::new(Holder(Mutex::new(Some(task.as_task_ref().clone()))));
    let waker = Waker::from(holder.clone());
    std::thread::spawn(move || {
        let mut cx = std::task::Context::from_waker(&waker);
        assert!(std::pin::Pin::new(&mut task).poll(&mut cx).is_pending());
    })
    .join()
    .unwrap();
    turn(&queue);
    assert!(holder.0.lock().unwrap().is_some());
    queue.close();
    assert!(holder.0.lock().unwrap().is_none());
}
