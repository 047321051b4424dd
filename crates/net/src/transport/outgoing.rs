//! `Outgoing`: bytes that wait to be sent, in order.
//!
//! Small pieces are copied together, large ones that somebody gives away are kept as they are. The front is eaten by the
//! wire, byte by byte if it must be.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes};

/// A piece that is given away is copied all the same if it is not longer than this.
const COPIED: usize = 1024;

/// A piece that is so long grows no more. Else one that is never sent to its end, because more always comes, would
/// keep all that it ever held.
const GROWN: usize = 16 * 1024;

#[derive(Default)]
pub(crate) struct Outgoing {
    pieces: VecDeque<Piece>,
    len: usize,
}

enum Piece {
    /// Grows while it is the last one. `usize`: so much of it has gone.
    Grows(Vec<u8>, usize),
    Whole(Bytes),
}

impl Piece {
    fn rest(&self) -> &[u8] {
        match self {
            Piece::Grows(bytes, gone) => &bytes[*gone..],
            Piece::Whole(bytes) => bytes,
        }
    }
}

impl Outgoing {
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn push_slice(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.len += bytes.len();
        match self.pieces.back_mut() {
            Some(Piece::Grows(last, _)) if last.len() < GROWN => last.extend_from_slice(bytes),
            _ => self.pieces.push_back(Piece::Grows(bytes.to_vec(), 0)),
        }
    }

    pub(crate) fn push_bytes(&mut self, bytes: Bytes) {
        if bytes.len() <= COPIED {
            self.push_slice(&bytes);
        } else {
            self.len += bytes.len();
            self.pieces.push_back(Piece::Whole(bytes));
        }
    }

    /// The front, as slices for one write; how many there are.
    pub(crate) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut count = 0;
        for (slice, piece) in slices.iter_mut().zip(&self.pieces) {
            *slice = IoSlice::new(piece.rest());
            count += 1;
        }
        count
    }

    /// So many bytes have gone.
    pub(crate) fn advance(&mut self, mut count: usize) {
        debug_assert!(count <= self.len, "no more goes than there is");
        self.len -= count;
        while count > 0 {
            let Some(front) = self.pieces.front_mut() else {
                return;
            };
            let here = count.min(front.rest().len());
            match front {
                Piece::Grows(_, gone) => *gone += here,
                Piece::Whole(bytes) => bytes.advance(here),
            }
            count -= here;
            if front.rest().is_empty() {
                // With the piece its memory is given back.
                self.pieces.pop_front();
            }
        }
        if self.pieces.is_empty() && self.pieces.capacity() > 16 {
            self.pieces = VecDeque::new();
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Outgoing::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use proptest::prelude::*;

    fn all(queue: &Outgoing) -> Vec<u8> {
        let mut slices = [IoSlice::new(&[]); 64];
        let count = queue.slices(&mut slices);
        slices[..count].iter().flat_map(|slice| slice.to_vec()).collect()
    }

    #[test]
    fn small_pieces_are_put_together_and_large_ones_kept() {
        let mut queue = Outgoing::default();
        queue.push_slice(b"ab");
        queue.push_bytes(Bytes::from_static(b"cd"));
        let large = Bytes::from(vec![1; COPIED + 1]);
        queue.push_bytes(large.clone());
        queue.push_slice(b"ef");
        let mut slices = [IoSlice::new(&[]); 64];
        assert_eq!(queue.slices(&mut slices), 3);
        assert_eq!(&*slices[0], b"abcd");
        assert_eq!(slices[1].as_ptr(), large.as_ptr());
    }

    /// A program that drains writes on as soon as the queue is short, so it may never be empty.
    #[test]
    fn a_queue_that_is_never_empty_keeps_nothing_that_was_sent() {
        let mut queue = Outgoing::default();
        let mut most = 0;
        for _ in 0..10_000 {
            while queue.len() < 64 * 1024 {
                queue.push_slice(&[7; 1000]);
            }
            queue.advance(queue.len() - 100);
            let held = queue.pieces.iter().map(|piece| match piece {
                Piece::Grows(bytes, _) => bytes.capacity(),
                Piece::Whole(bytes) => bytes.len(),
            });
            most = most.max(held.sum());
        }
        assert!(most <= 4 * GROWN, "{most} bytes are held for 100");
    }

    proptest! {
        #[test]
        fn what_goes_out_is_what_was_put_in_order(
            steps in prop::collection::vec((0_usize..3, 0_usize..3000), 1..60)
        ) {
            let mut queue = Outgoing::default();
            let mut model: Vec<u8> = Vec::new();
            let mut next = 0_u8;
            for (kind, amount) in steps {
                let bytes: Vec<u8> = (0..amount).map(|_| { next = next.wrapping_add(1); next }).collect();
                match kind {
                    0 => {
                        queue.push_slice(&bytes);
                        model.extend(&bytes);
                    }
                    1 => {
                        model.extend(&bytes);
                        queue.push_bytes(bytes.into());
                    }
                    _ => {
                        let gone = amount.min(model.len());
                        queue.advance(gone);
                        model.drain(..gone);
                    }
                }
                prop_assert_eq!(queue.len(), model.len());
                prop_assert_eq!(queue.is_empty(), model.is_empty());
                let out = all(&queue);
                prop_assert_eq!(&out[..], &model[..out.len()]);
            }
        }
    }
}
