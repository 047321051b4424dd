//! The foreman, as its users run it.
#![cfg(unix)]

#[path = "kit/example.rs"]
mod kit;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use kit::example;

fn foreman(programs: &[&str]) -> (Child, impl Iterator<Item = String>) {
    let mut child = Command::new(example("foreman"))
        .args(programs)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the example was built");
    let output = child.stdout.take().expect("it is piped");
    let lines = BufReader::new(output).lines();
    (child, lines.map(|line| line.expect("text")))
}

/// Does it run? A zombie does not.
fn runs(pid: &str) -> bool {
    std::fs::read_to_string(Path::new("/proc").join(pid).join("stat")).is_ok_and(|stat| !stat.contains(") Z"))
}

#[cfg(target_os = "linux")]
#[test]
fn when_one_program_ends_the_foreman_ends_the_others_with_all_that_they_have_started() {
    let (mut foreman, mut lines) = foreman(&["long=sleep 1000 & echo $!; wait", "short=read x; exit 3"]);
    let long = lines
        .find(|line| line.starts_with("long: "))
        .expect("it says its number");
    // Now the other one may end.
    drop(foreman.stdin.take());
    let left: Vec<String> = lines.collect();
    let status = foreman.wait().unwrap();
    assert_eq!(status.code(), Some(1));
    assert!(left.contains(&"short: ended with 3".to_owned()), "{left:?}");
    let grandchild = long.trim_start_matches("long: ");
    while runs(grandchild) {
        std::thread::yield_now();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_ends_the_foreman_and_its_programs() {
    use std::os::unix::process::ExitStatusExt;
    let (mut foreman, mut lines) = foreman(&["long=echo $$; exec sleep 1000"]);
    let line = lines.next().expect("it says its number");
    let child = line.trim_start_matches("long: ").to_owned();
    assert!(runs(&child));
    let pid = foreman.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &pid])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(foreman.wait().unwrap().signal(), Some(2));
    assert!(!runs(&child), "it was reaped before the foreman went");
}
