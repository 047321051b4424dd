//! What a peer must be able to do, so that every workload is written once and monomorphised for each of them.
//!
//! A peer is a small `Copy` value: a handle that costs nothing where the runtime lives in a thread-local, and a
//! reference where it does not. Handles that `spawn` returns are awaited for their result only; workloads never rely
//! on what a dropped handle does.

use std::future::Future;
use std::time::{Duration, Instant};

mod calls;
mod children;
mod compio;
mod locks;
mod monoio;
pub mod ours;
mod protocols;
pub mod queues;
pub mod smol;
mod streams;
mod structured;
mod tls;
pub mod tokio;

pub use self::calls::Calls;
pub use self::children::Children;
pub use self::compio::Compio;
pub use self::locks::{Lock, Semaphore};
pub use self::monoio::Monoio;
pub use self::ours::{Ours, OursPool};
pub use self::protocols::OursProtocol;
pub use self::queues::{Nowait, Receiver, Sender};
pub use self::smol::{Smol, SmolPool};
pub use self::streams::{Protocol, Streams};
pub use self::structured::{Structured, TokioLocal};
pub use self::tls::Tls;
pub use self::tokio::{TokioCt, TokioMt};

/// A single-threaded loop.
pub trait Peer: Copy + 'static {
    /// Runs the future that `main` makes, on this thread, with everything that a user would have switched on.
    fn run<F: Future>(main: impl FnOnce(Self) -> F) -> F::Output;

    /// Starts a task of this thread; the future is its join handle.
    fn spawn<F>(self, future: F) -> impl Future + 'static
    where
        F: Future + 'static,
        F::Output: 'static;

    /// A timer.
    fn sleep_until(self, deadline: Instant) -> impl Future + 'static;

    /// Runs `f` on a thread where blocking is no harm.
    fn blocking(self, f: fn()) -> impl Future + 'static;

    /// Binds, calls `bound` with the port, then echoes on every connection for ever with a buffer of that size.
    fn tcp_echo(self, buffer: usize, bound: impl FnOnce(u16) + 'static)
    -> impl Future<Output = ()> + 'static;

    /// The same with datagrams and one socket.
    fn udp_echo(self, bound: impl FnOnce(u16) + 'static) -> impl Future<Output = ()> + 'static;
}

/// Two workers that share tasks.
pub trait Pool: Copy + Send + Sync + 'static {
    /// Runs the future that `main` makes on the calling thread, with two workers beside it.
    fn run<F: Future>(main: impl FnOnce(Self) -> F) -> F::Output;

    /// Starts a task on the workers.
    fn spawn<F>(self, future: F) -> impl Future + Send + 'static
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    /// A timer.
    fn sleep(self, duration: Duration) -> impl Future + Send + 'static;

    /// As [`Peer::tcp_echo`], with each connection a task of the pool.
    fn tcp_echo(
        self,
        buffer: usize,
        bound: impl FnOnce(u16) + Send + 'static,
    ) -> impl Future<Output = ()> + Send + 'static;
}
