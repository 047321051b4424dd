//! CPython's asyncio and uvloop, where python3 has them: scripts of this package, the same programs again.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python/workloads.py")
}

fn runs(code: &str) -> bool {
    let status = Command::new("python3")
        .args(["-c", code])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

/// Whether that peer can be measured here; peers in Rust always can.
pub fn has(peer: &str) -> bool {
    static ASYNCIO: OnceLock<bool> = OnceLock::new();
    static UVLOOP: OnceLock<bool> = OnceLock::new();
    match peer {
        "python" => *ASYNCIO.get_or_init(|| runs("import asyncio; asyncio.TaskGroup")),
        "uvloop" => *UVLOOP.get_or_init(|| runs("import uvloop")),
        _ => true,
    }
}

/// The child process of a measurement, when the peer is one of Python's.
pub fn command(row: &str, peer: &str, quick: bool) -> Option<Command> {
    if !matches!(peer, "python" | "uvloop") {
        return None;
    }
    let mut command = Command::new("python3");
    command
        .arg(script())
        .args([row, peer])
        .args(quick.then_some("--quick"));
    command.env("ASYNCIO_BENCH", std::env::current_exe().ok()?);
    Some(command)
}

/// `CPython 3.11.7`, and uvloop's version: as they introduce themselves.
pub fn version(peer: &str) -> Option<String> {
    let code = match peer {
        "python" => "import platform; print('CPython', platform.python_version())",
        "uvloop" => "import uvloop; print('uvloop', uvloop.__version__)",
        _ => return None,
    };
    let output = Command::new("python3").args(["-c", code]).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
