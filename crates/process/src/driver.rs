//! What reaps the children that nobody waits for.
//!
//! async-process keeps a list of the children whose handles were dropped, and needs a future to be polled that reaps
//! them. A loop polls it beside its tasks, from the first child on; without a loop, and for the children that outlive
//! one, async-process starts a thread. The threads' reactor that it registers children with (async-io's) has a thread
//! in any case: that is the one background thread under a loop.

/// Sees to it that what ends is reaped. Cheap when that is so already.
pub(crate) fn start() {
    asyncio_core::run_beside("asyncio-process", || async {
        match async_process::driver().await {}
    });
}
