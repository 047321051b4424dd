//! Which tasks of a graph cannot go on, as far as its edges tell: the edges that bind, which are those among such tasks.
//!
//! A task that waits for a lock goes on when the holder does; one that waits for any of several goes on when one of them
//! does, and so is stuck with all of them or not at all. This is the model of resource graphs with "and" and "or"
//! (Knapp, "Deadlock detection in distributed databases", 1987): begin with all tasks as stuck, and take away whoever can
//! go on until nobody is left who can. Of a semaphore's permits one holder is known of maybe many, so to wait for one binds nobody.
//!
//! What is left are the circles, and those who wait for a circle; `cycles` tells them apart.

use super::EdgeKind;

type Edges = [Vec<(usize, EdgeKind)>];

/// How a task is held up.
#[derive(Clone, Copy, Default)]
struct Held {
    /// So many, of whom each would be enough to hold it up, are stuck.
    by_one: usize,
    /// It waits for any of several, and all of them are stuck.
    by_all: bool,
}

impl Held {
    fn of(edges: &[(usize, EdgeKind)]) -> Held {
        let binds_alone = |edge: &&(usize, EdgeKind)| !matches!(edge.1, EdgeKind::AnyOf | EdgeKind::MayHold);
        Held {
            by_one: edges.iter().filter(binds_alone).count(),
            by_all: edges.iter().any(|(_, kind)| *kind == EdgeKind::AnyOf),
        }
    }

    fn is_stuck(self) -> bool {
        self.by_one > 0 || self.by_all
    }

    /// One whom it waits for goes on.
    fn loosen(&mut self, kind: EdgeKind) {
        match kind {
            EdgeKind::AnyOf => self.by_all = false,
            EdgeKind::MayHold => {}
            _ => self.by_one -= 1,
        }
    }
}

/// The edges from tasks that are stuck to those that they are stuck with.
pub(super) fn binding(edges: &Edges) -> Vec<Vec<(usize, EdgeKind)>> {
    let mut held: Vec<Held> = edges.iter().map(|edges| Held::of(edges)).collect();
    let mut waiters = vec![Vec::new(); edges.len()];
    for (from, edges) in edges.iter().enumerate() {
        edges
            .iter()
            .for_each(|(to, kind)| waiters[*to].push((from, *kind)));
    }
    let mut free: Vec<usize> = (0..edges.len()).filter(|node| !held[*node].is_stuck()).collect();
    while let Some(node) = free.pop() {
        for (waiter, kind) in &waiters[node] {
            let waiter_held = &mut held[*waiter];
            let was_stuck = waiter_held.is_stuck();
            waiter_held.loosen(*kind);
            if was_stuck && !waiter_held.is_stuck() {
                free.push(*waiter);
            }
        }
    }
    let binds = |from: usize, to: usize, kind: EdgeKind| match kind {
        EdgeKind::AnyOf => held[from].by_all,
        EdgeKind::MayHold => false,
        _ => held[to].is_stuck(),
    };
    let of = |(from, edges): (usize, &Vec<(usize, EdgeKind)>)| {
        let edges = edges.iter().copied();
        edges.filter(|(to, kind)| binds(from, *to, *kind)).collect()
    };
    edges.iter().enumerate().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::EdgeKind::{AnyOf, Awaits, Holds, MayHold};
    use super::*;
    use crate::graph::cycles::cycles;

    fn circles(edges: &[&[(usize, EdgeKind)]]) -> Vec<Vec<usize>> {
        let edges: Vec<Vec<_>> = edges.iter().map(|edges| edges.to_vec()).collect();
        cycles(&binding(&edges))
    }

    // GRA-08
    #[test]
    fn one_who_waits_for_any_of_several_is_stuck_with_all_of_them_or_not_at_all() {
        // 0 has what 1 wants; 2 sleeps.
        assert!(circles(&[&[(1, AnyOf), (2, AnyOf)], &[(0, Holds)], &[]]).is_empty());
        let all = circles(&[&[(1, AnyOf), (2, AnyOf)], &[(0, Holds)], &[(0, Holds)]]);
        assert_eq!(all, [[0, 1]]);
        assert_eq!(circles(&[&[(1, AnyOf)], &[(0, Holds)]]), [[0, 1]]);
    }

    #[test]
    fn who_can_go_on_frees_those_who_wait_for_it_through_others() {
        // 0 waits for 1 or 2; 2 waits for 3, which waits for nobody. 4 waits for 0.
        let edges: &[&[_]] = &[
            &[(1, AnyOf), (2, AnyOf)],
            &[(0, Awaits)],
            &[(3, Awaits)],
            &[],
            &[(0, Awaits)],
        ];
        assert!(circles(edges).is_empty());
        // The same, but 3 is in a circle of its own: nobody goes on, and both circles are there.
        let edges: &[&[_]] = &[
            &[(1, AnyOf), (2, AnyOf)],
            &[(0, Awaits)],
            &[(3, Awaits)],
            &[(3, Holds)],
            &[(0, Awaits)],
        ];
        assert_eq!(circles(edges), [vec![0, 1], vec![3]]);
    }

    #[test]
    fn an_edge_that_binds_keeps_one_stuck_who_could_go_on_by_another() {
        let edges: &[&[_]] = &[
            &[(1, AnyOf), (2, AnyOf), (3, Awaits)],
            &[(0, Holds)],
            &[],
            &[(0, Holds)],
        ];
        assert_eq!(circles(edges), [[0, 3]]);
    }

    // GRA-08
    #[test]
    fn the_last_who_took_a_permit_of_a_semaphore_closes_no_circle() {
        assert!(circles(&[&[(1, MayHold)], &[(0, MayHold)]]).is_empty());
        assert!(circles(&[&[(1, MayHold)], &[(0, Holds)]]).is_empty());
    }
}
