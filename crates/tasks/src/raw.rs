//! For those who write loops, executors and test kits: what a task runs, without the handle, and a scope that is
//! cancelled by hand.

pub use crate::cancellable::Cancellable;
pub use crate::graph::{DescriptorNames, name_descriptors_by};
pub use crate::root::Root;

use asyncio_core::QueueId;

use crate::Promise;

/// An open promise of the loop with this queue, from any thread.
#[track_caller]
pub fn promise_on<T>(queue: QueueId) -> Promise<T> {
    Promise::on(Some(queue))
}

/// What cancels a promise, and is not counted among those who could set it.
pub fn promise_canceller<T: Send + 'static>(
    promise: &Promise<T>,
) -> impl Fn() -> bool + Send + Sync + 'static + use<T> {
    promise.canceller()
}

/// The queue of the loop that calls the callbacks of a promise, if it has one.
pub fn promise_queue<T>(promise: &Promise<T>) -> Option<QueueId> {
    promise.queue()
}
