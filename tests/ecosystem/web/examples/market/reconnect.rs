//! `keep_up`: one session after the other, with a wait between them that grows while they fail.

use asyncio::sleep;

use crate::backoff::Backoff;

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Session {
    /// There is no more to do.
    Over,
    /// It broke. A good one has brought something before it did.
    Lost {
        /// Whether it has.
        was_good: bool,
    },
}

/// Begins a session again and again until one says that it is over. The waits are on the loop's clock, so a test with the mock clock
/// takes no time for them.
pub async fn keep_up(mut backoff: Backoff, mut session: impl AsyncFnMut() -> Session) {
    while let Session::Lost { was_good } = session().await {
        if was_good {
            backoff.succeeded();
        }
        sleep(backoff.failed()).await;
    }
}
