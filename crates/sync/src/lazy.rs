//! `Lazy`: a value that is made at its first use, by a function that it brings along.

use std::fmt;
use std::pin::Pin;

use crate::once_cell::OnceCell;

/// What the function of a `static` [`Lazy`] gives.
pub type LazyFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A value that is made at its first use, where making it takes an await.
///
/// # Python
///
/// asyncio has none.
///
/// # Examples
///
/// ```
/// use asyncio_sync::Lazy;
///
/// static NAMES: Lazy<Vec<&'static str>> = Lazy::new(|| Box::pin(async { vec!["one", "two"] }));
///
/// futures_lite::future::block_on(async {
///     assert_eq!(NAMES.force().await.len(), 2);
///     assert_eq!(NAMES.get().map(Vec::len), Some(2));
/// });
/// ```
pub struct Lazy<T, F = fn() -> LazyFuture<T>> {
    cell: OnceCell<T>,
    make: F,
}

impl<T, F> Lazy<T, F> {
    /// A value that the future of `make` will give. If that future is dropped half-way, or panics, `make` is called
    /// again for the next who asks.
    pub const fn new(make: F) -> Lazy<T, F> {
        Lazy {
            cell: OnceCell::new(),
            make,
        }
    }

    /// The value, if it has been made.
    #[inline]
    pub fn get(&self) -> Option<&T> {
        self.cell.get()
    }
}

impl<T, F, U> Lazy<T, F>
where
    F: Fn() -> U,
    U: Future<Output = T>,
{
    /// The value, which is made now if it was not before.
    ///
    /// # Panics
    ///
    /// With the panic of the function; the next who asks tries again.
    ///
    /// # Cancel safety
    ///
    /// Dropped while it makes the value, it drops what it has so far, and the next who waits begins anew.
    pub async fn force(&self) -> &T {
        match self.cell.get() {
            Some(value) => value,
            None => self.cell.get_or_init(async || (self.make)().await).await,
        }
    }
}

impl<T: fmt::Debug, F> fmt::Debug for Lazy<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lazy")
            .field("cell", &self.cell)
            .finish_non_exhaustive()
    }
}
