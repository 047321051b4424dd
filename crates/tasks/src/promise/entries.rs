//! `Entries`: who is told when a promise is done, in the order in which they came.
//!
//! The first lies in the promise itself: a promise that one task awaits is one allocation. What is taken out leaves a
//! gap, and the gaps are closed when they are the greater part, so that of many waiters each can leave cheaply.

use std::mem;
use std::task::Waker;

use crate::Promise;

/// Sees to it that a callback is called with the promise, which is done.
pub(super) type Schedule<T> = Box<dyn FnOnce(Promise<T>) + Send>;

/// Who is told.
pub(super) enum Entry<T> {
    /// Somebody who awaits the promise.
    Waiter(Waker),
    /// A callback.
    Callback(Schedule<T>),
    /// One who has left.
    Gone,
}

/// Entries with numbers that rise.
pub(super) struct Entries<T> {
    first: Option<(u64, Entry<T>)>,
    /// All numbers are above that of `first`; while there is no first, empty.
    rest: Vec<(u64, Entry<T>)>,
    /// How many of the rest have left.
    gone: usize,
}

impl<T> Entries<T> {
    pub(super) const fn new() -> Entries<T> {
        Entries {
            first: None,
            rest: Vec::new(),
            gone: 0,
        }
    }

    /// Adds an entry; its number is above all others.
    pub(super) fn push(&mut self, number: u64, entry: Entry<T>) {
        if self.first.is_none() {
            self.first = Some((number, entry));
        } else {
            self.rest.push((number, entry));
        }
    }

    pub(super) fn get_mut(&mut self, number: u64) -> Option<&mut Entry<T>> {
        match &mut self.first {
            Some((first, entry)) if *first == number => return Some(entry),
            _ => {}
        }
        let at = self.rest.binary_search_by_key(&number, |(number, _)| *number);
        at.ok().map(|at| &mut self.rest[at].1)
    }

    /// Takes an entry out; `Gone` if it is not there.
    pub(super) fn remove(&mut self, number: u64) -> Entry<T> {
        let Some(entry) = self.get_mut(number) else {
            return Entry::Gone;
        };
        let entry = mem::replace(entry, Entry::Gone);
        if matches!(entry, Entry::Gone) {
            return entry;
        }
        if self.first.as_ref().is_some_and(|(first, _)| *first == number) {
            if self.rest.is_empty() {
                self.first = None;
            }
        } else {
            self.gone += 1;
            if self.gone * 2 > self.rest.len() {
                self.rest.retain(|(_, entry)| !matches!(entry, Entry::Gone));
                self.gone = 0;
            }
        }
        entry
    }

    /// All entries, in order.
    pub(super) fn into_entries(self) -> impl Iterator<Item = Entry<T>> {
        let entries = self.first.into_iter().chain(self.rest);
        entries.map(|(_, entry)| entry)
    }
}
