//! `LoopQueue`: the ready queue of one loop on one thread.
//!
//! One FIFO holds all that is ready. On the loop's own thread a push takes no lock and no atomic operation; other
//! threads push to the remote side, which the loop moves over at each turn. The order is that of the wakes, so two
//! runs of a program whose input is the same take the same steps.
//!
//! What this file leaves to the loop: when to look at I/O and at the timers, and how to wait.

mod calls;
mod pace;
mod tick;
mod watch;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::ptr::NonNull;
use std::rc::Rc;
use std::task::Waker;

pub use calls::stop_here;

use crate::blocks::Blocks;
use crate::cell::{self, Draft, Header, Queued, VTable};
use crate::place::{INDEX_BITS, Kind, Place, QueueId};
use crate::registry::Registry;
use crate::report::ExceptionHandler;
use crate::table::{self, TaskRemote, TooManyQueues};
use crate::watch::Pulse;
use crate::{Outcome, RawTask, TaskRef, members, thread};

/// The ready queue of a loop: single owner, bound to the thread that made it.
pub struct LoopQueue {
    state: Rc<LoopState>,
}

pub(crate) struct LoopState {
    id: QueueId,
    remote: &'static TaskRemote,
    ready: RefCell<VecDeque<Queued>>,
    registry: Registry,
    closed: Cell<bool>,
    /// A task of the loop takes a step. While it does, no other may be taken from the queue: it could be the same.
    stepping: Cell<bool>,
    /// Tasks start eagerly unless they say otherwise.
    eager: Cell<bool>,
    /// The loop is to stop when what is ready now has had its turn.
    stopping: Cell<bool>,
    blocks: Blocks,
    /// Other threads may look.
    watch: Cell<Option<&'static Pulse>>,
}

/// When a new task takes its first step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// In its turn.
    Queued,
    /// At once, inside the call that makes the task.
    Eager,
}

impl LoopState {
    #[inline]
    pub(crate) fn id(&self) -> QueueId {
        self.id
    }

    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.get()
    }

    #[inline]
    pub(crate) fn blocks(&self) -> &Blocks {
        &self.blocks
    }

    #[inline]
    pub(crate) fn push(&self, task: Queued) {
        self.ready.borrow_mut().push_back(task);
    }

    #[inline]
    pub(crate) fn unregister(&self, index: u32, id: u64) {
        self.registry.remove(index);
        if self.registry.is_watched() {
            members::forget(id);
        }
    }

    /// Notes what the task at `index` belongs to, if anybody watches.
    #[inline]
    pub(crate) fn note_group(&self, index: u32, group: usize) {
        self.registry.note_group(index, group);
    }

    /// Starts a task whose future is what `make` gives.
    ///
    /// The parts that do not know the future's type are functions of their own. What is left writes the future to its
    /// cell, once, from where the caller has it.
    ///
    /// # Safety
    ///
    /// The future is gone before what it borrows: the loop is closed, or the task has ended, before that.
    #[expect(unsafe_code, reason = "the references of a new cell")]
    #[inline]
    unsafe fn spawn<F, T>(
        &self,
        make: impl FnOnce() -> F,
        start: Option<Start>,
        location: &'static Location<'static>,
        dress: impl FnOnce(&TaskRef),
    ) -> RawTask<T>
    where
        F: Future<Output = Outcome<T>>,
    {
        // SAFETY: a new cell, for this type.
        let draft = unsafe { Draft::<F, T>::new(self.begin(Draft::<F, T>::VTABLE, location)) };
        // SAFETY: the state is not Send, so this is the loop's thread, on which the future stays.
        let cell = unsafe { draft.fill(make()) };
        // SAFETY: the first reference is the handle's.
        let task = unsafe { RawTask::from_cell(cell) };
        dress(task.as_task_ref());
        // SAFETY: the second reference.
        unsafe { self.launch(cell, start) };
        task
    }

    /// The header of a new cell, with two references and an index.
    #[inline(never)]
    fn begin(&self, vtable: &'static VTable, location: &'static Location<'static>) -> NonNull<Header> {
        let index = self.registry.reserve();
        let place = Place::new(self.id, Kind::Loop, index);
        let room = self.blocks.allocate(&vtable.size);
        #[expect(unsafe_code, reason = "a new cell")]
        // SAFETY: room of the table's size.
        unsafe {
            Header::begin(room, vtable, place, 2, location)
        }
    }

    /// Registers a new task, and lets it take its first step, now or in its turn.
    ///
    /// # Safety
    ///
    /// The task was made just now, on this loop; one of its references is given up.
    #[expect(unsafe_code, reason = "the references of a new cell")]
    #[inline(never)]
    unsafe fn launch(&self, cell: NonNull<Header>, start: Option<Start>) {
        // SAFETY: there are references.
        let header = unsafe { cell.as_ref() };
        header.span.open(header);
        self.registry.fill(header.place.index(), cell);
        let eager = match start {
            Some(start) => start == Start::Eager,
            None => self.eager.get(),
        };
        if eager {
            let _stepping = self.step();
            let _entered = thread::enter_loop(self);
            // SAFETY: the reference that is given up; the task was never queued.
            unsafe { cell::run_first(cell) };
        } else {
            // SAFETY: the reference that is given up.
            let queued = unsafe { Queued::from_raw(cell) };
            queued.mark_ready();
            self.push(queued);
        }
    }

    /// Notes that a task takes a step, for as long as the guard lives.
    fn step(&self) -> Stepping<'_> {
        Stepping {
            flag: &self.stepping,
            before: self.stepping.replace(true),
        }
    }

    /// Nothing takes a step now, or this panics.
    fn check_between_steps(&self, what: &str) {
        assert!(
            !self.stepping.get(),
            "{what} was called inside a step of one of the loop's own tasks"
        );
    }

    #[inline]
    fn pop(&self) -> Option<Queued> {
        self.ready.borrow_mut().pop_front()
    }

    fn take_remote(&self) {
        // No more than what is there now: a thread that pushes without end must not keep the loop here.
        for _ in 0..self.remote.len() {
            match self.remote.pop() {
                Some(queued) => match queued.into_call() {
                    Ok(call) if call.queue() == self.id => self.push(Queued::from_call(call)),
                    // It was for a loop that had this one's place in the table before.
                    Ok(call) => drop(call.cancel()),
                    Err(task) if task.header().place.queue() != self.id => drop(task),
                    Err(task) => {
                        if let Some(task) = cell::come_home(task) {
                            self.push(task);
                        }
                    }
                },
                None => break,
            }
        }
    }

    fn tasks(&self) -> Vec<TaskRef> {
        let registry = &self.registry;
        let mut tasks = Vec::with_capacity(registry.len());
        let mut from = 0;
        while let Some((index, cell)) = registry.next(from) {
            from = index + 1;
            // SAFETY: the cell of a registered task is not freed.
            #[expect(unsafe_code, reason = "the registry holds addresses")]
            if unsafe { cell.as_ref() }.is_part() {
                continue;
            }
            #[expect(unsafe_code, reason = "the registry holds addresses")]
            // SAFETY: the cell of a registered task is not freed.
            tasks.push(unsafe { TaskRef::borrow(cell) });
        }
        tasks
    }
}

struct Stepping<'a> {
    flag: &'a Cell<bool>,
    before: bool,
}

impl Drop for Stepping<'_> {
    fn drop(&mut self) {
        self.flag.set(self.before);
    }
}

impl LoopQueue {
    /// A queue for a loop on this thread.
    ///
    /// # Errors
    ///
    /// When this process has 4096 loops and pools already.
    pub fn new() -> Result<LoopQueue, TooManyQueues> {
        let (id, remote) = table::claim()?;
        Ok(LoopQueue {
            state: Rc::new(LoopState {
                id,
                remote,
                ready: RefCell::new(VecDeque::new()),
                registry: Registry::new((1 << INDEX_BITS) - 1),
                closed: Cell::new(false),
                stepping: Cell::new(false),
                eager: Cell::new(false),
                stopping: Cell::new(false),
                blocks: Blocks::default(),
                watch: Cell::new(None),
            }),
        })
    }

    /// The name of this queue in this process.
    pub fn id(&self) -> QueueId {
        self.state.id
    }

    /// Calls `f` with this as the queue that [`spawn_local`] and wakes on this thread use.
    #[inline]
    pub fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        let _restore = thread::enter_loop(&self.state);
        f()
    }

    /// Sets what ends the loop's wait when another thread wakes a task.
    pub fn set_unpark(&self, unpark: Waker) {
        self.state.remote.set_unpark(Some(unpark));
    }

    /// Sets who is told of panics that nobody retrieves, and of other failures that no caller sees.
    pub fn set_exception_handler(&self, handler: Option<ExceptionHandler>) {
        table::set_handler(self.state.id, handler);
    }

    /// Decides whether tasks that do not say otherwise start eagerly; see [`Start`].
    pub fn set_eager(&self, eager: bool) {
        self.state.eager.set(eager);
    }

    /// Spawns a task on this queue.
    ///
    /// # Errors
    ///
    /// Gives the future back when the queue was closed.
    #[track_caller]
    pub fn spawn<F, T>(&self, future: F) -> Result<RawTask<T>, F>
    where
        F: Future<Output = Outcome<T>> + 'static,
        T: 'static,
    {
        if self.state.closed.get() {
            return Err(future);
        }
        let location = Location::caller();
        // SAFETY: the future is 'static.
        #[expect(unsafe_code, reason = "a 'static future")]
        let task = unsafe { self.state.spawn(|| future, Some(Start::Queued), location, |_| {}) };
        Ok(task)
    }

    /// Spawns a task that may borrow from its caller.
    ///
    /// # Errors
    ///
    /// Gives the future back when the queue was closed.
    ///
    /// # Safety
    ///
    /// The future is gone before what it borrows: the task has ended, or this queue was closed. A panic between here
    /// and there must not skip that. The handle does not outlive what the value borrows.
    #[expect(unsafe_code, reason = "the main future of a loop borrows from its caller")]
    pub unsafe fn spawn_borrowing<F, T>(
        &self,
        future: F,
        location: &'static Location<'static>,
        dress: impl FnOnce(&TaskRef),
    ) -> Result<RawTask<T>, F>
    where
        F: Future<Output = Outcome<T>>,
    {
        if self.state.closed.get() {
            return Err(future);
        }
        // SAFETY: passed on to the caller.
        Ok(unsafe { self.state.spawn(|| future, Some(Start::Queued), location, dress) })
    }

    /// Moves over what other threads woke.
    pub fn take_remote(&self) {
        if !self.state.remote.is_empty() {
            self.state.take_remote();
        }
    }

    /// Is a task ready on the loop's own side?
    #[inline]
    pub fn has_ready(&self) -> bool {
        !self.state.ready.borrow().is_empty()
    }

    /// Is something ready on the remote side?
    pub fn has_remote(&self) -> bool {
        !self.state.remote.is_empty()
    }

    /// How many tasks are ready on the loop's own side.
    pub fn ready_len(&self) -> usize {
        self.state.ready.borrow().len()
    }

    /// How many tasks of this queue have not ended.
    pub fn live(&self) -> usize {
        self.state.registry.len()
    }

    /// The tasks of this queue that have not ended, in no particular order.
    pub fn tasks(&self) -> Vec<TaskRef> {
        self.state.tasks()
    }

    /// Announces that the loop is about to wait; a wake from another thread will from now on unpark it. `false`
    /// means that something is ready on the remote side and the loop must not wait.
    #[must_use = "on false the loop must not wait"]
    pub fn prepare_park(&self) -> bool {
        self.state.remote.prepare_park()
    }

    /// Says that the wait is over.
    pub fn unparked(&self) {
        self.state.remote.unparked();
    }

    /// Ends every task by dropping its future, on this thread, and refuses new ones. Callbacks that were not run are
    /// dropped. Idempotent.
    ///
    /// # Panics
    ///
    /// Inside a step of one of this queue's own tasks.
    pub fn close(&self) {
        let state = &*self.state;
        state.check_between_steps("LoopQueue::close");
        if state.closed.replace(true) {
            return;
        }
        let _stepping = state.step();
        let _restore = thread::enter_loop(state);
        // What a destructor wakes or queues lands in the ready queue, and goes with it.
        loop {
            while let Some(task) = state.pop() {
                #[expect(unsafe_code, reason = "the task is dropped without a step")]
                // SAFETY: this is the loop's thread, and no task takes a step.
                unsafe {
                    task.discard();
                }
            }
            state.take_remote();
            if !self.has_ready() && !self.close_one() {
                break;
            }
        }
        *state.ready.borrow_mut() = VecDeque::new();
    }

    /// Ends one registered task.
    fn close_one(&self) -> bool {
        let first: Option<(usize, NonNull<Header>)> = self.state.registry.next(0);
        if let Some((_, cell)) = first {
            #[expect(unsafe_code, reason = "the task is dropped without a step")]
            // SAFETY: this is the loop's thread, and no task takes a step. What is registered is not done, and so
            // allocated; the reference keeps it so when whoever has the others drops them meanwhile.
            unsafe {
                cell.as_ref().retain();
                cell::close_local(cell, 1);
            }
        }
        first.is_some()
    }
}

impl Drop for LoopQueue {
    fn drop(&mut self) {
        self.close();
        self.unwatch();
        table::release(self.state.id);
    }
}

impl fmt::Debug for LoopQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoopQueue")
            .field("id", &self.id())
            .field("ready", &self.ready_len())
            .field("live", &self.live())
            .finish_non_exhaustive()
    }
}

/// Spawns a task on the loop that this thread turns. `dress` is called with the new task before its first step.
///
/// # Errors
///
/// Gives the future back when this thread turns no loop, or the loop is ending.
#[inline]
pub fn spawn_local<F, T>(
    future: F,
    start: Start,
    location: &'static Location<'static>,
    dress: impl FnOnce(&TaskRef),
) -> Result<RawTask<T>, F>
where
    F: Future<Output = Outcome<T>> + 'static,
    T: 'static,
{
    if !takes_tasks() {
        return Err(future);
    }
    let task = spawn_made(|| future, Some(start), location, dress);
    Ok(task.unwrap_or_else(|| unreachable!("the loop takes tasks")))
}

/// Spawns a task on the loop that this thread turns, whose future is what `make` gives. That is called only if the
/// loop takes the task, and what it gives goes to its place at once. Without a `start` the loop decides.
///
/// `None` when this thread turns no loop, or the loop is ending.
#[inline]
pub fn spawn_made<F, T>(
    make: impl FnOnce() -> F,
    start: Option<Start>,
    location: &'static Location<'static>,
    dress: impl FnOnce(&TaskRef),
) -> Option<RawTask<T>>
where
    F: Future<Output = Outcome<T>> + 'static,
    T: 'static,
{
    let state = thread::with_loop(|state| state.filter(|state| !state.closed.get()).map(NonNull::from))?;
    #[expect(unsafe_code, reason = "the loop is used outside of the closure that found it")]
    // SAFETY: this thread turns the loop at least until the function that entered it goes on, which is below this one
    // on the stack; the future is 'static.
    unsafe {
        Some(state.as_ref().spawn(make, start, location, dress))
    }
}

/// The queue of the loop that this thread turns.
#[inline]
pub fn current_loop() -> Option<QueueId> {
    thread::with_loop(|state| state.map(LoopState::id))
}

/// The queue of the loop that this thread turns, or to whose pool this thread belongs.
pub fn home_loop() -> Option<QueueId> {
    current_loop().or_else(|| thread::with_pool(|pool| pool.and_then(|(state, _)| state.home())))
}

/// The tasks of the loop that this thread turns, as far as they have not ended, in no particular order.
pub fn loop_tasks() -> Option<Vec<TaskRef>> {
    thread::with_loop(|state| state.map(LoopState::tasks))
}

/// Do tasks of the loop that this thread turns start eagerly unless they say otherwise?
#[inline]
pub fn starts_eagerly() -> bool {
    thread::with_loop(|state| state.is_some_and(|state| state.eager.get()))
}

/// Does the loop that this thread turns take tasks? `false` also when there is none.
pub fn takes_tasks() -> bool {
    thread::with_loop(|state| state.is_some_and(|state| !state.closed.get()))
}
