//! The broadcast channel against a model: a queue for each receiver, and a count of what it has lost.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::task::Poll;

use asyncio_sync::broadcast::{Receiver, RecvError, TryRecvError, channel};
use proptest::prelude::*;

use super::poll_once;

#[derive(Debug, Clone)]
enum Step {
    Send,
    Subscribe,
    Resubscribe(usize),
    Drop(usize),
    Recv(usize),
    TryRecv(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let receiver = 0_usize..6;
    prop_oneof![
        6 => Just(Step::Send),
        1 => Just(Step::Subscribe),
        1 => receiver.clone().prop_map(Step::Resubscribe),
        2 => receiver.clone().prop_map(Step::Drop),
        4 => receiver.clone().prop_map(Step::Recv),
        4 => receiver.prop_map(Step::TryRecv),
    ]
}

/// An item, of which one can see from outside whether it is kept.
type Item = Arc<u64>;

#[derive(Default)]
struct Model {
    queue: VecDeque<u64>,
    missed: u64,
}

impl Model {
    fn send(&mut self, item: u64, capacity: usize) {
        self.queue.push_back(item);
        if self.queue.len() > capacity {
            self.queue.pop_front();
            self.missed += 1;
        }
    }

    fn take(&mut self, closed: bool) -> Result<u64, TryRecvError> {
        match std::mem::take(&mut self.missed) {
            0 => {}
            missed => return Err(TryRecvError::Lagged(missed)),
        }
        self.queue.pop_front().ok_or(match closed {
            true => TryRecvError::Closed,
            false => TryRecvError::Empty,
        })
    }
}

fn try_recv(receiver: &mut Receiver<Item>) -> Result<u64, TryRecvError> {
    receiver.try_recv().map(|item| *item)
}

fn recv(receiver: &mut Receiver<Item>) -> Result<u64, TryRecvError> {
    match poll_once(receiver.recv()) {
        Poll::Ready(Ok(item)) => Ok(*item),
        Poll::Ready(Err(RecvError::Lagged(missed))) => Err(TryRecvError::Lagged(missed)),
        Poll::Ready(Err(RecvError::Closed)) => Err(TryRecvError::Closed),
        Poll::Pending => Err(TryRecvError::Empty),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_channel_does_what_its_model_does(
        capacity in 1_usize..6,
        steps in prop::collection::vec(step(), 1..150),
    ) {
        let (sender, receiver) = channel::<Item>(capacity);
        let mut receivers = vec![(receiver, Model::default())];
        let mut sent: Vec<Weak<u64>> = Vec::new();
        for step in steps {
            let count = receivers.len();
            let pick = |n: usize| n.checked_rem(count);
            match step {
                Step::Send => {
                    let number = sent.len() as u64;
                    let item = Item::new(number);
                    sent.push(Arc::downgrade(&item));
                    match sender.send(item) {
                        Ok(told) => prop_assert_eq!(told, count),
                        Err(error) => prop_assert_eq!((*error.0, count), (number, 0)),
                    }
                    for (_, model) in &mut receivers {
                        model.send(number, capacity);
                    }
                }
                Step::Subscribe => receivers.push((sender.subscribe(), Model::default())),
                Step::Resubscribe(n) => if let Some(n) = pick(n) {
                    let newcomer = receivers[n].0.resubscribe();
                    receivers.push((newcomer, Model::default()));
                },
                Step::Drop(n) => if let Some(n) = pick(n) {
                    receivers.swap_remove(n);
                },
                Step::Recv(n) => if let Some(n) = pick(n) {
                    let (receiver, model) = &mut receivers[n];
                    prop_assert_eq!(recv(receiver), model.take(false));
                },
                Step::TryRecv(n) => if let Some(n) = pick(n) {
                    let (receiver, model) = &mut receivers[n];
                    prop_assert_eq!(try_recv(receiver), model.take(false));
                },
            }
            prop_assert_eq!(sender.receiver_count(), receivers.len());
            let longest = receivers.iter().map(|(_, model)| model.queue.len()).max();
            prop_assert_eq!(sender.len(), longest.unwrap_or(0));
            for (receiver, model) in &receivers {
                prop_assert_eq!(receiver.len(), model.queue.len());
            }
            // An item lives exactly as long as somebody has yet to see it.
            for (number, item) in sent.iter().enumerate() {
                let wanted = receivers.iter().any(|(_, model)| model.queue.contains(&(number as u64)));
                prop_assert_eq!(item.strong_count() > 0, wanted, "item {}", number);
            }
        }
        drop(sender);
        for (receiver, model) in &mut receivers {
            loop {
                let item = model.take(true);
                prop_assert_eq!(try_recv(receiver), item);
                if item == Err(TryRecvError::Closed) {
                    break;
                }
            }
        }
        prop_assert!(sent.iter().all(|item| item.strong_count() == 0));
    }
}
