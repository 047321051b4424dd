//! `Registry`: the sources of a reactor, found by the key that the operating system hands back with an event.
//!
//! A key is a place and its generation. An event that was under way when its source was closed carries the old
//! generation and finds nothing, even if the place (and the descriptor) has a new owner: RUSTSEC-2024-0019 is what
//! happens otherwise.

use std::sync::Arc;

use crate::source::Source;

const PLACE_BITS: u32 = if usize::BITS >= 64 { 32 } else { 20 };
const PLACE_MASK: usize = (1 << PLACE_BITS) - 1;
const GENERATION_MASK: usize = usize::MAX >> PLACE_BITS;
/// No place is numbered thus, so no key is ever among the highest numbers, which backends use for themselves.
const PLACE_MAX: usize = PLACE_MASK - 16;

/// The key of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key(pub(crate) usize);

impl Key {
    fn new(place: usize, generation: usize) -> Key {
        Key(place | (generation & GENERATION_MASK) << PLACE_BITS)
    }

    fn place(self) -> usize {
        self.0 & PLACE_MASK
    }
}

#[derive(Debug)]
enum Place {
    /// Free since `next` was the first free one. The key is the one that comes next.
    Free {
        key: Key,
        next: Option<usize>,
    },
    Taken(Arc<Source>),
}

/// The sources of a reactor.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    places: Vec<Place>,
    free: Option<usize>,
    len: usize,
}

impl Registry {
    /// How many sources there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Puts in what `make` makes for a new key. `None`: there is no place left.
    pub(crate) fn insert(&mut self, make: impl FnOnce(Key) -> Arc<Source>) -> Option<Arc<Source>> {
        let source = match self.free {
            Some(index) => {
                let Place::Free { key, next } = self.places[index] else {
                    unreachable!("the free list holds free places");
                };
                let source = make(key);
                self.free = next;
                self.places[index] = Place::Taken(source.clone());
                source
            }
            None if self.places.len() < PLACE_MAX => {
                let source = make(Key::new(self.places.len(), 0));
                self.places.push(Place::Taken(source.clone()));
                source
            }
            None => return None,
        };
        self.len += 1;
        Some(source)
    }

    /// The source of an event.
    #[inline]
    pub(crate) fn get(&self, key: Key) -> Option<&Arc<Source>> {
        match self.places.get(key.place()) {
            Some(Place::Taken(source)) if source.key() == key => Some(source),
            _ => None,
        }
    }

    /// Takes a source out.
    pub(crate) fn remove(&mut self, key: Key) -> Option<Arc<Source>> {
        self.get(key)?;
        let index = key.place();
        let next = Key::new(index, (key.0 >> PLACE_BITS) + 1);
        let free = Place::Free {
            key: next,
            next: self.free,
        };
        self.free = Some(index);
        self.len -= 1;
        match std::mem::replace(&mut self.places[index], free) {
            Place::Taken(source) => Some(source),
            Place::Free { .. } => None,
        }
    }

    /// Takes all sources out.
    pub(crate) fn take_all(&mut self) -> Vec<Arc<Source>> {
        self.free = None;
        self.len = 0;
        let places = std::mem::take(&mut self.places);
        places
            .into_iter()
            .filter_map(|place| match place {
                Place::Taken(source) => Some(source),
                Place::Free { .. } => None,
            })
            .collect()
    }
}

#[cfg(all(test, not(asyncio_loom)))]
mod tests {
    use super::*;
    use crate::backend::Backend;
    use crate::shared::Shared;
    use crate::sys;

    #[test]
    fn the_key_of_a_source_that_left_does_not_find_the_next_one_in_its_place() {
        let (poller, _waits) = sys::open(Backend::Polling).unwrap();
        let shared = Arc::new(Shared::new(poller));
        let mut registry = Registry::default();
        let insert = |registry: &mut Registry| {
            let source = registry.insert(|key| Arc::new(Source::new(shared.clone(), key, 0)));
            source.unwrap().key()
        };
        let first = insert(&mut registry);
        assert!(registry.remove(first).is_some());
        let second = insert(&mut registry);
        assert_eq!(first.place(), second.place());
        assert!(registry.get(first).is_none());
        assert!(registry.remove(first).is_none());
        assert!(registry.get(second).is_some());
        assert_eq!(registry.len(), 1);
    }
}
