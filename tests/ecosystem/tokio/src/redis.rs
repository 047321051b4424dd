//! `Redis`: a `redis-server` for one test.

use std::process::Command;

use rustix::process::Signal;

use crate::program;
use crate::scratch::{Child, Scratch};

/// A `redis-server` of its own, on a Unix socket, that keeps nothing.
#[derive(Debug)]
pub struct Redis {
    // Ended before its directory goes.
    _server: Child,
    scratch: Scratch,
}

impl Redis {
    /// `None`, with a word on the standard error, when this machine has none.
    pub fn start() -> Option<Redis> {
        let Some(server) = program("redis-server", &[]) else {
            eprintln!("skipped: this machine has no redis-server");
            return None;
        };
        let scratch = Scratch::new("redis");
        let mut command = Command::new(server);
        command.args([
            "--port",
            "0",
            "--unixsocket",
            "socket",
            "--save",
            "",
            "--appendonly",
            "no",
        ]);
        command
            .arg("--dir")
            .arg(scratch.path())
            .current_dir(scratch.path());
        let server = Child::start(&mut command, "eady to accept connections", Signal::TERM);
        Some(Redis {
            _server: server,
            scratch,
        })
    }

    /// Where it listens, for a client of Redis.
    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// Where it listens.
    pub fn socket(&self) -> std::path::PathBuf {
        self.scratch.path().join("socket")
    }
}
