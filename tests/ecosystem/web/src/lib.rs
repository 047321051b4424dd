//! What the tests of this package share: programs that they start, directories and certificates that are gone afterwards.
//!
//! The programs under `examples/` use none of it.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

mod certificates;
mod directory;
mod program;
mod redis_server;

pub use certificates::Certificates;
pub use directory::Directory;
pub use program::{Program, example, is_there};
pub use redis_server::RedisServer;

use std::time::Duration;

/// Runs a test on a loop, for a minute and a half at most.
pub fn run<T>(test: impl Future<Output = T>) -> T {
    asyncio::run(async {
        let bounded = asyncio::timeout(Duration::from_secs(90), test);
        bounded.await.expect("the test ends within its time")
    })
}

/// The pages of the book whose snippets need what this package has.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../../../docs/how-to/websockets.md")]
    mod websockets {}
    #[doc = include_str!("../../../../docs/how-to/beyond-one-machine.md")]
    mod beyond_one_machine {}
}
