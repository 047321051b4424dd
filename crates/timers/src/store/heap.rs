//! `Heap`: what is near, as a 4-ary heap whose entries know their position.
//!
//! Ordered by (nanoseconds, sequence). The nanoseconds are kept beside the index, 16 bytes in all, so that a step
//! through the heap stays in its own memory; the sequence is looked up in the slab, and only for equal deadlines. Four
//! children per node halve the depth of a binary heap, and the children of a node share a cache line.

use super::slab::Slab;

const ARITY: usize = 4;

/// More room than this is given back when little of it is in use.
const KEEP: usize = 1024;

#[derive(Clone, Copy)]
struct Item {
    nanos: u64,
    index: u32,
}

pub(super) struct Heap {
    items: Vec<Item>,
}

impl Heap {
    pub(super) const fn new() -> Heap {
        Heap { items: Vec::new() }
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u64> {
        self.items.first().map(|item| item.nanos)
    }

    pub(super) fn push(&mut self, slab: &mut Slab, nanos: u64, index: u32) {
        let item = Item { nanos, index };
        let position = self.items.len();
        self.items.push(item);
        self.sift_up(slab, position, item);
    }

    pub(super) fn pop(&mut self, slab: &mut Slab) -> Option<u32> {
        let index = self.items.first()?.index;
        self.remove(slab, 0);
        Some(index)
    }

    /// Takes out the item at `position`; its entry in the slab is the caller's.
    pub(super) fn remove(&mut self, slab: &mut Slab, position: u32) {
        let position = position as usize;
        let Some(last) = self.items.pop() else { return };
        if position < self.items.len() {
            if position > 0 && less(slab, last, self.items[(position - 1) / ARITY]) {
                self.sift_up(slab, position, last);
            } else {
                self.sift_down(slab, position, last);
            }
        }
        if self.items.capacity() > KEEP && self.items.len() < self.items.capacity() / 8 {
            self.items.shrink_to(self.items.capacity() / 4);
        }
    }

    fn sift_up(&mut self, slab: &mut Slab, mut position: usize, item: Item) {
        while position > 0 {
            let parent = (position - 1) / ARITY;
            if !less(slab, item, self.items[parent]) {
                break;
            }
            self.put(slab, position, self.items[parent]);
            position = parent;
        }
        self.put(slab, position, item);
    }

    fn sift_down(&mut self, slab: &mut Slab, mut position: usize, item: Item) {
        let len = self.items.len();
        loop {
            let first = position * ARITY + 1;
            if first >= len {
                break;
            }
            let mut least = first;
            for child in first + 1..(first + ARITY).min(len) {
                if less(slab, self.items[child], self.items[least]) {
                    least = child;
                }
            }
            if !less(slab, self.items[least], item) {
                break;
            }
            self.put(slab, position, self.items[least]);
            position = least;
        }
        self.put(slab, position, item);
    }

    #[inline]
    fn put(&mut self, slab: &mut Slab, position: usize, item: Item) {
        self.items[position] = item;
        slab.set_near(item.index, position);
    }
}

#[inline]
fn less(slab: &Slab, a: Item, b: Item) -> bool {
    a.nanos < b.nanos || (a.nanos == b.nanos && slab.entry(a.index).sequence < slab.entry(b.index).sequence)
}
