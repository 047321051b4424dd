//! Guest mode: a loop that takes its turns inside another one, on that one's thread.

#![cfg(unix)]

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;

use asyncio_loop::{
    EventLoop, HostCall, RunError, call_soon, get_running_loop, start_guest_run, try_get_running_loop,
};
use asyncio_tasks::{JoinError, create_task, finally, to_thread};
use asyncio_timers::sleep;

/// A host: functions from anywhere, called on one thread, and nothing else.
struct Host {
    calls: mpsc::Receiver<HostCall>,
    sender: mpsc::Sender<HostCall>,
    called: usize,
}

impl Host {
    fn new() -> Host {
        let (sender, calls) = mpsc::channel();
        Host {
            calls,
            sender,
            called: 0,
        }
    }

    fn sender(&self) -> impl Fn(HostCall) + Send + Sync + 'static + use<> {
        let sender = self.sender.clone();
        move |call| drop(sender.send(call))
    }

    fn run(&mut self, mut done: impl FnMut() -> bool) {
        while !done() {
            let call = self.calls.recv().expect("the host has a sender of its own");
            call();
            self.called += 1;
        }
    }
}

type Done<T> = Rc<RefCell<Option<Result<T, JoinError>>>>;

fn note<T: 'static>(done: &Done<T>) -> impl FnOnce(Result<T, JoinError>) + 'static {
    let done = done.clone();
    move |outcome| *done.borrow_mut() = Some(outcome)
}

// GST-01
#[test]
fn a_guest_runs_beside_its_host_and_tells_when_its_loop_is_closed() {
    let mut host = Host::new();
    let event_loop = EventLoop::new().unwrap();
    let handle = event_loop.handle();
    let (done, log) = (Done::default(), Rc::new(RefCell::new(Vec::new())));
    let to = log.clone();
    let main = async move {
        let left = to.clone();
        drop(create_task(finally(std::future::pending::<()>(), async move {
            sleep(Duration::from_millis(1)).await;
            left.borrow_mut().push("cleaned up");
        })));
        sleep(Duration::from_millis(2)).await;
        to.borrow_mut().push("slept");
        to_thread(|| 6 * 7).await.unwrap()
    };
    start_guest_run(event_loop, main, host.sender(), note(&done)).unwrap();
    host.run(|| done.borrow().is_some());
    assert_eq!(done.take().unwrap().unwrap(), 42);
    assert_eq!(*log.borrow(), ["slept", "cleaned up"]);
    assert!(handle.is_closed() && !handle.is_running());
    assert!(try_get_running_loop().is_err());
    assert!(host.called < 50, "{} turns: somebody polls", host.called);
}

// GST-01
#[test]
fn the_task_of_a_guest_can_be_cancelled_and_a_panic_is_an_outcome() {
    let mut host = Host::new();
    let done: Done<()> = Done::default();
    let task = start_guest_run(
        EventLoop::new().unwrap(),
        std::future::pending(),
        host.sender(),
        note(&done),
    );
    task.unwrap().cancel();
    host.run(|| done.borrow().is_some());
    assert!(done.take().unwrap().unwrap_err().is_cancelled());

    let main = async { panic!("on purpose") };
    start_guest_run(EventLoop::new().unwrap(), main, host.sender(), note(&done)).unwrap();
    host.run(|| done.borrow().is_some());
    assert!(done.take().unwrap().unwrap_err().is_panic());
}

// GST-02
#[test]
fn a_guest_is_the_running_loop_of_its_thread_and_the_only_one() {
    let mut host = Host::new();
    let done = Done::default();
    let main = async {
        get_running_loop().stop();
        sleep(Duration::from_millis(1)).await;
        "stop has no meaning here"
    };
    start_guest_run(EventLoop::new().unwrap(), main, host.sender(), note(&done)).unwrap();
    let other = start_guest_run(EventLoop::new().unwrap(), async {}, host.sender(), |_| ());
    assert!(matches!(other, Err(RunError::Nested)));
    let handle = get_running_loop();
    assert!(
        handle.try_call_soon(|| ()).is_err(),
        "code of the host is outside of the loop"
    );
    let (sender, called) = mpsc::channel();
    handle
        .call_soon_threadsafe(move || {
            call_soon(move || sender.send(()).unwrap());
        })
        .unwrap();
    host.run(|| done.borrow().is_some());
    assert_eq!(done.take().unwrap().unwrap(), "stop has no meaning here");
    called.try_recv().unwrap();

    let inside = asyncio_loop::run(async {
        start_guest_run(EventLoop::new().unwrap(), async {}, |_| (), |_| ()).map(drop)
    });
    assert!(matches!(inside, Err(RunError::Nested)));
    let mut closed = EventLoop::new().unwrap();
    closed.close();
    let refused = start_guest_run(closed, async {}, host.sender(), |_| ());
    assert!(matches!(refused, Err(RunError::Closed)));
}

// GST-02
#[test]
fn a_host_that_ends_first_leaves_the_guest_behind() {
    std::thread::spawn(|| {
        let host = Host::new();
        start_guest_run(
            EventLoop::new().unwrap(),
            sleep(Duration::from_secs(3600)),
            host.sender(),
            |_| (),
        )
        .unwrap();
        drop(host);
    })
    .join()
    .unwrap();
}
