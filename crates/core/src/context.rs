//! `Context`: the context variables that a piece of work sees.
//!
//! A context is an object that its clones share. Its variables lie in a sorted vector behind an `Arc`, which is copied
//! on write when somebody else has it: so a copy of a context costs one allocation, whatever it holds, and setting a
//! variable costs the number of variables. (Python uses a hash array mapped trie, PEP 567, whose `set` is
//! logarithmic; programs have few variables and set them rarely.)
//!
//! Which context is current: that of the innermost `Context::run`, if it was called in the step that runs now; else
//! that of the running task or callback; else one of the thread's own. A `Context::run` around the polling of tasks, as when a
//! loop is run inside, does not reach into them: each has a context of its own. The slot of each is empty until a
//! variable is set, so that programs without variables pay for none of this.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::mem::ManuallyDrop;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::call::Call;
use crate::cell::Header;
use crate::{TaskRef, thread};

/// Names a variable: the address of its static part.
pub type ContextKey = usize;
/// The value of a variable, without its type.
pub type ContextValue = Arc<dyn Any + Send + Sync>;

/// A set of context variables with their values. Clones share one object; [`copy`](Context::copy) makes another.
///
/// # Python
///
/// `contextvars.Context`.
#[derive(Clone)]
pub struct Context {
    object: Arc<Object>,
}

#[derive(Default)]
struct Object {
    variables: Mutex<Arc<Vec<Variable>>>,
    /// `Context::run` is inside.
    entered: AtomicBool,
}

#[derive(Clone)]
struct Variable {
    key: ContextKey,
    name: &'static str,
    value: ContextValue,
}

/// A context was entered a second time before it was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContextEntered(());

impl fmt::Display for ContextEntered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cannot enter context: it is already entered")
    }
}

impl std::error::Error for ContextEntered {}

thread_local! {
    /// The context of the innermost `Context::run`. A guard takes it out again, so nothing is left to be dropped;
    /// and without a destructor it can still be used by those of others, when the thread ends.
    static ENTERED: RefCell<ManuallyDrop<Option<Context>>> = const { RefCell::new(ManuallyDrop::new(None)) };
    static IS_ENTERED: Cell<bool> = const { Cell::new(false) };
    /// The task that called that `Context::run`, or null. It is compared, never followed.
    static ENTERED_BY: Cell<*const Header> = const { Cell::new(ptr::null()) };
    /// The context of what runs in no task. When the thread ends it may be gone before who asks.
    static OF_THREAD: RefCell<Option<Context>> = const { RefCell::new(None) };
}

impl Context {
    /// An empty context.
    pub fn new() -> Context {
        Context {
            object: Arc::default(),
        }
    }

    fn variables(&self) -> MutexGuard<'_, Arc<Vec<Variable>>> {
        self.object
            .variables
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// A new context with the same variables; what is set in one is not seen in the other.
    pub fn copy(&self) -> Context {
        let variables = self.variables().clone();
        Context {
            object: Arc::new(Object {
                variables: Mutex::new(variables),
                entered: AtomicBool::new(false),
            }),
        }
    }

    /// Calls `f` with this as the current context.
    ///
    /// # Panics
    ///
    /// When it is entered already, here or on another thread.
    pub fn run<R>(&self, f: impl FnOnce() -> R) -> R {
        match self.try_run(f) {
            Ok(result) => result,
            Err(error) => panic!("{error}"),
        }
    }

    /// Calls `f` with this as the current context.
    ///
    /// # Errors
    ///
    /// When it is entered already, here or on another thread.
    pub fn try_run<R>(&self, f: impl FnOnce() -> R) -> Result<R, ContextEntered> {
        if self.object.entered.swap(true, Ordering::Acquire) {
            return Err(ContextEntered(()));
        }
        struct Left<'a>(&'a Context);
        impl Drop for Left<'_> {
            fn drop(&mut self) {
                self.0.object.entered.store(false, Ordering::Release);
            }
        }
        let _left = Left(self);
        Ok(self.enter(f))
    }

    /// Calls `f` with this as the current context, although others may be inside it too.
    pub fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        struct Before(ManuallyDrop<Option<Context>>, bool, *const Header);
        impl Drop for Before {
            fn drop(&mut self) {
                IS_ENTERED.set(self.1);
                ENTERED_BY.set(self.2);
                let before = ManuallyDrop::new(self.0.take());
                let left = ENTERED.replace(before);
                drop(ManuallyDrop::into_inner(left));
            }
        }
        let before = ENTERED.replace(ManuallyDrop::new(Some(self.clone())));
        let _before = Before(before, IS_ENTERED.replace(true), ENTERED_BY.replace(running()));
        f()
    }

    /// Is no variable set?
    pub fn is_empty(&self) -> bool {
        self.variables().is_empty()
    }

    /// How many variables are set.
    pub fn len(&self) -> usize {
        self.variables().len()
    }

    /// The variables that are set: their names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, ContextValue)> + use<> {
        let variables = self.variables().clone();
        (0..variables.len()).map(move |at| (variables[at].name, variables[at].value.clone()))
    }

    /// The value of a variable, if it is set.
    pub fn get_raw(&self, key: ContextKey) -> Option<ContextValue> {
        find(&self.variables(), key)
    }

    /// Sets a variable, or with `None` takes its value away, and gives the former value.
    pub fn set_raw(
        &self,
        key: ContextKey,
        name: &'static str,
        value: Option<ContextValue>,
    ) -> Option<ContextValue> {
        if !EVER_SET.load(Ordering::Relaxed) {
            EVER_SET.store(true, Ordering::Relaxed);
        }
        let mut guard = self.variables();
        let variables = Arc::make_mut(&mut guard);
        let at = variables.binary_search_by_key(&key, |variable| variable.key);
        match (at, value) {
            (Ok(at), Some(value)) => Some(std::mem::replace(&mut variables[at].value, value)),
            (Ok(at), None) => Some(variables.remove(at).value),
            (Err(at), Some(value)) => {
                variables.insert(at, Variable { key, name, value });
                None
            }
            (Err(_), None) => None,
        }
    }

    /// Is it the same object?
    pub fn same(&self, other: &Context) -> bool {
        Arc::ptr_eq(&self.object, &other.object)
    }
}

impl Default for Context {
    fn default() -> Context {
        Context::new()
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

/// Was a variable set in this process? Until then there is nothing to inherit.
static EVER_SET: AtomicBool = AtomicBool::new(false);

/// The variables of a context at a moment: what a task inherits. It becomes a context when it is needed as one.
#[derive(Clone)]
pub(crate) struct Snapshot(Arc<Vec<Variable>>);

impl Snapshot {
    /// An address whose lowest bit is not set.
    pub(crate) fn into_raw(self) -> *mut () {
        Arc::into_raw(self.0).cast_mut().cast()
    }

    /// # Safety
    ///
    /// The address comes from [`into_raw`](Snapshot::into_raw), and its owner is what this gives.
    #[expect(unsafe_code, reason = "a word of a task's header owns a snapshot")]
    pub(crate) unsafe fn from_raw(address: *mut ()) -> Snapshot {
        // SAFETY: passed on to the caller.
        Snapshot(unsafe { Arc::from_raw(address.cast_const().cast()) })
    }

    /// A new context that begins with these variables.
    pub(crate) fn to_context(&self) -> Context {
        Context {
            object: Arc::new(Object {
                variables: Mutex::new(self.0.clone()),
                entered: AtomicBool::new(false),
            }),
        }
    }
}

/// What a new task inherits; `None` when no variable is set.
#[inline]
pub(crate) fn inherit() -> Option<Snapshot> {
    if EVER_SET.load(Ordering::Relaxed) {
        inherit_set()
    } else {
        None
    }
}

fn inherit_set() -> Option<Snapshot> {
    let variables = match current_place() {
        Place::Context(context) => context.variables().clone(),
        Place::Inherited(snapshot) => snapshot.0,
        Place::Nothing => return None,
    };
    (!variables.is_empty()).then_some(Snapshot(variables))
}

/// Where the current variables are.
enum Place {
    Context(Context),
    Inherited(Snapshot),
    Nothing,
}

/// The task that takes a step on this thread, or the part of the loop.
fn stepping() -> Option<TaskRef> {
    thread::with_stepping(|task| {
        #[expect(unsafe_code, reason = "the running task's cell")]
        // SAFETY: whoever runs the step keeps a reference.
        task.map(|cell| unsafe { TaskRef::borrow(cell) })
    })
}

/// The task that takes a step on this thread, or null.
fn running() -> *const Header {
    thread::with_stepping(|task| task.map_or(ptr::null(), |task| task.as_ptr().cast_const()))
}

fn current_place() -> Place {
    let context = |context: Option<Context>| context.map_or(Place::Nothing, Place::Context);
    if IS_ENTERED.get() && ENTERED_BY.get() == running() {
        return context(ENTERED.with_borrow(|entered| Option::clone(entered)));
    }
    thread::with_stepping(|task| match task {
        None => place_of_call()
            .unwrap_or_else(|| context(OF_THREAD.try_with(|own| own.borrow().clone()).unwrap_or_default())),
        Some(task) => {
            #[expect(unsafe_code, reason = "the running task's cell")]
            // SAFETY: whoever runs the step keeps a reference.
            let header = unsafe { task.as_ref() };
            match header.rare_if_made().and_then(|rare| rare.context.clone()) {
                Some(own) => Place::Context(own),
                None => header.inherited().map_or(Place::Nothing, Place::Inherited),
            }
        }
    })
}

/// Where the variables of the callback are that runs on this thread, if one does.
fn place_of_call() -> Option<Place> {
    thread::with_running_call(|call| {
        let call = call?;
        Some(match (call.context(), call.inherited()) {
            (Some(own), _) => Place::Context(own),
            (None, Some(snapshot)) => Place::Inherited(snapshot),
            (None, None) => Place::Nothing,
        })
    })
}

/// The context that is current, if a variable was ever set in it.
pub fn current_context() -> Option<Context> {
    match current_place() {
        Place::Context(context) => Some(context),
        Place::Inherited(_) => match stepping() {
            Some(task) => task.context(),
            None => thread::with_running_call(|call| call.map(Call::context_or_new)),
        },
        Place::Nothing => None,
    }
}

/// The value of a variable in the current context, if it is set there.
pub fn current_value(key: ContextKey) -> Option<ContextValue> {
    if !EVER_SET.load(Ordering::Relaxed) {
        return None;
    }
    match current_place() {
        Place::Context(context) => context.get_raw(key),
        Place::Inherited(Snapshot(variables)) => find(&variables, key),
        Place::Nothing => None,
    }
}

fn find(variables: &[Variable], key: ContextKey) -> Option<ContextValue> {
    let at = variables.binary_search_by_key(&key, |variable| variable.key);
    at.ok().map(|at| variables[at].value.clone())
}

/// The context that is current, made if need be.
pub fn current_context_or_new() -> Context {
    if let Some(context) = current_context() {
        return context;
    }
    if let Some(context) = thread::with_running_call(|call| call.map(Call::context_or_new)) {
        return context;
    }
    let context = Context::new();
    match stepping() {
        Some(task) => task.set_context(Some(context.clone())),
        None => {
            // When the thread ends and its context is gone already, what is set is seen by nobody.
            let before = OF_THREAD.try_with(|own| own.replace(Some(context.clone())));
            drop(before);
        }
    }
    context
}

/// A copy of the current context, or `None` when that is empty.
pub fn inherit_context() -> Option<Context> {
    inherit().map(|snapshot| snapshot.to_context())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(n: u32) -> ContextValue {
        Arc::new(n)
    }

    fn number(value: Option<ContextValue>) -> Option<u32> {
        value.map(|value| *value.downcast::<u32>().unwrap())
    }

    #[test]
    fn a_copy_does_not_see_what_is_set_later_and_a_clone_does() {
        let context = Context::new();
        context.set_raw(8, "a", Some(value(1)));
        let (copy, clone) = (context.copy(), context.clone());
        context.set_raw(8, "a", Some(value(2)));
        context.set_raw(4, "b", Some(value(3)));
        assert_eq!(number(copy.get_raw(8)), Some(1));
        assert_eq!((copy.len(), clone.len()), (1, 2));
        assert_eq!(number(clone.get_raw(4)), Some(3));
        assert_eq!(number(context.set_raw(8, "a", None)), Some(2));
        assert_eq!(number(context.set_raw(8, "a", None)), None);
        assert!(clone.same(&context) && !copy.same(&context));
    }

    #[test]
    fn many_variables_are_found_as_in_a_map() {
        let context = Context::new();
        let mut map = std::collections::HashMap::new();
        let mut random = 7u64;
        for _ in 0..5_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let key = (random >> 33) as usize % 200;
            if random % 3 == 0 {
                assert_eq!(number(context.set_raw(key, "v", None)), map.remove(&key));
            } else {
                let n = (random >> 40) as u32;
                assert_eq!(
                    number(context.set_raw(key, "v", Some(value(n)))),
                    map.insert(key, n)
                );
            }
        }
        assert_eq!(context.len(), map.len());
        assert!((0..200).all(|key| number(context.get_raw(key)) == map.get(&key).copied()));
    }

    #[test]
    fn a_context_is_entered_once_at_a_time() {
        let context = Context::new();
        let twice = context.run(|| context.try_run(|| ()));
        assert_eq!(twice, Err(ContextEntered(())));
        let panicked = std::panic::catch_unwind(|| context.run(|| panic!("on purpose")));
        assert!(panicked.is_err());
        assert_eq!(context.try_run(|| 1), Ok(1), "a panic has left it");
    }
}
