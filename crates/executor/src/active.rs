//! `Active`: the tasks of an executor that have not ended, so that dropping the executor can end them.
//!
//! A task enters with its waker and leaves when its future has been dropped, never before.

use std::task::Waker;

#[derive(Debug, Default)]
pub(crate) struct Active {
    slots: Vec<Slot>,
    free: Option<usize>,
    live: usize,
}

#[derive(Debug)]
enum Slot {
    Task(Waker),
    /// Taken by a task whose waker is not known yet.
    Reserved,
    Free(Option<usize>),
}

impl Active {
    pub(crate) fn len(&self) -> usize {
        self.live
    }

    pub(crate) fn reserve(&mut self) -> usize {
        self.live += 1;
        match self.free {
            Some(index) => {
                if let Slot::Free(next) = self.slots[index] {
                    self.free = next;
                }
                self.slots[index] = Slot::Reserved;
                index
            }
            None => {
                self.slots.push(Slot::Reserved);
                self.slots.len() - 1
            }
        }
    }

    pub(crate) fn fill(&mut self, index: usize, waker: Waker) {
        self.slots[index] = Slot::Task(waker);
    }

    /// Takes a task out; its waker is to be dropped without the lock.
    pub(crate) fn remove(&mut self, index: usize) -> Option<Waker> {
        self.live -= 1;
        let left = std::mem::replace(&mut self.slots[index], Slot::Free(self.free));
        self.free = Some(index);
        match left {
            Slot::Task(waker) => Some(waker),
            Slot::Reserved | Slot::Free(_) => None,
        }
    }

    /// Wakers of all the tasks.
    pub(crate) fn wakers(&self) -> Vec<Waker> {
        let tasks = self.slots.iter().filter_map(|slot| match slot {
            Slot::Task(waker) => Some(waker.clone()),
            Slot::Reserved | Slot::Free(_) => None,
        });
        tasks.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_used_again_and_wakers_come_back() {
        let mut active = Active::default();
        let (one, two) = (active.reserve(), active.reserve());
        active.fill(one, Waker::noop().clone());
        assert_eq!((active.len(), active.wakers().len()), (2, 1));
        assert!(active.remove(one).is_some());
        assert!(active.remove(two).is_none());
        assert_eq!((active.len(), active.reserve(), active.reserve()), (0, two, one));
    }
}
