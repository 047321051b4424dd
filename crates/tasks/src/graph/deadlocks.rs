//! Which circles of a snapshot are deadlocks: those that it shows, and those that an earlier one showed as well.
//!
//! A circle that was read while its tasks took steps may never have been there as a whole. One that two snapshots show with
//! the same waits was not torn, so whoever looks from another thread looks twice.

use super::{TaskGraph, cycles, stuck};

impl TaskGraph {
    /// Tasks that wait for each other in a circle: none of them goes on by itself. Each circle once, from its lowest number
    /// on, in the order in which each waits for the next.
    ///
    /// One who waits for any of several tasks, as by [`wait`](crate::wait) for the first, [`as_completed`](crate::as_completed)
    /// and [`TaskSet`](crate::TaskSet), is in a circle only if all of them are stuck. To wait for a permit of a semaphore makes
    /// no circle unless it was made with one, since others may have permits, too.
    ///
    /// It is not known whether a wait has another end: a timeout around it, another branch of a `select`, a task of the group
    /// that fails, a request to stop. And of a lock for many readers the last who took it is known, who may have let go of it
    /// before others did. So a circle says that its tasks stand still unless something of this kind comes to their help.
    pub fn deadlocks(&self) -> Vec<Vec<usize>> {
        cycles::cycles(&stuck::binding(&self.edges))
    }

    /// Those of the [`deadlocks`](TaskGraph::deadlocks) that an earlier snapshot had too, with the same waits. For who looks
    /// from another thread than the tasks': a circle in one snapshot may be put together from what was never true at once.
    pub fn lasting_deadlocks(&self, earlier: &TaskGraph) -> Vec<Vec<usize>> {
        let before: Vec<_> = earlier
            .deadlocks()
            .iter()
            .map(|circle| earlier.waits_of(circle))
            .collect();
        let mut circles = self.deadlocks();
        circles.retain(|circle| before.contains(&self.waits_of(circle)));
        circles
    }

    /// The tasks of a circle by their numbers, with what they wait for.
    fn waits_of(&self, circle: &[usize]) -> Vec<(u64, asyncio_core::Wait)> {
        let nodes = circle.iter().map(|index| &self.nodes[*index]);
        nodes.map(|node| (node.id, node.wait)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::panic::Location;

    use asyncio_core::{Wait, WaitKind};

    use super::super::{EdgeKind, TaskNode};
    use super::*;

    /// A task that waits for a lock at that address, which the task with the other number holds.
    #[derive(Clone, Copy)]
    struct Waits(u64, usize, u64);

    fn graph(tasks: &[Waits]) -> TaskGraph {
        let node = |Waits(id, address, _): &Waits| TaskNode {
            id: *id,
            name: format!("task {id}").into(),
            location: Location::caller(),
            future: "",
            on_pool: false,
            cancelling: 0,
            wait: Wait {
                kind: WaitKind::Lock,
                address: *address,
            },
            holder: None,
            address: 0,
            group: None,
            descriptor: None,
        };
        let at = |id: u64| tasks.iter().position(|task| task.0 == id);
        let holder = |Waits(_, _, holder): &Waits| {
            let edge = at(*holder).map(|to| (to, EdgeKind::Holds));
            edge.into_iter().collect()
        };
        TaskGraph {
            nodes: tasks.iter().map(node).collect(),
            edges: tasks.iter().map(holder).collect(),
        }
    }

    // CLI-03
    #[test]
    fn a_circle_that_only_one_of_two_looks_saw_is_no_lasting_deadlock_and_not_in_the_text() {
        let stays = [Waits(1, 10, 2), Waits(2, 20, 1)];
        let passes = [Waits(3, 30, 4), Waits(4, 40, 3)];
        let first = graph(&[stays[0], stays[1], passes[0], Waits(4, 50, 9)]);
        let second = graph(&[stays[0], stays[1], passes[0], passes[1]]);
        assert_eq!(second.deadlocks(), [[0, 1], [2, 3]]);
        let lasting = second.lasting_deadlocks(&first);
        assert_eq!(lasting, [[0, 1]]);
        let text = second.text(&lasting).to_string();
        let (tree, deadlock) = text.split_once("deadlock:").expect("it is named");
        assert!(tree.contains("task 3") && tree.contains("task 4"), "{text}");
        assert!(
            deadlock.contains("task 1") && deadlock.contains("task 2"),
            "{text}"
        );
        assert!(
            !deadlock.contains("task 3") && !deadlock.contains("task 4"),
            "{text}"
        );
        assert!(!second.text(&[]).to_string().contains("deadlock:"));
        assert_eq!(second.text(&second.deadlocks()).to_string(), second.to_string());
    }

    // CLI-03
    #[test]
    fn the_same_tasks_in_a_circle_of_other_waits_have_moved_on_meanwhile() {
        let first = graph(&[Waits(1, 10, 2), Waits(2, 20, 1)]);
        let second = graph(&[Waits(1, 10, 2), Waits(2, 30, 1)]);
        assert_eq!(second.deadlocks(), [[0, 1]]);
        assert!(second.lasting_deadlocks(&first).is_empty());
        assert_eq!(first.lasting_deadlocks(&first), [[0, 1]]);
    }

    // CLI-03
    #[test]
    fn a_circle_is_the_same_when_its_tasks_have_other_places_in_the_later_look() {
        let first = graph(&[Waits(1, 10, 9), Waits(5, 50, 6), Waits(6, 60, 5)]);
        let second = graph(&[Waits(5, 50, 6), Waits(6, 60, 5)]);
        assert_eq!(second.lasting_deadlocks(&first), [[0, 1]]);
    }
}
