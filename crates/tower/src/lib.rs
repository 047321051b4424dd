//! tower's timeouts and limits on the timers and semaphores of asyncio.
//!
//! tower's own wait by tokio's timers and need its runtime. These run on any executor, by the clock of the loop where they are
//! polled; so in a test a mock clock moves them.
//!
//! - [`TimeoutLayer`]: each request has so much time, after which it is asked to stop.
//! - [`ConcurrencyLimitLayer`]: so many requests at once; the rest wait in line.
//! - [`RateLimitLayer`]: so many requests begin within any stretch of time; the rest wait in line.
//!
//! The limits are shared by all clones of a service and all services of a layer, as a server that clones its service for each
//! connection needs it.
//!
//! # Examples
//!
//! ```
//! use std::convert::Infallible;
//! use std::future::{Future, ready};
//! use std::task::{Context, Poll};
//! use std::time::Duration;
//!
//! use asyncio_tower::{RateLimitLayer, TimeoutLayer};
//! use tower_layer::Layer;
//! use tower_service::Service;
//!
//! #[derive(Clone)]
//! struct Double;
//!
//! impl Service<u32> for Double {
//!     type Response = u32;
//!     type Error = Infallible;
//!     type Future = std::future::Ready<Result<u32, Infallible>>;
//!
//!     fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
//!         Poll::Ready(Ok(()))
//!     }
//!
//!     fn call(&mut self, number: u32) -> Self::Future {
//!         ready(Ok(number * 2))
//!     }
//! }
//!
//! // With tower: `ServiceBuilder::new().layer(...).layer(...).service(Double)`.
//! let limited = RateLimitLayer::new(100, Duration::from_secs(1)).layer(Double);
//! let mut service = TimeoutLayer::new(Duration::from_secs(5)).layer(limited);
//!
//! futures_lite::future::block_on(async {
//!     std::future::poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
//!     assert_eq!(service.call(21).await.unwrap(), 42);
//! });
//! ```

mod concurrency_limit;
mod rate_limit;
mod timeout;

pub use concurrency_limit::{ConcurrencyLimit, ConcurrencyLimitFuture, ConcurrencyLimitLayer};
pub use rate_limit::{RateLimit, RateLimitLayer};
pub use timeout::{BoxError, Timeout, TimeoutFuture, TimeoutLayer};
