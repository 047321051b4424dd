//! The watch channel against a model: a value, and for each receiver whether it has seen it.

use std::task::Poll;

use asyncio_sync::watch::{SendError, channel};
use proptest::prelude::*;

use super::poll_once;

#[derive(Debug, Clone)]
enum Step {
    Send(u8),
    ModifySilently(u8),
    Subscribe,
    Clone(usize),
    Drop(usize),
    Borrow(usize),
    Update(usize),
    Changed(usize),
    WaitFor(usize, u8),
    MarkChanged(usize),
    MarkUnchanged(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let receiver = 0_usize..8;
    prop_oneof![
        4 => any::<u8>().prop_map(Step::Send),
        1 => any::<u8>().prop_map(Step::ModifySilently),
        1 => Just(Step::Subscribe),
        1 => receiver.clone().prop_map(Step::Clone),
        1 => receiver.clone().prop_map(Step::Drop),
        2 => receiver.clone().prop_map(Step::Borrow),
        2 => receiver.clone().prop_map(Step::Update),
        4 => receiver.clone().prop_map(Step::Changed),
        2 => (receiver.clone(), 0_u8..4).prop_map(|(receiver, rest)| Step::WaitFor(receiver, rest)),
        1 => receiver.clone().prop_map(Step::MarkChanged),
        1 => receiver.prop_map(Step::MarkUnchanged),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_channel_does_what_its_model_does(steps in prop::collection::vec(step(), 1..150)) {
        let (sender, receiver) = channel(0_u8);
        let mut value = 0_u8;
        let mut receivers = vec![(receiver, false)];
        for step in steps {
            let count = receivers.len();
            let pick = |n: usize| n.checked_rem(count);
            match step {
                Step::Send(new) => {
                    let sent = sender.send(new);
                    if count == 0 {
                        prop_assert_eq!(sent, Err(SendError(new)));
                    } else {
                        prop_assert_eq!(sent, Ok(()));
                        value = new;
                        receivers.iter_mut().for_each(|(_, new)| *new = true);
                    }
                }
                Step::ModifySilently(new) => {
                    let told = sender.send_if_modified(|value| { *value = new; false });
                    prop_assert!(!told);
                    value = new;
                }
                Step::Subscribe => receivers.push((sender.subscribe(), false)),
                Step::Clone(n) => if let Some(n) = pick(n) {
                    let twin = (receivers[n].0.clone(), receivers[n].1);
                    receivers.push(twin);
                },
                Step::Drop(n) => if let Some(n) = pick(n) {
                    receivers.swap_remove(n);
                },
                Step::Borrow(n) => if let Some(n) = pick(n) {
                    let seen = receivers[n].0.borrow();
                    prop_assert_eq!((*seen, seen.has_changed()), (value, receivers[n].1));
                },
                Step::Update(n) => if let Some(n) = pick(n) {
                    let (receiver, new) = &mut receivers[n];
                    let seen = receiver.borrow_and_update();
                    prop_assert_eq!((*seen, seen.has_changed()), (value, *new));
                    *new = false;
                },
                Step::Changed(n) => if let Some(n) = pick(n) {
                    let (receiver, new) = &mut receivers[n];
                    prop_assert_eq!(poll_once(receiver.changed()).is_ready(), *new);
                    *new = false;
                },
                Step::WaitFor(n, rest) => if let Some(n) = pick(n) {
                    let (receiver, new) = &mut receivers[n];
                    let found = poll_once(receiver.wait_for(|value| value % 4 == rest));
                    prop_assert_eq!(found.is_ready(), value % 4 == rest);
                    *new = false;
                },
                Step::MarkChanged(n) => if let Some(n) = pick(n) {
                    receivers[n].0.mark_changed();
                    receivers[n].1 = true;
                },
                Step::MarkUnchanged(n) => if let Some(n) = pick(n) {
                    receivers[n].0.mark_unchanged();
                    receivers[n].1 = false;
                },
            }
            prop_assert_eq!(*sender.borrow(), value);
            prop_assert_eq!(sender.receiver_count(), receivers.len());
            for (receiver, new) in &receivers {
                prop_assert_eq!(receiver.has_changed(), Ok(*new));
            }
        }
        drop(sender);
        for (mut receiver, new) in receivers {
            let end = poll_once(receiver.changed());
            prop_assert_eq!(end.map(|end| end.is_ok()), Poll::Ready(new));
        }
    }
}
