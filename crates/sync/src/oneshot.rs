//! One value from one task to another, once.
//!
//! The two halves share one word of flags and two places, for the value and for the receiver's waker:
//! - `SENT`, set by the sender once: the value is in its place, or there will be none. From then on the place is the
//!   receiver's, and the waker's place the sender's if `WAITS` was set.
//! - `WAITS`: the receiver has put its waker into its place. Only the receiver sets and clears it, and it clears it
//!   before it touches the waker's place again.
//! - `CLOSED`: the receiver wants nothing any more. Of a send and a close, the later one has the value: the sender
//!   gives it back, or the receiver drops it.
//!
//! Each flag is set by a swap of the word, so that each side knows in which order the two came.
//!
//! # Examples
//!
//! ```
//! use asyncio_sync::oneshot;
//!
//! let (sender, receiver) = oneshot::channel();
//! std::thread::spawn(move || sender.send(6 * 7));
//! assert_eq!(futures_lite::future::block_on(receiver), Ok(42));
//! ```

#![expect(unsafe_code, reason = "a value and a waker that two sides reach in turn")]

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use asyncio_core::{WaitKind, WakeList, waits_for};
use pin_project_lite::pin_project;

use crate::blocking::block_on;
use crate::monitor::{Monitor, Status, Waiter};
use crate::sync::{Arc, AtomicU8, Ordering, UnsafeCell};

#[cfg(all(test, asyncio_loom))]
mod loom_tests;

const WAITS: u8 = 1;
const SENT: u8 = 1 << 1;
const CLOSED: u8 = 1 << 2;
const LINE: usize = 0;

struct Shared<T> {
    flags: AtomicU8,
    value: UnsafeCell<Option<T>>,
    waker: UnsafeCell<Option<Waker>>,
    /// Who waits for the receiver to close.
    closing: Monitor<()>,
}

// SAFETY: the value is given from one thread to another and never shared; the waker can be.
unsafe impl<T: Send> Sync for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Send for Shared<T> {}

impl<T> Shared<T> {
    fn is_closed(&self) -> bool {
        self.flags.load(Ordering::Acquire) & CLOSED != 0
    }

    /// # Safety
    ///
    /// The place of the value is the caller's.
    unsafe fn put_value(&self, value: T) {
        // SAFETY: it is the caller's.
        self.value.with_mut(|place| unsafe { *place = Some(value) });
    }

    /// # Safety
    ///
    /// The place of the value is the caller's.
    unsafe fn take_value(&self) -> Option<T> {
        // SAFETY: it is the caller's.
        self.value.with_mut(|value| unsafe { (*value).take() })
    }

    /// # Safety
    ///
    /// The place of the waker is the caller's.
    unsafe fn put_waker(&self, waker: Option<Waker>) -> Option<Waker> {
        self.waker
            // SAFETY: it is the caller's.
            .with_mut(|place| unsafe { std::mem::replace(&mut *place, waker) })
    }

    /// The sender is done. What is in the value's place is the receiver's, unless `CLOSED` is in the answer.
    fn finish(&self) -> u8 {
        let flags = self.flags.fetch_or(SENT, Ordering::AcqRel);
        if flags & WAITS != 0 {
            // SAFETY: the receiver waited, and leaves its waker to us since it can see `SENT`.
            if let Some(waker) = unsafe { self.put_waker(None) } {
                waker.wake();
            }
        }
        flags
    }
}

/// A sender and a receiver of one value.
///
/// # Python
///
/// Between tasks of one loop an `asyncio.Future` does this.
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared {
        flags: AtomicU8::new(0),
        value: UnsafeCell::new(None),
        waker: UnsafeCell::new(None),
        closing: Monitor::new(()),
    });
    let sender = Sender {
        shared: Some(shared.clone()),
    };
    let receiver = Receiver { shared, ended: false };
    (sender, receiver)
}

/// Sends one value. Dropped without that, it tells the receiver that none will come.
pub struct Sender<T> {
    /// `None` once the value was sent.
    shared: Option<Arc<Shared<T>>>,
}

impl<T> Sender<T> {
    /// Sends the value; never waits.
    ///
    /// # Errors
    ///
    /// With the value, when the receiver was dropped or closed.
    pub fn send(mut self, value: T) -> Result<(), SendError<T>> {
        let Some(shared) = self.shared.take() else {
            // Only this function takes it, and it takes the sender too.
            return Err(SendError(value));
        };
        // SAFETY: without `SENT` the value's place is the sender's.
        unsafe { shared.put_value(value) };
        if shared.finish() & CLOSED == 0 {
            return Ok(());
        }
        // SAFETY: the receiver closed before `SENT` was set, so it left the place to us.
        match unsafe { shared.take_value() } {
            Some(value) => Err(SendError(value)),
            None => Ok(()),
        }
    }

    /// Whether the receiver was dropped or closed: there is no use in sending.
    pub fn is_closed(&self) -> bool {
        self.shared.as_ref().is_none_or(|shared| shared.is_closed())
    }

    /// Waits until the receiver is dropped or closed.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it stops waiting, and nothing is lost.
    ///
    /// # Examples
    ///
    /// ```
    /// # futures_lite::future::block_on(async {
    /// let (sender, receiver) = asyncio_sync::oneshot::channel::<u32>();
    /// drop(receiver);
    /// sender.closed().await;
    /// assert_eq!(sender.send(1).unwrap_err().0, 1);
    /// # });
    /// ```
    pub async fn closed(&self) {
        if let Some(shared) = &self.shared {
            let waiter = Waiter::new(&shared.closing);
            Closing { shared, waiter }.await;
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.take() {
            shared.finish();
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("is_closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

pin_project! {
    struct Closing<'a, T> {
        shared: &'a Shared<T>,
        #[pin]
        waiter: Waiter<'a, ()>,
    }
}

impl<T> Future for Closing<'_, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let mut line = this.shared.closing.lock();
        let mut old = None;
        match this.waiter.status() {
            // The receiver sets the flag before it looks at the line.
            Status::Idle if this.shared.is_closed() => return Poll::Ready(()),
            Status::Idle => line.push_back(LINE, this.waiter.as_ref(), 0, cx.waker().clone()),
            Status::Waiting => old = line.renew(this.waiter.as_ref(), cx.waker()),
            Status::Notified(_) => return Poll::Ready(()),
        }
        drop(line);
        drop(old);
        waits_for(WaitKind::Signal, (&raw const **this.shared).addr());
        Poll::Pending
    }
}

/// Receives one value: a future.
///
/// # Cancel safety
///
/// A receiver can be awaited by `&mut`; dropping that wait loses nothing. With the receiver itself goes a value that
/// was sent and not received.
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    /// The value was taken, or there is none.
    ended: bool,
}

impl<T> Receiver<T> {
    /// The value, if it is there.
    ///
    /// # Errors
    ///
    /// `Empty` when the sender may still send; `Closed` when no value will come, or it was received.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        if !self.ended && self.shared.flags.load(Ordering::Acquire) & SENT == 0 {
            return Err(TryRecvError::Empty);
        }
        self.take().map_err(|_| TryRecvError::Closed)
    }

    /// As awaiting it, for a thread that runs no loop.
    ///
    /// # Errors
    ///
    /// When the sender was dropped without sending.
    ///
    /// # Panics
    ///
    /// In a step of a loop or of a pool's worker, which it would block. (Of other executors it cannot know.)
    pub fn recv_blocking(self) -> Result<T, RecvError> {
        block_on("Receiver::recv_blocking", "receiver.await", self)
    }

    /// Tells the sender that nothing is wanted any more. A value that was sent before can still be received.
    pub fn close(&mut self) {
        if self.ended {
            return;
        }
        let flags = self.shared.flags.fetch_or(CLOSED, Ordering::AcqRel);
        if flags & SENT != 0 {
            return;
        }
        // The sender will see it, and keep its value.
        self.ended = true;
        let mut wake = WakeList::new();
        self.shared.closing.lock().notify_all(LINE, 0, &mut wake);
        wake.wake_all();
        if flags & WAITS != 0 && self.shared.flags.fetch_and(!WAITS, Ordering::AcqRel) & SENT == 0 {
            // SAFETY: without `WAITS`, which is ours to set, the waker's place is ours.
            drop(unsafe { self.shared.put_waker(None) });
        }
    }

    /// `SENT` was seen, or all has ended.
    fn take(&mut self) -> Result<T, RecvError> {
        if self.ended {
            return Err(RecvError(()));
        }
        self.ended = true;
        // SAFETY: `SENT` came before any `CLOSED`, after which we would have ended; so the place is ours.
        unsafe { self.shared.take_value() }.ok_or(RecvError(()))
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.ended {
            return Poll::Ready(Err(RecvError(())));
        }
        let shared = &self.shared;
        let mut flags = shared.flags.load(Ordering::Acquire);
        if flags & WAITS != 0 && flags & SENT == 0 {
            flags = shared.flags.fetch_and(!WAITS, Ordering::AcqRel);
        }
        if flags & SENT == 0 {
            // SAFETY: without `WAITS`, which is ours to set, the waker's place is ours.
            drop(unsafe { shared.put_waker(Some(cx.waker().clone())) });
            flags = shared.flags.fetch_or(WAITS, Ordering::AcqRel);
            if flags & SENT == 0 {
                waits_for(WaitKind::Signal, (&raw const **shared).addr());
                return Poll::Pending;
            }
            // SAFETY: the sender finished before `WAITS` was set, so it does not touch the waker.
            drop(unsafe { shared.put_waker(None) });
        }
        Poll::Ready(self.take())
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.close();
        if !self.ended {
            drop(self.take());
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").finish_non_exhaustive()
    }
}

/// The receiver was dropped or closed; the value is given back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SendError<T>(pub T);

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendError").finish_non_exhaustive()
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the receiver is gone")
    }
}

impl<T> Error for SendError<T> {}

/// The sender was dropped without sending, or the value was received before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecvError(());

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the sender is gone, and no value will come")
    }
}

impl Error for RecvError {}

/// Why there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TryRecvError {
    /// It may come yet.
    Empty,
    /// It will not come: the sender was dropped, or the value was received before.
    Closed,
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TryRecvError::Empty => "the value is not there yet",
            TryRecvError::Closed => "the sender is gone, and no value will come",
        })
    }
}

impl Error for TryRecvError {}
