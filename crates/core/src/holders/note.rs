//! `Note`: an address and its holder, written in one go and read as a whole, without a lock.
//!
//! A sequence lock (Lameter, "Effective synchronization on Linux/NUMA systems", 2005) whose fields are atomics: the version is
//! odd while somebody writes, and a reader that saw it odd, or changed, looks again. Writers wait for each other; each is
//! done after a few stores.

use std::panic::Location;
use std::ptr;

use super::Holder;
use crate::sync::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence, yield_now};

#[derive(Debug)]
pub(super) struct Note {
    /// Odd while somebody writes.
    version: AtomicU32,
    granted: AtomicBool,
    /// 0: nothing was noted.
    address: AtomicUsize,
    task: AtomicU64,
    place: AtomicPtr<Location<'static>>,
}

impl Note {
    #[cfg(not(asyncio_loom))]
    pub(super) const fn new() -> Note {
        Note {
            version: AtomicU32::new(0),
            granted: AtomicBool::new(false),
            address: AtomicUsize::new(0),
            task: AtomicU64::new(0),
            place: AtomicPtr::new(ptr::null_mut()),
        }
    }

    pub(super) fn write(&self, address: usize, holder: Holder) {
        let version = self.begin();
        // Whoever sees one of the stores below sees that the version is odd, or a later one.
        fence(Ordering::Release);
        let place = holder.place.map_or(ptr::null(), ptr::from_ref);
        self.address.store(address, Ordering::Relaxed);
        self.task.store(holder.task, Ordering::Relaxed);
        self.place.store(place.cast_mut(), Ordering::Relaxed);
        self.granted.store(holder.granted, Ordering::Relaxed);
        self.version.store(version.wrapping_add(2), Ordering::Release);
    }

    /// Makes the version odd; what it was before.
    fn begin(&self) -> u32 {
        let mut version = self.version.load(Ordering::Relaxed);
        loop {
            if version % 2 != 0 {
                yield_now();
                version = self.version.load(Ordering::Relaxed);
                continue;
            }
            let odd = version.wrapping_add(1);
            match self
                .version
                .compare_exchange_weak(version, odd, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => return version,
                Err(now) => version = now,
            }
        }
    }

    pub(super) fn read(&self) -> Option<(usize, Holder)> {
        loop {
            if let Ok(note) = self.try_read() {
                return note;
            }
            // The writer may have been taken off its processor in the middle.
            yield_now();
        }
    }

    /// An error says that somebody wrote meanwhile.
    fn try_read(&self) -> Result<Option<(usize, Holder)>, ()> {
        let before = self.version.load(Ordering::Acquire);
        let address = self.address.load(Ordering::Relaxed);
        let task = self.task.load(Ordering::Relaxed);
        let place = self.place.load(Ordering::Relaxed);
        let granted = self.granted.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        if before % 2 != 0 || self.version.load(Ordering::Relaxed) != before {
            return Err(());
        }
        #[expect(unsafe_code, reason = "a word for a reference or nothing")]
        // SAFETY: null, or from a `&'static`.
        let place = unsafe { place.as_ref() };
        let holder = Holder { task, place, granted };
        Ok((address != 0).then_some((address, holder)))
    }
}

#[cfg(all(test, asyncio_loom))]
mod loom_tests {
    use loom::sync::Arc;

    use super::*;

    impl Note {
        fn new() -> Note {
            Note {
                version: AtomicU32::new(0),
                granted: AtomicBool::new(false),
                address: AtomicUsize::new(0),
                task: AtomicU64::new(0),
                place: AtomicPtr::new(ptr::null_mut()),
            }
        }
    }

    fn holder(n: u64) -> Holder {
        Holder {
            task: n,
            place: None,
            granted: n % 2 == 1,
        }
    }

    fn is_whole((address, holder): (usize, Holder)) -> bool {
        holder.task == address as u64 && holder.granted == (address % 2 == 1)
    }

    #[test]
    fn loom_a_reader_sees_a_note_as_a_whole() {
        loom::model(|| {
            let note = Arc::new(Note::new());
            note.write(1, holder(1));
            let writer = {
                let note = note.clone();
                loom::thread::spawn(move || note.write(2, holder(2)))
            };
            if let Ok(seen) = note.try_read() {
                assert!(seen.is_some_and(is_whole));
            }
            writer.join().unwrap();
            assert_eq!(note.read(), Some((2, holder(2))));
        });
    }

    #[test]
    fn loom_two_writers_do_not_mix() {
        loom::model(|| {
            let note = Arc::new(Note::new());
            let writer = {
                let note = note.clone();
                loom::thread::spawn(move || note.write(1, holder(1)))
            };
            note.write(2, holder(2));
            writer.join().unwrap();
            assert!(note.read().is_some_and(is_whole));
        });
    }
}
