//! `OnceCell`: a value that is made once, by whoever needs it first.
//!
//! The value lies in std's `OnceLock`; a fair lock of ours decides who makes it. Only those who come while it is made
//! ever touch the lock.

use std::convert::Infallible;
use std::fmt;
use std::sync::OnceLock;

use crate::lock::Lock;
use crate::sync::const_fn;

/// A cell that is written once, where making the value takes an await.
///
/// # Fairness
///
/// If the one who makes the value gives up or fails, the one who has waited longest tries next.
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
    making: Lock,
}

impl<T> OnceCell<T> {
    const_fn! {
        /// An empty cell.
        pub const fn new() -> OnceCell<T> {
            OnceCell {
                value: OnceLock::new(),
                making: Lock::new(()),
            }
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

    /// The value; `init` makes it if it is not there yet, for everybody who asks meanwhile.
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
        if let Some(value) = self.value.get() {
            return Ok(value);
        }
        let _making = self.making.acquire().await;
        if let Some(value) = self.value.get() {
            return Ok(value);
        }
        let value = init().await?;
        // Somebody may have called `set` meanwhile: then that one counts.
        Ok(self.value.get_or_init(|| value))
    }

    /// Writes the value, also while others are about to make it: theirs is dropped then.
    ///
    /// # Errors
    ///
    /// With `value`, when there is one already.
    pub fn set(&self, value: T) -> Result<(), T> {
        self.value.set(value)
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
