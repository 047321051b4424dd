//! `Program`: another program, which has its pipes on the loop and is killed when the test is done with it.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::Command as StdCommand;
use std::sync::Once;

use asyncio::subprocess::{Command, PIPE, Process, STDOUT, Signal};

/// Whether a program is there, and does what the test needs of it; if not, it is said why.
pub fn is_there(program: &str, arguments: &[&str]) -> bool {
    let tried = StdCommand::new(program)
        .args(arguments)
        .stdin(std::process::Stdio::null())
        .output();
    match tried {
        Ok(output) if output.status.success() => true,
        Ok(output) => {
            let said = String::from_utf8_lossy(&output.stderr);
            println!("skipped: {program} {arguments:?} does not work here: {said}");
            false
        }
        Err(error) => {
            println!("skipped: {program} is missing: {error}");
            false
        }
    }
}

/// The path of an example of this package. Cargo builds them beside the tests, but not when it is asked for one test alone.
pub fn example(name: &str) -> PathBuf {
    static BUILT: Once = Once::new();
    let test = std::env::current_exe().unwrap();
    let profile = test.parent().and_then(Path::parent).unwrap();
    let program = profile.join("examples").join(name);
    if !program.exists() {
        BUILT.call_once(|| {
            let mut cargo = StdCommand::new(env!("CARGO"));
            cargo.args([
                "build",
                "--quiet",
                "--package",
                env!("CARGO_PKG_NAME"),
                "--examples",
            ]);
            cargo.args([
                "--manifest-path",
                concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
            ]);
            cargo.arg("--target-dir").arg(profile.parent().unwrap());
            assert!(cargo.status().unwrap().success());
        });
    }
    program
}

/// A program that runs.
#[derive(Debug)]
pub struct Program {
    process: Process,
}

impl Program {
    /// Starts a program that is found by its name or path.
    pub async fn start(program: impl AsRef<Path>, arguments: &[&str]) -> Program {
        let command = Command::new(program.as_ref()).args(arguments);
        Program::from(command).await
    }

    /// Starts an example of this package.
    pub async fn example(name: &str, arguments: &[&str]) -> Program {
        Program::start(example(name), arguments).await
    }

    /// Starts a Python program.
    pub async fn python(code: &str, arguments: &[&str]) -> Program {
        let command = Command::new("python3").args(["-u", "-c", code]).args(arguments);
        Program::from(command).await
    }

    /// As `start`, for a program that says on its standard error what one must know: its lines come with the others.
    pub async fn start_with_errors(program: impl AsRef<Path>, arguments: &[&str]) -> Program {
        let command = Command::new(program.as_ref()).args(arguments);
        Program::from(command.stderr(STDOUT).process_group(true)).await
    }

    async fn from(command: Command) -> Program {
        let command = command.stdin(PIPE).stdout(PIPE);
        // Lines may be long.
        let command = command.limit(NonZeroUsize::new(8 << 20).unwrap());
        let process = command.kill_on_drop(true).spawn().unwrap();
        Program { process }
    }

    /// The next line that it prints, without its end; `None` at the end of what it prints.
    pub async fn line(&mut self) -> Option<String> {
        let line = self.process.stdout.as_mut().unwrap().next_line().await.unwrap()?;
        Some(String::from_utf8_lossy(&line).trim_end().to_owned())
    }

    /// Waits for a line that begins with `start`, and gives what follows.
    pub async fn line_with(&mut self, start: &str) -> String {
        loop {
            let line = self.line().await;
            let line = line.unwrap_or_else(|| panic!("no line begins with {start:?}"));
            if let Some(rest) = line.strip_prefix(start) {
                return rest.to_owned();
            }
        }
    }

    /// Writes to its standard input.
    pub async fn say(&mut self, text: &str) {
        let stdin = self.process.stdin.as_mut().unwrap();
        stdin.write(text.as_bytes()).unwrap();
        stdin.drain().await.unwrap();
    }

    /// Ends its standard input.
    pub fn end_input(&mut self) {
        drop(self.process.stdin.take());
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        self.process.terminate().unwrap();
    }

    /// SIGINT.
    pub fn interrupt(&self) {
        self.process.send_signal(Signal::INT).unwrap();
    }

    /// `kill -9`, and waits until it is gone.
    pub async fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().await.unwrap();
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Waits until it has ended: its exit code.
    pub async fn code(&mut self) -> i32 {
        self.process.wait().await.unwrap()
    }

    /// What it still prints, until it ends in whatever way.
    pub async fn rest(&mut self) -> String {
        let rest = self.process.stdout.as_mut().unwrap().read_to_end().await.unwrap();
        String::from_utf8_lossy(&rest).into_owned()
    }

    /// What it still prints, when it ends by itself and without an error. Its input ends.
    pub async fn finish(mut self) -> String {
        self.end_input();
        let printed = self.rest().await;
        let code = self.process.wait().await.unwrap();
        assert_eq!(code, 0, "{printed}");
        printed
    }
}
