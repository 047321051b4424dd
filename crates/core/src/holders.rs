//! Who holds what others wait for: from the address in a wait record to the task that has the thing, and to the place in
//! the program where it took it.
//!
//! An address must not be followed from another thread, so what is known of it is written down here, by whoever gets in
//! line or is given the thing while others wait: never on the way of those who need not wait, and only while somebody
//! may look (`is_watched`). The table is of one size; where two addresses share an entry the later note wins, and the
//! holder of the other is not known until somebody else waits for it.

mod note;

use std::panic::Location;

use note::Note;

use crate::wait::Wait;

/// Who holds something that others wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    /// The number of the task; 0 if it was none of ours.
    pub task: u64,
    /// Where it took the thing, if that is known.
    pub place: Option<&'static Location<'static>>,
    /// It was given the thing and has not been polled since, so that it does not know: if that lasts, whatever waits
    /// in line waits for a future that nobody polls (a "futurelock").
    pub granted: bool,
}

impl Holder {
    /// No task of ours.
    pub const NOBODY: Holder = Holder {
        task: 0,
        place: None,
        granted: false,
    };
}

const ENTRIES: usize = 1024;

#[cfg(not(asyncio_loom))]
static TABLE: [Note; ENTRIES] = [const { Note::new() }; ENTRIES];
/// loom's atomics cannot lie in a static.
#[cfg(asyncio_loom)]
static TABLE: [Note; 0] = [];

fn note_of(address: usize) -> Option<&'static Note> {
    // Fibonacci hashing: what lies side by side goes far apart.
    const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;
    let hash = (address as u64).wrapping_mul(GOLDEN) >> (64 - ENTRIES.trailing_zeros());
    TABLE.get(hash as usize)
}

/// Notes who holds what lies at `address`.
pub fn note_holder(address: usize, holder: Holder) {
    let address = Wait::visible(address);
    if let Some(note) = note_of(address) {
        note.write(address, holder);
    }
}

/// Who was last seen to hold what a wait record names.
pub fn holder_of(wait: Wait) -> Option<Holder> {
    let (address, holder) = note_of(wait.address)?.read()?;
    (address == wait.address).then_some(holder)
}

/// Everything that was given to a task which has not been polled since, with its address as it appears in wait records.
pub fn granted() -> Vec<(usize, Holder)> {
    let entries = TABLE.iter().filter_map(Note::read);
    entries.filter(|(_, holder)| holder.granted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::WaitKind;

    #[test]
    fn a_holder_is_found_by_the_address_that_a_wait_record_has() {
        let thing = Box::new(0_u64);
        let address = (&raw const *thing).addr();
        let holder = Holder {
            task: 7,
            place: Some(Location::caller()),
            granted: false,
        };
        note_holder(address, holder);
        let wait = Wait {
            kind: WaitKind::Lock,
            address: Wait::visible(address),
        };
        assert_eq!(holder_of(wait), Some(holder));
        let other = Wait {
            address: wait.address ^ 16,
            ..wait
        };
        assert_eq!(holder_of(other), None);
    }
}
