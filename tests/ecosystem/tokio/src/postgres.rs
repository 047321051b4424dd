//! `Postgres`: a PostgreSQL server for one test.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Signal, geteuid};

use crate::program;
use crate::scratch::{Child, Scratch, id_of};

/// A PostgreSQL server of its own, on a Unix socket, with a user `postgres` who needs no password.
#[derive(Debug)]
pub struct Postgres {
    // Ended before its directory goes.
    _server: Child,
    scratch: Scratch,
}

impl Postgres {
    /// `None`, with a word on the standard error, when this machine has none, or nobody to run it as.
    pub fn start() -> Option<Postgres> {
        let folders = installed();
        let (Some(initdb), Some(server)) = (program("initdb", &folders), program("postgres", &folders))
        else {
            eprintln!("skipped: this machine has no PostgreSQL server");
            return None;
        };
        let owner = match geteuid().is_root() {
            false => None,
            // The server refuses to be run by root.
            true => match (id_of("-u", "postgres"), id_of("-g", "postgres")) {
                (Some(user), Some(group)) => Some((user, group)),
                _ => {
                    eprintln!("skipped: this is root, and there is no user postgres to run the server as");
                    return None;
                }
            },
        };
        let scratch = Scratch::new("pg");
        if let Some((user, group)) = owner {
            chown(scratch.path(), Some(user), Some(group)).expect("root may");
        }
        let run = |program: &Path| {
            let mut command = Command::new(program);
            command.current_dir(scratch.path()).env("LC_ALL", "C");
            if let Some((user, group)) = owner {
                command.uid(user).gid(group);
            }
            command
        };
        let made = run(&initdb)
            .args([
                "-D",
                "data",
                "-U",
                "postgres",
                "--auth=trust",
                "--no-sync",
                "-E",
                "UTF8",
            ])
            .stdout(Stdio::null())
            .status();
        assert!(made.expect("it was found").success(), "initdb failed");
        let mut command = run(&server);
        command.args(["-D", "data", "-c", "listen_addresses=", "-c", "fsync=off"]);
        command.arg("-k").arg(scratch.path());
        // SIGINT: it ends at once, in order.
        let ready = "database system is ready to accept connections";
        let server = Child::start(&mut command, ready, Signal::INT);
        Some(Postgres {
            _server: server,
            scratch,
        })
    }

    /// The directory that its socket is in, which clients take for a host.
    pub fn host(&self) -> &Path {
        self.scratch.path()
    }

    /// The socket itself.
    pub fn socket(&self) -> PathBuf {
        self.host().join(".s.PGSQL.5432")
    }

    /// How to reach it, as clients write it.
    pub fn url(&self) -> String {
        format!("host={} user=postgres dbname=postgres", self.host().display())
    }
}

/// Where Debian and others put the programs of the server.
fn installed() -> Vec<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    versions.map(|version| version.path().join("bin")).collect()
}
