//! The introspection socket, and what is seen of a loop from outside.

#![cfg(unix)]

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use asyncio_loop::{EventLoop, Runner, introspect_paths};
use asyncio_tasks::{create_task, task, task_group_infallible};

fn socket() -> PathBuf {
    let paths = introspect_paths(std::process::id());
    paths
        .into_iter()
        .find(|path| path.exists())
        .expect("the socket is there")
}

fn ask(request: &[u8]) -> String {
    let mut stream = UnixStream::connect(socket()).expect("somebody listens");
    stream.write_all(request).expect("it is sent");
    stream.shutdown(std::net::Shutdown::Write).expect("that is all");
    let mut answer = String::new();
    // What was not read when it is closed is a reset.
    let _ = stream.read_to_string(&mut answer);
    answer
}

/// Asks until the answer holds `text`.
fn ask_for(text: &str) -> String {
    ask_until(|answer| answer.contains(text))
}

fn ask_until(is_it: impl Fn(&str) -> bool) -> String {
    loop {
        let answer = ask(b"{\"command\":\"tasks\"}\n");
        if is_it(&answer) {
            return answer;
        }
        std::thread::yield_now();
    }
}

// The tests share the socket of their process, and so one keeps it open for all.
fn keep_open() -> EventLoop {
    EventLoop::builder().introspect(true).build().expect("it opens")
}

// CLI-01
#[test]
fn a_loop_that_is_stuck_in_a_step_is_seen() {
    let _open = keep_open();
    let (release, stuck) = mpsc::channel::<()>();
    let thread = std::thread::Builder::new().name("stuck".to_owned());
    let thread = thread.spawn(move || {
        let mut runner = Runner::new().introspect(true);
        runner.run(async move {
            let waits = task().name("waits").create(std::future::pending::<()>());
            let blocks = task().name("blocks the loop").create(async move {
                let _ = stuck.recv();
            });
            blocks.await.expect("it ends");
            waits.abort();
        })
    });
    // Before it there is the step of the main task, which makes the others.
    let answer = ask_until(|answer| {
        let mut tasks = answer.split("{\"id\":");
        tasks.any(|task| task.contains("blocks the loop") && task.contains("\"state\":\"running\""))
    });
    assert!(answer.contains("\"name\":\"waits\""), "{answer}");
    release.send(()).expect("it waits");
    thread
        .expect("it starts")
        .join()
        .expect("it ends")
        .expect("it ran");
}

#[test]
fn a_garbage_request_gets_an_error_and_the_next_an_answer() {
    let _open = keep_open();
    for garbage in [&b"GET / HTTP/1.1\r\n"[..], b"\n", b"\xff\xfe\n", &[b'{'; 100_000]] {
        let answer = ask(garbage);
        assert!(answer.is_empty() || answer.starts_with("{\"error\":"), "{answer}");
    }
    assert!(ask(b"{\"command\":\"metrics\"}\n").contains("\"turns\":"));
}

#[test]
fn only_this_user_can_reach_the_socket() {
    let _open = keep_open();
    let path = socket();
    let mode = |path: &std::path::Path| path.metadata().expect("it is there").permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().expect("a folder")), 0o700);
}

// GRA-08
#[test]
fn the_members_of_a_group_are_below_who_waits_for_it() {
    let _open = keep_open();
    let (asked, answered) = mpsc::channel::<String>();
    let asker = std::thread::spawn(move || asked.send(ask_for("a group with 2 tasks left")));
    let mut runner = Runner::new().introspect(true);
    let ran = runner.run(async {
        let gathering = create_task(task_group_infallible(async |tg| {
            for _ in 0..2 {
                tg.start(std::future::pending::<()>());
            }
        }));
        let answer = loop {
            match answered.try_recv() {
                Ok(answer) => break answer,
                Err(_) => asyncio_timers::sleep(Duration::from_millis(1)).await,
            }
        };
        gathering.abort();
        answer
    });
    asker.join().expect("it ends").expect("it is heard");
    let answer = ran.expect("it ran");
    assert!(
        answer.contains("├── Task-") && answer.contains("└── Task-"),
        "{answer}"
    );
}
