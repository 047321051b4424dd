//! The program against a process with two loops, of which one is stuck in a step, and a pool.

#![cfg(unix)]

#[path = "kit/example.rs"]
mod kit;

use std::collections::HashMap;
use std::fs::DirBuilder;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};

use kit::{Example, built, program};

/// The example, with its main loop stuck in a step.
fn stuck(introspect: Option<&str>) -> Example {
    let mut command = Command::new(built("stuck"));
    command.env_remove("ASYNCIO_INTROSPECT");
    if let Some(value) = introspect {
        command.env("ASYNCIO_INTROSPECT", value);
    }
    let mut example = Example::start(&mut command);
    assert_eq!(example.line(), "blocks");
    example
}

/// The cells of a table, by the name of the task and the head of the column.
fn cells(table: &str) -> HashMap<String, HashMap<&'static str, String>> {
    const HEADS: [&str; 7] = [
        "thread",
        "task",
        "name",
        "state",
        "made at",
        "waits for",
        "awaited by",
    ];
    let mut lines = table.lines();
    let head = lines.next().expect("there is a head");
    let starts = HEADS.map(|name| head.find(name).expect("each column has a name"));
    let rows = lines.map(|line| {
        let line: Vec<char> = line.chars().collect();
        let cell = |column: usize| {
            let end = starts.get(column + 1).copied().unwrap_or(line.len());
            let end = end.min(line.len());
            let text: String = line[starts[column].min(end)..end].iter().collect();
            (HEADS[column], text.trim().to_owned())
        };
        let cells: HashMap<_, _> = (0..HEADS.len()).map(cell).collect();
        (cells["name"].clone(), cells)
    });
    rows.collect()
}

/// The line of the example that holds `text`, as the table names it.
fn place(text: &str) -> String {
    let source = include_str!("../../asyncio/examples/stuck.rs");
    let line = source.lines().position(|line| line.contains(text));
    format!("examples/stuck.rs:{}:", line.expect("it is there") + 1)
}

// CLI-01
#[test]
fn a_loop_that_is_stuck_in_a_step_is_looked_into_with_its_pool_and_the_loops_beside_it() {
    let example = stuck(Some("1"));
    // The other loop may not be as far.
    let table = loop {
        let table = example.text("ps");
        let rows = cells(&table);
        let state = rows.get("on the pool").map(|row| row["state"].as_str());
        if state == Some("waiting")
            && rows
                .get("asks the pool")
                .is_some_and(|row| row["state"] == "waiting")
        {
            break table;
        }
    };
    let rows = cells(&table);
    let row = |name: &str, thread: &str, state: &str, made: &str| {
        let row = &rows[name];
        assert_eq!(
            (row["thread"].as_str(), row["state"].as_str()),
            (thread, state),
            "{table}"
        );
        assert!(row["made at"].contains(&place(made)), "{table}");
        assert!(row["task"].parse::<u64>().is_ok(), "{table}");
        row
    };
    let blocks = row("the one that blocks", "main", "running", "create(blocks())");
    assert_eq!(blocks["waits for"], "");
    let root = &rows[blocks["awaited by"].as_str()];
    assert_eq!(root["waits for"], "task the one that blocks");
    assert_eq!(root["thread"], "main");
    let asks = row("asks the pool", "second", "waiting", "create(pooled)");
    assert_eq!(asks["waits for"], "task on the pool");
    let pooled = row("on the pool", "pool of second", "waiting", "spawn(sleep(");
    assert_eq!(pooled["waits for"], "a deadline");
    assert_eq!(pooled["awaited by"], "asks the pool");
    assert_eq!(rows.len(), 5, "{table}");

    // Nobody waits in a circle: the tree is no failure.
    let asked = example.ask(&["pstree"]);
    assert_eq!(asked.status.code(), Some(0));
    let tree = String::from_utf8(asked.stdout).expect("it is text");
    assert!(tree.contains("└── asks the pool (made at"), "{tree}");
    assert!(tree.contains("    └── on the pool (made at"), "{tree}");
    assert!(tree.contains(", on the pool) waits for a deadline"), "{tree}");
    assert!(tree.contains("└── the one that blocks (made at"), "{tree}");
    assert!(!tree.contains("deadlock:"), "{tree}");
}

// CLI-01
#[test]
fn the_environment_opens_the_socket_unless_it_says_0_or_nothing() {
    for value in [None, Some("0"), Some("")] {
        let example = stuck(value);
        let asked = example.ask(&["ps"]);
        assert_eq!(asked.status.code(), Some(1), "{value:?}");
        let said = String::from_utf8_lossy(&asked.stderr).into_owned();
        assert!(said.contains("no introspection socket"), "{said}");
        assert!(said.contains("ASYNCIO_INTROSPECT=1"), "{said}");
    }
    let example = stuck(Some("1"));
    let asked = example.ask(&["ps"]);
    assert_eq!(asked.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&asked.stdout).contains("the one that blocks"));
}

// CLI-03
#[test]
fn who_tries_again_gets_the_answer_of_a_process_that_opens_its_socket_later() {
    let runtime = tempfile::tempdir().expect("there is room");
    // The number is given away before the program begins, and stays the same.
    let mut child = Command::new("sh")
        .args(["-c", "read go; exec \"$0\""])
        .arg(built("stuck"))
        .envs([("ASYNCIO_INTROSPECT", "1")])
        .env("XDG_RUNTIME_DIR", runtime.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("a shell is there");
    let folder = runtime.path().join("asyncio-rs");
    DirBuilder::new().mode(0o700).create(&folder).expect("it is ours");
    // The first try comes to nothing.
    let socket = folder.join(format!("{}.sock", child.id()));
    let listener = UnixListener::bind(&socket).expect("it is ours");
    let asks = program()
        .args(["ps", &child.id().to_string(), "--retries", "1000"])
        .env("XDG_RUNTIME_DIR", runtime.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program runs");
    drop(listener.accept().expect("it tries"));
    drop(listener);
    std::fs::remove_file(&socket).expect("it is ours");
    let mut go = child.stdin.take().expect("it is piped");
    go.write_all(b"go\n").expect("it reads");
    let asked = asks.wait_with_output().expect("it ends");
    child.kill().expect("it is ours");
    child.wait().expect("it is ours");
    assert_eq!(asked.status.code(), Some(0));
    let table = String::from_utf8_lossy(&asked.stdout).into_owned();
    assert!(table.starts_with("thread"), "{table}");
}
