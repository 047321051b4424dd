//! `Scratch`: a directory that goes with its value; `Child`: a program that does.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::{Pid, Signal, kill_process};

#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// The path of a Unix socket may not be long, so this is short.
    pub(crate) fn new(name: &str) -> Scratch {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = format!("asyncio-{name}-{}-{count}", std::process::id());
        let path = std::env::temp_dir().join(folder);
        std::fs::create_dir(&path).expect("a new directory");
        Scratch { path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// A program that is asked to end, by `signal`, and awaited.
#[derive(Debug)]
pub(crate) struct Child {
    child: std::process::Child,
    signal: Signal,
}

impl Child {
    /// Starts it, and waits until it says `ready` on its standard error, which is its standard output as well.
    pub(crate) fn start(command: &mut Command, ready: &str, signal: Signal) -> Child {
        let (from, to) = pipe_with(PipeFlags::CLOEXEC).expect("a pipe");
        command.stdin(Stdio::null());
        command.stdout(to.try_clone().expect("a descriptor")).stderr(to);
        let child = command.spawn().expect("it was found");
        // Its own ends of the pipe are in there; without them the end of the program is the end of the pipe.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let started = Child { child, signal };
        let mut lines = BufReader::new(File::from(from)).lines();
        let mut said = String::new();
        loop {
            let line = lines.next().unwrap_or_else(|| panic!("it ended: {said}"));
            let line = line.expect("text");
            if line.contains(ready) {
                break;
            }
            said = said + &line + "\n";
        }
        // What else it says must not hold it up.
        std::thread::spawn(move || lines.for_each(drop));
        started
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.child), self.signal);
        let _ = self.child.wait();
    }
}

/// What `id` says of somebody.
pub(crate) fn id_of(flag: &str, user: &str) -> Option<u32> {
    let said = Command::new("id")
        .args([flag, user])
        .stderr(Stdio::null())
        .stdout(Stdio::piped())
        .spawn();
    let mut text = String::new();
    let mut child = said.ok()?;
    child.stdout.take()?.read_to_string(&mut text).ok()?;
    child.wait().ok()?;
    text.trim().parse().ok()
}
