//! `Registry`: the live tasks of one queue, so that closing the queue can reach those that nothing else holds.
//!
//! A slab of bare words. An occupied word is the address of a task's cell; a free one is the index of the next free
//! one, shifted, with the lowest bit set, which an address has not. A task is registered from its creation until its
//! outcome is there; the cell of a registered task is not freed.

use std::ptr::NonNull;

use crate::cell::Header;

#[derive(Debug)]
pub(crate) struct Registry {
    words: Vec<usize>,
    /// The first free word, or `NONE`.
    free: usize,
    live: usize,
    limit: usize,
}

const NONE: usize = usize::MAX >> 1;
const FREE: usize = 1;

impl Registry {
    /// An empty registry that takes up to `limit` tasks.
    pub(crate) const fn new(limit: usize) -> Registry {
        Registry {
            words: Vec::new(),
            free: NONE,
            live: 0,
            limit,
        }
    }

    /// How many tasks are registered.
    pub(crate) fn len(&self) -> usize {
        self.live
    }

    /// Takes an index for a task that is about to be made.
    ///
    /// # Panics
    ///
    /// When as many tasks as the limit allows are registered.
    #[inline]
    pub(crate) fn reserve(&mut self) -> u32 {
        self.live += 1;
        if self.free == NONE {
            let index = self.words.len();
            assert!(
                index < self.limit,
                "a queue holds at most {} tasks at once",
                self.limit
            );
            self.words.push(free_word(NONE));
            return index as u32;
        }
        let index = self.free;
        self.free = self.words[index] >> 1;
        self.words[index] = free_word(NONE);
        index as u32
    }

    /// Writes down where the task of a reserved index lives.
    #[inline]
    pub(crate) fn fill(&mut self, index: u32, cell: NonNull<Header>) {
        self.words[index as usize] = cell.as_ptr() as usize;
    }

    /// Frees the index of a task that has ended.
    #[inline]
    pub(crate) fn remove(&mut self, index: u32) {
        self.live -= 1;
        self.words[index as usize] = free_word(self.free);
        self.free = index as usize;
        if self.live == 0 && self.words.len() > KEPT {
            // Memory of a burst goes back when the last task of it has ended.
            self.words = Vec::new();
            self.free = NONE;
        }
    }

    /// Where the task at `index` lives, if there is one.
    pub(crate) fn get(&self, index: u32) -> Option<NonNull<Header>> {
        let word = *self.words.get(index as usize)?;
        if word & FREE != 0 {
            None
        } else {
            NonNull::new(word as *mut Header)
        }
    }

    /// The first task at or after `from`, with its index.
    pub(crate) fn next(&self, from: usize) -> Option<(usize, NonNull<Header>)> {
        (from..self.words.len()).find_map(|index| Some((index, self.get(index as u32)?)))
    }
}

/// Up to so many words an empty registry keeps its memory.
const KEPT: usize = 4096;

#[inline]
fn free_word(next: usize) -> usize {
    (next << 1) | FREE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(n: usize) -> NonNull<Header> {
        NonNull::new((n * 16) as *mut Header).unwrap()
    }

    #[test]
    fn a_freed_index_is_used_again() {
        let mut registry = Registry::new(1 << 20);
        let indices: Vec<u32> = (1..=3)
            .map(|n| {
                let i = registry.reserve();
                registry.fill(i, cell(n));
                i
            })
            .collect();
        assert_eq!(indices, [0, 1, 2]);
        assert_eq!(registry.get(1), Some(cell(2)));
        registry.remove(1);
        assert_eq!(registry.get(1), None);
        assert_eq!(registry.len(), 2);
        assert_eq!(registry.next(0), Some((0, cell(1))));
        assert_eq!(registry.next(1), Some((2, cell(3))));
        assert_eq!(registry.reserve(), 1);
        assert_eq!(
            registry.next(1),
            Some((2, cell(3))),
            "a reserved word is not a task yet"
        );
        registry.fill(1, cell(9));
        assert_eq!(registry.next(1), Some((1, cell(9))));
    }

    #[test]
    fn the_memory_of_a_burst_goes_back() {
        let mut registry = Registry::new(1 << 20);
        for n in 0..2 * KEPT {
            let index = registry.reserve();
            registry.fill(index, cell(n + 1));
        }
        for index in 0..2 * KEPT {
            registry.remove(index as u32);
        }
        assert_eq!((registry.len(), registry.words.capacity()), (0, 0));
        assert_eq!(registry.reserve(), 0);
    }
}
