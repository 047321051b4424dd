//! `Readable`, `Writable` and their owning forms: futures that wait for readiness and take nothing.

use std::fmt;
use std::future::Future;
use std::io;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::r#async::Async;
use crate::direction::Direction;
use crate::source::Source;
use crate::waiter::Waiter;

/// One future's wait, over something that leads to the object.
struct Ready<P: Deref<Target = Async<T>>, T> {
    io: P,
    waiter: Waiter,
}

impl<P: Deref<Target = Async<T>>, T> Ready<P, T> {
    fn new(io: P, direction: Direction) -> Ready<P, T> {
        Ready {
            io,
            waiter: Waiter::new(direction),
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let source: &Source = self.io.source();
        self.waiter.poll_ready(source, cx)
    }
}

impl<P: Deref<Target = Async<T>>, T> Drop for Ready<P, T> {
    fn drop(&mut self) {
        self.waiter.leave(self.io.source());
    }
}

macro_rules! futures {
    ($($(#[$doc:meta])* $name:ident $(<$life:lifetime>)? ($pointer:ty), $direction:expr;)*) => {$(
        $(#[$doc])*
        #[must_use = "futures do nothing unless awaited"]
        pub struct $name<$($life,)? T> {
            ready: Ready<$pointer, T>,
        }

        impl<$($life,)? T> $name<$($life,)? T> {
            pub(crate) fn new(io: $pointer) -> Self {
                $name { ready: Ready::new(io, $direction) }
            }
        }

        impl<$($life,)? T> Unpin for $name<$($life,)? T> {}

        impl<$($life,)? T> Future for $name<$($life,)? T> {
            type Output = io::Result<()>;

            fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.ready.poll(cx)
            }
        }

        impl<$($life,)? T> fmt::Debug for $name<$($life,)? T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

futures! {
    /// Waits for input; made by [`Async::readable`].
    Readable<'a>(&'a Async<T>), Direction::Read;
    /// Waits for input and owns the object; made by [`Async::readable_owned`].
    ReadableOwned(Arc<Async<T>>), Direction::Read;
    /// Waits until something can be written; made by [`Async::writable`].
    Writable<'a>(&'a Async<T>), Direction::Write;
    /// Waits until something can be written and owns the object; made by [`Async::writable_owned`].
    WritableOwned(Arc<Async<T>>), Direction::Write;
}
