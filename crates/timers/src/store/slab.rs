//! `Slab`: the entries of the store, addressed by index, and what an entry's two links mean.
//!
//! An entry is 40 bytes: waker, deadline, sequence, two links. The links say where it is: in a list of the wheel
//! (`previous` is a neighbour, or a slot when it carries [`SLOT`]; `next` a neighbour or [`NIL`]), in the heap (`next`
//! is [`NEAR`], `previous` the position), or in neither ([`NOWHERE`]). A free entry has sequence 0 and `next` links
//! the free list. Sequences are never used again, which makes them the generation of an entry too.

use std::task::Waker;

use super::Key;

pub(super) const NIL: u32 = u32::MAX;
const NEAR: u32 = u32::MAX - 1;
const NOWHERE: u32 = u32::MAX - 2;
/// Marks a `previous` that is a slot of the wheel, not a neighbour.
pub(super) const SLOT: u32 = 1 << 31;

pub(super) struct Entry {
    waker: Option<Waker>,
    pub(super) nanos: u64,
    pub(super) sequence: u64,
    pub(super) previous: u32,
    pub(super) next: u32,
}

/// Where an entry is.
pub(super) enum Place {
    Near(u32),
    Far,
    Nowhere,
}

pub(super) struct Slab {
    entries: Vec<Entry>,
    free: u32,
    len: usize,
}

impl Slab {
    pub(super) const fn new() -> Slab {
        Slab {
            entries: Vec::new(),
            free: NIL,
            len: 0,
        }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn capacity(&self) -> usize {
        self.entries.capacity()
    }

    /// # Panics
    ///
    /// With 2^31 timers pending, which is 80 GiB of them.
    #[inline]
    pub(super) fn insert(&mut self, nanos: u64, sequence: u64, waker: Waker) -> u32 {
        let entry = Entry {
            waker: Some(waker),
            nanos,
            sequence,
            previous: NIL,
            next: NOWHERE,
        };
        self.len += 1;
        let index = self.free;
        if index != NIL {
            let slot = &mut self.entries[index as usize];
            self.free = slot.next;
            *slot = entry;
            index
        } else {
            let index = self.entries.len();
            assert!(
                index < SLOT as usize,
                "more than 2^31 timers are pending on one driver"
            );
            self.entries.push(entry);
            index as u32
        }
    }

    #[inline]
    pub(super) fn remove(&mut self, index: u32) -> Option<Waker> {
        let entry = &mut self.entries[index as usize];
        entry.sequence = 0;
        entry.next = self.free;
        self.free = index;
        self.len -= 1;
        entry.waker.take()
    }

    pub(super) fn drain(&mut self) -> Vec<Waker> {
        let wakers = self.entries.drain(..).filter_map(|entry| entry.waker).collect();
        *self = Slab::new();
        wakers
    }

    #[inline]
    pub(super) fn holds(&self, key: Key) -> bool {
        self.entries
            .get(key.index as usize)
            .is_some_and(|entry| entry.sequence == key.sequence)
    }

    #[inline]
    pub(super) fn place(&self, index: u32) -> Place {
        let entry = &self.entries[index as usize];
        match entry.next {
            NEAR => Place::Near(entry.previous),
            NOWHERE => Place::Nowhere,
            _ => Place::Far,
        }
    }

    #[inline]
    pub(super) fn waker_mut(&mut self, index: u32) -> Option<&mut Waker> {
        self.entries[index as usize].waker.as_mut()
    }

    #[inline]
    pub(super) fn entry(&self, index: u32) -> &Entry {
        &self.entries[index as usize]
    }

    #[inline]
    pub(super) fn entry_mut(&mut self, index: u32) -> &mut Entry {
        &mut self.entries[index as usize]
    }

    #[inline]
    pub(super) fn set_near(&mut self, index: u32, position: usize) {
        let entry = self.entry_mut(index);
        entry.previous = position as u32;
        entry.next = NEAR;
    }

    pub(super) fn set_nowhere(&mut self, index: u32) {
        self.entry_mut(index).next = NOWHERE;
    }
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    #[test]
    fn an_entry_is_forty_bytes() {
        assert_eq!(std::mem::size_of::<super::Entry>(), 40);
    }
}
