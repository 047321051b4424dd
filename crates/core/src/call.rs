//! `Call`: the cell of a callback, a function that a loop calls once in turn with its tasks.
//!
//! One allocation holds a header and the function; a loop takes its memory from its own lists (`blocks`), so that a
//! loop which calls back all the time allocates nothing. A cell has a reference for the ready queue, or for a timer,
//! and one for each handle. It is made in one of two forms: *local*, which only the loop's thread knows of and whose
//! word is read and written plainly, and *shared*, whose function is `Send` and which any thread may cancel.
//!
//! Invariant: who moves the stage from `WAITING` to another owns the function, and nobody else touches it.

#![expect(
    unsafe_code,
    reason = "the cell is shared by pointers that do not know the function's type"
)]

#[cfg(all(test, asyncio_loom))]
mod loom_tests;

use std::cell::Cell;
use std::mem;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::ptr::NonNull;
use std::task::{RawWaker, RawWakerVTable, Waker};

use crate::blocks::Size;
use crate::context::{self, Snapshot};
use crate::place::QueueId;
use crate::sync::{AtomicU32, Ordering, UnsafeCell, fence};
use crate::{Context, blocks, report, thread};

/// The header of a callback's cell. Its address is that of the cell.
pub(crate) struct Call {
    /// Two bits of stage, the form, and the references.
    word: AtomicU32,
    queue: QueueId,
    vtable: &'static VTable,
    /// The context variables at the time of the call.
    inherited: Option<Snapshot>,
    /// The context that the function runs in, if it was given one, or once it has set a variable. It belongs to who
    /// owns the function; of a local cell, to the loop's thread.
    context: Cell<Option<Context>>,
    pub(crate) location: &'static Location<'static>,
}

#[repr(C)]
struct CallCell<F> {
    call: Call,
    function: UnsafeCell<mem::MaybeUninit<F>>,
}

struct VTable {
    /// Moves the function out and calls it.
    call: unsafe fn(NonNull<Call>),
    drop_function: unsafe fn(NonNull<Call>),
    size: Size,
}

const STAGE: u32 = 3;
/// The function is in the cell.
const WAITING: u32 = 0;
/// It was called, or is being called.
const CALLED: u32 = 1;
/// It was dropped instead.
const CANCELLED: u32 = 2;
/// The form: any thread may have a handle.
const SHARED: u32 = 1 << 2;
const REF: u32 = 1 << 3;

struct Typed<F>(std::marker::PhantomData<F>);

impl<F: FnOnce()> Typed<F> {
    const VTABLE: VTable = VTable {
        call: Self::call,
        drop_function: Self::drop_function,
        size: Size::of::<CallCell<F>>(),
    };

    /// # Safety
    ///
    /// A cell of `F`, which is allocated.
    unsafe fn function(call: NonNull<Call>) -> *mut F {
        // SAFETY: by the caller's promise; the header is the first field.
        let cell = unsafe { call.cast::<CallCell<F>>().as_ref() };
        cell.function.with_mut(|function| function.cast())
    }

    unsafe fn call(call: NonNull<Call>) {
        // SAFETY: the caller owns the function.
        let function = unsafe { Self::function(call).read() };
        function();
    }

    unsafe fn drop_function(call: NonNull<Call>) {
        // SAFETY: the caller owns the function.
        unsafe { Self::function(call).drop_in_place() };
    }
}

/// Makes a cell with two references.
///
/// # Safety
///
/// If it is not shared, the function and every reference stay on this thread, which turns the loop.
#[inline]
unsafe fn make<F: FnOnce()>(
    queue: QueueId,
    form: u32,
    context: Option<Context>,
    location: &'static Location<'static>,
    function: F,
) -> NonNull<Call> {
    let inherited = if context.is_some() {
        None
    } else {
        context::inherit()
    };
    let cell = blocks::allocate(&Typed::<F>::VTABLE.size).cast::<CallCell<F>>();
    // SAFETY: room for it, which nobody else knows of.
    unsafe {
        cell.write(CallCell {
            call: Call {
                word: AtomicU32::new(WAITING | form | (2 * REF)),
                queue,
                vtable: &Typed::<F>::VTABLE,
                inherited,
                context: Cell::new(context),
                location,
            },
            function: UnsafeCell::new(mem::MaybeUninit::new(function)),
        });
    }
    cell.cast()
}

/// A callback for the loop `queue`, which this thread turns or owns, and its handle.
///
/// # Safety
///
/// Both stay on this thread.
#[inline]
pub(crate) unsafe fn local<F: FnOnce() + 'static>(
    queue: QueueId,
    context: Option<Context>,
    location: &'static Location<'static>,
    function: F,
) -> (CallRef, CallRef) {
    // SAFETY: passed on to the caller.
    let call = unsafe { make(queue, 0, context, location, function) };
    (CallRef(call), CallRef(call))
}

/// A callback for the loop `queue`, of any thread, and its handle.
pub(crate) fn shared<F: FnOnce() + Send + 'static>(
    queue: QueueId,
    context: Option<Context>,
    location: &'static Location<'static>,
    function: F,
) -> (CallRef, CallRef) {
    // SAFETY: the form is that which any thread may use.
    let call = unsafe { make(queue, SHARED, context, location, function) };
    (CallRef(call), CallRef(call))
}

/// A counted reference to a callback's cell.
#[derive(Debug)]
pub(crate) struct CallRef(NonNull<Call>);

impl CallRef {
    #[inline]
    fn call(&self) -> &Call {
        // SAFETY: there is a reference.
        unsafe { self.0.as_ref() }
    }

    #[inline]
    pub(crate) fn as_ptr(&self) -> NonNull<Call> {
        self.0
    }

    #[inline]
    pub(crate) fn into_raw(self) -> NonNull<Call> {
        let call = self.0;
        mem::forget(self);
        call
    }

    /// # Safety
    ///
    /// The caller's reference goes into it.
    #[inline]
    pub(crate) unsafe fn from_raw(call: NonNull<Call>) -> CallRef {
        CallRef(call)
    }

    pub(crate) fn queue(&self) -> QueueId {
        self.call().queue
    }

    pub(crate) fn location(&self) -> &'static Location<'static> {
        self.call().location
    }

    /// Calls the function, unless it was cancelled, on the loop's thread and inside of `thread::begin_steps`.
    #[inline]
    pub(crate) fn run(self) {
        let call = self.call();
        if !call.claim(CALLED) {
            return;
        }
        let called = {
            let _step = thread::begin_next_call(self.0);
            // SAFETY: whoever claims the function owns it.
            catch_unwind(AssertUnwindSafe(|| unsafe { (call.vtable.call)(self.0) }))
        };
        if let Err(panic) = called {
            report::callback_panicked(call.queue, Some(call.location), panic);
        }
    }

    /// Drops the function, if it was not called. True: it was not, and was not cancelled before.
    pub(crate) fn cancel(&self) -> bool {
        let call = self.call();
        if !call.claim(CANCELLED) {
            return false;
        }
        // SAFETY: whoever claims the function owns it.
        unsafe { (call.vtable.drop_function)(self.0) };
        true
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.call().stage() == CANCELLED
    }

    pub(crate) fn is_waiting(&self) -> bool {
        self.call().stage() == WAITING
    }

    /// The context that the function runs in; made if need be. Not for a shared cell that this thread does not run.
    pub(crate) fn context(&self) -> Context {
        self.call().context_or_new()
    }

    /// A waker that queues the callback; where its loop is not the one that this thread turns, it cancels it.
    ///
    /// # Safety
    ///
    /// If the cell is local, the waker and its clones stay on this thread.
    pub(crate) unsafe fn into_waker(self) -> Waker {
        let data = self.into_raw().as_ptr().cast_const().cast();
        // SAFETY: the functions below keep the contract of `RawWakerVTable`.
        unsafe { Waker::new(data, &WAKER) }
    }
}

impl Clone for CallRef {
    fn clone(&self) -> CallRef {
        let word = &self.call().word;
        let seen = word.load(Ordering::Relaxed);
        if seen > u32::MAX / 2 {
            std::process::abort();
        }
        if seen & SHARED == 0 {
            word.store(seen + REF, Ordering::Relaxed);
        } else {
            word.fetch_add(REF, Ordering::Relaxed);
        }
        CallRef(self.0)
    }
}

impl Drop for CallRef {
    #[inline]
    fn drop(&mut self) {
        let word = &self.call().word;
        let seen = word.load(Ordering::Relaxed);
        let left = if seen & SHARED == 0 {
            word.store(seen - REF, Ordering::Relaxed);
            seen - REF
        } else {
            let left = word.fetch_sub(REF, Ordering::Release) - REF;
            if left < REF {
                fence(Ordering::Acquire);
            }
            left
        };
        if left < REF {
            // SAFETY: that was the last reference.
            unsafe { free(self.0, left) };
        }
    }
}

/// # Safety
///
/// No reference is left; `word` is the last state.
#[inline]
unsafe fn free(call: NonNull<Call>, word: u32) {
    // SAFETY: nobody else knows of the cell any more; a function that waits was not moved out.
    unsafe {
        let vtable = call.as_ref().vtable;
        if word & STAGE == WAITING {
            (vtable.drop_function)(call);
        }
        call.drop_in_place();
        blocks::free(call.cast(), &vtable.size);
    }
}

impl Call {
    #[inline]
    fn stage(&self) -> u32 {
        self.word.load(Ordering::Relaxed) & STAGE
    }

    /// Moves the stage from `WAITING` on; `false` if it has left that.
    #[inline]
    fn claim(&self, stage: u32) -> bool {
        let mut seen = self.word.load(Ordering::Relaxed);
        if seen & SHARED == 0 {
            if seen & STAGE != WAITING {
                return false;
            }
            self.word.store(seen | stage, Ordering::Relaxed);
            return true;
        }
        while seen & STAGE == WAITING {
            match self
                .word
                .compare_exchange(seen, seen | stage, Ordering::AcqRel, Ordering::Relaxed)
            {
                Ok(_) => return true,
                Err(now) => seen = now,
            }
        }
        false
    }

    /// The context that the function has made or was given.
    pub(crate) fn context(&self) -> Option<Context> {
        let context = self.context.take();
        self.context.set(context.clone());
        context
    }

    /// What the function sees before it has a context of its own.
    pub(crate) fn inherited(&self) -> Option<Snapshot> {
        self.inherited.clone()
    }

    pub(crate) fn context_or_new(&self) -> Context {
        let context = self.context().unwrap_or_else(|| match &self.inherited {
            Some(snapshot) => snapshot.to_context(),
            None => Context::new(),
        });
        self.context.set(Some(context.clone()));
        context
    }
}

static WAKER: RawWakerVTable = RawWakerVTable::new(clone_waker, wake, wake_by_ref, drop_waker);

/// # Safety
///
/// `data` is that of a waker made above, whose reference goes into what this gives.
unsafe fn reference(data: *const ()) -> CallRef {
    // SAFETY: it comes from a `NonNull`.
    CallRef(unsafe { NonNull::new_unchecked(data.cast_mut().cast()) })
}

unsafe fn clone_waker(data: *const ()) -> RawWaker {
    // SAFETY: the waker that is cloned keeps its reference.
    let kept = mem::ManuallyDrop::new(unsafe { reference(data) });
    mem::forget(CallRef::clone(&kept));
    RawWaker::new(data, &WAKER)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: the waker's reference.
    let call = unsafe { reference(data) };
    if thread::home() == call.queue().home_of_loop() {
        thread::push_call(call);
    } else {
        call.cancel();
    }
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: the waker keeps its reference; the clone's goes into the queue.
    unsafe {
        clone_waker(data);
        wake(data);
    }
}

unsafe fn drop_waker(data: *const ()) {
    // SAFETY: the waker's reference.
    drop(unsafe { reference(data) });
}

#[cfg(all(test, target_pointer_width = "64", not(asyncio_loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_header_takes_no_more_than_forty_bytes() {
        assert!(size_of::<Call>() <= 40, "{}", size_of::<Call>());
    }
}
