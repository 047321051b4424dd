//! The buffer that a thread's copies take turns with.
//!
//! A copy needs its buffer while bytes are on their way. Between a read that has to wait and the next wake it needs
//! none, so it gives the buffer back to its thread: ten thousand idle connections share one.

use std::cell::Cell;

/// What a thread keeps at most.
const LARGEST_KEPT: usize = 256 * 1024;

thread_local! {
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A buffer of `size` bytes, whose content is of no meaning.
pub(crate) fn take(size: usize) -> Vec<u8> {
    // A thread that ends has no spare buffer any more.
    let mut buffer = SPARE.try_with(Cell::take).unwrap_or_default();
    if buffer.len() == size {
        return buffer;
    }
    if buffer.capacity() < size {
        return vec![0; size];
    }
    buffer.resize(size, 0);
    buffer
}

/// Keeps `buffer` for the next one, if it is no larger than what is sensible to keep.
pub(crate) fn give_back(buffer: Vec<u8>) {
    if buffer.capacity() <= LARGEST_KEPT {
        let _ = SPARE.try_with(|spare| spare.set(buffer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_uses_one_buffer_again() {
        let buffer = take(100);
        let place = buffer.as_ptr();
        give_back(buffer);
        let again = take(50);
        assert_eq!((again.as_ptr(), again.len()), (place, 50));
        assert_eq!(take(10).len(), 10);
    }

    #[test]
    fn a_huge_one_is_not_kept() {
        give_back(take(LARGEST_KEPT + 1));
        assert_eq!(SPARE.take().capacity(), 0);
    }
}
