//! Ctrl-C and the end of a loop: cleanup that awaits runs to its end, or for as long as the grace says.
#![cfg(unix)]

#[path = "kit/example.rs"]
mod kit;

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kit::example;

/// What the program wrote to its two outputs after Ctrl-C, how long that took, and the signal it ended by.
fn interrupted(arguments: &[&str]) -> (String, String, Duration, Option<i32>) {
    let mut child = Command::new(example("cleanup"))
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the example was built");
    let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("it says when it is ready");
    assert_eq!(line, "ready\n");
    let start = Instant::now();
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .expect("kill is there");
    assert!(sent.success());
    let (mut out, mut errors) = (String::new(), String::new());
    stdout.read_to_string(&mut out).expect("text");
    let mut stderr = child.stderr.take().expect("it is piped");
    stderr.read_to_string(&mut errors).expect("text");
    let status = child.wait().expect("it ends");
    (out, errors, start.elapsed(), status.signal())
}

/// RUN-01, RUN-09: all cleanups complete, and the process ends by the signal.
#[test]
fn a_hundred_cleanups_complete_after_ctrl_c() {
    let (out, errors, _, signal) = interrupted(&[]);
    assert_eq!(
        (out.as_str(), errors.as_str(), signal),
        ("100 cleaned up\n", "", Some(2))
    );
}

/// RUN-06: with a grace the end comes in time, and the report names who overran.
#[test]
fn a_cleanup_that_never_ends_is_dropped_after_the_grace_and_named() {
    let (out, errors, took, signal) = interrupted(&["--stubborn"]);
    assert_eq!((out.as_str(), signal), ("100 cleaned up\n", Some(2)));
    assert!(
        errors.contains("within 1s") && errors.contains("task: stubborn made at"),
        "{errors}"
    );
    assert_eq!(errors.matches("task: ").count(), 1, "{errors}");
    assert!(took < Duration::from_secs(20), "{took:?}");
}
