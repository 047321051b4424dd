//! `TaskGraph`: who waits for whom, and for what.
//!
//! A snapshot: it takes from each task its name and its wait record, adds who holds what is waited for, and connects them.
//! It may be taken on any thread. Taken on the loop's own thread it is exact for that loop's tasks; from elsewhere the
//! records may have changed while they were read, so what must be stable (a deadlock) is to be seen twice: `deadlocks`.
//!
//! Edges go from a task to what it waits for: to the task that it awaits, to the members of the group, gather or set, and
//! to the holder of the lock or permit. `cycles` has the loops among them, by Tarjan's strongly connected components
//! (1972), without recursion. `text` has the forms for people, `call_graph` the one of Python's asyncio, `edge` the edges
//! that users add themselves.

mod call_graph;
mod cycles;
mod deadlocks;
mod edge;
mod names;
mod stuck;
mod text;

use std::collections::HashMap;
use std::panic::Location;
use std::sync::Arc;

use asyncio_core::{Holder, TaskRef, Wait, WaitKind, holder_of, member_of};

pub use call_graph::{
    FrameCallGraphEntry, FutureCallGraph, capture_call_graph, capture_call_graph_of, format_call_graph,
    print_call_graph, write_call_graph,
};
pub use edge::AwaitEdge;
pub use names::{DescriptorNames, name_descriptors_by};

/// One task, as a snapshot saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskNode {
    /// The task's number.
    pub id: u64,
    /// Its name.
    pub name: Arc<str>,
    /// Where it was made.
    pub location: &'static Location<'static>,
    /// The type of its future, as the compiler writes it.
    pub future: &'static str,
    /// It runs on the loop's pool of workers.
    pub on_pool: bool,
    /// How many requests to stop are not settled.
    pub cancelling: usize,
    /// What it waits for.
    pub wait: Wait,
    /// Who holds that, where it can be held and the holder is known.
    pub holder: Option<Holder>,
    /// The address of its cell, and that of the group it belongs to, as they appear in wait records.
    address: usize,
    group: Option<usize>,
    /// The descriptor that it waits for, in words.
    descriptor: Option<String>,
}

/// Why one task waits for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EdgeKind {
    /// It awaits the task.
    Awaits,
    /// It awaits a group, a gather or a set that the task is a member of.
    Member,
    /// It waits for any one of several tasks, of which this is one.
    AnyOf,
    /// The task holds what it waits for.
    Holds,
    /// The task was the last to take one of the permits of the semaphore that it waits for. Others may have some, too.
    MayHold,
    /// A program said so; see [`AwaitEdge`].
    Told,
}

/// A snapshot of tasks and of who waits for whom; its nodes are numbered from 0, in the order of the tasks' numbers.
///
/// # Examples
///
/// ```
/// use asyncio_core::LoopQueue;
/// use asyncio_tasks::{TaskGraph, create_task};
///
/// let queue = LoopQueue::new().unwrap();
/// let outer = queue.enter(|| {
///     let inner = create_task(std::future::pending::<()>());
///     create_task(async move { inner.await })
/// });
/// queue.tick(16);
/// let graph = TaskGraph::of(&queue.tasks());
/// assert_eq!(graph.nodes().len(), 2);
/// assert!(graph.to_string().contains("waits for task"));
/// queue.close();
/// drop(outer);
/// ```
#[derive(Debug, Clone, Default)]
pub struct TaskGraph {
    nodes: Vec<TaskNode>,
    edges: Vec<Vec<(usize, EdgeKind)>>,
}

impl TaskNode {
    fn of(task: &TaskRef) -> TaskNode {
        let wait = task.wait();
        let held = matches!(
            wait.kind,
            WaitKind::Lock | WaitKind::OnlyPermit | WaitKind::Semaphore
        );
        TaskNode {
            id: task.id(),
            name: task.get_name(),
            location: task.location(),
            future: task.future_type_name(),
            on_pool: task.on_pool(),
            cancelling: task.cancelling(),
            wait,
            holder: if held { holder_of(wait) } else { None },
            address: Wait::visible(task.address()),
            group: member_of(task),
            descriptor: None,
        }
    }
}

impl TaskGraph {
    /// A snapshot of these tasks. One that has ended is left out.
    pub fn of(tasks: &[TaskRef]) -> TaskGraph {
        let live = tasks.iter().filter(|task| !task.is_finished());
        let mut nodes: Vec<TaskNode> = live.map(TaskNode::of).collect();
        nodes.sort_by_key(|node| node.id);
        nodes.dedup_by_key(|node| node.id);
        let edges = connect(&nodes);
        TaskGraph { nodes, edges }
    }

    /// The tasks, in the order of their numbers.
    pub fn nodes(&self) -> &[TaskNode] {
        &self.nodes
    }

    /// What the task at `index` waits for, as far as it is a task.
    ///
    /// # Panics
    ///
    /// When there is no such node.
    pub fn waits_for(&self, index: usize) -> &[(usize, EdgeKind)] {
        &self.edges[index]
    }

    /// Who waits for the task at `index`.
    pub fn awaited_by(&self, index: usize) -> Vec<(usize, EdgeKind)> {
        let who = |(from, edges): (usize, &Vec<(usize, EdgeKind)>)| {
            let edge = edges.iter().find(|(to, _)| *to == index)?;
            Some((from, edge.1))
        };
        self.edges.iter().enumerate().filter_map(who).collect()
    }

    /// Where the task with this number is.
    pub fn position(&self, id: u64) -> Option<usize> {
        self.nodes.binary_search_by_key(&id, |node| node.id).ok()
    }

    /// Lets `name` say what a file descriptor is, for those that wait for one.
    pub fn name_descriptors(&mut self, name: impl Fn(usize) -> Option<String>) {
        for node in &mut self.nodes {
            if node.wait.kind == WaitKind::Io {
                node.descriptor = name(node.wait.address);
            }
        }
    }
}

fn connect(nodes: &[TaskNode]) -> Vec<Vec<(usize, EdgeKind)>> {
    let by_id: HashMap<u64, usize> = nodes.iter().enumerate().map(|(n, node)| (node.id, n)).collect();
    let by_address: HashMap<usize, usize> = nodes
        .iter()
        .enumerate()
        .map(|(n, node)| (node.address, n))
        .collect();
    let mut members: HashMap<usize, Vec<usize>> = HashMap::new();
    for (index, node) in nodes.iter().enumerate() {
        if let Some(group) = node.group {
            members.entry(group).or_default().push(index);
        }
    }
    let mut edges: Vec<Vec<(usize, EdgeKind)>> = nodes
        .iter()
        .map(|node| match node.wait.kind {
            WaitKind::Task => {
                let task = by_address.get(&node.wait.address);
                task.map(|task| (*task, EdgeKind::Awaits)).into_iter().collect()
            }
            WaitKind::Group | WaitKind::AnyOf => {
                let kind = match node.wait.kind {
                    WaitKind::Group => EdgeKind::Member,
                    _ => EdgeKind::AnyOf,
                };
                let members = members.get(&node.wait.address).into_iter().flatten();
                members.map(|member| (*member, kind)).collect()
            }
            _ => {
                let kind = match node.wait.kind {
                    WaitKind::Semaphore => EdgeKind::MayHold,
                    _ => EdgeKind::Holds,
                };
                // Who was given it and has only not had its step yet does not wait for itself.
                let other = node
                    .holder
                    .filter(|holder| !holder.granted || holder.task != node.id);
                let holder = other.and_then(|holder| by_id.get(&holder.task));
                holder.map(|holder| (*holder, kind)).into_iter().collect()
            }
        })
        .collect();
    for (awaited, waiter) in edge::told() {
        if let (Some(awaited), Some(waiter)) = (by_id.get(&awaited), by_id.get(&waiter)) {
            match edges[*waiter].iter_mut().find(|(to, _)| to == awaited) {
                Some((_, kind @ EdgeKind::MayHold)) => *kind = EdgeKind::Told,
                Some(_) => {}
                None => edges[*waiter].push((*awaited, EdgeKind::Told)),
            }
        }
    }
    edges
}
