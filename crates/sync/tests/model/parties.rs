//! The model of a barrier: who waits, and who was sent on and does not know it yet.

use std::collections::{BTreeMap, VecDeque};

use super::history::Spec;

/// Who waits; each wait has its own.
pub(crate) type Id = usize;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Call {
    Poll(Id),
    Drop(Id),
    Reset,
    Abort,
    Waiting,
    Broken,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    Nothing,
    Pending,
    /// With its index; `None`: broken.
    Passed(Option<usize>),
    Count(usize),
    Is(bool),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Model {
    parties: usize,
    waiting: VecDeque<Id>,
    /// The indices of those who do not know yet; `None`: broken.
    told: BTreeMap<Id, Option<usize>>,
    broken: bool,
}

impl Model {
    pub(crate) fn new(parties: usize) -> Model {
        Model {
            parties,
            waiting: VecDeque::new(),
            told: BTreeMap::new(),
            broken: false,
        }
    }

    /// Does it, and tells who is sent on, or away, by it.
    pub(crate) fn call(&mut self, call: Call) -> (Reply, Vec<Id>) {
        let mut sent = Vec::new();
        let reply = match call {
            Call::Poll(id) => {
                sent = self.arrive(id);
                self.told.remove(&id).map_or(Reply::Pending, Reply::Passed)
            }
            Call::Drop(id) => {
                self.waiting.retain(|&waiting| waiting != id);
                self.told.remove(&id);
                Reply::Nothing
            }
            Call::Reset | Call::Abort => {
                self.broken = matches!(call, Call::Abort);
                sent.extend(self.waiting.drain(..));
                self.told.extend(sent.iter().map(|&id| (id, None)));
                Reply::Nothing
            }
            Call::Waiting => Reply::Count(self.waiting.len()),
            Call::Broken => Reply::Is(self.broken),
        };
        (reply, sent)
    }

    /// Somebody polls; it comes now, if it has not come before.
    fn arrive(&mut self, id: Id) -> Vec<Id> {
        if self.waiting.contains(&id) || self.told.contains_key(&id) {
            return Vec::new();
        }
        if self.broken {
            self.told.insert(id, None);
            return Vec::new();
        }
        self.waiting.push_back(id);
        if self.waiting.len() < self.parties {
            return Vec::new();
        }
        let sent: Vec<Id> = self.waiting.drain(..).collect();
        let indices = (0..).map(Some);
        self.told.extend(sent.iter().copied().zip(indices));
        sent
    }
}

impl Spec for Model {
    type Event = (Call, Reply);

    fn after(&self, &(call, reply): &(Call, Reply)) -> Option<Model> {
        let mut next = self.clone();
        match (call, reply) {
            (Call::Poll(id), Reply::Passed(_)) => {
                next.arrive(id);
                Some(next)
            }
            _ => (next.call(call).0 == reply).then_some(next),
        }
    }

    /// Others may fill the barrier when somebody has come, and has not seen yet that they are missing.
    fn is_long(&(call, reply): &(Call, Reply)) -> bool {
        matches!((call, reply), (Call::Poll(_), Reply::Passed(_)))
    }

    fn at_end(&self, &(call, reply): &(Call, Reply)) -> Option<Model> {
        let mut next = self.clone();
        (next.call(call).0 == reply).then_some(next)
    }
}
