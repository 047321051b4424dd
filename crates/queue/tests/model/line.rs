//! The model of a queue: what is in it, and who waits for what.
//!
//! It says what must hold after each call, and lets it come about; the queue does only what the call can have changed.

use std::collections::{BTreeSet, VecDeque};

use super::history::Spec;

/// Who waits; each wait has its own.
pub(crate) type Id = usize;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Call {
    /// Polls of waits.
    Get(Id),
    Put(Id, u32),
    Reserve(Id),
    Join(Id),
    /// Drops a wait of any kind.
    Drop(Id),
    GetNowait,
    PutNowait(u32),
    UseSlot(u32),
    DropSlot,
    TaskDone,
    Shutdown,
    ShutdownImmediate,
    Size,
    Full,
    Unfinished,
    IsShutdown,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reply {
    Done,
    Pending,
    Got(u32),
    Empty,
    Full,
    ShutDown,
    TooOften,
    ThrownOut(Vec<u32>),
    Is(bool),
    Count(usize),
}

/// Which comes out first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Order {
    Oldest,
    Newest,
    Smallest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Phase {
    Open,
    Draining,
    Closed,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Line {
    order: Order,
    maxsize: Option<usize>,
    phase: Phase,
    items: Vec<u32>,
    slots: usize,
    unfinished: usize,
    getters: VecDeque<Id>,
    putters: VecDeque<Id>,
    joiners: VecDeque<Id>,
    /// Who has an item, a place, or an end of waiting, and does not know yet.
    has_item: BTreeSet<Id>,
    has_place: BTreeSet<Id>,
    has_end: BTreeSet<Id>,
}

impl Line {
    pub(crate) fn new(order: Order, maxsize: Option<usize>) -> Line {
        Line {
            order,
            maxsize,
            phase: Phase::Open,
            items: Vec::new(),
            slots: 0,
            unfinished: 0,
            getters: VecDeque::new(),
            putters: VecDeque::new(),
            joiners: VecDeque::new(),
            has_item: BTreeSet::new(),
            has_place: BTreeSet::new(),
            has_end: BTreeSet::new(),
        }
    }

    /// Does it, and tells who need not wait any longer.
    pub(crate) fn call(&mut self, call: Call) -> (Reply, Vec<Id>) {
        let reply = match call {
            Call::Get(id) => self.get(id),
            Call::Put(id, item) => self.place(id, |queue| queue.push(item)),
            Call::Reserve(id) => self.place(id, |queue| queue.slots += 1),
            Call::Join(id) => self.join(id),
            Call::Drop(id) => {
                for line in [&mut self.getters, &mut self.putters, &mut self.joiners] {
                    line.retain(|&waiting| waiting != id);
                }
                for told in [&mut self.has_item, &mut self.has_place, &mut self.has_end] {
                    told.remove(&id);
                }
                Reply::Done
            }
            Call::GetNowait if self.free_items() > 0 => self.pop(),
            Call::GetNowait if self.is_exhausted() => Reply::ShutDown,
            Call::GetNowait => Reply::Empty,
            Call::PutNowait(_) if self.phase != Phase::Open => Reply::ShutDown,
            Call::PutNowait(_) if self.room() == 0 => Reply::Full,
            Call::PutNowait(item) => {
                self.push(item);
                Reply::Done
            }
            Call::UseSlot(item) => {
                self.slots -= 1;
                if self.phase != Phase::Closed {
                    self.push(item);
                }
                Reply::Done
            }
            Call::DropSlot => {
                self.slots -= 1;
                Reply::Done
            }
            Call::TaskDone if self.unfinished == 0 => Reply::TooOften,
            Call::TaskDone => {
                self.unfinished -= 1;
                Reply::Done
            }
            Call::Shutdown => {
                if self.phase == Phase::Open {
                    self.phase = Phase::Draining;
                }
                Reply::Done
            }
            Call::ShutdownImmediate => {
                self.phase = Phase::Closed;
                let mut thrown_out = Vec::new();
                while let Reply::Got(item) = self.pop() {
                    thrown_out.push(item);
                }
                self.unfinished = self.unfinished.saturating_sub(thrown_out.len());
                Reply::ThrownOut(thrown_out)
            }
            Call::Size => Reply::Count(self.free_items()),
            Call::Full => Reply::Is(self.room() == 0),
            Call::Unfinished => Reply::Count(self.unfinished),
            Call::IsShutdown => Reply::Is(self.phase != Phase::Open),
        };
        (reply, self.settle())
    }

    fn get(&mut self, id: Id) -> Reply {
        if self.has_end.remove(&id) {
            Reply::ShutDown
        } else if self.has_item.remove(&id) {
            self.pop()
        } else if self.getters.contains(&id) {
            Reply::Pending
        } else if self.free_items() > 0 {
            self.pop()
        } else if self.is_exhausted() {
            Reply::ShutDown
        } else {
            self.getters.push_back(id);
            Reply::Pending
        }
    }

    fn place(&mut self, id: Id, enter: impl FnOnce(&mut Line)) -> Reply {
        if self.putters.contains(&id) {
            return Reply::Pending;
        }
        let promised = self.has_place.remove(&id);
        if self.has_end.remove(&id) || self.phase != Phase::Open {
            Reply::ShutDown
        } else if promised || self.room() > 0 {
            enter(self);
            Reply::Done
        } else {
            self.putters.push_back(id);
            Reply::Pending
        }
    }

    fn join(&mut self, id: Id) -> Reply {
        if self.has_end.remove(&id) || (self.unfinished == 0 && !self.joiners.contains(&id)) {
            return Reply::Done;
        }
        if !self.joiners.contains(&id) {
            self.joiners.push_back(id);
        }
        Reply::Pending
    }

    fn push(&mut self, item: u32) {
        self.items.push(item);
        self.unfinished += 1;
    }

    fn pop(&mut self) -> Reply {
        let numbered = self.items.iter().copied().enumerate();
        let next = match self.order {
            Order::Oldest => numbered.min_by_key(|&(at, _)| at),
            Order::Newest => numbered.max_by_key(|&(at, _)| at),
            Order::Smallest => numbered.min_by_key(|&(_, item)| item),
        };
        match next {
            Some((at, _)) => Reply::Got(self.items.remove(at)),
            None => Reply::ShutDown,
        }
    }

    fn free_items(&self) -> usize {
        self.items.len().saturating_sub(self.has_item.len())
    }

    fn room(&self) -> usize {
        let taken = self.items.len() + self.slots + self.has_place.len();
        self.maxsize.unwrap_or(usize::MAX).saturating_sub(taken)
    }

    fn is_exhausted(&self) -> bool {
        match self.phase {
            Phase::Open => false,
            Phase::Draining => self.items.is_empty() && self.slots == 0,
            Phase::Closed => true,
        }
    }

    /// Nobody waits who need not.
    fn settle(&mut self) -> Vec<Id> {
        let mut told = Vec::new();
        let mut ended = Vec::new();
        if self.phase != Phase::Open {
            ended.extend(self.putters.drain(..));
        }
        if self.is_exhausted() {
            ended.extend(self.getters.drain(..));
        }
        if self.unfinished == 0 {
            ended.extend(self.joiners.drain(..));
        }
        while !self.getters.is_empty() && self.free_items() > 0 {
            let first = self.getters.pop_front();
            self.has_item.extend(first);
            told.extend(first);
        }
        while !self.putters.is_empty() && self.room() > 0 {
            let first = self.putters.pop_front();
            self.has_place.extend(first);
            told.extend(first);
        }
        self.has_end.extend(&ended);
        told.extend(ended);
        told
    }
}

impl Spec for Line {
    type Event = (Call, Reply);

    fn after(&self, (call, reply): &(Call, Reply)) -> Option<Line> {
        let mut next = self.clone();
        (next.call(*call).0 == *reply).then_some(next)
    }
}
