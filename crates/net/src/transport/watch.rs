//! What tells a transport that its peer has reset the connection while nobody reads or writes.
//!
//! It begins when somebody asks whether, or waits until, the connection is over: those who never do pay nothing. The waker
//! that the wire gets does not keep the transport.

use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Wake, Waker};

use super::Shared;
use super::sending::Phase;

struct Watch(Weak<Shared>);

impl Shared {
    /// From now on a connection that breaks is lost, if the wire can tell.
    pub(super) fn watch(self: &Arc<Self>) {
        let mut sending = self.sending.lock();
        if sending.watched || sending.phase != Phase::Open {
            return;
        }
        sending.watched = true;
        let waker = Waker::from(Arc::new(Watch(Arc::downgrade(self))));
        // Under the lock: a reader that sees the end, for the error has been fetched here, then finds the reason.
        if let Poll::Ready(error) = self.wire.poll_broken(&mut Context::from_waker(&waker)) {
            self.lose(sending, error);
        }
    }
}

impl Wake for Watch {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(shared) = self.0.upgrade() {
            shared.sending.lock().watched = false;
            shared.watch();
        }
    }
}
