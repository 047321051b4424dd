//! What the tests of examples share: where they lie, and how a server is run.

#![allow(dead_code, reason = "no test uses all of it")]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Once;

/// An example of this package. Cargo builds them beside the tests, but not when it is asked for one test alone.
pub(crate) fn example(name: &str) -> PathBuf {
    static BUILT: Once = Once::new();
    let test = std::env::current_exe().expect("a test knows its program");
    let profile = test
        .parent()
        .and_then(|deps| deps.parent())
        .expect("tests lie in target/PROFILE/deps");
    let program = profile.join("examples").join(name);
    if !program.exists() {
        BUILT.call_once(|| build(profile));
    }
    program
}

fn build(profile: &Path) {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "build",
        "--quiet",
        "--package",
        env!("CARGO_PKG_NAME"),
        "--examples",
    ]);
    cargo
        .arg("--target-dir")
        .arg(profile.parent().expect("target/PROFILE"));
    if profile.ends_with("release") {
        cargo.arg("--release");
    }
    assert!(cargo.status().expect("cargo is there").success());
}

/// A running example; it is killed when the test fails before it is interrupted.
pub(crate) struct Server {
    child: Child,
    output: BufReader<ChildStdout>,
    pub(crate) address: String,
}

impl Server {
    /// Starts an example of this package, which cargo builds beside the tests.
    pub(crate) fn start(name: &str, arguments: &[&str]) -> Server {
        let mut child = Command::new(example(name))
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the example was built");
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        output
            .read_line(&mut line)
            .expect("the server says where it listens");
        let address = line.trim().rsplit(' ').next().expect("the address comes last");
        Server {
            address: address.to_owned(),
            child,
            output,
        }
    }

    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line
    }

    /// Ends it by Ctrl-C; it says that before.
    pub(crate) fn ends_by_ctrl_c(mut self, last: &str) {
        self.send_interrupt();
        assert_eq!(self.line(), last);
        self.ends();
    }

    /// Ends it by Ctrl-C.
    pub(crate) fn interrupt(mut self) {
        self.send_interrupt();
        self.ends();
    }

    fn send_interrupt(&self) {
        let sent = Command::new("kill")
            .args(["-INT", &self.child.id().to_string()])
            .status()
            .expect("kill is there");
        assert!(sent.success());
    }

    fn ends(&mut self) {
        let status = self.child.wait().unwrap();
        assert_eq!((status.signal(), status.code()), (Some(2), None));
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn count(&self, what: &str) -> usize {
        let directory = format!("/proc/{}/{what}", self.child.id());
        std::fs::read_dir(directory).unwrap().count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
