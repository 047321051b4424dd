//! `Waiters`: who waits for a source.
//!
//! Each direction has one slot for the `poll_*` style, where a task comes back with the same waker, and a list for
//! futures, which may be many and each of which leaves when it is dropped. The list is allocated when the first
//! future waits, so that a connection that is driven by `poll_read` and `poll_write` never pays for it.
//!
//! A waker that another task displaces from the slot is kept and woken with the next event: both tasks are served,
//! and neither wakes the other in turn for ever, which is what waking it at once would do.
//!
//! The lock around this is in `readiness.rs`. No waker is woken or dropped in this file: they are handed out.

use std::task::Waker;

use crate::direction::Direction;
use crate::wake_list::WakeList;

/// So many displaced wakers are kept; then they are woken at once, lest a task that comes with a new waker at each
/// poll makes the list grow without end.
const DISPLACED_MAX: usize = 16;

/// Who waits for a source, in either direction.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    slots: [Option<Waker>; 2],
    more: Option<Box<More>>,
}

#[derive(Debug, Default)]
struct More {
    displaced: [Vec<Waker>; 2],
    list: Vec<Entry>,
    /// The first free entry of the list.
    free: Option<u32>,
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
                let old = std::mem::replace(old, waker.clone());
                let displaced = &mut self.more.get_or_insert_default().displaced[direction.index()];
                if displaced.len() >= DISPLACED_MAX {
                    wake.append(displaced);
                }
                displaced.push(old);
            }
            None => *slot = Some(waker.clone()),
        }
    }

    /// Takes the waker out of the slot of `direction`.
    pub(crate) fn take_slot(&mut self, direction: Direction) -> Option<Waker> {
        self.slots[direction.index()].take()
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

    /// Hands out everybody who waits for `direction`.
    pub(crate) fn take_all(&mut self, direction: Direction, wake: &mut WakeList) {
        if let Some(waker) = self.slots[direction.index()].take() {
            wake.push(waker);
        }
        let Some(more) = self.more.as_deref_mut() else {
            return;
        };
        wake.append(&mut more.displaced[direction.index()]);
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
