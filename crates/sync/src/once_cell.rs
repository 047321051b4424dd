//! `OnceCell`: a value that is made once, by whoever needs it first.
//!
//! The value lies in std's `OnceLock`; a flag says that somebody makes it. Those who come meanwhile listen: for the
//! value, whoever has written it, or for the flag. That is rare and happens once in the life of a cell, so here is
//! `event-listener`, which is one word while nobody listens.

use std::convert::Infallible;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use asyncio_core::{WaitKind, waits_for};
use event_listener::{Event, EventListener};

/// A cell that is written once, where making the value takes an await.
///
/// # Fairness
///
/// If the one who makes the value gives up or fails, the one who has waited longest is woken, and tries next unless a
/// newcomer is quicker.
///
/// # Python
///
/// asyncio has none.
///
/// # Examples
///
/// ```
/// use asyncio_sync::OnceCell;
///
/// futures_lite::future::block_on(async {
///     let token = OnceCell::new();
///     assert_eq!(token.get_or_init(async || "fetched").await, &"fetched");
///     assert_eq!(token.get_or_init(async || unreachable!()).await, &"fetched");
///     assert_eq!(token.set("other"), Err("other"));
/// });
/// ```
pub struct OnceCell<T> {
    value: OnceLock<T>,
    /// Somebody makes the value.
    making: AtomicBool,
    /// Those who wait meanwhile.
    made: Event,
}

/// Somebody makes the value; dropped, somebody else may.
struct Making<'a> {
    making: &'a AtomicBool,
    made: &'a Event,
}

impl Drop for Making<'_> {
    fn drop(&mut self) {
        self.making.store(false, Ordering::Release);
        self.made.notify(1);
    }
}

impl<T> OnceCell<T> {
    /// An empty cell.
    pub const fn new() -> OnceCell<T> {
        OnceCell {
            value: OnceLock::new(),
            making: AtomicBool::new(false),
            made: Event::new(),
        }
    }

    /// The value, if it is there.
    #[inline]
    pub fn get(&self) -> Option<&T> {
        self.value.get()
    }

    /// The value, if it is there, to be changed.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.value.get_mut()
    }

    /// The value; `init` makes it if it is not there yet, for everybody who asks meanwhile. (An `init` that asks the
    /// same cell waits for ever.)
    ///
    /// # Panics
    ///
    /// With the panic of `init`; the next who asks tries again.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it runs `init`, that is dropped, and the next who waits runs its own.
    pub async fn get_or_init(&self, init: impl AsyncFnOnce() -> T) -> &T {
        let made = self.get_or_try_init(async || Ok::<T, Infallible>(init().await));
        match made.await {
            Ok(value) => value,
            Err(never) => match never {},
        }
    }

    /// The value; `init` tries to make it if it is not there yet.
    ///
    /// # Errors
    ///
    /// With the error of `init`; the cell stays empty, and the next who waits runs its own.
    ///
    /// # Panics
    ///
    /// With the panic of `init`; the next who asks tries again.
    ///
    /// # Cancel safety
    ///
    /// As [`get_or_init`](OnceCell::get_or_init).
    pub async fn get_or_try_init<E>(&self, init: impl AsyncFnOnce() -> Result<T, E>) -> Result<&T, E> {
        let mut listener = None;
        loop {
            if let Some(value) = self.value.get() {
                return Ok(value);
            }
            if !self.making.swap(true, Ordering::AcqRel) {
                break;
            }
            match listener.take() {
                // What comes after this is heard; what came before is looked for once more.
                None => listener = Some(self.made.listen()),
                Some(listener) => self.listen(listener).await,
            }
        }
        let making = Making {
            making: &self.making,
            made: &self.made,
        };
        let value = init().await?;
        // Somebody may have called `set` meanwhile: then that one counts.
        let value = self.value.get_or_init(|| value);
        drop(making);
        self.made.notify(usize::MAX);
        Ok(value)
    }

    /// Waits for the value.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn wait(&self) -> &T {
        let mut listener = None;
        loop {
            if let Some(value) = self.value.get() {
                return value;
            }
            match listener.take() {
                None => listener = Some(self.made.listen()),
                Some(listener) => {
                    self.listen(listener).await;
                    // Whoever was woken to make the value, and does not, passes that on.
                    self.made.notify(1);
                }
            }
        }
    }

    async fn listen(&self, mut listener: EventListener) {
        let address = (&raw const *self).addr();
        let heard = poll_fn(|cx| {
            let polled = Pin::new(&mut listener).poll(cx);
            if polled.is_pending() {
                waits_for(WaitKind::Signal, address);
            }
            polled
        });
        heard.await;
    }

    /// Writes the value, also while another is about to make it, whose own is dropped then. Those who wait go on.
    ///
    /// # Errors
    ///
    /// With `value`, when there is one already.
    pub fn set(&self, value: T) -> Result<(), T> {
        self.value.set(value)?;
        self.made.notify(usize::MAX);
        Ok(())
    }

    /// Takes the value out: the cell is empty again.
    pub fn take(&mut self) -> Option<T> {
        self.value.take()
    }

    /// The value of a cell that nobody shares any more.
    pub fn into_inner(self) -> Option<T> {
        self.value.into_inner()
    }
}

impl<T> Default for OnceCell<T> {
    fn default() -> OnceCell<T> {
        OnceCell::new()
    }
}

impl<T> From<T> for OnceCell<T> {
    fn from(value: T) -> OnceCell<T> {
        let cell = OnceCell::new();
        // An empty cell takes it.
        drop(cell.set(value));
        cell
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tuple = f.debug_tuple("OnceCell");
        match self.get() {
            Some(value) => tuple.field(value),
            None => tuple.field(&format_args!("<empty>")),
        };
        tuple.finish()
    }
}
