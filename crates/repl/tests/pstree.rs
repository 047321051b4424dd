//! The program against the example of a deadlock, as a person would use it.

#![cfg(unix)]

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

/// The example, running, and ended with the value.
struct Example {
    child: Child,
}

impl Example {
    /// Starts it and waits until it stands still.
    fn start() -> Example {
        let cargo = std::env::var_os("CARGO").expect("tests are run by cargo");
        let built = Command::new(cargo)
            .args([
                "build",
                "--quiet",
                "--package",
                "asyncio-rs",
                "--example",
                "deadlock",
            ])
            // It lies beside the program.
            .args((!cfg!(debug_assertions)).then_some("--release"))
            .status()
            .expect("cargo runs");
        assert!(built.success());
        let program = PathBuf::from(env!("CARGO_BIN_EXE_asyncio"))
            .with_file_name("examples")
            .join("deadlock");
        let mut child = Command::new(program)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the example starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("it is piped");
        BufReader::new(out)
            .read_line(&mut line)
            .expect("it says its number");
        let example = Example { child };
        assert_eq!(line.trim(), example.child.id().to_string());
        // Both tasks sleep a little with one lock each.
        while !example.text("pstree").contains("deadlock:") {}
        example
    }

    fn ask(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_asyncio"))
            .args(arguments)
            .args([&self.child.id().to_string(), "--retries", "20"])
            .output()
            .expect("the program runs")
    }

    fn text(&self, command: &str) -> String {
        String::from_utf8(self.ask(&[command]).stdout).expect("it is text")
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The line of the example that holds `text`, as reports name it.
fn place(text: &str) -> String {
    let source = include_str!("../../asyncio/examples/deadlock.rs");
    let line = source
        .lines()
        .position(|line| line.contains(text))
        .expect("it is there");
    format!("examples/deadlock.rs:{}:", line + 1)
}

// CLI-01, CLI-02, CLI-03, GRA-08
#[test]
fn a_deadlock_is_named_with_its_tasks_and_the_lines_where_they_were_made_and_took_their_locks() {
    let example = Example::start();
    let tree = example.text("pstree");
    let deadlock = tree.split("deadlock:").nth(1).expect("it is named");
    for (task, made, wants, holder) in [
        (
            "alice pays bob",
            "to_bob(accounts.clone()",
            "bob.acquire().await;",
            "bob pays alice",
        ),
        (
            "bob pays alice",
            "to_alice(accounts, done",
            "alice.acquire().await;",
            "alice pays bob",
        ),
    ] {
        let start = format!("  {task} (made at");
        let line = deadlock
            .lines()
            .find(|line| line.starts_with(&start))
            .expect("each task has a line");
        assert!(line.contains(&place(made)), "{line}");
        assert!(line.contains(&format!("held by {holder} since")), "{line}");
        let taken = place(&format!("let mut from = accounts.{wants}"));
        assert!(line.contains(&taken), "{line} should name {taken}");
    }
    assert!(
        !example.ask(&["pstree"]).status.success(),
        "a circle is a failure"
    );

    let table = example.text("ps");
    assert!(
        table.starts_with("thread") && table.lines().count() == 4,
        "{table}"
    );
    assert!(
        table.contains("waits for") && table.contains("a queue"),
        "{table}"
    );
    assert!(example.ask(&["ps"]).status.success());

    let json = example.ask(&["ps", "--json"]).stdout;
    let answer: serde_json::Value = serde_json::from_slice(&json).expect("it is JSON");
    assert_eq!(answer["pid"], example.child.id());
    assert_eq!(answer["deadlocks"].as_array().expect("a list").len(), 1);
}

// CLI-01
#[test]
fn a_process_is_watched_until_it_has_ended() {
    let mut example = Example::start();
    let mut watcher = Command::new(env!("CARGO_BIN_EXE_asyncio"))
        .args(["ps", &example.child.id().to_string(), "--watch=0.01"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let tables = BufReader::new(watcher.stdout.take().expect("it is piped"));
    let mut heads = tables.lines().map_while(Result::ok);
    for _ in 0..3 {
        let head = heads.find(|line| line.starts_with("thread"));
        assert!(head.is_some(), "the table is shown again and again");
    }
    example.child.kill().expect("it is ours");
    example.child.wait().expect("it is ours");
    // To the end, lest it writes to nobody.
    let _rest = heads.count();
    let ended = watcher.wait_with_output().expect("it ends");
    assert_eq!(ended.status.code(), Some(1));
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(
        said.contains("has ended") || said.contains("does not answer"),
        "{said}"
    );
}

// CLI-03
#[test]
fn a_process_without_a_socket_is_told_so() {
    let ask = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_asyncio"))
            .args(arguments)
            .output()
            .expect("the program runs");
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        )
    };
    let own = std::process::id().to_string();
    let (code, said) = ask(&["pstree", &own, "--retries", "1"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("no introspection socket"), "{said}");
    assert_eq!(ask(&["ps"]).0, Some(2));
    assert_eq!(ask(&["ps", &own, "--what"]).0, Some(2));
}
