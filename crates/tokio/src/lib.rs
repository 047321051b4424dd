//! Living with tokio: libraries that need it, on a loop of ours; what is ours, under tokio's traits; and either loop inside of
//! the other.
//!
//! | you have | you want | take |
//! |---|---|---|
//! | a task of ours, on any loop or pool | to await something of tokio's | [`compat`](TokioCompat::compat) |
//! | the same, and no child may be left behind | a scope | [`with_tokio`](with_tokio()) |
//! | a program that lives on such libraries | both on one thread | [`run`](run()), [`TokioDriver`] |
//! | a program of tokio's | a loop of ours inside | [`host`](host()) |
//! | a stream of ours | tokio's `AsyncRead`, `AsyncWrite` | [`ForTokio`] |
//! | a stream of tokio's | those of futures-io | [`ForFutures`] |
//!
//! ```
//! use std::time::Duration;
//! use asyncio_tokio::TokioCompat;
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//! use tokio::net::{TcpListener, TcpStream};
//!
//! // What a library does that knows tokio alone.
//! async fn ask(address: std::net::SocketAddr) -> std::io::Result<u8> {
//!     let mut stream = TcpStream::connect(address).await?;
//!     stream.write_u8(6).await?;
//!     stream.read_u8().await
//! }
//!
//! async fn serve(listener: TcpListener) -> std::io::Result<()> {
//!     let (mut stream, _) = listener.accept().await?;
//!     let number = stream.read_u8().await?;
//!     stream.write_u8(number * 7).await
//! }
//!
//! asyncio::run(async {
//!     let listener = async { TcpListener::bind("127.0.0.1:0").await }.compat().await?;
//!     let address = listener.local_addr()?;
//!     let server = asyncio::create_task(serve(listener).compat());
//!     // Our timeout, our task, tokio's sockets.
//!     let answer = asyncio::timeout(Duration::from_secs(5), ask(address).compat()).await;
//!     assert_eq!(answer.expect("in time")?, 42);
//!     server.await.expect("it was not cancelled")
//! })?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # What it costs
//!
//! With `compat` and `with_tokio` the runtime has a thread of its own, started when it is first needed: each readiness that tokio
//! finds wakes a task from thread to thread. With [`run`](run()) there is no such thread; a wake costs two or three system
//! calls more than tokio's own. Locks, queues, channels and other things without a runtime cost nothing either way, and need none
//! of this.
//!
//! # What ends when
//!
//! A future that is cancelled or dropped is dropped with tokio's context. What was given to `tokio::spawn` ends with the
//! scope of `with_tokio`, else with the loop: dropped between two steps, without a chance to clean up, as at the end of a
//! runtime of tokio's. Blocking work that has begun is awaited for five seconds then.

mod background;
mod compat;
mod current;
#[cfg(unix)]
mod driver;
#[cfg(unix)]
mod host;
mod io;
#[cfg(unix)]
mod run;
mod scope;
#[cfg(unix)]
mod watched;

pub use compat::{Compat, TokioCompat};
pub use current::handle;
#[cfg(unix)]
pub use driver::TokioDriver;
#[cfg(unix)]
pub use host::host;
pub use io::{ForFutures, ForTokio};
#[cfg(unix)]
pub use run::run;
pub use scope::with_tokio;
