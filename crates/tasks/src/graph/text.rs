//! A graph as text: a tree from those whom nobody awaits down to what they wait for, and the deadlocks.

use std::fmt;

use asyncio_core::{Holder, Wait, WaitKind};

use super::names;
use super::{EdgeKind, TaskGraph, TaskNode};

impl TaskGraph {
    /// What the task at `index` waits for, in words, and where that is held, by whom and since which place of the program;
    /// empty when it runs or nothing is known.
    ///
    /// # Panics
    ///
    /// When there is no such node.
    pub fn describe_wait(&self, index: usize) -> String {
        let node = &self.nodes[index];
        // Without those that a program has added.
        let of = |kind| self.edges[index].iter().filter(move |edge| edge.1 == kind);
        let mut text = match node.wait.kind {
            WaitKind::Task => match of(EdgeKind::Awaits).next() {
                Some((task, _)) => format!("task {}", self.nodes[*task].name),
                None => "a task".to_owned(),
            },
            WaitKind::Group => match of(EdgeKind::Member).count() {
                0 => "a group of tasks".to_owned(),
                1 => "a group with 1 task left".to_owned(),
                count => format!("a group with {count} tasks left"),
            },
            WaitKind::AnyOf => match of(EdgeKind::AnyOf).count() {
                0 => "any of several tasks".to_owned(),
                1 => "any of several tasks, of which 1 is known".to_owned(),
                count => format!("any of {count} tasks"),
            },
            WaitKind::Io => {
                let told = node.descriptor.clone();
                let found = || names::name(node.wait.address);
                told.or_else(found).unwrap_or_else(|| thing(node.wait))
            }
            _ => thing(node.wait),
        };
        if let Some(holder) = &node.holder {
            text += &self.describe_holder(holder);
        }
        text
    }

    /// The tree, and below it those circles: of [`deadlocks`](TaskGraph::deadlocks) or
    /// [`lasting_deadlocks`](TaskGraph::lasting_deadlocks).
    ///
    /// # Panics
    ///
    /// When it is written, if a circle names a node that there is not.
    pub fn text<'a>(&'a self, deadlocks: &'a [Vec<usize>]) -> impl fmt::Display + 'a {
        Text {
            graph: self,
            deadlocks,
        }
    }

    fn describe_holder(&self, holder: &Holder) -> String {
        let who = match self.position(holder.task) {
            Some(index) => self.nodes[index].name.to_string(),
            None if holder.task == 0 => return String::new(),
            None => format!("task {}, which has ended", holder.task),
        };
        match holder.place {
            _ if holder.granted => format!(", granted to {who}, which has not taken it up"),
            Some(place) => format!(", held by {who} since {place}"),
            None => format!(", held by {who}"),
        }
    }

    fn write_node(&self, f: &mut fmt::Formatter<'_>, index: usize) -> fmt::Result {
        let node = &self.nodes[index];
        write!(f, "{} (made at {}", node.name, node.location)?;
        if node.on_pool {
            f.write_str(", on the pool")?;
        }
        if node.cancelling > 0 {
            f.write_str(", asked to stop")?;
        }
        f.write_str(")")?;
        match self.describe_wait(index) {
            wait if wait.is_empty() => Ok(()),
            wait => write!(f, " waits for {wait}"),
        }
    }

    fn write_tree(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = vec![false; self.nodes.len()];
        for root in self.roots() {
            // A node, what is in front of it, and whether it is the last of its parent's.
            let mut open = vec![(root, String::new(), None)];
            while let Some((node, indent, last)) = open.pop() {
                let (branch, deeper) = match last {
                    None => ("", ""),
                    Some(true) => ("└── ", "    "),
                    Some(false) => ("├── ", "│   "),
                };
                write!(f, "{indent}{branch}")?;
                if std::mem::replace(&mut shown[node], true) {
                    let TaskNode { name, .. } = &self.nodes[node];
                    writeln!(f, "{name} (see above)")?;
                    continue;
                }
                self.write_node(f, node)?;
                writeln!(f)?;
                let indent = indent + deeper;
                for (n, (to, _)) in self.edges[node].iter().rev().enumerate() {
                    open.push((*to, indent.clone(), Some(n == 0)));
                }
            }
        }
        Ok(())
    }

    /// Those from which the tree begins: whom nobody waits for, and one of each circle.
    fn roots(&self) -> Vec<usize> {
        let mut awaited = vec![false; self.nodes.len()];
        self.edges
            .iter()
            .flatten()
            .for_each(|(to, _)| awaited[*to] = true);
        let mut roots: Vec<usize> = (0..self.nodes.len()).filter(|node| !awaited[*node]).collect();
        let mut reached = vec![false; self.nodes.len()];
        let reach = |from: usize, reached: &mut Vec<bool>| {
            let mut open = vec![from];
            while let Some(node) = open.pop() {
                if !std::mem::replace(&mut reached[node], true) {
                    open.extend(self.edges[node].iter().map(|(to, _)| *to));
                }
            }
        };
        roots.iter().for_each(|root| reach(*root, &mut reached));
        for node in 0..self.nodes.len() {
            if !reached[node] {
                roots.push(node);
                reach(node, &mut reached);
            }
        }
        roots
    }
}

/// What is no task, in words.
fn thing(wait: Wait) -> String {
    let what = match wait.kind {
        WaitKind::Unknown => return String::new(),
        WaitKind::Timer => return "a deadline".to_owned(),
        WaitKind::Thread => return "blocking work on a thread".to_owned(),
        WaitKind::Process => return format!("child process {}", wait.address),
        WaitKind::Io if wait.address <= i32::MAX as usize => return format!("descriptor {}", wait.address),
        WaitKind::Io => "a stream",
        WaitKind::Lock => "a lock",
        WaitKind::Semaphore | WaitKind::OnlyPermit => "a permit of a semaphore",
        WaitKind::Signal => "a signal",
        WaitKind::Queue => "a queue",
        WaitKind::Promise => "a promise",
        _ => "something",
    };
    match wait.address {
        0 => what.to_owned(),
        address => format!("{what} ({address:#x})"),
    }
}

/// The tree, and below it the [`deadlocks`](TaskGraph::deadlocks) of this snapshot.
impl fmt::Display for TaskGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deadlocks = &self.deadlocks();
        Text {
            graph: self,
            deadlocks,
        }
        .fmt(f)
    }
}

/// A graph, and those of its circles that are called deadlocks.
struct Text<'a> {
    graph: &'a TaskGraph,
    deadlocks: &'a [Vec<usize>],
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.graph.write_tree(f)?;
        for circle in self.deadlocks {
            writeln!(f, "deadlock:")?;
            for node in circle {
                f.write_str("  ")?;
                self.graph.write_node(f, *node)?;
                writeln!(f)?;
            }
        }
        Ok(())
    }
}
