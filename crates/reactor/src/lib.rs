//! Readiness of sockets and file descriptors, and OS signals, on any executor.
//!
//! [`Async<T>`] makes an I/O object of std asynchronous. It needs no runtime: where no reactor was entered on the
//! thread, a background thread of this crate waits for all of them.
//!
//! ```
//! use std::net::{TcpListener, TcpStream};
//! use asyncio_reactor::Async;
//! use futures_lite::{AsyncReadExt, AsyncWriteExt, future};
//!
//! # fn main() -> std::io::Result<()> {
//! future::block_on(async {
//!     let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0))?;
//!     let address = listener.get_ref().local_addr()?;
//!     let (client, server) = future::try_zip(Async::<TcpStream>::connect(address), listener.accept()).await?;
//!     (&client).write_all(b"ping").await?;
//!     let mut buffer = [0; 4];
//!     (&server.0).read_exact(&mut buffer).await?;
//!     assert_eq!(&buffer, b"ping");
//!     Ok(())
//! })
//! # }
//! ```
//!
//! A loop of one's own owns a [`Reactor`], enters its [`Handle`] on the thread, and turns it:
//!
//! ```
//! use std::os::unix::net::UnixStream;
//! use std::pin::pin;
//! use std::task::{Context, Poll};
//! use asyncio_reactor::{Async, Reactor};
//! use futures_lite::{AsyncReadExt, AsyncWriteExt};
//!
//! # fn main() -> std::io::Result<()> {
//! let mut reactor = Reactor::new()?;
//! let handle = reactor.handle();
//! let _entered = handle.enter();
//! let (mut one, mut other) = Async::<UnixStream>::pair()?;
//! let mut talk = pin!(async {
//!     one.write_all(b"hi").await?;
//!     let mut buffer = [0; 2];
//!     other.read_exact(&mut buffer).await?;
//!     std::io::Result::Ok(buffer)
//! });
//! let waker = handle.waker();
//! let buffer = loop {
//!     match talk.as_mut().poll(&mut Context::from_waker(&waker)) {
//!         Poll::Ready(result) => break result?,
//!         Poll::Pending => reactor.turn(None)?,
//!     };
//! };
//! assert_eq!(&buffer, b"hi");
//! # Ok(())
//! # }
//! ```

mod r#async;
mod async_read;
mod backend;
mod direction;
mod fallback;
mod handle;
mod io_safe;
mod level;
mod reactor;
mod readiness;
mod ready;
mod registration;
mod registry;
mod shared;
pub mod signals;
mod source;
mod sync;
mod sys;
mod tcp;
mod udp;
#[cfg(unix)]
mod unix;
mod waiter;
mod waiters;

pub use r#async::Async;
pub use backend::Backend;
pub use direction::Direction;
pub use handle::{Entered, Handle};
pub use io_safe::IoSafe;
pub use level::Level;
pub use reactor::{Builder, Reactor};
pub use ready::{Readable, ReadableOwned, Writable, WritableOwned};
pub use sys::AsSource;
