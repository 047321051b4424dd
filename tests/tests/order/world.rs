//! The interpreter: runs a program on our loop and notes what happens, in the words of the recorder.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::pin::Pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use asyncio::{
    CallbackId, Event, JoinError, Lock, Promise, PromiseError, Queue, Runner, Semaphore, Task, TaskRef,
    call_later, call_soon, catch_cancelled, create_task, finally, get_running_loop, shield, sleep, timeout,
};

use crate::program::{At, Block, How, Op, Program};

/// A unit of the programs' time.
const UNIT: Duration = Duration::from_millis(1);
/// When a program is over; as in the recorder.
const END: u64 = 80_000;

thread_local! {
    /// Callbacks of promises and tasks are `Send`, and so find their world here.
    static WORLD: RefCell<Option<Rc<World>>> = const { RefCell::new(None) };
}

enum Handle {
    Soon(asyncio::Handle),
    Later(asyncio::TimerHandle),
}

struct World {
    callbacks: Vec<Block>,
    blocks: Vec<Block>,
    promises: Vec<Promise<u32>>,
    events: Vec<Event>,
    locks: Vec<Lock<()>>,
    semaphores: Vec<Semaphore>,
    queues: Vec<Queue<u32>>,
    sockets: Vec<(Rc<UnixStream>, UnixStream)>,
    tasks: RefCell<HashMap<At, TaskRef>>,
    /// Those that nobody has awaited.
    joins: RefCell<HashMap<At, Task<u32>>>,
    handles: RefCell<HashMap<At, Handle>>,
    ids: RefCell<HashMap<At, (At, CallbackId)>>,
    task_ids: RefCell<HashMap<At, (At, CallbackId)>>,
    start: Instant,
    told: Cell<Instant>,
    trace: RefCell<Vec<String>>,
    over: Cell<bool>,
}

/// Runs a program, and gives its trace.
pub(crate) fn run(program: &Program) -> Vec<String> {
    // What is left at the end of a program is dropped, and nobody need be told.
    let mut runner = Runner::new()
        .mock_clock(true)
        .tick_budget(0)
        .autojump_after(Duration::from_micros(200))
        .grace(Duration::ZERO)
        .exception_handler(|_| {});
    let ended = runner.run(async {
        let world = World::new(program);
        WORLD.set(Some(world.clone()));
        world.new_task(0);
        sleep(UNIT * END as u32).await;
        world.log("end");
        world.over.set(true);
        world
    });
    let world = ended.expect("the main future ends with a value");
    world.trace.take()
}

fn pair() -> (Rc<UnixStream>, UnixStream) {
    let (read, write) = UnixStream::pair().expect("a pair of sockets");
    read.set_nonblocking(true).expect("a socket can be non-blocking");
    (Rc::new(read), write)
}

fn world() -> Rc<World> {
    WORLD.with_borrow(|world| world.clone().expect("a program runs"))
}

fn callback(number: At) {
    let world = world();
    world.log(format!("c{number}"));
    for op in world.callbacks[number].iter() {
        assert!(world.sync(op), "a callback does not wait");
    }
}

/// Says that a task was cancelled, if it is dropped.
struct Ends(Rc<World>, At);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.log(format!("t{}$x", self.1));
    }
}

impl World {
    fn new(program: &Program) -> Rc<World> {
        let [promises, events, locks, semaphores, queues, sockets] = program.counts;
        let start = get_running_loop().time();
        Rc::new(World {
            callbacks: program.callbacks.clone(),
            blocks: program.tasks.clone(),
            promises: (0..promises).map(|_| Promise::new()).collect(),
            events: (0..events).map(|_| Event::new()).collect(),
            locks: (0..locks).map(|_| Lock::new(())).collect(),
            semaphores: (0..semaphores).map(|_| Semaphore::new(2)).collect(),
            queues: (0..queues).map(|_| Queue::new()).collect(),
            sockets: (0..sockets).map(|_| pair()).collect(),
            tasks: RefCell::default(),
            joins: RefCell::default(),
            handles: RefCell::default(),
            ids: RefCell::default(),
            task_ids: RefCell::default(),
            start,
            told: Cell::new(start),
            trace: RefCell::default(),
            over: Cell::new(false),
        })
    }

    fn log(&self, word: impl Into<String>) {
        if self.over.get() {
            return;
        }
        let now = get_running_loop().time();
        let mut trace = self.trace.borrow_mut();
        if self.told.replace(now) != now {
            trace.push(format!("@{}", (now - self.start).as_millis()));
        }
        trace.push(word.into());
    }

    fn new_task(self: &Rc<World>, number: At) {
        if self.tasks.borrow().contains_key(&number) {
            return;
        }
        let world = self.clone();
        let task = create_task(async move {
            world.log(format!("t{number}"));
            let ends = Ends(world.clone(), number);
            let block = world.blocks[number].clone();
            world.clone().block(number, block).await;
            std::mem::forget(ends);
            world.log(format!("t{number}$v"));
            number as u32
        });
        self.tasks.borrow_mut().insert(number, task.task_ref());
        self.joins.borrow_mut().insert(number, task);
    }

    /// Does an operation that does not wait; `false` if it is one that does.
    fn sync(self: &Rc<World>, op: &Op) -> bool {
        match *op {
            Op::Soon {
                callback: number,
                handle,
            } => {
                let soon = call_soon(move || callback(number));
                self.handles.borrow_mut().insert(handle, Handle::Soon(soon));
            }
            Op::Later {
                delay,
                callback: number,
                handle,
            } => {
                let later = call_later(UNIT * delay as u32, move || callback(number));
                self.handles.borrow_mut().insert(handle, Handle::Later(later));
            }
            Op::CancelHandle(at) => match self.handles.borrow().get(&at) {
                None => {}
                Some(Handle::Soon(handle)) => handle.cancel(),
                Some(Handle::Later(handle)) => handle.cancel(),
            },
            Op::Set(at, value) => self.truth(self.promises[at].set_result(value).is_ok()),
            Op::Fail(at) => self.truth(self.promises[at].set_exception("failure").is_ok()),
            Op::CancelPromise(at) => self.truth(self.promises[at].cancel()),
            Op::StateOfPromise(at) => self.log(match self.promises[at].result() {
                Ok(value) => format!("=v{value}"),
                Err(PromiseError::Failed(_)) => "=e".to_owned(),
                Err(PromiseError::Cancelled(_)) => "=x".to_owned(),
                Err(_) => "=p".to_owned(),
            }),
            Op::AddCallback {
                promise,
                callback: number,
                id,
            } => {
                let added =
                    self.promises[promise].add_done_callback(move |_: &Promise<u32>| callback(number));
                self.ids.borrow_mut().insert(id, (promise, added));
            }
            Op::RemoveCallback(at) => {
                let known = self.ids.borrow().get(&at).copied();
                if let Some((promise, id)) = known {
                    self.truth(self.promises[promise].remove_done_callback(id));
                }
            }
            Op::New(at) => self.new_task(at),
            Op::SetEvent(at) => self.events[at].set(),
            Op::ClearEvent(at) => self.events[at].clear(),
            Op::Put(at, value) => self.queues[at].put_nowait(value).expect("an unbounded queue"),
            Op::Send(at) => (&self.sockets[at].1).write_all(b"x").expect("there is room"),
            Op::AddReader(at) => {
                let (world, socket) = (Rc::downgrade(self), self.sockets[at].0.clone());
                let readable = move || {
                    let world = world.upgrade().expect("the program runs");
                    world.log(format!("r{at}"));
                    (&*world.sockets[at].0)
                        .read_exact(&mut [0])
                        .expect("it is readable");
                };
                get_running_loop()
                    .add_reader(socket, readable)
                    .expect("a socket can be watched");
            }
            Op::RemoveReader(at) => self.truth(get_running_loop().remove_reader(&self.sockets[at].0)),
            _ => return self.sync_of_task(op),
        }
        true
    }

    fn sync_of_task(self: &Rc<World>, op: &Op) -> bool {
        let task = |at: At| self.tasks.borrow().get(&at).cloned();
        match *op {
            Op::CancelTask(at) => {
                if let Some(task) = task(at) {
                    self.truth(task.cancel());
                }
            }
            Op::StateOfTask(at) => {
                if let Some(task) = task(at) {
                    let cancelled = self.joins.borrow().get(&at).map(Task::cancelled);
                    self.log(match (task.done(), cancelled) {
                        (false, _) => "=p",
                        (true, Some(true)) => "=x",
                        (true, Some(false)) => "=v",
                        (true, None) => "=d",
                    });
                }
            }
            Op::AddTaskCallback {
                task: of,
                callback: number,
                id,
            } => {
                if let Some(task) = task(of) {
                    let added = task.add_done_callback(move |_| callback(number));
                    self.task_ids.borrow_mut().insert(id, (of, added));
                }
            }
            Op::RemoveTaskCallback(at) => {
                let known = self.task_ids.borrow().get(&at).copied();
                if let Some((of, id)) = known {
                    let removed = task(of).is_some_and(|task| task.remove_done_callback(id));
                    self.truth(removed);
                }
            }
            _ => return false,
        }
        true
    }

    fn truth(&self, value: bool) {
        self.log(format!("={}", u8::from(value)));
    }

    fn block(self: Rc<World>, me: At, block: Block) -> Pin<Box<dyn Future<Output = ()>>> {
        Box::pin(async move {
            for op in block.iter() {
                if !self.sync(op) {
                    self.wait(me, op).await;
                }
            }
        })
    }

    async fn wait(self: &Rc<World>, me: At, op: &Op) {
        let nothing = |word: &str| format!("t{me}:{word}");
        let inner = |block: &Block| self.clone().block(me, block.clone());
        match op {
            Op::AwaitPromise(at) => {
                let word = match (&self.promises[*at]).await {
                    Ok(value) => format!("v{value}"),
                    Err(PromiseError::Cancelled(_)) => "x".to_owned(),
                    Err(_) => "e".to_owned(),
                };
                self.log(nothing(&word));
            }
            Op::AwaitTask(at) => {
                let task = self.joins.borrow_mut().remove(at);
                if let Some(task) = task {
                    let result = task.await;
                    self.log(nothing(&of_task(&result)));
                }
            }
            Op::Shield(at) => {
                let task = self.joins.borrow_mut().remove(at);
                if let Some(task) = task {
                    let result = shield(task).await;
                    self.log(nothing(&of_task(&result)));
                }
            }
            Op::Sleep(delay) => {
                sleep(UNIT * *delay as u32).await;
                self.log(nothing("."));
            }
            Op::WaitEvent(at) => {
                self.events[*at].wait().await;
                self.log(nothing("."));
            }
            Op::Get(at) => {
                let value = self.queues[*at].get().await.expect("it is never shut down");
                self.log(nothing(&format!("v{value}")));
            }
            Op::Lock(at, body) => {
                let _held = self.locks[*at].acquire().await;
                self.log(nothing("."));
                inner(body).await;
            }
            Op::Semaphore(at, body) => {
                let _held = self.semaphores[*at].acquire().await;
                self.log(nothing("."));
                inner(body).await;
            }
            Op::Timeout(delay, body) => {
                let result = timeout(UNIT * *delay as u32, inner(body)).await;
                self.log(nothing(if result.is_ok() { "." } else { ">" }));
            }
            Op::Finally(body, cleanup) => finally!({ inner(body).await }, { inner(cleanup).await }),
            Op::Catch(body, handler, how) => {
                if let Err(token) = catch_cancelled(inner(body)).await {
                    self.log(nothing("!"));
                    inner(handler).await;
                    match how {
                        How::Resume => token.resume().await,
                        How::Swallow => drop(token),
                        How::Uncancel => token.uncancel(),
                    }
                }
            }
            _ => unreachable!("the other operations do not wait"),
        }
    }
}

fn of_task(result: &Result<u32, JoinError>) -> String {
    match result {
        Ok(value) => format!("v{value}"),
        Err(_) => "x".to_owned(),
    }
}
