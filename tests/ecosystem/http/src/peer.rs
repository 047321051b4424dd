//! Programs beside us: is one there, what does it say, and how does one of the examples run?

use std::ffi::OsStr;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};

/// Whether `program` is on this machine; a test that needs it prints why it does nothing.
#[must_use]
pub fn is_there(program: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let there = !matches!(&found, Err(error) if error.kind() == io::ErrorKind::NotFound);
    if !there {
        eprintln!("skipped: {program} is not on this machine");
    }
    there
}

/// Runs curl, silently but for its errors.
///
/// # Errors
///
/// When it cannot be started.
pub fn curl<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> io::Result<Output> {
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--max-time", "60"]).args(arguments);
    curl.output()
}

/// One of this package's examples, as a process that ends with its handle.
#[derive(Debug)]
pub struct Example {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Example {
    /// Starts it; it is built with the tests.
    ///
    /// # Errors
    ///
    /// When it cannot be started.
    pub fn start<S: AsRef<OsStr>>(name: &str, arguments: impl IntoIterator<Item = S>) -> io::Result<Example> {
        let mut child = Command::new(path(name)?)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()?;
        let output = child.stdout.take().ok_or_else(|| io::Error::other("no pipe"))?;
        Ok(Example {
            child,
            output: BufReader::new(output),
        })
    }

    /// Its next line.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }

    /// Sends a signal, by its name.
    ///
    /// # Errors
    ///
    /// When there is no `kill`.
    pub fn signal(&self, name: &str) -> io::Result<()> {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-s", name, &id]).status()?;
        Ok(())
    }

    /// How many descriptors it has; where the system does not tell, always none.
    #[must_use]
    pub fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).map_or(0, Iterator::count)
    }

    /// What it prints to its end, and how that was.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn finish(mut self) -> io::Result<(String, ExitStatus)> {
        let mut rest = String::new();
        self.output.read_to_string(&mut rest)?;
        Ok((rest, self.child.wait()?))
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

/// Tests lie in `deps`, and the examples beside that.
fn path(name: &str) -> io::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let folder = own.parent().and_then(|deps| deps.parent());
    let folder = folder.ok_or_else(|| io::Error::other("no folder"))?;
    Ok(folder
        .join("examples")
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
}
