//! The answers: what the loops of this process do, as one line of JSON.

use std::collections::HashMap;
use std::time::Duration;

use asyncio_core::{Glimpse, Running, TaskRef};
use asyncio_tasks::{TaskGraph, TaskNode, WaitKind};

use super::descriptor;
use super::json::Json;
use super::request::Request;
use crate::watched::{self, WatchedLoop};

/// What was read in two looks this far apart and is the same was not torn.
const SECOND_LOOK: Duration = Duration::from_millis(20);

pub(super) fn answer(request: Request) -> String {
    let mut json = Json::default();
    json.object(|json| {
        json.key("pid").number(u64::from(std::process::id()));
        json.key("version").string(env!("CARGO_PKG_VERSION"));
        match request {
            Request::Tasks => tasks(json),
            Request::Metrics => {
                json.key("loops").array(watched::all(), |json, of| {
                    json.object(|json| loop_head(json, &of));
                });
            }
        }
    });
    json.into_line()
}

pub(super) fn refusal(message: &str) -> String {
    let mut json = Json::default();
    json.object(|json| {
        json.key("error").string(message);
    });
    json.into_line()
}

fn loop_head(json: &mut Json, of: &WatchedLoop) {
    json.key("thread").string(&of.thread);
    match of.thread_id {
        Some(id) => json.key("thread_id").number(id),
        None => json.key("thread_id").null(),
    }
    json.key("debug").bool(of.handle.get_debug());
    json.key("running");
    running(json, of.step());
    json.key("metrics").object(|json| {
        for (name, number) in of.handle.metrics().iter() {
            json.key(name).number(number);
        }
    });
}

fn running(json: &mut Json, step: Option<Glimpse>) {
    match step.map(|step| step.running) {
        Some(Running::Task(id)) => json.object(|json| {
            json.key("task").number(id);
        }),
        Some(Running::Callback(place)) => json.object(|json| {
            json.key("callback").string(&place.to_string());
        }),
        Some(Running::Nothing) | None => json.null(),
    }
}

/// All tasks of all loops, once.
fn look(loops: &[std::sync::Arc<WatchedLoop>]) -> (TaskGraph, HashMap<u64, usize>) {
    let (mut all, mut homes) = (Vec::<TaskRef>::new(), HashMap::new());
    for (index, of) in loops.iter().enumerate() {
        for task in of.tasks() {
            homes.insert(task.id(), index);
            all.push(task);
        }
    }
    let mut graph = TaskGraph::of(&all);
    graph.name_descriptors(descriptor::describe);
    (graph, homes)
}

fn tasks(json: &mut Json) {
    let loops = watched::all();
    let (mut graph, mut homes) = look(&loops);
    let mut deadlocks = Vec::new();
    if !graph.deadlocks().is_empty() {
        std::thread::sleep(SECOND_LOOK);
        let (again, homes_again) = look(&loops);
        deadlocks = again.lasting_deadlocks(&graph);
        (graph, homes) = (again, homes_again);
    }
    let steps: Vec<Glimpse> = loops
        .iter()
        .flat_map(|of| of.step().into_iter().chain(of.worker_steps()))
        .collect();
    let runs = |id: u64| steps.iter().any(|step| step.running == Running::Task(id));
    json.key("loops")
        .array(&loops, |json, of| json.object(|json| loop_head(json, of)));
    json.key("tasks").array(0..graph.nodes().len(), |json, index| {
        let id = graph.nodes()[index].id;
        json.object(|json| {
            task(json, &graph, index, runs(id));
            match homes.get(&id) {
                Some(home) => json.key("loop").number(*home as u64),
                None => json.key("loop").null(),
            }
        });
    });
    json.key("deadlocks").array(&deadlocks, |json, circle| {
        json.array(circle, |json, index| json.number(graph.nodes()[*index].id));
    });
    json.key("tree").string(&graph.text(&deadlocks).to_string());
}

fn task(json: &mut Json, graph: &TaskGraph, index: usize, runs: bool) {
    let node: &TaskNode = &graph.nodes()[index];
    json.key("id").number(node.id);
    json.key("name").string(&node.name);
    json.key("made_at").string(&node.location.to_string());
    json.key("future").string(node.future);
    json.key("on_pool").bool(node.on_pool);
    json.key("cancelling").number(node.cancelling as u64);
    json.key("state").string(match node.wait.kind {
        _ if runs => "running",
        WaitKind::Unknown => "ready or unknown",
        _ => "waiting",
    });
    let wait = graph.describe_wait(index);
    json.key("waits_for")
        .text_or_null((!wait.is_empty()).then_some(wait));
    json.key("wait_kind").string(&format!("{:?}", node.wait.kind));
    json.key("holder");
    match &node.holder {
        None => json.null(),
        Some(holder) => json.object(|json| {
            json.key("task").number(holder.task);
            json.key("held_since").text_or_null(holder.place);
            json.key("granted").bool(holder.granted);
        }),
    }
    let ids = |edges: Vec<usize>| edges.into_iter().map(|at| graph.nodes()[at].id);
    let awaits = graph.waits_for(index).iter().map(|(to, _)| *to).collect();
    json.key("awaits").array(ids(awaits), |json, id| json.number(id));
    let by = graph
        .awaited_by(index)
        .into_iter()
        .map(|(from, _)| from)
        .collect();
    json.key("awaited_by").array(ids(by), |json, id| json.number(id));
}
