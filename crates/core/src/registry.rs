//! `Registry`: the live tasks of one queue, so that closing the queue can reach those that nothing else holds, and so
//! that other threads can look at a loop that is stuck.
//!
//! A slab of bare words. An occupied word is the address of a task's cell; a free one is the index of the next free
//! one, shifted, with the lowest bit set, which an address has not. A task is registered from its creation until its
//! outcome is there; the cell of a registered task is not freed.
//!
//! One thread at a time owns a registry and changes it. While it is *watched* others may read the words, under a lock
//! that the owner takes only to take a task out or to move the words: a task that another thread has found is still
//! registered as long as that one has the lock, and so allocated. A registry that nobody watches is never locked.

#![expect(unsafe_code, reason = "words that one thread changes and others read")]

use std::cell::{Cell, UnsafeCell};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::cell::Header;

#[derive(Debug)]
pub(crate) struct Registry {
    /// The owner reads it as it likes, and changes the vector itself under the lock if it is watched.
    words: UnsafeCell<Vec<AtomicUsize>>,
    /// For each word, as far as it was needed: what the task belongs to that somebody waits for, or 0. As `words`; it
    /// stays empty while nobody watches.
    groups: UnsafeCell<Vec<AtomicUsize>>,
    /// The first free word, or `NONE`.
    free: Cell<usize>,
    live: Cell<usize>,
    limit: usize,
    watched: Cell<bool>,
    locked: AtomicBool,
}

const NONE: usize = usize::MAX >> 1;
const FREE: usize = 1;
/// A reader looks at so many words before it lets the owner go on.
const BATCH: usize = 256;

impl Registry {
    /// An empty registry that takes up to `limit` tasks.
    pub(crate) const fn new(limit: usize) -> Registry {
        Registry {
            words: UnsafeCell::new(Vec::new()),
            groups: UnsafeCell::new(Vec::new()),
            free: Cell::new(NONE),
            live: Cell::new(0),
            limit,
            watched: Cell::new(false),
            locked: AtomicBool::new(false),
        }
    }

    /// From now on other threads may use [`read`](Registry::read), or no longer.
    pub(crate) fn set_watched(&self, watched: bool) {
        self.watched.set(watched);
    }

    pub(crate) fn is_watched(&self) -> bool {
        self.watched.get()
    }

    #[inline]
    fn words(&self) -> &[AtomicUsize] {
        // SAFETY: the type is not `Sync`, so this is the owner, and it alone changes the vector, in functions that
        // have no such reference at hand.
        unsafe { &*self.words.get() }
    }

    #[inline]
    fn groups(&self) -> &[AtomicUsize] {
        // SAFETY: as for the words.
        unsafe { &*self.groups.get() }
    }

    /// Changes the vectors. `change` calls nothing of ours.
    #[cold]
    fn with_vectors(&self, change: impl FnOnce(&mut Vec<AtomicUsize>, &mut Vec<AtomicUsize>)) {
        let _lock = self.watched.get().then(|| self.lock());
        // SAFETY: this is the owner, without another reference to them; readers need the lock.
        unsafe { change(&mut *self.words.get(), &mut *self.groups.get()) };
    }

    fn lock(&self) -> Locked<'_> {
        while self.locked.swap(true, Ordering::Acquire) {
            std::thread::yield_now();
        }
        Locked(self)
    }

    /// How many tasks are registered.
    pub(crate) fn len(&self) -> usize {
        self.live.get()
    }

    /// Takes an index for a task that is about to be made.
    ///
    /// # Panics
    ///
    /// When as many tasks as the limit allows are registered.
    #[inline]
    pub(crate) fn reserve(&self) -> u32 {
        let index = self.free.get();
        if index == NONE {
            return self.reserve_fresh();
        }
        self.live.set(self.live.get() + 1);
        let word = &self.words()[index];
        self.free.set(word.load(Ordering::Relaxed) >> 1);
        word.store(free_word(NONE), Ordering::Relaxed);
        index as u32
    }

    fn reserve_fresh(&self) -> u32 {
        let index = self.words().len();
        assert!(
            index < self.limit,
            "a queue holds at most {} tasks at once",
            self.limit
        );
        self.live.set(self.live.get() + 1);
        self.with_vectors(|words, _| words.push(AtomicUsize::new(free_word(NONE))));
        index as u32
    }

    /// Writes down where the task of a reserved index lives.
    #[inline]
    pub(crate) fn fill(&self, index: u32, cell: NonNull<Header>) {
        // Release: who finds it finds the header.
        self.words()[index as usize].store(cell.as_ptr() as usize, Ordering::Release);
    }

    /// Frees the index of a task that has ended.
    #[inline]
    pub(crate) fn remove(&self, index: u32) {
        let lock = self.watched.get().then(|| self.lock());
        let live = self.live.get() - 1;
        self.live.set(live);
        self.words()[index as usize].store(free_word(self.free.get()), Ordering::Relaxed);
        self.free.set(index as usize);
        if lock.is_some() {
            if let Some(group) = self.groups().get(index as usize) {
                group.store(0, Ordering::Relaxed);
            }
        }
        drop(lock);
        if live == 0 && self.words().len() > KEPT {
            // Memory of a burst goes back when the last task of it has ended.
            self.with_vectors(|words, groups| (*words, *groups) = (Vec::new(), Vec::new()));
            self.free.set(NONE);
        }
    }

    /// Notes what the registered task at `index` belongs to, if anybody watches.
    #[inline]
    pub(crate) fn note_group(&self, index: u32, group: usize) {
        if !self.watched.get() {
            return;
        }
        let index = index as usize;
        if index >= self.groups().len() {
            self.with_vectors(|words, groups| groups.resize_with(words.len(), AtomicUsize::default));
        }
        self.groups()[index].store(group, Ordering::Relaxed);
    }

    /// Where the task at `index` lives, if there is one.
    pub(crate) fn get(&self, index: u32) -> Option<NonNull<Header>> {
        cell_of(self.words().get(index as usize)?)
    }

    /// The first task at or after `from`, with its index.
    pub(crate) fn next(&self, from: usize) -> Option<(usize, NonNull<Header>)> {
        (from..self.words().len()).find_map(|index| Some((index, self.get(index as u32)?)))
    }

    /// Calls `see` with each task, on a thread that is not the owner's. The cell is allocated while `see` runs, which
    /// keeps the owner waiting.
    ///
    /// # Safety
    ///
    /// The registry is alive and watched until this returns.
    pub(crate) unsafe fn read(registry: *const Registry, mut see: impl FnMut(NonNull<Header>)) {
        // SAFETY: by the caller's promise; of what is not `Sync`, only the words are touched, under the lock.
        let registry = unsafe { &*registry };
        let mut from = 0;
        loop {
            let lock = registry.lock();
            // SAFETY: the owner changes the vector under the lock.
            let words: &[AtomicUsize] = unsafe { &*registry.words.get() };
            if from >= words.len() {
                return;
            }
            let until = words.len().min(from + BATCH);
            words[from..until].iter().filter_map(cell_of).for_each(&mut see);
            from = until;
            drop(lock);
        }
    }

    /// What the task at `index` belongs to, if that is the one in `cell`; from any thread.
    ///
    /// # Safety
    ///
    /// As for [`read`](Registry::read).
    pub(crate) unsafe fn group_of(
        registry: *const Registry,
        index: u32,
        cell: NonNull<Header>,
    ) -> Option<usize> {
        // SAFETY: as in `read`.
        let registry = unsafe { &*registry };
        let _lock = registry.lock();
        // SAFETY: the owner changes the vectors under the lock.
        let (words, groups) = unsafe { (&*registry.words.get(), &*registry.groups.get()) };
        let (word, group) = (words.get(index as usize)?, groups.get(index as usize)?);
        if cell_of(word) != Some(cell) {
            return None;
        }
        Some(group.load(Ordering::Relaxed)).filter(|group| *group != 0)
    }
}

struct Locked<'a>(&'a Registry);

impl Drop for Locked<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.locked.store(false, Ordering::Release);
    }
}

fn cell_of(word: &AtomicUsize) -> Option<NonNull<Header>> {
    let word = word.load(Ordering::Acquire);
    if word & FREE != 0 {
        None
    } else {
        NonNull::new(word as *mut Header)
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
        let registry = Registry::new(1 << 20);
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
        let registry = Registry::new(1 << 20);
        for n in 0..2 * KEPT {
            let index = registry.reserve();
            registry.fill(index, cell(n + 1));
        }
        for index in 0..2 * KEPT {
            registry.remove(index as u32);
        }
        assert_eq!((registry.len(), registry.words().len()), (0, 0));
        assert_eq!(registry.reserve(), 0);
    }

    #[test]
    fn what_a_task_belongs_to_ends_with_the_task() {
        let registry = Registry::new(1 << 20);
        let index = registry.reserve();
        registry.fill(index, cell(1));
        // SAFETY: this is the owner's thread, and nothing is freed.
        let group = |index, n| unsafe { Registry::group_of(&raw const registry, index, cell(n)) };
        registry.note_group(index, 64);
        assert_eq!(group(index, 1), None, "nobody watches");
        registry.set_watched(true);
        let next = registry.reserve();
        registry.fill(next, cell(2));
        registry.note_group(next, 64);
        assert_eq!((group(index, 1), group(next, 2)), (None, Some(64)));
        assert_eq!(group(next, 3), None, "another task has the index");
        registry.remove(next);
        assert_eq!(group(next, 2), None, "it has ended");
        assert_eq!(registry.reserve(), next);
        registry.fill(next, cell(4));
        assert_eq!(
            group(next, 4),
            None,
            "the next one with this index belongs to nothing"
        );
    }

    #[test]
    fn a_reader_sees_what_is_registered_while_the_owner_goes_on() {
        struct Shared(Registry);
        // SAFETY: the test keeps to the rules: one owner, and readers that use `read`.
        unsafe impl Sync for Shared {}

        let shared = Shared(Registry::new(1 << 20));
        shared.0.set_watched(true);
        let fixed = shared.0.reserve();
        shared.0.fill(fixed, cell(1));
        let (shared, over) = (&shared, &AtomicBool::new(false));
        std::thread::scope(|scope| {
            let reader = scope.spawn(move || {
                let mut looks = 0;
                while !over.load(Ordering::Relaxed) || looks == 0 {
                    let mut seen = Vec::new();
                    // SAFETY: it is watched, and lives longer than this thread.
                    unsafe { Registry::read(&raw const shared.0, |cell| seen.push(cell)) };
                    assert!(seen.contains(&cell(1)), "what stays is always seen");
                    looks += 1;
                }
            });
            for round in 0..50 {
                let indices: Vec<u32> = (0..200 * round)
                    .map(|n| {
                        let index = shared.0.reserve();
                        shared.0.fill(index, cell(n + 2));
                        index
                    })
                    .collect();
                indices.into_iter().for_each(|index| shared.0.remove(index));
            }
            over.store(true, Ordering::Relaxed);
            reader.join().unwrap();
        });
        assert_eq!(shared.0.len(), 1);
    }
}
