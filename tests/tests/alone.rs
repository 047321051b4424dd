//! Each crate has an example in which it is used without the rest, on an executor that is not ours; here they are run.

#![cfg(unix)]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Once;

/// A crate, and what its example prints.
const ALONE: [(&str, &str); 14] = [
    (
        "core",
        "the worker takes a step\nthe worker takes another\nits name has 10 letters; outside there is None\n",
    ),
    ("executor", "meanwhile a task takes its steps\n[25, 168, 1229]\n"),
    (
        "hyper",
        "hello, /you\nhello, /me\nthe server's side ended in order: true\n",
    ),
    (
        "loop",
        "smol's timer rings\nours counts 1\nours counts 2\nours counts 3\n",
    ),
    ("macros", "smol runs this\n"),
    ("net", "ANNA\nBERT\nCLEO\n"),
    ("process", "c\nb\na\nit ended with 0\n3 words\n"),
    ("queue", "a heart\na leg\na cold\n5050\n"),
    ("sync", "500 meals\n"),
    (
        "tasks",
        "put away\nin time: false\nbor\nborrowed\nall well: true\nOk(5050)\ntrue\n",
    ),
    (
        "testing",
        "the careless one loses money: true\nthe careful one loses money: false\n",
    ),
    (
        "timers",
        "it beat, and never too often: true\nnever early: true\n",
    ),
    ("tokio", "hello from tokio\n42\n"),
    (
        "tower",
        "true: Ok(\"an answer\")\ntrue: Err(TimeoutError(()))\nthe third had to wait: true\n",
    ),
];

/// What has no such example. The facade is the loop: its `embed_in_tokio`, which has a test there, runs it inside of another's.
/// The reactor's `echo_once` needs no executor at all; see below. The last is a program, which nothing is built on.
const OTHERS: [&str; 3] = ["asyncio", "reactor", "repl"];

/// An example of a package. Cargo builds them beside the tests, but not when it is asked for one test alone.
fn example(package: &str, name: &str) -> PathBuf {
    static BUILT: Once = Once::new();
    let test = std::env::current_exe().expect("a test knows its program");
    let profile = test.parent().and_then(Path::parent).expect("target/PROFILE/deps");
    let program = |name: &str| profile.join("examples").join(name);
    if !program(name).exists() {
        BUILT.call_once(|| {
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args([
                "build",
                "--quiet",
                "--package",
                "asyncio-reactor",
                "--example",
                "echo_once",
            ]);
            for (package, _) in ALONE {
                cargo.args(["--package", &format!("asyncio-{package}")]);
                cargo.args(["--example", &format!("{package}_alone")]);
            }
            cargo
                .arg("--target-dir")
                .arg(profile.parent().expect("target/PROFILE"));
            if profile.ends_with("release") {
                cargo.arg("--release");
            }
            assert!(cargo.status().expect("cargo is there").success());
        });
    }
    assert!(program(name).exists(), "{package} has no example {name}");
    program(name)
}

#[test]
fn every_crate_works_alone_on_executors_that_are_not_ours() {
    for (package, expected) in ALONE {
        let program = example(package, &format!("{package}_alone"));
        let output = Command::new(program).output().expect("it was built");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{package}: {errors}");
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            expected,
            "{package}: {errors}"
        );
    }
}

#[test]
fn no_crate_was_forgotten() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let crates = std::fs::read_dir(folder).expect("the crates lie there");
    let crates: BTreeSet<String> = crates
        .map(|entry| {
            entry
                .expect("it can be read")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    let known = ALONE.iter().map(|(package, _)| *package).chain(OTHERS);
    assert_eq!(crates, known.map(str::to_owned).collect());
}

#[test]
fn a_reactor_alone_serves_a_connection() {
    let mut server = Command::new(example("reactor", "echo_once"))
        .arg("127.0.0.1:0")
        .stdout(Stdio::piped())
        .spawn()
        .expect("it was built");
    let mut said = String::new();
    let mut output = BufReader::new(server.stdout.take().expect("it is piped"));
    output.read_line(&mut said).expect("text");
    let address = said.trim_end().strip_prefix("listening on ").expect("an address");
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.write_all(b"hello").expect("it reads");
    stream.shutdown(Shutdown::Write).expect("it is open");
    let mut echo = String::new();
    stream.read_to_string(&mut echo).expect("it answers");
    assert_eq!(echo, "hello");
    assert!(server.wait().expect("it ends").success());
}
