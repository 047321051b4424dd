//! An example of the facade as a process of its own, and the program that looks into it.

#![allow(dead_code, reason = "no test uses all of it")]

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// The example, which lies beside the program; it is built first.
pub(crate) fn built(name: &str) -> PathBuf {
    let cargo = std::env::var_os("CARGO").expect("tests are run by cargo");
    let built = Command::new(cargo)
        .args(["build", "--quiet", "--package", "asyncio-rs", "--example", name])
        .args((!cfg!(debug_assertions)).then_some("--release"))
        .status()
        .expect("cargo runs");
    assert!(built.success());
    PathBuf::from(env!("CARGO_BIN_EXE_asyncio"))
        .with_file_name("examples")
        .join(name)
}

/// The program, with nothing of the environment that opens sockets.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_asyncio"));
    command.env_remove("ASYNCIO_INTROSPECT");
    command
}

/// A running example; it is ended with the value.
pub(crate) struct Example {
    pub(crate) child: Child,
    output: BufReader<ChildStdout>,
}

impl Example {
    /// Starts it, which says its number first.
    pub(crate) fn start(command: &mut Command) -> Example {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut example = Example { child, output };
        assert_eq!(example.line(), example.child.id().to_string());
        example
    }

    /// The next line that it prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("it says something");
        line.trim().to_owned()
    }

    /// The program, asked about it.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Output {
        program()
            .args(arguments)
            .arg(self.child.id().to_string())
            .output()
            .expect("the program runs")
    }

    /// What is answered, with some patience for a loop that begins.
    pub(crate) fn text(&self, command: &str) -> String {
        let output = self.ask(&[command, "--retries", "50"]);
        String::from_utf8(output.stdout).expect("it is text")
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
