//! hyper 1 on asyncio: its runtime traits, an HTTP server, and clients.
//!
//! - [`serve()`] runs a service for each connection of a listener, over HTTP/1 and HTTP/2; with the feature `tower` an axum
//!   router as well, with `tls` over TLS. It ends in order.
//! - [`connect()`] opens one connection; with the feature `pool`, `Client` keeps them.
//! - [`Io`], [`Timer`] and the executors of a [`TaskOwner`] are hyper's traits, for those who use hyper by themselves.
//!
//! # Examples
//!
//! ```
//! # #[cfg(all(feature = "server", feature = "client"))] {
//! use std::convert::Infallible;
//! use std::time::Duration;
//!
//! use asyncio_hyper::{connect, serve};
//! use asyncio_net::TcpListener;
//! use http_body_util::{BodyExt, Empty};
//! use hyper::body::{Bytes, Incoming};
//! use hyper::service::service_fn;
//! use hyper::{Request, Response};
//!
//! async fn hello(request: Request<Incoming>) -> Result<Response<String>, Infallible> {
//!     Ok(Response::new(format!("hello, {}", request.uri().path())))
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let mut runner = asyncio_loop::Runner::new();
//! # runner.run(async {
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! let address = listener.local_addr()?;
//! let server = serve(listener, service_fn(hello)).start();
//!
//! let mut client = connect(address).await?;
//! let request = Request::get("/you").header("host", "localhost").body(Empty::<Bytes>::new())?;
//! let response = client.send_request(request).await?;
//! assert_eq!(response.into_body().collect().await?.to_bytes(), "hello, /you");
//!
//! assert_eq!(server.shutdown(Duration::from_secs(5)).await, 0);
//! # Ok(())
//! # })?
//! # }
//! # main().unwrap();
//! # }
//! ```

#[cfg(feature = "client")]
mod client;
mod futures;
mod io;
mod owner;
#[cfg(feature = "pool")]
mod pool;
#[cfg(feature = "tls")]
mod secure;
#[cfg(feature = "server")]
mod serve;
mod timer;

#[cfg(feature = "client")]
pub use client::{Connect, Connection, connect};
pub use futures::Futures;
pub use io::{Io, Stream};
pub use owner::{HereExecutor, LoopExecutor, PoolExecutor, TaskOwner};
#[cfg(feature = "pool")]
pub use pool::{Client, ClientBuilder, Connecting, Connector, Link};
#[cfg(feature = "tls")]
pub use secure::Secure;
#[cfg(feature = "server")]
pub use serve::{
    HttpServer, Listener, Serve, Serving, serve, serve_each, serve_each_parallel, serve_parallel,
};
#[cfg(feature = "tower")]
pub use serve::{TowerService, tower};
pub use timer::Timer;
