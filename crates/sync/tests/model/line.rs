//! The model of all that lends permits: how many there are, and the line of those who wait for some.

use std::collections::{BTreeMap, VecDeque};

use super::history::Spec;

/// Who waits; each wait has its own.
pub(crate) type Id = usize;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Call {
    /// Polls a wait, for that many.
    Poll(Id, usize),
    /// Drops a wait that has not ended.
    Drop(Id),
    Try(usize),
    /// So many come back, or are new.
    Give(usize),
    /// Up to so many are taken away.
    TakeUpTo(usize),
    Locked,
    Available,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    Nothing,
    Is(bool),
    Count(usize),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Line {
    available: usize,
    waiting: VecDeque<(Id, usize)>,
    /// Whose turn it is, and who does not know yet.
    given: BTreeMap<Id, usize>,
}

impl Line {
    pub(crate) fn new(available: usize) -> Line {
        Line {
            available,
            waiting: VecDeque::new(),
            given: BTreeMap::new(),
        }
    }

    /// Does it, and tells whose turn it is now.
    pub(crate) fn call(&mut self, call: Call) -> (Reply, Vec<Id>) {
        let reply = self.begin(call);
        (reply, std::iter::from_fn(|| self.grant()).collect())
    }

    /// The same, with nobody served yet.
    fn begin(&mut self, call: Call) -> Reply {
        match call {
            Call::Poll(id, want) => {
                if self.given.remove(&id).is_some() {
                    return Reply::Is(true);
                }
                if self.waiting.iter().any(|&(waiting, _)| waiting == id) {
                    return Reply::Is(false);
                }
                let taken = self.take(want);
                if !taken {
                    self.waiting.push_back((id, want));
                }
                Reply::Is(taken)
            }
            Call::Drop(id) => {
                self.waiting.retain(|&(waiting, _)| waiting != id);
                self.available += self.given.remove(&id).unwrap_or(0);
                Reply::Nothing
            }
            Call::Try(want) => Reply::Is(self.take(want)),
            Call::Give(count) => {
                self.available += count;
                Reply::Nothing
            }
            Call::TakeUpTo(count) => {
                let taken = count.min(self.available);
                self.available -= taken;
                Reply::Count(taken)
            }
            Call::Locked => Reply::Is(self.available == 0 || !self.waiting.is_empty()),
            Call::Available => Reply::Count(self.available),
        }
    }

    fn take(&mut self, want: usize) -> bool {
        let taken = self.waiting.is_empty() && want <= self.available;
        if taken {
            self.available -= want;
        }
        taken
    }

    /// Whose turn is next?
    fn grant(&mut self) -> Option<Id> {
        let (id, want) = *self.waiting.front()?;
        self.available = self.available.checked_sub(want)?;
        self.waiting.pop_front();
        self.given.insert(id, want);
        Some(id)
    }
}

impl Spec for Line {
    type Event = (Call, Reply);

    fn after(&self, &(call, reply): &(Call, Reply)) -> Option<Line> {
        let mut next = self.clone();
        (next.begin(call) == reply).then_some(next)
    }

    /// The ones in front are told one by one.
    fn is_long((call, _): &(Call, Reply)) -> bool {
        matches!(call, Call::Give(_) | Call::Drop(_))
    }

    fn at_end(&self, _: &(Call, Reply)) -> Option<Line> {
        self.silently().is_none().then(|| self.clone())
    }

    fn silently(&self) -> Option<Line> {
        let mut next = self.clone();
        next.grant().map(|_| next)
    }
}
