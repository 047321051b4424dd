//! The tasks as a table, with columns as wide as they need to be.

use std::fmt::Write;

use serde_json::Value;

const HEAD: [&str; 7] = [
    "thread",
    "task",
    "name",
    "state",
    "made at",
    "waits for",
    "awaited by",
];

/// One line for each task.
pub(super) fn tasks(answer: &Value) -> String {
    let none = Vec::new();
    let tasks = answer["tasks"].as_array().unwrap_or(&none);
    let rows: Vec<[String; HEAD.len()]> = tasks.iter().map(|task| row(answer, tasks, task)).collect();
    let head = HEAD.map(str::to_owned);
    let width = |column: usize| {
        let cells = rows.iter().chain([&head]);
        cells.map(|row| row[column].chars().count()).max().unwrap_or(0)
    };
    let widths: [usize; HEAD.len()] = std::array::from_fn(width);
    let mut text = String::new();
    for row in [&head].into_iter().chain(&rows) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

fn row(answer: &Value, tasks: &[Value], task: &Value) -> [String; HEAD.len()] {
    let text = |key: &str| task[key].as_str().unwrap_or_default().to_owned();
    let home = task["loop"]
        .as_u64()
        .and_then(|index| usize::try_from(index).ok());
    let home = home.map(|index| &answer["loops"][index]);
    let thread = match home.and_then(|home| home["thread"].as_str()) {
        Some(name) if task["on_pool"] == true => format!("pool of {name}"),
        Some(name) => name.to_owned(),
        None => String::new(),
    };
    let by = task["awaited_by"].as_array().into_iter().flatten();
    let names: Vec<&str> = by
        .filter_map(|id| tasks.iter().find(|task| task["id"] == *id))
        .filter_map(|task| task["name"].as_str())
        .collect();
    [
        thread,
        task["id"].to_string(),
        text("name"),
        text("state"),
        text("made_at"),
        text("waits_for"),
        names.join(", "),
    ]
}
