//! `ReadBuffer`: bytes that have come and were not taken yet.
//!
//! They lie in one piece, so that a separator can be looked for. The front is taken away by moving a mark; the room
//! in front of it is used again when nothing is left, or when it is more than the rest.

use bytes::Bytes;
use memchr::memmem;

#[derive(Default)]
pub(crate) struct ReadBuffer {
    bytes: Vec<u8>,
    /// Where what was not taken begins.
    start: usize,
}

/// Where separators were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    /// The separator begins here.
    pub(crate) at: usize,
    /// And ends here.
    pub(crate) end: usize,
}

impl ReadBuffer {
    #[inline]
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The vector to which more is to be appended.
    pub(crate) fn tail(&mut self) -> &mut Vec<u8> {
        if self.start > 0 && self.start >= self.len() {
            // At most as much is moved as was taken since the last time.
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        &mut self.bytes
    }

    /// Gives memory back that nobody needs while there is nothing to read.
    pub(crate) fn rest(&mut self) {
        if self.is_empty() {
            *self = ReadBuffer::default();
        }
    }

    /// Takes the first bytes away.
    #[inline]
    pub(crate) fn consume(&mut self, count: usize) {
        debug_assert!(count <= self.len(), "no more is taken than there is");
        self.start += count;
        if self.start >= self.bytes.len() {
            self.bytes.clear();
            self.start = 0;
        }
    }

    /// Takes the first bytes out. All of a full vector goes without a copy.
    pub(crate) fn take(&mut self, count: usize) -> Bytes {
        if self.start == 0 && count == self.bytes.len() && count >= self.bytes.capacity() / 2 {
            return Bytes::from(std::mem::take(&mut self.bytes));
        }
        let taken = Bytes::copy_from_slice(&self.as_slice()[..count]);
        self.consume(count);
        taken
    }

    /// Takes out all, with the room behind it.
    pub(crate) fn take_all(&mut self) -> Vec<u8> {
        let ReadBuffer { mut bytes, start } = std::mem::take(self);
        bytes.drain(..start);
        bytes
    }

    /// Where the first of the separators ends, of those that begin at `from` or later. When several end at the same
    /// place it is the longest.
    pub(crate) fn find(&self, separators: &[&[u8]], from: usize) -> Option<Found> {
        let bytes = self.as_slice();
        let from = from.min(bytes.len());
        let found = |separator: &&[u8]| {
            let at = match separator {
                [one] => memchr::memchr(*one, &bytes[from..])?,
                many => memmem::find(&bytes[from..], many)?,
            };
            let at = from + at;
            let end = at + separator.len();
            Some(Found { at, end })
        };
        separators
            .iter()
            .filter_map(found)
            .min_by_key(|found| (found.end, found.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    fn buffer(bytes: &[u8]) -> ReadBuffer {
        let mut buffer = ReadBuffer::default();
        buffer.tail().extend_from_slice(bytes);
        buffer
    }

    #[test]
    fn the_separator_that_ends_first_is_found_and_of_those_the_longest() {
        let buffer = buffer(b"one\r\ntwo\n");
        let found = |separators: &[&[u8]]| buffer.find(separators, 0);
        assert_eq!(found(&[b"\n"]), Some(Found { at: 4, end: 5 }));
        assert_eq!(found(&[b"\n", b"\r\n"]), Some(Found { at: 3, end: 5 }));
        assert_eq!(found(&[b"two", b"e"]), Some(Found { at: 2, end: 3 }));
        assert_eq!(found(&[b"three"]), None);
        assert_eq!(buffer.find(&[b"\n"], 5), Some(Found { at: 8, end: 9 }));
    }

    #[test]
    fn memory_goes_back_when_nothing_is_left() {
        let mut buffer = buffer(&[7; 5000]);
        assert_eq!(buffer.take(10).len(), 10);
        buffer.rest();
        assert!(buffer.bytes.capacity() >= 4990);
        buffer.consume(4990);
        buffer.rest();
        assert_eq!(buffer.bytes.capacity(), 0);
    }

    #[test]
    fn a_full_vector_goes_without_a_copy() {
        let mut buffer = buffer(&[7; 5000]);
        let address = buffer.as_slice().as_ptr();
        assert_eq!(buffer.take(5000).as_ptr(), address);
        assert!(buffer.is_empty());
    }

    proptest! {
        #[test]
        fn what_is_taken_is_what_came_in_order(
            steps in prop::collection::vec((0_u8..4, 0_usize..400), 1..80)
        ) {
            let mut buffer = ReadBuffer::default();
            let mut model: Vec<u8> = Vec::new();
            let mut next = 0_u8;
            for (kind, amount) in steps {
                match kind {
                    0 | 1 => {
                        let bytes: Vec<u8> = (0..amount).map(|_| { next = next.wrapping_mul(5).wrapping_add(1) % 7; next }).collect();
                        buffer.tail().extend_from_slice(&bytes);
                        model.extend(bytes);
                    }
                    2 => {
                        let count = amount.min(model.len());
                        let taken = buffer.take(count);
                        prop_assert_eq!(&taken[..], &model[..count]);
                        model.drain(..count);
                    }
                    _ => {
                        let from = amount.min(model.len());
                        let separator = [1_u8, 6];
                        let expected = model[from..].windows(2).position(|two| two == separator).map(|at| from + at);
                        prop_assert_eq!(buffer.find(&[&separator], from).map(|found| found.at), expected);
                        buffer.rest();
                    }
                }
                prop_assert_eq!(buffer.as_slice(), &model[..]);
                prop_assert_eq!(buffer.len(), model.len());
            }
        }
    }
}
