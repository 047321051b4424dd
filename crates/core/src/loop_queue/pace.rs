//! `Pace`: whether a row of steps takes too long to be gone on with.
//!
//! A look at the clock costs as much as a step or two, so it is taken seldom while steps are short: after 8 of them,
//! 16 more, 32 more. Of long steps there are 16 at most before it is seen.

use std::time::{Duration, Instant};

/// So long may the steps between two looks take.
const LONG: Duration = Duration::from_millis(1);
const FIRST: usize = 8;

pub(super) struct Pace {
    /// Steps until the next look.
    left: usize,
    between: usize,
    last: Option<Instant>,
}

impl Pace {
    #[inline]
    pub(super) fn new() -> Pace {
        Pace {
            left: FIRST,
            between: FIRST,
            last: None,
        }
    }

    /// One step more. True: it is time for others.
    #[inline]
    pub(super) fn is_up(&mut self) -> bool {
        self.left -= 1;
        self.left == 0 && self.look()
    }

    #[cold]
    fn look(&mut self) -> bool {
        let now = Instant::now();
        if let Some(last) = self.last.replace(now) {
            if now.duration_since(last) > LONG {
                return true;
            }
            self.between *= 2;
        }
        self.left = self.between;
        false
    }
}
