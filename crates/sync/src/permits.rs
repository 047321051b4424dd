//! `Permits`: the count of what can be taken, and the line of those who wait for some of it.
//!
//! A word holds the count and one bit that says whether somebody waits. While the bit is clear, taking and giving
//! back are one compare-and-swap each, and the mutex of the line is not touched. While it is set, the word belongs to
//! whoever has the mutex: newcomers get in line, and what is given back goes to the first in line as soon as it is as
//! much as that one wants. So nobody is overtaken, and one who wants many is not starved by many who want one.
//!
//! Invariants, whenever the mutex is free: the bit is set exactly while somebody is in line; the first in line wants
//! more than the count.
//!
//! (tokio assigns permits to the first in line one by one; here they stay in the count until they suffice, which is
//! the same seen from outside, and leaves nothing to give back when that one goes away.)

use std::fmt;
use std::marker::PhantomData;
use std::panic::Location;
use std::pin::Pin;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64};
use std::task::{Context, Poll};

use asyncio_core::{
    Holder, Wait, WaitKind, WakeList, current_task_id, holder_of, is_watched, note_holder, task_of_waker,
    waits_for,
};
use pin_project_lite::pin_project;

use crate::monitor::{Locked, Monitor, Status, Waiter};
use crate::sync::{AtomicUsize, Ordering, const_fn};

#[cfg(all(test, asyncio_loom))]
mod loom_tests;

const WAITERS: usize = 1;
const ONE: usize = 2;
const LINE: usize = 0;

/// Where in the program something is taken.
pub(crate) type Place = &'static Location<'static>;

/// The most permits that there can be.
pub(crate) const MAX: usize = usize::MAX >> 1;

pub(crate) struct Permits {
    word: AtomicUsize,
    /// The task that took some last; 0 if that was none.
    holder: AtomicU64,
    /// Where it took them; null as long as nobody did.
    place: AtomicPtr<Location<'static>>,
    line: Monitor<()>,
}

impl Permits {
    const_fn! {
        pub(crate) const fn new(count: usize) -> Permits {
            assert!(count <= MAX, "there can be at most usize::MAX / 2 permits");
            Permits {
                word: AtomicUsize::new(count << 1),
                holder: AtomicU64::new(0),
                place: AtomicPtr::new(ptr::null_mut()),
                line: Monitor::new(()),
            }
        }
    }

    /// How many could be taken.
    pub(crate) fn available(&self) -> usize {
        self.word.load(Ordering::Relaxed) >> 1
    }

    /// Would one who wants `count` have to wait?
    pub(crate) fn locked(&self, count: usize) -> bool {
        let word = self.word.load(Ordering::Relaxed);
        word & WAITERS != 0 || word >> 1 < count
    }

    /// The task that took some last. It means something while they are taken.
    pub(crate) fn holder(&self) -> Option<u64> {
        match self.holder.load(std::sync::atomic::Ordering::Relaxed) {
            0 => None,
            task => Some(task),
        }
    }

    /// How it is told from others in a wait record.
    pub(crate) fn address(&self) -> usize {
        (&raw const *self).addr()
    }

    /// Where in the program some were taken last. It means something while they are taken.
    pub(crate) fn place(&self) -> Option<Place> {
        let place = self.place.load(std::sync::atomic::Ordering::Relaxed);
        #[expect(unsafe_code, reason = "a word for a reference or nothing")]
        // SAFETY: null, or from a `&'static`.
        unsafe {
            place.as_ref()
        }
    }

    #[inline]
    fn note_holder(&self, place: Place) {
        use std::sync::atomic::Ordering;
        self.holder.store(current_task_id(), Ordering::Relaxed);
        self.place
            .store(ptr::from_ref(place).cast_mut(), Ordering::Relaxed);
    }

    /// What was granted is taken up.
    #[inline]
    fn take_up(&self, place: Place) {
        self.note_holder(place);
        if is_watched() {
            self.show_holder(None);
        }
    }

    /// Lets others see who has what is waited for here.
    #[cold]
    fn show_holder(&self, granted_to: Option<u64>) {
        let holder = match granted_to {
            Some(task) => Holder {
                task,
                place: None,
                granted: true,
            },
            None => Holder {
                task: self.holder().unwrap_or(0),
                place: self.place(),
                granted: false,
            },
        };
        note_holder(self.address(), holder);
    }

    /// Takes `count`, if that overtakes nobody.
    #[inline]
    pub(crate) fn try_take(&self, count: usize, place: Place) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & WAITERS == 0 && word >> 1 >= count {
            let less = word - count * ONE;
            match self
                .word
                .compare_exchange_weak(word, less, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => {
                    self.note_holder(place);
                    return true;
                }
                Err(now) => word = now,
            }
        }
        false
    }

    /// Takes up to `count` away for good, without waiting; how many it were.
    pub(crate) fn take_up_to(&self, count: usize) -> usize {
        // While somebody is in line the word is changed under the mutex alone.
        let _line = self.line.lock();
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let taken = count.min(word >> 1);
            match self.word.compare_exchange_weak(
                word,
                word - taken * ONE,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return taken,
                Err(now) => word = now,
            }
        }
    }

    /// Gives `count` back.
    ///
    /// # Panics
    ///
    /// When there would be more than [`MAX`].
    #[inline]
    pub(crate) fn give(&self, count: usize) {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & WAITERS == 0 {
            match self.word.compare_exchange_weak(
                word,
                more(word, count),
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
        self.give_to_line(count);
    }

    fn give_to_line(&self, count: usize) {
        let mut wake = WakeList::new();
        let mut line = self.line.lock();
        self.serve(&mut line, count, &mut wake);
        drop(line);
        wake.wake_all();
    }

    /// Adds `count`, and gives those in front what they want.
    fn serve(&self, line: &mut Locked<'_, ()>, count: usize, wake: &mut WakeList) {
        let mut word = self.word.load(Ordering::Acquire);
        while word & WAITERS == 0 {
            // The line is empty, and others may take and give meanwhile.
            match self.word.compare_exchange_weak(
                word,
                more(word, count),
                Ordering::Release,
                Ordering::Acquire,
            ) {
                Ok(_) => return,
                Err(now) => word = now,
            }
        }
        // The word is written before each one learns of its turn, for from then on it may look at it. With the last
        // one's the line is empty, and the word is everybody's again.
        word = more(word, count);
        self.word.store(word, Ordering::Release);
        while let Some(wanted) = line.front(LINE) {
            if wanted > word >> 1 {
                return;
            }
            word -= wanted * ONE;
            if line.is_last(LINE) {
                word &= !WAITERS;
            }
            self.word.store(word, Ordering::Release);
            if let Some(waker) = line.notify_front(LINE, wanted) {
                if is_watched() {
                    self.show_holder(Some(task_of_waker(&waker).unwrap_or(0)));
                }
                wake.push(waker);
            }
        }
        if word & WAITERS != 0 {
            // The last in line has left.
            self.word.store(word & !WAITERS, Ordering::Release);
        }
    }
}

/// The word with `count` more.
#[inline]
fn more(word: usize, count: usize) -> usize {
    match (word >> 1).checked_add(count) {
        Some(sum) if sum <= MAX => (sum << 1) | (word & WAITERS),
        _ => panic!(
            "{count} permits more than {} would be too many: the most is {MAX}",
            word >> 1
        ),
    }
}

impl fmt::Debug for Permits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = self.word.load(Ordering::Relaxed);
        f.debug_struct("Permits")
            .field("available", &(word >> 1))
            .field("waiters", &(word & WAITERS != 0))
            .finish_non_exhaustive()
    }
}

/// What the permits are: of a lock, or of a semaphore.
pub(crate) trait Kind {
    const WAIT: WaitKind;
}

/// A lock, or a lock of readers and writers.
pub(crate) struct OfLock;

/// A semaphore.
pub(crate) struct OfSemaphore;

impl Kind for OfLock {
    const WAIT: WaitKind = WaitKind::Lock;
}

impl Kind for OfSemaphore {
    const WAIT: WaitKind = WaitKind::Semaphore;
}

pin_project! {
    /// The wait for permits. Dropped, it leaves the line, or gives back what it was given in vain.
    pub(crate) struct Turn<'a, K> {
        permits: &'a Permits,
        place: Place,
        // A parameter rather than a field: what is generic is inlined where it is used, its destructor too.
        kind: PhantomData<fn(K)>,
        #[pin]
        waiter: Waiter<'a, ()>,
    }

    impl<K> PinnedDrop for Turn<'_, K> {
        #[inline]
        fn drop(this: Pin<&mut Self>) {
            if this.waiter.status() != Status::Idle {
                this.leave();
            }
        }
    }
}

impl<'a, K> Turn<'a, K> {
    #[inline]
    pub(crate) fn new(permits: &'a Permits, place: Place) -> Turn<'a, K> {
        Turn {
            permits,
            place,
            kind: PhantomData,
            waiter: Waiter::new(&permits.line),
        }
    }

    /// Ready when `count` permits have been taken, which is the caller's from then on.
    #[inline]
    pub(crate) fn poll(self: Pin<&mut Self>, count: usize, cx: &mut Context<'_>) -> Poll<()>
    where
        K: Kind,
    {
        if self.waiter.status() == Status::Idle && self.permits.try_take(count, self.place) {
            return Poll::Ready(());
        }
        self.poll_in_line(count, cx)
    }

    /// What is left when they could not be taken at once. Not inlined, so that the rest is.
    #[inline(never)]
    fn poll_in_line(self: Pin<&mut Self>, count: usize, cx: &mut Context<'_>) -> Poll<()>
    where
        K: Kind,
    {
        let this = self.project();
        let ready = match this.waiter.status() {
            Status::Idle => enter(this.permits, this.waiter.as_ref(), count, this.place, cx),
            Status::Notified(_) => {
                this.waiter.reset();
                this.permits.take_up(this.place);
                true
            }
            Status::Waiting => {
                let renewed = this.permits.line.lock().renew(this.waiter.as_ref(), cx.waker());
                drop(renewed);
                // It may have been its turn between the two looks.
                if let Status::Notified(_) = this.waiter.status() {
                    this.waiter.reset();
                    this.permits.take_up(this.place);
                    true
                } else {
                    false
                }
            }
        };
        if ready {
            return Poll::Ready(());
        }
        waits_for(K::WAIT, this.permits.address());
        Poll::Pending
    }

    /// Gives up the place in line, or what was given.
    #[cold]
    fn leave(self: Pin<&mut Self>) {
        let this = self.project();
        let mut line = this.permits.line.lock();
        let mut wake = WakeList::new();
        let waker = line.remove(this.waiter.as_ref());
        let given = match this.waiter.status() {
            Status::Notified(count) => count,
            Status::Idle | Status::Waiting => 0,
        };
        this.waiter.reset();
        if given > 0 && is_watched() {
            // It was granted to nobody, unless the next in line gets it now.
            note_holder(this.permits.address(), Holder::NOBODY);
        }
        // Also with nothing to give: who stood behind may want less.
        this.permits.serve(&mut line, given, &mut wake);
        drop(line);
        // Others first: what a dropped waker takes along is foreign code.
        wake.wake_all();
        drop(waker);
    }
}

/// Takes `count`, or gets in line. True: taken.
fn enter(
    permits: &Permits,
    waiter: Pin<&Waiter<'_, ()>>,
    count: usize,
    place: Place,
    cx: &mut Context<'_>,
) -> bool {
    assert!(
        count <= MAX,
        "{count} permits can never be had: the most is {MAX}"
    );
    // First, since it is foreign code: it must not come between the bit and the line.
    let waker = cx.waker().clone();
    let mut line = permits.line.lock();
    let mut word = permits.word.load(Ordering::Relaxed);
    while word & WAITERS == 0 {
        let enough = word >> 1 >= count;
        let next = if enough {
            word - count * ONE
        } else {
            word | WAITERS
        };
        match permits
            .word
            .compare_exchange_weak(word, next, Ordering::Acquire, Ordering::Relaxed)
        {
            Ok(_) if enough => {
                drop(line);
                permits.note_holder(place);
                return true;
            }
            Ok(_) => break,
            Err(now) => word = now,
        }
    }
    if is_watched() {
        let wait = Wait {
            kind: WaitKind::Lock,
            address: Wait::visible(permits.address()),
        };
        // The first in line tells; later, who is given something does. But who looks may have come since.
        if line.is_empty(LINE) || holder_of(wait).is_none() {
            permits.show_holder(None);
        }
    }
    line.push_back(LINE, waiter, count, waker);
    false
}
