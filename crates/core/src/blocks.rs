//! `Blocks`: the memory of cells that have gone, kept by a loop for the next ones.
//!
//! A loop that starts tasks by the thousand frees them by the thousand, and a general allocator has a short list for
//! that. Here a block goes to the list of its size class, and comes from there again, by two moves of a pointer. The
//! lists are the loop's, on its thread; elsewhere, and when a list is long enough, the allocator is asked.

#![expect(
    unsafe_code,
    reason = "lists of raw memory that link through the memory itself"
)]

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::ptr::{self, NonNull};

use crate::thread;

/// Sizes are rounded up to this.
const STEP: usize = 32;
/// Cells up to `CLASSES * STEP` bytes have a list.
const CLASSES: usize = 16;
/// So many blocks of one size are kept at most: 4.5 MB if every list is full.
const MOST: u32 = 1024;
/// As the system's allocator aligns.
const ALIGN: usize = 16;

/// The lists of one loop.
#[derive(Default)]
pub(crate) struct Blocks {
    classes: [List; CLASSES],
}

#[derive(Default)]
struct List {
    first: Cell<Option<NonNull<Free>>>,
    len: Cell<u32>,
}

/// A block that is free: its first bytes lead to the next.
struct Free {
    next: Option<NonNull<Free>>,
}

/// The class of a layout, and the layout of all blocks of that class.
#[inline]
fn class(layout: Layout) -> Option<(usize, Layout)> {
    if layout.size() > CLASSES * STEP || layout.align() > ALIGN {
        return None;
    }
    let class = layout.size().saturating_sub(1) / STEP;
    // SAFETY: a small size, and a power of two.
    let rounded = unsafe { Layout::from_size_align_unchecked((class + 1) * STEP, ALIGN) };
    Some((class, rounded))
}

/// Room for a value of this type.
#[inline]
pub(crate) fn allocate<T>() -> NonNull<T> {
    let layout = const { Layout::new::<T>() };
    let Some((class, rounded)) = class(layout) else {
        return fresh(layout);
    };
    let kept = thread::with_loop(|state| state.and_then(|state| state.blocks().classes[class].take()));
    match kept {
        Some(block) => block.cast(),
        None => fresh(rounded),
    }
}

/// Gives back room from [`allocate`], whose value is gone.
///
/// # Safety
///
/// The pointer comes from `allocate` of this type, and nobody uses it any more.
#[inline]
pub(crate) unsafe fn free<T>(block: NonNull<T>) {
    let layout = const { Layout::new::<T>() };
    let Some((class, rounded)) = class(layout) else {
        // SAFETY: allocated with this layout.
        return unsafe { dealloc(block.as_ptr().cast(), layout) };
    };
    let block = block.cast::<Free>();
    let kept = thread::with_loop(|state| {
        // SAFETY: the block is free, of this class, and large enough for a pointer.
        state.is_some_and(|state| unsafe { state.blocks().classes[class].put(block) })
    });
    if !kept {
        // SAFETY: every block of the class is allocated with the rounded layout.
        unsafe { dealloc(block.as_ptr().cast(), rounded) };
    }
}

#[cold]
fn fresh<T>(layout: Layout) -> NonNull<T> {
    // SAFETY: a cell is never empty: it begins with a header.
    match NonNull::new(unsafe { alloc(layout) }) {
        Some(block) => block.cast(),
        None => handle_alloc_error(layout),
    }
}

impl List {
    #[inline]
    fn take(&self) -> Option<NonNull<Free>> {
        let block = self.first.get()?;
        // SAFETY: a block in the list is free memory that `put` wrote to.
        self.first.set(unsafe { block.as_ref() }.next);
        self.len.set(self.len.get() - 1);
        Some(block)
    }

    /// `false`: there are enough, and the block is the caller's again.
    ///
    /// # Safety
    ///
    /// The block is free memory of this list's class.
    #[inline]
    unsafe fn put(&self, block: NonNull<Free>) -> bool {
        if self.len.get() == MOST {
            return false;
        }
        let next = self.first.get();
        // SAFETY: free memory, large enough and aligned.
        unsafe { ptr::write(block.as_ptr(), Free { next }) };
        self.first.set(Some(block));
        self.len.set(self.len.get() + 1);
        true
    }
}

impl Drop for Blocks {
    fn drop(&mut self) {
        for (class, list) in self.classes.iter().enumerate() {
            while let Some(block) = list.take() {
                // SAFETY: the layout of every block of the class.
                unsafe {
                    let rounded = Layout::from_size_align_unchecked((class + 1) * STEP, ALIGN);
                    dealloc(block.as_ptr().cast(), rounded);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_gives_back_what_was_put_last_and_is_bounded() {
        let list = List::default();
        let layout = Layout::from_size_align(STEP, ALIGN).unwrap();
        let blocks: Vec<NonNull<Free>> = (0..=MOST).map(|_| fresh(layout)).collect();
        for (n, block) in blocks.iter().enumerate() {
            // SAFETY: just allocated.
            assert_eq!(unsafe { list.put(*block) }, n < MOST as usize);
        }
        let refused = blocks[MOST as usize];
        // SAFETY: it was refused, so it is still ours.
        unsafe { dealloc(refused.as_ptr().cast(), layout) };
        for block in blocks[..MOST as usize].iter().rev() {
            assert_eq!(list.take(), Some(*block));
            // SAFETY: taken out, so it is ours again.
            unsafe { dealloc(block.as_ptr().cast(), layout) };
        }
        assert_eq!(list.take(), None);
    }

    #[test]
    fn the_class_of_a_layout_holds_it() {
        for size in 1..=CLASSES * STEP {
            let (class, rounded) = class(Layout::from_size_align(size, 8).unwrap()).unwrap();
            assert!(rounded.size() >= size && rounded.size() < size + STEP && class < CLASSES);
        }
        assert!(class(Layout::from_size_align(CLASSES * STEP + 1, 8).unwrap()).is_none());
        assert!(class(Layout::from_size_align(8, 128).unwrap()).is_none());
    }
}
