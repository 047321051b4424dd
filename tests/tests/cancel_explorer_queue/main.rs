//! The cancel explorer over queues of every order: cancelled at each of their suspension points, softly and hard, under
//! `catch_cancelled`, in a group that is cancelled, and at the moment of a deadline, no operation loses an item or a
//! place, and those who wait beside it get their turn; also while the queue is shut down.

mod get;
mod kinds;
#[path = "../cancel_explorer_sync/kit.rs"]
mod kit;
mod put;
