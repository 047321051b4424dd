//! `Room`: how many jobs a bounded pool takes, and who waits for a place.
//!
//! Places are handed over in the order of asking: a place that becomes free goes to the first waiter as a *grant*,
//! and while somebody waits or holds a grant that uses up the room, newcomers find the pool full. So a stream of
//! newcomers cannot starve a waiter. A waiter that is dropped gives its grant to the next one.

use std::collections::VecDeque;
use std::task::Waker;

/// The places of a pool. All methods are called under the pool's mutex; wakers are woken outside of it.
#[derive(Debug)]
pub(super) struct Room {
    /// How many jobs may be outstanding; `None` is no limit.
    limit: Option<usize>,
    waiters: VecDeque<(u64, Waker)>,
    next_waiter: u64,
    granted: usize,
}

impl Room {
    pub(super) fn new(limit: Option<usize>) -> Room {
        Room {
            limit,
            waiters: VecDeque::new(),
            next_waiter: 0,
            granted: 0,
        }
    }

    /// Whether one that did not wait gets a place.
    pub(super) fn has_place(&self, outstanding: usize) -> bool {
        let Some(limit) = self.limit else { return true };
        self.waiters.is_empty() && outstanding + self.granted < limit
    }

    /// Puts a waiter at the end of the line. Returns its number.
    pub(super) fn wait(&mut self, waker: Waker) -> u64 {
        let number = self.next_waiter;
        self.next_waiter += 1;
        self.waiters.push_back((number, waker));
        number
    }

    /// Whether the waiter has its grant; if not, its waker is replaced (and the old one returned, to be dropped
    /// outside the lock).
    pub(super) fn is_granted(&mut self, number: u64, waker: &Waker) -> Result<(), Option<Waker>> {
        let Some((_, kept)) = self.waiters.iter_mut().find(|(other, _)| *other == number) else {
            return Ok(());
        };
        if kept.will_wake(waker) {
            return Err(None);
        }
        Err(Some(std::mem::replace(kept, waker.clone())))
    }

    /// A waiter uses its grant.
    pub(super) fn redeem(&mut self) {
        self.granted -= 1;
    }

    /// A waiter is dropped. Its grant, if it had one, is free again: see [`grant`](Room::grant).
    pub(super) fn forget(&mut self, number: u64) -> Option<Waker> {
        match self.waiters.iter().position(|(other, _)| *other == number) {
            Some(index) => self.waiters.remove(index).map(|(_, waker)| waker),
            None => {
                self.granted -= 1;
                None
            }
        }
    }

    /// Gives a place to the first waiter, if there are both. To be called until it returns `None`.
    pub(super) fn grant(&mut self, outstanding: usize) -> Option<Waker> {
        if outstanding + self.granted >= self.limit? {
            return None;
        }
        let (_, waker) = self.waiters.pop_front()?;
        self.granted += 1;
        Some(waker)
    }

    /// Lets everybody go: the pool takes nothing any more.
    pub(super) fn release_all(&mut self) -> Vec<Waker> {
        self.granted += self.waiters.len();
        self.waiters.drain(..).map(|(_, waker)| waker).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waker() -> Waker {
        Waker::noop().clone()
    }

    #[test]
    fn a_free_place_goes_to_the_first_waiter_and_not_to_a_newcomer() {
        let mut room = Room::new(Some(2));
        assert!(room.has_place(1));
        assert!(!room.has_place(2));
        let first = room.wait(waker());
        let second = room.wait(waker());
        assert!(!room.has_place(1), "somebody waits");
        assert!(room.grant(1).is_some());
        assert!(room.grant(1).is_none());
        assert!(room.is_granted(first, Waker::noop()).is_ok());
        assert!(room.is_granted(second, Waker::noop()).is_err());
        room.redeem();
        assert!(room.grant(2).is_none());
    }

    #[test]
    fn a_dropped_waiter_gives_its_grant_back() {
        let mut room = Room::new(Some(1));
        let first = room.wait(waker());
        let second = room.wait(waker());
        assert!(room.grant(0).is_some());
        room.forget(first);
        assert!(room.grant(0).is_some());
        assert!(room.is_granted(second, Waker::noop()).is_ok());
    }

    #[test]
    fn a_waiter_dropped_without_a_grant_leaves_the_line() {
        let mut room = Room::new(Some(1));
        let first = room.wait(waker());
        assert!(room.forget(first).is_some());
        assert!(room.grant(0).is_none());
        assert!(room.has_place(0));
    }
}
