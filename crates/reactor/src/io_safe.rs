//! `IoSafe`: whose `Read` and `Write` leave the descriptor alone.

#![expect(
    unsafe_code,
    reason = "the trait promises what `Async` cannot check: that the registered descriptor stays"
)]

use std::io::{Read, Write};

/// Types whose [`Read`] and [`Write`] do not close or exchange the descriptor, so that [`Async`](crate::Async) may
/// implement `AsyncRead` and `AsyncWrite` over them.
///
/// # Safety
///
/// `read`, `write`, `flush` and their vectored forms leave the object's descriptor the same open one.
pub unsafe trait IoSafe {
    /// Whether a read that returns fewer bytes than asked for has taken all there was, and a write that does less has
    /// filled the room. It holds for stream sockets and pipes and lets a backend that can tell the end of a stream
    /// spare an attempt. It does not hold for datagrams, terminals, or a reader with a buffer of its own; nor for a
    /// Unix stream over which a peer sends descriptors, where it may delay data until more comes.
    const DRAINS: bool = false;
}

macro_rules! io_safe {
    ($($(#[$cfg:meta])* $kind:ty: $drains:literal;)*) => {$(
        $(#[$cfg])*
        // SAFETY: std's implementations make the system call of the name and nothing else.
        unsafe impl IoSafe for $kind {
            const DRAINS: bool = $drains;
        }
    )*};
}

io_safe! {
    std::fs::File: false;
    std::io::Stderr: false;
    std::io::Stdin: false;
    std::io::Stdout: false;
    std::io::StderrLock<'_>: false;
    std::io::StdinLock<'_>: false;
    std::io::StdoutLock<'_>: false;
    std::net::TcpStream: true;
    std::process::ChildStdin: true;
    std::process::ChildStdout: true;
    std::process::ChildStderr: true;
    #[cfg(unix)]
    std::os::unix::net::UnixStream: true;
}

// SAFETY: a shared reference can neither close nor exchange what it refers to.
unsafe impl<T: IoSafe + ?Sized> IoSafe for &T {
    const DRAINS: bool = T::DRAINS;
}
// SAFETY: it forwards to `T`.
unsafe impl<T: IoSafe + ?Sized> IoSafe for &mut T {
    const DRAINS: bool = T::DRAINS;
}
// SAFETY: it forwards to `T`.
unsafe impl<T: IoSafe + ?Sized> IoSafe for Box<T> {
    const DRAINS: bool = T::DRAINS;
}
// SAFETY: it forwards to `T`, in pieces of its own size.
unsafe impl<T: IoSafe + Read> IoSafe for std::io::BufReader<T> {}
// SAFETY: it forwards to `T`, in pieces of its own size.
unsafe impl<T: IoSafe + Write> IoSafe for std::io::BufWriter<T> {}
// SAFETY: it forwards to `T`, in pieces of its own size.
unsafe impl<T: IoSafe + Write> IoSafe for std::io::LineWriter<T> {}
// SAFETY: it forwards to `T`; `Cow` has no `Read` or `Write` that could exchange it.
unsafe impl<T: Clone + IoSafe> IoSafe for std::borrow::Cow<'_, T> {}
