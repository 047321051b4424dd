//! `Wheel`: what is far, in six levels of 64 slots and one list for what is further than 2.2 years.
//!
//! A timer is filed at the level of the highest group of six bits in which its tick differs from the cursor's, in the
//! slot that those six bits name. So each level holds only slots after the cursor's, every slot of a level comes
//! before all of the next level, and moving the cursor to a time before the first occupied slot keeps all of it
//! right. When the cursor reaches a slot, its timers are filed again: further down, or into the heap.
//!
//! Each slot keeps the least deadline that was put into it since it was empty. A cancel leaves it alone, so it is a
//! lower bound; it spares the owner the wake-ups at the start of each slot that a plain wheel needs.

use super::heap::Heap;
use super::slab::{NIL, SLOT, Slab};

/// A tick is 2^20 ns, about a millisecond.
const TICK_BITS: u32 = 20;
const LEVELS: usize = 6;
const SLOT_BITS: u32 = 6;
const SLOTS: usize = 1 << SLOT_BITS;
const OVERFLOW: usize = LEVELS * SLOTS;
/// Ticks that differ above this bit are beyond the last level.
const RANGE_BITS: u32 = SLOT_BITS * LEVELS as u32;

#[inline]
pub(super) fn tick(nanos: u64) -> u64 {
    nanos >> TICK_BITS
}

pub(super) struct Wheel {
    cursor: u64,
    occupied: [u64; LEVELS],
    /// Made at the first far timer: 4.6 kB that a driver without one never pays.
    lists: Option<Box<Lists>>,
}

struct Lists {
    head: [u32; OVERFLOW + 1],
    least: [u64; OVERFLOW + 1],
}

impl Wheel {
    pub(super) const fn new() -> Wheel {
        Wheel {
            cursor: 0,
            occupied: [0; LEVELS],
            lists: None,
        }
    }

    #[inline]
    pub(super) fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Sets the cursor of an empty wheel.
    pub(super) fn set_cursor(&mut self, tick: u64) {
        self.cursor = tick;
    }

    #[inline]
    pub(super) fn link(&mut self, slab: &mut Slab, nanos: u64, index: u32) {
        let tick = tick(nanos);
        debug_assert!(tick > self.cursor);
        let level = ((63 - (tick ^ self.cursor).leading_zeros()) / SLOT_BITS) as usize;
        let slot = if level < LEVELS {
            let within = (tick >> (SLOT_BITS * level as u32)) as usize % SLOTS;
            self.occupied[level] |= 1 << within;
            level * SLOTS + within
        } else {
            OVERFLOW
        };
        let lists = self.lists.get_or_insert_with(new_lists);
        let head = lists.head[slot];
        let least = &mut lists.least[slot];
        if head == NIL {
            *least = nanos;
        } else {
            *least = nanos.min(*least);
            slab.entry_mut(head).previous = index;
        }
        lists.head[slot] = index;
        let entry = slab.entry_mut(index);
        entry.previous = SLOT | slot as u32;
        entry.next = head;
    }

    #[inline]
    pub(super) fn unlink(&mut self, slab: &mut Slab, index: u32) {
        let entry = slab.entry(index);
        let (previous, next) = (entry.previous, entry.next);
        if next != NIL {
            slab.entry_mut(next).previous = previous;
        }
        if previous & SLOT == 0 {
            slab.entry_mut(previous).next = next;
            return;
        }
        let slot = (previous & !SLOT) as usize;
        if let Some(lists) = &mut self.lists {
            lists.head[slot] = next;
        }
        if next == NIL {
            self.vacate(slot);
        }
    }

    #[inline]
    fn vacate(&mut self, slot: usize) {
        if slot < OVERFLOW {
            self.occupied[slot / SLOTS] &= !(1 << (slot % SLOTS));
        }
    }

    /// The first occupied slot and the tick at which it begins.
    #[inline]
    fn first(&self) -> Option<(usize, u64)> {
        for (level, &occupied) in self.occupied.iter().enumerate() {
            if occupied != 0 {
                let within = occupied.trailing_zeros() as usize;
                let shift = SLOT_BITS * level as u32;
                let above = shift + SLOT_BITS;
                let start = (self.cursor >> above << above) | ((within as u64) << shift);
                return Some((level * SLOTS + within, start));
            }
        }
        let lists = self.lists.as_ref()?;
        if lists.head[OVERFLOW] == NIL {
            return None;
        }
        let start = tick(lists.least[OVERFLOW]) >> RANGE_BITS << RANGE_BITS;
        // The bound may be that of a cancelled timer, and lie where the cursor has passed meanwhile.
        Some((OVERFLOW, start))
    }

    /// A time before which nothing in the wheel is due.
    pub(super) fn bound(&self) -> Option<u64> {
        let (slot, _) = self.first()?;
        self.lists.as_ref().map(|lists| lists.least[slot])
    }

    /// The earliest deadline in the wheel.
    pub(super) fn earliest(&self, slab: &Slab) -> Option<u64> {
        let (slot, _) = self.first()?;
        let mut index = self.lists.as_ref()?.head[slot];
        let mut earliest = None;
        while index != NIL {
            let entry = slab.entry(index);
            earliest = Some(earliest.map_or(entry.nanos, |least: u64| least.min(entry.nanos)));
            index = entry.next;
        }
        earliest
    }

    /// Moves the cursor to `target`, and into `heap` what is then near.
    pub(super) fn advance(&mut self, slab: &mut Slab, heap: &mut Heap, target: u64) {
        while let Some((slot, start)) = self.first() {
            if start > target {
                break;
            }
            self.cursor = self.cursor.max(start);
            let Some(lists) = &mut self.lists else { break };
            let mut index = std::mem::replace(&mut lists.head[slot], NIL);
            self.vacate(slot);
            while index != NIL {
                let entry = slab.entry(index);
                let (nanos, next) = (entry.nanos, entry.next);
                if tick(nanos) <= self.cursor {
                    heap.push(slab, nanos, index);
                } else {
                    self.link(slab, nanos, index);
                }
                index = next;
            }
        }
        self.cursor = self.cursor.max(target);
    }
}

#[cold]
fn new_lists() -> Box<Lists> {
    Box::new(Lists {
        head: [NIL; OVERFLOW + 1],
        least: [0; OVERFLOW + 1],
    })
}
