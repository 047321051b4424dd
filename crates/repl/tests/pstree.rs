//! The program against the example of a deadlock, as a person would use it.

#![cfg(unix)]

#[path = "kit/example.rs"]
mod kit;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use kit::{Example, built, program};

/// The example, standing still.
fn deadlock() -> Example {
    let example = Example::start(&mut Command::new(built("deadlock")));
    // Both tasks sleep a little with one lock each.
    while !example.text("pstree").contains("deadlock:") {}
    example
}

/// The program, showing it again and again.
fn watch(example: &Example, command: &str) -> Child {
    program()
        .args([command, &example.child.id().to_string(), "--watch=0.01"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs")
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
    let example = deadlock();
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
    let asked = example.ask(&["pstree"]);
    assert_eq!(asked.status.code(), Some(1), "a circle is a failure");
    assert!(String::from_utf8_lossy(&asked.stderr).contains("wait for each other"));
    // The tree is printed all the same, and first: each of the two below the other.
    let (above, _) = tree.split_once("deadlock:\n").expect("it is named");
    assert!(
        above.contains("└── alice pays bob") || above.contains("└── bob pays alice"),
        "{tree}"
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
    let asked = example.ask(&["pstree", "--json"]);
    assert_eq!(asked.status.code(), Some(1), "it is the same circle");
    let same: serde_json::Value = serde_json::from_slice(&asked.stdout).expect("it is JSON");
    assert_eq!(same["deadlocks"], answer["deadlocks"]);
    assert_eq!(same["tree"].as_str(), Some(tree.as_str()));
}

// CLI-01 CLI-02
#[test]
fn a_process_is_watched_until_it_has_ended() {
    for (command, head) in [("ps", "thread"), ("pstree", "deadlock:")] {
        let mut example = deadlock();
        let mut watcher = watch(&example, command);
        let shown = BufReader::new(watcher.stdout.take().expect("it is piped"));
        let mut lines = shown.lines().map_while(Result::ok);
        for _ in 0..3 {
            let found = lines.find(|line| line.starts_with(head));
            assert!(found.is_some(), "it is shown again and again, circle or not");
        }
        example.child.kill().expect("it is ours");
        example.child.wait().expect("it is ours");
        // To the end, lest it writes to nobody.
        let _rest = lines.count();
        let ended = watcher.wait_with_output().expect("it ends");
        assert_eq!(ended.status.code(), Some(1));
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(
            said.contains("has ended") || said.contains("does not answer"),
            "{said}"
        );
    }
}

// CLI-03
#[test]
fn a_process_without_a_socket_is_told_so() {
    let ask = |arguments: &[&str]| {
        let output = program().args(arguments).output().expect("the program runs");
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

// CLI-01 CLI-02
#[test]
fn the_help_says_that_the_socket_must_be_opened_and_how() {
    for arguments in [
        &["--help"][..],
        &["ps", "--help"],
        &["pstree", "--help"],
        &["pstree", "4711", "-h"],
    ] {
        let output = program().args(arguments).output().expect("the program runs");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(output.stderr.is_empty());
        let help = String::from_utf8(output.stdout).expect("it is text");
        assert!(help.contains("ASYNCIO_INTROSPECT=1"), "{help}");
        assert!(help.contains("Runner::introspect(true)"), "{help}");
        if let [command, _] | [command, _, _] = arguments {
            assert!(
                help.contains(&format!("usage: asyncio {command} PID [--json]")),
                "{help}"
            );
            for option in ["--json ", "--watch[=SECONDS] ", "--retries N ", "--help "] {
                assert!(help.contains(&format!("\n  {option}")), "{help}");
            }
        }
    }
}
