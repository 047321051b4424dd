//! `Waiters`: who waits for a source.
//!
//! Each direction has one slot for the `poll_*` style, where a task comes back with the same waker, and a list for
//! futures, which may be many and each of which leaves when it is dropped. The list is allocated when the first
//! future waits, so that a connection that is driven by `poll_read` and `poll_write` never pays for it.
//!
//! A waker that another task displaces from the slot is kept and woken with the next event: both tasks are served,
//! and neither wakes the other in turn for ever, which is what waking it at once would do. The slot and the displaced
//! of a direction are different wakers, and a direction whose slot is empty has no displaced.
//!
//! There may be any number of displaced wakers, but a task that comes with a new waker at each poll must not make them
//! grow without end. So when there are as many as the limit they are all woken, and the limit rises for good by
//! `LIMIT_STEP`. Waking n wakers brings n polls at most, and the next time takes n + `LIMIT_STEP`: tasks that do no
//! more than answer come to rest, and that is what a fixed limit could not promise to more tasks than it allows.
//!
//! The lock around this is in `readiness.rs`. No waker is woken or dropped in this file: they are handed out.

use std::task::Waker;

use crate::direction::Direction;
use asyncio_core::WakeList;

/// How many displaced wakers a direction keeps at first, and how many more after each time that they were woken to
/// be rid of those that nobody needs any more.
const LIMIT_STEP: usize = 64;

/// Who waits for a source, in either direction.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    slots: [Option<Waker>; 2],
    more: Option<Box<More>>,
}

#[derive(Debug, Default)]
struct More {
    /// Who waits for the end of the connection, or for its error.
    hangup: Option<Waker>,
    displaced: [Displaced; 2],
    list: Vec<Entry>,
    /// The first free entry of the list.
    free: Option<u32>,
}

/// The wakers that other tasks have displaced from a slot.
#[derive(Debug)]
struct Displaced {
    wakers: Vec<Waker>,
    limit: usize,
}

impl Default for Displaced {
    fn default() -> Displaced {
        Displaced {
            wakers: Vec::new(),
            limit: LIMIT_STEP,
        }
    }
}

impl Displaced {
    /// Puts `waker` into the occupied `slot`, and keeps what was there.
    fn displace(&mut self, slot: &mut Waker, waker: &Waker, wake: &mut WakeList) {
        if let Some(same) = self.wakers.iter_mut().find(|kept| kept.will_wake(waker)) {
            std::mem::swap(slot, same);
            return;
        }
        if self.wakers.len() >= self.limit {
            wake.append(&mut self.wakers);
            self.limit = self.limit.saturating_add(LIMIT_STEP);
        }
        self.wakers.push(std::mem::replace(slot, waker.clone()));
    }
}

#[derive(Debug)]
enum Entry {
    Free {
        next: Option<u32>,
    },
    Waiting {
        direction: Direction,
        waker: Waker,
    },
    /// An event came; the future has not looked yet.
    Notified,
}

impl Waiters {
    /// Puts `waker` into the slot of `direction`. What must be woken at once goes to `wake`.
    pub(crate) fn set_slot(&mut self, direction: Direction, waker: &Waker, wake: &mut WakeList) {
        let slot = &mut self.slots[direction.index()];
        match slot {
            Some(old) if old.will_wake(waker) => {}
            Some(old) => {
                let more = self.more.get_or_insert_default();
                more.displaced[direction.index()].displace(old, waker, wake);
            }
            None => *slot = Some(waker.clone()),
        }
    }

    /// Takes the waker out of the slot of `direction`, where the last displaced one returns.
    pub(crate) fn take_slot(&mut self, direction: Direction) -> Option<Waker> {
        let next = match &mut self.more {
            Some(more) => more.displaced[direction.index()].wakers.pop(),
            None => None,
        };
        std::mem::replace(&mut self.slots[direction.index()], next)
    }

    /// Puts a future on the list, or renews its waker. Gives back the old waker, for the caller to drop.
    pub(crate) fn set_entry(
        &mut self,
        key: &mut Option<u32>,
        direction: Direction,
        waker: &Waker,
    ) -> Option<Waker> {
        let more = self.more.get_or_insert_default();
        if let Some(key) = *key {
            let entry = &mut more.list[key as usize];
            if let Entry::Waiting { waker: old, .. } = entry {
                if old.will_wake(waker) {
                    return None;
                }
                return Some(std::mem::replace(old, waker.clone()));
            }
            *entry = Entry::Waiting {
                direction,
                waker: waker.clone(),
            };
            return None;
        }
        let entry = Entry::Waiting {
            direction,
            waker: waker.clone(),
        };
        let index = match more.free {
            Some(index) => {
                let place = &mut more.list[index as usize];
                if let Entry::Free { next } = place {
                    more.free = *next;
                }
                *place = entry;
                index
            }
            None => {
                more.list.push(entry);
                u32::try_from(more.list.len() - 1).expect("fewer than 2^32 futures wait for one source")
            }
        };
        *key = Some(index);
        None
    }

    /// Whether an event came for the future `key`.
    pub(crate) fn is_notified(&self, key: u32) -> bool {
        match &self.more {
            Some(more) => matches!(more.list[key as usize], Entry::Notified),
            None => false,
        }
    }

    /// Takes a future off the list. Gives back its waker, for the caller to drop.
    pub(crate) fn remove(&mut self, key: u32) -> Option<Waker> {
        let more = self.more.as_mut()?;
        let free = Entry::Free { next: more.free };
        let old = std::mem::replace(&mut more.list[key as usize], free);
        more.free = Some(key);
        match old {
            Entry::Waiting { waker, .. } => Some(waker),
            Entry::Notified | Entry::Free { .. } => None,
        }
    }

    /// Puts the one who waits for the end in place. Gives back the old waker, for the caller to drop.
    pub(crate) fn set_hangup(&mut self, waker: &Waker) -> Option<Waker> {
        self.more.get_or_insert_default().hangup.replace(waker.clone())
    }

    /// Hands out the one who waits for the end.
    pub(crate) fn take_hangup(&mut self, wake: &mut WakeList) {
        if let Some(waker) = self.more.as_deref_mut().and_then(|more| more.hangup.take()) {
            wake.push(waker);
        }
    }

    /// Hands out everybody who waits for `direction`.
    pub(crate) fn take_all(&mut self, direction: Direction, wake: &mut WakeList) {
        if let Some(waker) = self.slots[direction.index()].take() {
            wake.push(waker);
        }
        self.take_more(direction, wake);
    }

    /// As [`take_all`](Waiters::take_all), with a copy of the waker in the slot, which stays there.
    #[inline]
    pub(crate) fn take_others(&mut self, direction: Direction, wake: &mut WakeList) {
        if let Some(waker) = &self.slots[direction.index()] {
            wake.push(waker.clone());
        }
        self.take_more(direction, wake);
    }

    #[inline]
    fn take_more(&mut self, direction: Direction, wake: &mut WakeList) {
        let Some(more) = self.more.as_deref_mut() else {
            return;
        };
        wake.append(&mut more.displaced[direction.index()].wakers);
        for entry in &mut more.list {
            match entry {
                Entry::Waiting { direction: d, .. } if *d == direction => {
                    if let Entry::Waiting { waker, .. } = std::mem::replace(entry, Entry::Notified) {
                        wake.push(waker);
                    }
                }
                _ => {}
            }
        }
    }
}

#[cfg(all(test, not(asyncio_loom)))]
mod tests;
