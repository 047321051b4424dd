//! `Children`: a scope's ends of the links to the scopes inside it, and what they have sent up.
//!
//! It is reached through `&` from inside the poll of the scope's future (see `frame`), so its parts are cells. No
//! function of this file calls foreign code while a part is taken out.

#![expect(unsafe_code, reason = "one word for each scope, where two would do")]

use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::task::Waker;

use asyncio_core::Request;

use crate::scope::link::{Down, Ticket, Up, link};

/// The links of a scope to those inside it: nothing, one link, or, with the lowest bit set, a box for more than that.
#[derive(Default)]
pub(crate) struct Children {
    word: Cell<Option<NonNull<()>>>,
}

// SAFETY: the word owns a `Down` or a box of what is `Send`.
unsafe impl Send for Children {}

/// What the word of `Children` says.
enum Inside {
    Nothing,
    One(Down),
    More(Box<More>),
}

const MORE: usize = 1;

#[derive(Default)]
struct More {
    first: Option<Down>,
    rest: Vec<Down>,
    /// A search for a free link is worth it at this length.
    search_at: usize,
    /// The request that the children were told of, and after how many polls some had not looked.
    pushed: Option<(Request, u8)>,
    /// A request that a branch lets go on.
    raised: Option<Request>,
    /// What was raised answers no ticket: nobody waits for the other branches.
    raised_hard: bool,
    /// A request to be delivered at the next suspension.
    again: Option<Request>,
}

/// Who polls a child that has been asked, but does not look at it, is given so many passes.
const PASSES: u8 = 3;

/// What a look at the answers of the children came to.
pub(crate) enum Answers {
    /// Some are still at it.
    Open,
    /// All have answered; the request goes on if there is one.
    Settled(Option<Request>),
}

impl Children {
    /// Takes out what there is.
    #[inline]
    fn take(&self) -> Inside {
        match self.word.take() {
            None => Inside::Nothing,
            Some(word) if word.addr().get() & MORE == 0 => {
                // SAFETY: put there by `set`, and taken out once.
                Inside::One(unsafe { Down::from_raw(word) })
            }
            Some(word) => {
                let more = word.as_ptr().map_addr(|address| address & !MORE);
                // SAFETY: as above.
                Inside::More(unsafe { Box::from_raw(more.cast()) })
            }
        }
    }

    /// Puts something where nothing is.
    #[inline]
    fn set(&self, inside: Inside) {
        debug_assert!(self.word.get().is_none(), "nothing is overwritten");
        self.word.set(match inside {
            Inside::Nothing => None,
            Inside::One(down) => Some(down.into_raw()),
            Inside::More(more) => {
                let more: *mut () = Box::into_raw(more).cast();
                NonNull::new(more.map_addr(|address| address | MORE))
            }
        });
    }

    /// Is there a box?
    #[inline]
    fn has_more(&self) -> bool {
        self.word.get().is_some_and(|word| word.addr().get() & MORE != 0)
    }

    #[cold]
    fn with_more<R>(&self, look: impl FnOnce(&mut More) -> R) -> R {
        let mut more = match self.take() {
            Inside::More(more) => more,
            Inside::One(down) => Box::new(More {
                first: Some(down),
                ..More::default()
            }),
            Inside::Nothing => Box::default(),
        };
        let result = look(&mut more);
        self.set(Inside::More(more));
        result
    }

    /// `None` when there is nothing but, perhaps, one link.
    #[inline]
    fn with_more_if_made<R>(&self, look: impl FnOnce(&mut More) -> R) -> Option<R> {
        self.has_more().then(|| self.with_more(look))
    }

    #[inline]
    fn with_first<R>(&self, look: impl FnOnce(Option<&Down>) -> R) -> R {
        match self.word.get() {
            None => look(None),
            Some(_) if self.has_more() => self.with_more(|more| look(more.first.as_ref())),
            Some(word) => {
                // SAFETY: put there by `set`. It stays: nothing here is called back from inside `look`.
                let down = ManuallyDrop::new(unsafe { Down::from_raw(word) });
                look(Some(&down))
            }
        }
    }

    fn for_each(&self, mut look: impl FnMut(&Down)) {
        self.with_first(|first| first.into_iter().for_each(&mut look));
        self.with_more_if_made(|more| more.rest.iter().for_each(&mut look));
    }

    /// Is the other end of `up` here?
    #[inline]
    pub(crate) fn has(&self, up: &Up) -> bool {
        let index = up.index();
        if index == 0 {
            return self.with_first(|first| first.is_some_and(|down| down.leads_to(up)));
        }
        let at = index as usize - 1;
        self.with_more_if_made(|more| more.rest.get(at).is_some_and(|down| down.leads_to(up)))
            .unwrap_or(false)
    }

    /// A link to a new child.
    #[inline]
    pub(crate) fn add(&self) -> Up {
        if self.word.get().is_none() {
            let (down, up) = link(0);
            self.set(Inside::One(down));
            return up;
        }
        match self.with_first(|first| first.and_then(Down::reuse)) {
            Some(up) => up,
            None => self.with_more(More::add),
        }
    }

    /// Is there anything that a poll must look at afterwards?
    #[inline]
    pub(crate) fn is_quiet(&self) -> bool {
        self.with_more_if_made(|more| more.pushed.is_none() && more.raised.is_none())
            .unwrap_or(true)
    }

    /// Tells the live children of a request. `false` if there are none.
    pub(crate) fn push(&self, request: &Request) -> bool {
        let mut asked = Vec::new();
        self.for_each(|down| {
            down.void_token();
            if down.is_live() {
                asked.push(down.ask(request.clone()));
            }
        });
        if asked.is_empty() {
            return false;
        }
        let old = self.with_more(|more| more.pushed.replace((request.clone(), 0)));
        drop(old);
        // No part is taken out any more: wakers and requests are foreign code.
        for (waker, _older) in asked {
            if let Some(waker) = waker {
                waker.wake();
            }
        }
        true
    }

    /// A branch lets the request go on. With `hard` nobody waits for what the other branches do with it.
    pub(crate) fn raise(&self, request: Request, hard: bool) {
        let spare = self.with_more(|more| {
            more.raised_hard |= hard;
            match more.raised {
                None => more.raised.replace(request),
                Some(_) => Some(request),
            }
        });
        drop(spare);
    }

    /// The request is delivered at the next suspension.
    pub(crate) fn deliver_again(&self, request: Request) {
        let old = self.with_more(|more| more.again.replace(request));
        drop(old);
    }

    /// The request that is to be delivered now.
    #[inline]
    pub(crate) fn take_again(&self) -> Option<Request> {
        self.with_more_if_made(|more| more.again.take()).flatten()
    }

    /// What the children have made of the request that was pushed, after a poll. `waker` polls again.
    #[cold]
    pub(crate) fn answers(&self, waker: &Waker) -> Answers {
        let (mut unseen, mut open, mut bounced) = (false, false, false);
        self.for_each(|down| match down.ticket() {
            Ticket::Idle => {}
            Ticket::Asked => unseen = true,
            Ticket::Taken => open = true,
            Ticket::Bounced => bounced = true,
        });
        let (pushed, mut raised, hard) =
            self.with_more(|more| (more.pushed.take(), more.raised.take(), more.raised_hard));
        let Some((request, mut passes)) = pushed else {
            return Answers::Settled(raised);
        };
        let mut wait = open;
        if unseen {
            passes += 1;
            if passes < PASSES {
                waker.wake_by_ref();
                wait = true;
            } else {
                // A scope that is pinned somewhere and not awaited: it is passed over.
                self.settle(Ticket::Asked);
                if !open {
                    raised.get_or_insert_with(|| request.clone());
                }
            }
        }
        if bounced {
            raised.get_or_insert_with(|| request.clone());
        }
        if wait && !(hard && raised.is_some()) {
            self.with_more(|more| {
                more.raised = raised;
                more.pushed = Some((request, passes));
            });
            return Answers::Open;
        }
        self.settle(Ticket::Bounced);
        Answers::Settled(raised)
    }

    /// Forgets the tickets of one kind.
    fn settle(&self, ticket: Ticket) {
        let mut settled = Vec::new();
        self.for_each(|down| {
            if down.ticket() == ticket {
                settled.extend(down.settle());
            }
        });
    }

    /// The scope's future is gone although answers were open: the request that goes on, if one does.
    pub(crate) fn left_open(&self) -> Option<Request> {
        let (pushed, raised) = self.with_more_if_made(|more| (more.pushed.take(), more.raised.take()))?;
        let mut owed = false;
        self.for_each(|down| owed |= matches!(down.ticket(), Ticket::Asked | Ticket::Bounced));
        raised.or(pushed.map(|(request, _)| request).filter(|_| owed))
    }

    /// Forgets all that is inside: the scope's future is gone.
    #[inline]
    pub(crate) fn clear(&self) {
        if self.has_more() {
            let first = self.with_more(|more| more.first.take());
            drop(self.take());
            self.set(first.map_or(Inside::Nothing, Inside::One));
        }
    }
}

impl Drop for Children {
    #[inline]
    fn drop(&mut self) {
        if self.word.get().is_some() {
            drop(self.take());
        }
    }
}

impl More {
    #[cold]
    fn add(&mut self) -> Up {
        if self.first.is_none() {
            let (down, up) = link(0);
            self.first = Some(down);
            return up;
        }
        if self.rest.len() >= self.search_at.max(4) {
            let free = self.rest.iter().filter(|down| down.is_free()).count();
            if free * 2 < self.rest.len() {
                self.search_at = self.rest.len() * 2;
            }
            let found = self.rest.iter().find_map(Down::reuse);
            if let Some(found) = found {
                return found;
            }
        }
        let (down, up) = link(self.rest.len() as u32 + 1);
        self.rest.push(down);
        up
    }
}
