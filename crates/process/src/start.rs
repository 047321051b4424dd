//! The start of a program.
//!
//! Invariant: what can fail comes before the child is made. Afterwards it has an owner at once.

use std::io;

use asyncio_core::Unclosed;

use crate::child::Child;
use crate::command::{Command, Group};
use crate::driver;
use crate::error::StartError;
use crate::handle::ProcessHandle;
use crate::process::{Process, Streams};
use crate::stdio::INHERIT;
use crate::sys::{Plumbing, Reserve, prepare};

pub(crate) fn start(command: Command) -> io::Result<Process> {
    let (kill, drain) = (command.kill_on_drop, command.drain);
    let unclosed = Unclosed::opened_at(command.location);
    let (handle, streams) = launch(command)?;
    Ok(Process::new(handle, streams, kill, drain, unclosed))
}

/// The child, and our ends of its pipes.
pub(crate) fn launch(command: Command) -> io::Result<(ProcessHandle, Streams)> {
    let Command {
        mut std,
        stdin,
        stdout,
        stderr,
        limit,
        kill_on_drop: _,
        group,
        grace: _,
        drain: _,
        extra,
        location: _,
    } = command;
    let mut plumbing = Plumbing::new(
        stdin.unwrap_or(INHERIT),
        stdout.unwrap_or(INHERIT),
        stderr.unwrap_or(INHERIT.into()),
        limit,
    )?;
    prepare(&mut std, group, extra);
    let reserve = Reserve::new()?;
    driver::start();
    let mut command = async_process::Command::from(std);
    plumbing.connect(&mut command);
    reserve.release();
    let mut child = command.spawn().map_err(|error| named(&command, error))?;
    // The child's ends of the pipes are in it.
    drop(command);
    let streams = plumbing.streams(&mut child);
    let leads = matches!(group, Group::Own | Group::Session);
    let handle = ProcessHandle::new(Child::new(child, leads));
    Ok((handle, streams))
}

/// The error with the program's name.
fn named(command: &async_process::Command, error: io::Error) -> io::Error {
    let dir = command.get_current_dir();
    let missing_dir = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => dir.filter(|dir| !dir.is_dir()),
        _ => None,
    };
    let error = StartError {
        program: command.get_program().to_owned(),
        missing_dir: missing_dir.map(|dir| dir.to_owned()),
        error,
    };
    error.into()
}
