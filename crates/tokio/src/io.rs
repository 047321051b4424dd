//! Adapters between tokio's traits of I/O and those of futures-io.
//!
//! They hold no bytes. A seek, which tokio does in two calls and futures-io in one, is all that they remember.

mod for_futures;
mod for_tokio;

pub use for_futures::ForFutures;
pub use for_tokio::ForTokio;
