//! `Intake`: the bounded priority queue between the feeds and the workers, and what happens when it is full.
//!
//! The decision is made for each kind of tick, and counted, so that the table can show it:
//!
//! - A **quote** that finds the queue full is dropped: the next one makes it void anyway.
//! - A **trade** or a **notice** waits. While it does, its feed is not read from; TCP then slows the feed itself. So memory is
//!   bounded by the queue, and nothing that counts is lost.

use std::cmp::Ordering;

use asyncio::queue::PutError;
use asyncio::{PriorityQueue, QueueShutDown};

use crate::Shared;
use crate::meter::{Meter, count};
use crate::tick::{Kind, Tick};

/// A tick in line: the more urgent kind first, then the one that came first.
#[derive(Debug)]
pub struct Ranked {
    arrival: u64,
    /// What is in line.
    pub tick: Tick,
}

impl Ranked {
    fn key(&self) -> (Kind, u64) {
        (self.tick.kind, self.arrival)
    }
}

impl Ord for Ranked {
    fn cmp(&self, other: &Ranked) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Ranked) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Ranked) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Ranked {}

/// The queue and its counts.
#[derive(Debug)]
pub struct Intake {
    queue: PriorityQueue<Ranked>,
    is_patient: bool,
    meter: Shared<Meter>,
}

impl Intake {
    /// An empty one, with room for so many ticks.
    pub fn new(room: usize, meter: Shared<Meter>) -> Intake {
        Intake {
            queue: PriorityQueue::bounded(room.max(1)),
            is_patient: false,
            meter,
        }
    }

    /// Lets quotes wait too: for ticks that somebody else keeps until they are taken.
    pub fn patient(mut self) -> Intake {
        self.is_patient = true;
        self
    }

    /// Takes a tick in, or does with it what its kind asks for when there is no room.
    ///
    /// A feed that is cancelled while it waits here takes its tick along: it counts as left.
    pub async fn put(&self, tick: Tick) -> Result<(), QueueShutDown> {
        let arrival = self.meter.received.get();
        count(&self.meter.received);
        let kind = tick.kind;
        match self.queue.put_nowait(Ranked { arrival, tick }) {
            Ok(()) => Ok(()),
            Err(PutError::Full(_)) if kind == Kind::Quote && !self.is_patient => {
                count(&self.meter.dropped);
                Ok(())
            }
            Err(PutError::Full(full)) => {
                count(&self.meter.waited);
                let waiting = InHand::new(&self.meter);
                // A place, and then what goes there: nothing can fail in between.
                self.queue.reserve().await?.put(full.0);
                waiting.finish();
                Ok(())
            }
            Err(PutError::ShutDown(_)) => {
                count(&self.meter.left);
                Err(QueueShutDown(()))
            }
        }
    }

    /// The most urgent tick; an error when no more comes.
    pub async fn get(&self) -> Result<(Tick, InHand<'_>), QueueShutDown> {
        let ranked = self.queue.get().await?;
        Ok((ranked.tick, InHand::new(&self.meter)))
    }

    /// No more comes in. What is there can still be got.
    pub fn close(&self) {
        self.queue.shutdown();
    }

    /// Throws away what is there, and counts it as left.
    pub fn abandon(&self) {
        for _ in self.queue.shutdown_immediate() {
            count(&self.meter.left);
        }
    }

    /// How many ticks are in line, and for how many there is room.
    pub fn depth(&self) -> (usize, usize) {
        (self.queue.qsize(), self.queue.maxsize().unwrap_or(usize::MAX))
    }
}

/// A tick that somebody holds. Dropped before it is done, whatever the reason, it counts as left.
#[derive(Debug)]
pub struct InHand<'a> {
    meter: &'a Meter,
    done: bool,
}

impl<'a> InHand<'a> {
    fn new(meter: &'a Meter) -> InHand<'a> {
        InHand { meter, done: false }
    }

    /// It is not lost.
    pub fn finish(mut self) {
        self.done = true;
    }
}

impl Drop for InHand<'_> {
    fn drop(&mut self) {
        if !self.done {
            count(&self.meter.left);
        }
    }
}
