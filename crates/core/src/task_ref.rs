//! `TaskRef`: a task seen from outside, whatever its value is.

use std::fmt;
use std::io;
use std::panic::Location;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::cell::{self, ASKED_ITSELF, CANCEL, DONE, Header, NOTIFY};
use crate::trace::Said;
use crate::wait::{Wait, WaitKind};
use crate::{Context, Request, thread};

/// A task, seen from outside: its name, whether it is done, and the way to cancel it. Works from any thread.
///
/// It keeps the task's cell allocated, but neither its future nor its value.
///
/// # Python
///
/// What `asyncio.current_task()` and `asyncio.all_tasks()` give.
pub struct TaskRef {
    cell: NonNull<Header>,
}

/// The name of a task that was given one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskName {
    /// One that is written in the program.
    Literal(&'static str),
    /// One that was made.
    Owned(Arc<str>),
}

impl TaskName {
    /// The name's text.
    pub fn as_str(&self) -> &str {
        match self {
            TaskName::Literal(name) => name,
            TaskName::Owned(name) => name,
        }
    }
}

impl From<&'static str> for TaskName {
    fn from(name: &'static str) -> TaskName {
        TaskName::Literal(name)
    }
}

impl From<String> for TaskName {
    fn from(name: String) -> TaskName {
        TaskName::Owned(name.into())
    }
}

impl From<Arc<str>> for TaskName {
    fn from(name: Arc<str>) -> TaskName {
        TaskName::Owned(name)
    }
}

impl From<fmt::Arguments<'_>> for TaskName {
    fn from(name: fmt::Arguments<'_>) -> TaskName {
        match name.as_str() {
            Some(literal) => TaskName::Literal(literal),
            None => TaskName::Owned(name.to_string().into()),
        }
    }
}

/// Names a callback of a task or of a promise; see [`TaskRef::add_done_callback`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallbackId(u64);

impl CallbackId {
    /// The name of the callback that has this number among those of its owner.
    #[doc(hidden)]
    pub const fn new(number: u64) -> CallbackId {
        CallbackId(number)
    }

    /// The callback's number.
    #[doc(hidden)]
    pub const fn number(self) -> u64 {
        self.0
    }
}

#[expect(unsafe_code, reason = "the cell is shared by pointers")]
// SAFETY: through it other threads reach the header alone, whose parts are atomic, locked, or looked at on the loop's
// thread only, as the functions of `cell` check.
unsafe impl Send for TaskRef {}
#[expect(unsafe_code, reason = "the cell is shared by pointers")]
// SAFETY: as for Send.
unsafe impl Sync for TaskRef {}

#[expect(unsafe_code, reason = "the cell is shared by pointers")]
impl TaskRef {
    /// # Safety
    ///
    /// The cell is allocated: somebody else has a reference, or it is registered.
    #[inline]
    pub(crate) unsafe fn borrow(cell: NonNull<Header>) -> TaskRef {
        // SAFETY: by the caller's promise.
        unsafe { cell.as_ref() }.retain();
        TaskRef { cell }
    }

    /// # Safety
    ///
    /// The caller's reference goes into it.
    #[inline]
    pub(crate) unsafe fn from_raw(cell: NonNull<Header>) -> TaskRef {
        TaskRef { cell }
    }

    #[inline]
    pub(crate) fn cell(&self) -> NonNull<Header> {
        self.cell
    }

    #[inline]
    pub(crate) fn header(&self) -> &Header {
        // SAFETY: there is a reference.
        unsafe { self.cell.as_ref() }
    }

    /// Lets the task take a step.
    #[inline]
    pub(crate) fn schedule(&self) {
        // SAFETY: there is a reference.
        unsafe { cell::schedule(self.cell) };
    }
}

impl TaskRef {
    /// The task that takes a step on this thread.
    #[doc(alias = "current_task")]
    pub fn current() -> Option<TaskRef> {
        thread::with_running(|task| {
            #[expect(unsafe_code, reason = "the cell is shared by pointers")]
            // SAFETY: whoever runs the step has a reference.
            task.map(|cell| unsafe { TaskRef::borrow(cell) })
        })
    }

    /// Is it the task that takes a step on this thread?
    #[inline]
    pub fn is_current(&self) -> bool {
        thread::with_running(|task| task == Some(self.cell))
    }

    /// The address of the task's cell, as it appears in a [`Wait`].
    pub fn address(&self) -> usize {
        self.cell.as_ptr() as usize
    }

    /// The task's number, different for each task of this process.
    pub fn id(&self) -> u64 {
        self.header().id()
    }

    /// The task's name; `Task-` and a number unless one was given.
    pub fn get_name(&self) -> Arc<str> {
        let given = self.header().rare_if_made().and_then(|rare| rare.name.clone());
        match given {
            Some(TaskName::Literal(name)) => name.into(),
            Some(TaskName::Owned(name)) => name,
            None => format!("Task-{}", self.id()).into(),
        }
    }

    /// Sets the task's name.
    pub fn set_name(&self, name: impl fmt::Display) {
        self.rename(TaskName::Owned(name.to_string().into()));
    }

    /// Sets the task's name, without a copy if it is a literal.
    pub fn rename(&self, name: TaskName) {
        self.header().span.rename(&name);
        let old = self.header().rare().name.replace(name);
        drop(old);
    }

    /// Where the task was made.
    pub fn location(&self) -> &'static Location<'static> {
        self.header().location
    }

    /// The name of its future's type, as the compiler writes it.
    #[doc(alias = "get_coro")]
    pub fn future_type_name(&self) -> &'static str {
        (self.header().vtable.type_name)()
    }

    /// Has the task ended, in whatever way? The same as [`is_finished`](TaskRef::is_finished).
    pub fn done(&self) -> bool {
        self.is_finished()
    }

    /// Has the task ended, in whatever way?
    pub fn is_finished(&self) -> bool {
        self.header().is_done()
    }

    /// The context of the task, shared with it; `None` while it has no variables.
    #[doc(alias = "get_context")]
    pub fn context(&self) -> Option<Context> {
        let header = self.header();
        if let Some(own) = header.rare_if_made().and_then(|rare| rare.context.clone()) {
            return Some(own);
        }
        let inherited = header.inherited()?;
        // From now on it is an object that can be shared.
        let made = inherited.to_context();
        Some(header.rare().context.get_or_insert(made).clone())
    }

    /// Gives the task its context.
    pub fn set_context(&self, context: Option<Context>) {
        if context.is_none() && self.header().rare_if_made().is_none() {
            return;
        }
        let old = std::mem::replace(&mut self.header().rare().context, context);
        drop(old);
    }

    /// Asks the task to stop: the request is delivered at its innermost scopes, where cleanup may await. The task
    /// counts one request more.
    ///
    /// `false` if it has ended. After `true` it does not end with a value unless it turns the request down.
    pub fn cancel(&self) -> bool {
        self.ask(None, false)
    }

    /// [`cancel`](TaskRef::cancel) with a message for those who report it.
    pub fn cancel_msg(&self, message: &str) -> bool {
        self.ask(Some(message), false)
    }

    /// Stops the task without leaving it time to clean up: its future is dropped at its next step.
    pub fn abort(&self) -> bool {
        self.ask(None, true)
    }

    /// Asks the task to stop, softly or hard.
    pub fn ask(&self, message: Option<&str>, hard: bool) -> bool {
        !self.is_finished() && self.deliver(Request::make(message, hard, Some(self.clone())))
    }

    /// Asks the task to stop because one who awaits it was asked.
    pub fn pass_on(&self, request: &Request) -> bool {
        !self.is_finished() && self.deliver(Request::passed_on(request, self))
    }

    fn deliver(&self, request: Request) -> bool {
        let header = self.header();
        let said = Said::of(&request);
        let old = {
            let mut rare = header.rare();
            // Under the lock, so that the bit and the request never disagree.
            if header.state.set(CANCEL) & DONE != 0 {
                header.state.clear(CANCEL);
                drop(rare);
                return false;
            }
            rare.cancelling += 1;
            // A request that leaves no time is not replaced by one that does.
            if rare.request.as_ref().is_some_and(Request::is_hard) && !request.is_hard() {
                Some(request)
            } else {
                rare.request.replace(request)
            }
        };
        drop(old);
        said.tell(self);
        if header.is_here() && self.is_current() {
            header.set_flag(ASKED_ITSELF);
        } else {
            self.schedule();
        }
        true
    }

    /// How many requests to stop are not settled.
    pub fn cancelling(&self) -> usize {
        self.header().rare_if_made().map_or(0, |rare| rare.cancelling)
    }

    /// Counts one request less, not below zero, and gives what is left. At zero a request that the task has not seen
    /// is withdrawn. Does nothing to a task that has ended.
    pub fn uncancel(&self) -> usize {
        let header = self.header();
        let Some(mut rare) = header.rare_if_made() else {
            return 0;
        };
        if header.is_done() {
            return rare.cancelling;
        }
        rare.cancelling = rare.cancelling.saturating_sub(1);
        let left = rare.cancelling;
        let withdrawn = if left == 0 {
            header.state.clear(CANCEL);
            rare.request.take()
        } else {
            None
        };
        drop(rare);
        drop(withdrawn);
        left
    }

    /// Counts one request more, made by a part of the task for another part.
    pub fn count_request(&self) {
        self.header().rare().cancelling += 1;
    }

    /// Calls `callback` once the task has ended: on the thread of its loop, in the order of registration, and in the
    /// loop's next turn if the task has ended before. On an executor that is not ours it is called where the task
    /// ends.
    pub fn add_done_callback(&self, callback: impl FnOnce(&TaskRef) + Send + 'static) -> CallbackId {
        let header = self.header();
        let mut rare = header.rare();
        let id = rare.next_callback;
        rare.next_callback += 1;
        if header.state.set(NOTIFY) & DONE == 0 {
            rare.callbacks.insert(id, Box::new(callback));
        } else {
            drop(rare);
            crate::callback::call(self, Box::new(callback));
        }
        CallbackId(id)
    }

    /// Takes a callback back; `false` if it was called or is about to be.
    pub fn remove_done_callback(&self, callback: CallbackId) -> bool {
        let removed = self
            .header()
            .rare_if_made()
            .and_then(|mut rare| rare.callbacks.remove(&callback.0));
        removed.is_some()
    }

    /// What the task waits for, as far as it was noted.
    pub fn wait(&self) -> Wait {
        Wait::from_word(self.header().wait.load(Ordering::Relaxed))
    }

    /// Writes what is known of where the task stands: where it was made, and what it waits for. A future of Rust keeps no
    /// frames that could be shown.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn print_stack(&self, to: &mut impl io::Write) -> io::Result<()> {
        if self.is_finished() {
            return writeln!(to, "No stack for {self:?}");
        }
        writeln!(to, "Stack for {self:?} (most recent call last):")?;
        writeln!(to, "  made at {}", self.location())?;
        match self.wait().kind {
            WaitKind::Unknown => Ok(()),
            kind => writeln!(to, "  waits for {kind:?}"),
        }
    }

    /// Does the task run on the pool?
    pub fn on_pool(&self) -> bool {
        self.header().place.kind() == crate::place::Kind::Pool
    }
}

impl Clone for TaskRef {
    #[inline]
    fn clone(&self) -> TaskRef {
        self.header().retain();
        TaskRef { cell: self.cell }
    }
}

impl Drop for TaskRef {
    #[inline]
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "the cell is shared by pointers")]
        // SAFETY: the reference is this one's.
        unsafe {
            cell::release(self.cell);
        }
    }
}

impl PartialEq for TaskRef {
    fn eq(&self, other: &TaskRef) -> bool {
        self.cell == other.cell
    }
}

impl Eq for TaskRef {}

impl std::hash::Hash for TaskRef {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.cell.hash(state);
    }
}

impl fmt::Debug for TaskRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("name", &self.get_name())
            .field("finished", &self.is_finished())
            .field("location", &format_args!("{}", self.location()))
            .finish_non_exhaustive()
    }
}
