//! The call graph of one task, in the form that Python's asyncio gives it: the task, its stack, and who awaits it.
//!
//! A future of Rust keeps no frames that could be read. What is known of a task takes the place of its stack: what it
//! waits for, innermost, and its future and the place where it was made, outermost.

use std::fmt;
use std::io;
use std::panic::Location;

use asyncio_core::TaskRef;

use super::TaskGraph;
use crate::{all_tasks, current_task};

/// A task, what is known of its stack, and those who wait for it.
///
/// # Python
///
/// `asyncio.FutureCallGraph`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FutureCallGraph {
    /// The task.
    pub task: TaskRef,
    /// From the innermost to the outermost.
    pub call_stack: Vec<FrameCallGraphEntry>,
    /// Who waits for the task: who awaits it, or the group that it is a member of, or wants what it holds. A task that is
    /// reached a second time has no entries of its own there.
    pub awaited_by: Vec<FutureCallGraph>,
}

/// One thing that is known of where a task stands.
///
/// # Python
///
/// `asyncio.FrameCallGraphEntry`, which has a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FrameCallGraphEntry {
    /// What it is: the type of the task's future, or what it waits for.
    pub name: String,
    /// The place in the program, where one is known: of the future, where the task was made; of a lock that is waited
    /// for, where its holder took it.
    pub location: Option<&'static Location<'static>>,
}

impl FutureCallGraph {
    /// With at most that many entries in each stack: the innermost ones, or with a negative number the outermost; with 0
    /// none.
    pub fn limit(mut self, limit: isize) -> FutureCallGraph {
        let keep = limit.unsigned_abs().min(self.call_stack.len());
        if limit < 0 {
            self.call_stack.drain(..self.call_stack.len() - keep);
        } else {
            self.call_stack.truncate(keep);
        }
        let limited = |graph: FutureCallGraph| graph.limit(limit);
        self.awaited_by = self.awaited_by.into_iter().map(limited).collect();
        self
    }

    /// Without that many innermost entries of the running task's own stack; nothing is left out of another task's, nor of
    /// the stacks of those who wait for it. Where there is a [`limit`](FutureCallGraph::limit) too, it comes after this.
    ///
    /// # Python
    ///
    /// `depth`, which begins at 1 to leave out the call itself. Here that has no entry, so that it corresponds to 0.
    pub fn depth(mut self, skip: usize) -> FutureCallGraph {
        if current_task().is_some_and(|task| task == self.task) {
            self.call_stack.drain(..skip.min(self.call_stack.len()));
        }
        self
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, indent: &str) -> fmt::Result {
        let (name, id) = (self.task.get_name(), self.task.id());
        writeln!(f, "{indent}* Task(name='{name}', id={id})")?;
        if !self.call_stack.is_empty() {
            writeln!(f, "{indent}  + Call stack:")?;
        }
        for entry in &self.call_stack {
            match entry.location {
                Some(place) => writeln!(f, "{indent}  |   {}, at {place}", entry.name)?,
                None => writeln!(f, "{indent}  |   {}", entry.name)?,
            }
        }
        if !self.awaited_by.is_empty() {
            writeln!(f, "{indent}  + Awaited by:")?;
        }
        let deeper = format!("{indent}     ");
        self.awaited_by
            .iter()
            .try_for_each(|graph| graph.write(f, &deeper))
    }
}

/// The graph as text, as `asyncio.format_call_graph` has it.
impl fmt::Display for FutureCallGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, "")
    }
}

/// The call graph of the task that takes a step on this thread; `None` outside of tasks.
///
/// Edges by a plain `await` of a task, by `shield` and by timeouts are always there. Those by groups, gathers and sets, and
/// those to the holders of locks and permits, are noted while there is a loop in the process that was in debug mode or can
/// be looked into from outside.
///
/// # Python
///
/// `asyncio.capture_call_graph()`. Outside of a loop too it is `None`.
///
/// # Examples
///
/// ```
/// use asyncio_core::LoopQueue;
/// use asyncio_tasks::{format_call_graph, task};
///
/// let queue = LoopQueue::new().unwrap();
/// queue.enter(|| {
///     task().name("inner").create(async {
///         assert!(format_call_graph().starts_with("* Task(name='inner'"));
///     }).detach();
/// });
/// queue.tick(16);
/// assert_eq!(format_call_graph(), "", "outside of tasks there is none");
/// ```
pub fn capture_call_graph() -> Option<FutureCallGraph> {
    current_task().map(|task| capture_call_graph_of(&task))
}

/// The call graph of a task of this thread's loop or of its pool. Of a task that has ended nothing but itself is there.
///
/// # Python
///
/// `asyncio.capture_call_graph(future)`.
pub fn capture_call_graph_of(task: &TaskRef) -> FutureCallGraph {
    let mut tasks = all_tasks();
    if !tasks.contains(task) {
        tasks.push(task.clone());
    }
    let graph = TaskGraph::of(&tasks);
    match graph.position(task.id()) {
        Some(index) => capture(&graph, &tasks, index, &mut vec![false; graph.nodes().len()])
            .unwrap_or_else(|| alone(task)),
        None => alone(task),
    }
}

fn alone(task: &TaskRef) -> FutureCallGraph {
    FutureCallGraph {
        task: task.clone(),
        call_stack: Vec::new(),
        awaited_by: Vec::new(),
    }
}

/// The node's graph. A node that was reached before gets no waiters again.
fn capture(graph: &TaskGraph, tasks: &[TaskRef], index: usize, seen: &mut [bool]) -> Option<FutureCallGraph> {
    let node = &graph.nodes()[index];
    let task = tasks.iter().find(|task| task.id() == node.id)?.clone();
    let mut call_stack = Vec::new();
    let wait = graph.describe_wait(index);
    if !wait.is_empty() {
        call_stack.push(FrameCallGraphEntry {
            name: format!("waits for {wait}"),
            location: node.holder.and_then(|holder| holder.place),
        });
    }
    call_stack.push(FrameCallGraphEntry {
        name: node.future.to_owned(),
        location: Some(node.location),
    });
    let mut awaited_by = Vec::new();
    if !std::mem::replace(&mut seen[index], true) {
        for (waiter, _) in graph.awaited_by(index) {
            awaited_by.extend(capture(graph, tasks, waiter, seen));
        }
    }
    Some(FutureCallGraph {
        task,
        call_stack,
        awaited_by,
    })
}

/// The [call graph](capture_call_graph) of the running task as text; empty outside of tasks.
///
/// # Python
///
/// `asyncio.format_call_graph()`.
pub fn format_call_graph() -> String {
    capture_call_graph().map_or_else(String::new, |graph| graph.to_string())
}

/// Writes the [call graph](capture_call_graph) of the running task to the standard output; nothing outside of tasks.
///
/// # Python
///
/// `asyncio.print_call_graph()`.
pub fn print_call_graph() {
    print!("{}", format_call_graph());
}

/// Writes the [call graph](capture_call_graph) of the running task; nothing outside of tasks.
///
/// # Errors
///
/// Those of the writer.
///
/// # Python
///
/// `asyncio.print_call_graph(file=...)`.
pub fn write_call_graph(to: &mut impl io::Write) -> io::Result<()> {
    to.write_all(format_call_graph().as_bytes())
}
