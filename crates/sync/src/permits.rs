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
use std::pin::Pin;
use std::sync::atomic::AtomicU64;
use std::task::{Context, Poll};

use asyncio_core::{WaitKind, WakeList, current_task_id, waits_for};
use pin_project_lite::pin_project;

use crate::monitor::{Locked, Monitor, Status, Waiter};
use crate::sync::{AtomicUsize, Ordering, const_fn};

#[cfg(all(test, asyncio_loom))]
mod loom_tests;

const WAITERS: usize = 1;
const ONE: usize = 2;
const LINE: usize = 0;

/// The most permits that there can be.
pub(crate) const MAX: usize = usize::MAX >> 1;

pub(crate) struct Permits {
    word: AtomicUsize,
    /// The task that took some last; 0 if that was none.
    holder: AtomicU64,
    line: Monitor<()>,
}

impl Permits {
    const_fn! {
        pub(crate) const fn new(count: usize) -> Permits {
            assert!(count <= MAX, "there can be at most usize::MAX / 2 permits");
            Permits {
                word: AtomicUsize::new(count << 1),
                holder: AtomicU64::new(0),
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

    #[inline]
    fn note_holder(&self) {
        self.holder
            .store(current_task_id(), std::sync::atomic::Ordering::Relaxed);
    }

    /// Takes `count`, if that overtakes nobody.
    #[inline]
    pub(crate) fn try_take(&self, count: usize) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        while word & WAITERS == 0 && word >> 1 >= count {
            let less = word - count * ONE;
            match self
                .word
                .compare_exchange_weak(word, less, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => {
                    self.note_holder();
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

pin_project! {
    /// The wait for permits. Dropped, it leaves the line, or gives back what it was given in vain.
    pub(crate) struct Turn<'a> {
        permits: &'a Permits,
        #[pin]
        waiter: Waiter<'a, ()>,
    }

    impl PinnedDrop for Turn<'_> {
        fn drop(this: Pin<&mut Self>) {
            if this.waiter.status() != Status::Idle {
                this.leave();
            }
        }
    }
}

impl<'a> Turn<'a> {
    #[inline]
    pub(crate) fn new(permits: &'a Permits) -> Turn<'a> {
        Turn {
            permits,
            waiter: Waiter::new(&permits.line),
        }
    }

    /// Ready when `count` permits have been taken, which is the caller's from then on.
    #[inline]
    pub(crate) fn poll(self: Pin<&mut Self>, count: usize, kind: WaitKind, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let ready = match this.waiter.status() {
            Status::Idle => {
                this.permits.try_take(count) || enter(this.permits, this.waiter.as_ref(), count, cx)
            }
            Status::Notified(_) => {
                this.waiter.reset();
                this.permits.note_holder();
                true
            }
            Status::Waiting => {
                let renewed = this.permits.line.lock().renew(this.waiter.as_ref(), cx.waker());
                drop(renewed);
                // It may have been its turn between the two looks.
                if let Status::Notified(_) = this.waiter.status() {
                    this.waiter.reset();
                    this.permits.note_holder();
                    true
                } else {
                    false
                }
            }
        };
        if ready {
            return Poll::Ready(());
        }
        waits_for(kind, this.permits.address());
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
        // Also with nothing to give: who stood behind may want less.
        this.permits.serve(&mut line, given, &mut wake);
        drop(line);
        // Others first: what a dropped waker takes along is foreign code.
        wake.wake_all();
        drop(waker);
    }
}

/// Takes `count`, or gets in line. True: taken.
fn enter(permits: &Permits, waiter: Pin<&Waiter<'_, ()>>, count: usize, cx: &mut Context<'_>) -> bool {
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
                permits.note_holder();
                return true;
            }
            Ok(_) => break,
            Err(now) => word = now,
        }
    }
    line.push_back(LINE, waiter, count, waker);
    false
}
