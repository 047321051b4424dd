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

/// From one size to the next. The sizes are those that a common allocator has, which puts a word before each block.
const STEP: usize = 16;
/// The smallest size.
const LEAST: usize = 8;
/// So many sizes have a list.
const CLASSES: usize = 32;
/// Up to this size there is a list.
const LARGEST: usize = LEAST + (CLASSES - 1) * STEP;
/// So many blocks of one size are kept at most: 8.4 MB if every list is full.
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

/// How large a cell is, and which list has room for it.
pub(crate) struct Size {
    /// At `CLASSES` and beyond there is no list.
    class: usize,
    /// The layout of every block of the class.
    layout: Layout,
}

impl Size {
    pub(crate) const fn of<T>() -> Size {
        Size::new(Layout::new::<T>())
    }

    const fn new(layout: Layout) -> Size {
        if layout.size() > LARGEST || layout.align() > ALIGN {
            return Size {
                class: CLASSES,
                layout,
            };
        }
        let class = (layout.size().saturating_sub(LEAST)).div_ceil(STEP);
        Size {
            class,
            layout: class_layout(class),
        }
    }
}

const fn class_layout(class: usize) -> Layout {
    // SAFETY: a small size, and a power of two.
    unsafe { Layout::from_size_align_unchecked(LEAST + class * STEP, ALIGN) }
}

impl Blocks {
    /// Room of this size.
    #[inline]
    pub(crate) fn allocate(&self, size: &Size) -> NonNull<u8> {
        match self.classes.get(size.class).and_then(List::take) {
            Some(block) => block.cast(),
            None => fresh(size),
        }
    }
}

/// Room of this size.
#[inline]
pub(crate) fn allocate(size: &Size) -> NonNull<u8> {
    thread::with_loop(|state| match state {
        Some(state) => state.blocks().allocate(size),
        None => fresh(size),
    })
}

/// Gives back room from [`allocate`], whose value is gone.
///
/// # Safety
///
/// The pointer comes from `allocate` with this size, and nobody uses it any more.
#[inline]
pub(crate) unsafe fn free(block: NonNull<u8>, size: &Size) {
    let block = block.cast::<Free>();
    let kept = thread::with_loop(|state| {
        let list = state.and_then(|state| state.blocks().classes.get(size.class));
        // SAFETY: the block is free, of this class, and large enough for a pointer.
        list.is_some_and(|list| unsafe { list.put(block) })
    });
    if !kept {
        // SAFETY: allocated with this layout.
        unsafe { dealloc(block.as_ptr().cast(), size.layout) };
    }
}

#[cold]
fn fresh(size: &Size) -> NonNull<u8> {
    // SAFETY: a cell is never empty: it begins with a header.
    match NonNull::new(unsafe { alloc(size.layout) }) {
        Some(block) => block,
        None => handle_alloc_error(size.layout),
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
                unsafe { dealloc(block.as_ptr().cast(), class_layout(class)) };
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
        let size = Size::of::<[u64; 4]>();
        let layout = size.layout;
        let blocks: Vec<NonNull<Free>> = (0..=MOST).map(|_| fresh(&size).cast()).collect();
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
        let size = |size, align| Size::new(Layout::from_size_align(size, align).unwrap());
        for bytes in 1..=LARGEST {
            let Size { class, layout } = size(bytes, 8);
            assert!(layout.size() >= bytes && layout.size() < bytes + STEP && class < CLASSES);
            assert_eq!(layout, class_layout(class));
        }
        assert_eq!(size(LARGEST + 1, 8).class, CLASSES);
        assert_eq!(size(8, 128).class, CLASSES);
    }
}
