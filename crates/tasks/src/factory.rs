//! Task factories: who may look at every task that is created on a loop, and wrap its future.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use asyncio_core::{Entered, Outcome, Slot};

use crate::TaskBuilder;

/// The future of a task, without its value, which is kept aside.
pub type TaskFuture = Pin<Box<dyn Future<Output = ()>>>;

/// Looks at every task that is created on a loop: it may change what the task is given, and wrap its future.
///
/// A wrapper that ends without having run the future to its end leaves the task cancelled.
///
/// # Python
///
/// `loop.set_task_factory`.
pub type TaskFactory = Rc<dyn Fn(TaskFuture, TaskBuilder) -> (TaskFuture, TaskBuilder)>;

thread_local! {
    static CURRENT: Slot<FactorySlot> = const { Slot::empty() };
    /// Is there a factory? Looked at by each `create_task`.
    static IS_SET: Cell<bool> = const { Cell::new(false) };
}

/// Where a loop keeps its factory, if it has one. For those who write loops; clones share it.
#[derive(Clone, Default)]
pub struct FactorySlot {
    factory: Rc<RefCell<Option<TaskFactory>>>,
}

/// The factory that is at work on this thread, until this is dropped.
pub struct EnteredFactory {
    _entered: Entered<FactorySlot>,
    before: bool,
}

impl FactorySlot {
    /// With this factory, or without.
    pub fn new(factory: Option<TaskFactory>) -> FactorySlot {
        FactorySlot {
            factory: Rc::new(RefCell::new(factory)),
        }
    }

    /// That of the loop that was entered last on this thread.
    pub fn current() -> Option<FactorySlot> {
        Slot::current(&CURRENT)
    }

    /// Lets the factory that is here look at every task that is created on this thread, until the guard is dropped.
    pub fn enter(&self) -> EnteredFactory {
        let is_set = self.factory.borrow().is_some();
        EnteredFactory {
            _entered: Slot::enter(&CURRENT, self.clone()),
            before: IS_SET.replace(is_set),
        }
    }

    /// The factory.
    pub fn get(&self) -> Option<TaskFactory> {
        self.factory.borrow().clone()
    }

    /// Puts another factory here, or none, from the next task on.
    pub fn set(&self, factory: Option<TaskFactory>) {
        let is_set = factory.is_some();
        let old = self.factory.replace(factory);
        let is_here = Slot::with(&CURRENT, |current| {
            current.is_some_and(|current| Rc::ptr_eq(&current.factory, &self.factory))
        });
        if is_here {
            IS_SET.set(is_set);
        }
        drop(old);
    }
}

/// Lets `factory` look at every task that is created on this thread's loop, until the guard is dropped. For those who
/// write loops.
pub fn enter_factory(factory: TaskFactory) -> EnteredFactory {
    FactorySlot::new(Some(factory)).enter()
}

impl Drop for EnteredFactory {
    fn drop(&mut self) {
        IS_SET.set(self.before);
    }
}

/// Is there a factory?
#[inline]
pub(crate) fn is_set() -> bool {
    IS_SET.get()
}

#[inline]
pub(crate) fn current() -> Option<TaskFactory> {
    if IS_SET.get() {
        FactorySlot::current()?.get()
    } else {
        None
    }
}

/// A factory that lets tasks take their first step inside `create_task`.
///
/// # Python
///
/// `asyncio.eager_task_factory`.
pub fn eager_task_factory() -> TaskFactory {
    create_eager_task_factory(|future, builder| (future, builder))
}

/// A factory that lets tasks take their first step inside `create_task`, and lets `wrap` look at each.
///
/// # Python
///
/// `asyncio.create_eager_task_factory`.
pub fn create_eager_task_factory(
    wrap: impl Fn(TaskFuture, TaskBuilder) -> (TaskFuture, TaskBuilder) + 'static,
) -> TaskFactory {
    Rc::new(move |future, builder| {
        let builder = if builder.says_when_to_start() {
            builder
        } else {
            builder.eager_start(true)
        };
        wrap(future, builder)
    })
}

/// A future that a factory has had in its hands, with the place that its outcome goes to.
pub(crate) struct Factored<T> {
    future: TaskFuture,
    outcome: Rc<Cell<Option<Outcome<T>>>>,
}

impl<T: 'static> Factored<T> {
    /// Shows a future to the factory.
    pub(crate) fn make<F>(
        factory: &TaskFactory,
        future: F,
        builder: TaskBuilder,
    ) -> (Factored<T>, TaskBuilder)
    where
        F: Future<Output = Outcome<T>> + 'static,
    {
        let outcome = Rc::new(Cell::new(None));
        let slot = outcome.clone();
        let boxed: TaskFuture = Box::pin(async move { slot.set(Some(future.await)) });
        let (future, builder) = factory(boxed, builder);
        (Factored { future, outcome }, builder)
    }
}

impl<T> Future for Factored<T> {
    type Output = Outcome<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome<T>> {
        match self.future.as_mut().poll(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(()) => Poll::Ready(self.outcome.take().unwrap_or(Outcome::Cancelled(None))),
        }
    }
}

impl fmt::Debug for FactorySlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FactorySlot")
            .field("is_set", &self.factory.borrow().is_some())
            .finish()
    }
}

impl fmt::Debug for EnteredFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnteredFactory").finish_non_exhaustive()
    }
}
