//! In which order addresses are tried: RFC 8305, section 4.

use std::net::SocketAddr;

use crate::resolve::Family;

/// `addresses`, with `first` ones of the family of the very first one in front, then the two families by turns for as
/// long as both last. Within a family the order stays. 0 leaves everything as it is.
pub(super) fn interleave(addresses: Vec<SocketAddr>, first: usize) -> Vec<SocketAddr> {
    let Some(preferred) = addresses.first().map(Family::of) else {
        return addresses;
    };
    if first == 0 {
        return addresses;
    }
    let count = addresses.len();
    let (ours, theirs): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| Family::of(address) == preferred);
    let mut ordered = Vec::with_capacity(count);
    let mut ours = ours.into_iter();
    let mut theirs = theirs.into_iter();
    ordered.extend(ours.by_ref().take(first - 1));
    while ordered.len() < count {
        ordered.extend(ours.next());
        ordered.extend(theirs.next());
    }
    ordered
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    fn of(families: &[u8]) -> Vec<SocketAddr> {
        let address = |(port, family): (usize, &u8)| {
            let port = port as u16;
            match family {
                4 => SocketAddr::from(([127, 0, 0, 1], port)),
                _ => SocketAddr::from(([0; 8], port)),
            }
        };
        families.iter().enumerate().map(address).collect()
    }

    fn ports(addresses: Vec<SocketAddr>) -> Vec<u16> {
        addresses.iter().map(SocketAddr::port).collect()
    }

    #[test]
    fn families_take_turns_after_the_first_ones() {
        let addresses = of(&[6, 6, 6, 4, 4, 4]);
        assert_eq!(ports(interleave(addresses.clone(), 0)), [0, 1, 2, 3, 4, 5]);
        assert_eq!(ports(interleave(addresses.clone(), 1)), [0, 3, 1, 4, 2, 5]);
        assert_eq!(ports(interleave(addresses.clone(), 2)), [0, 1, 3, 2, 4, 5]);
        assert_eq!(ports(interleave(addresses.clone(), 3)), [0, 1, 2, 3, 4, 5]);
        assert_eq!(ports(interleave(addresses, usize::MAX)), [0, 1, 2, 3, 4, 5]);
    }

    /// The rule, one step at a time: whose turn is it?
    fn model(addresses: &[SocketAddr], first: usize) -> Vec<SocketAddr> {
        let mut queues = [VecDeque::new(), VecDeque::new()];
        for address in addresses {
            queues[usize::from(address.is_ipv4() != addresses[0].is_ipv4())].push_back(*address);
        }
        let mut turn = 0;
        let mut ordered = Vec::new();
        while ordered.len() < addresses.len() {
            if let Some(address) = queues[turn].pop_front() {
                ordered.push(address);
            }
            if ordered.len() >= first || queues[0].is_empty() {
                turn = 1 - turn;
            }
        }
        ordered
    }

    proptest! {
        #[test]
        fn the_order_is_that_of_the_model(
            families in proptest::collection::vec(prop_oneof![Just(4), Just(6)], 1..20),
            first in 1_usize..25,
        ) {
            let addresses = of(&families);
            prop_assert_eq!(interleave(addresses.clone(), first), model(&addresses, first));
        }
    }
}
