//! Subprocesses for async code, with the names of Python's asyncio.
//!
//! [`create_subprocess_exec`] and [`create_subprocess_shell`] start a program and give a [`Process`]: its standard streams
//! as readers and writers, and the ways to wait for it and to end it. [`run`] is for the everyday case. async-process
//! spawns and reaps; the pipes are on the reactor of the thread, so all works on any executor.
//!
//! ```
//! use asyncio_process::{PIPE, STDOUT, create_subprocess_shell};
//!
//! # futures_lite::future::block_on(async {
//! let mut child = create_subprocess_shell("echo out; echo err >&2; exit 3")
//!     .stdout(PIPE)
//!     .stderr(STDOUT)
//!     .await?;
//! let (out, err) = child.communicate(None).await?;
//! assert_eq!(out.unwrap(), b"out\nerr\n");
//! assert_eq!(err, None);
//! assert_eq!(child.wait().await?, 3);
//! # std::io::Result::Ok(())
//! # }).unwrap();
//! ```
//!
//! # What becomes of a child
//!
//! A [`Process`] that is dropped lets its child live on, and the child is reaped when it ends, whatever happens to the loop;
//! [`kill_on_drop`](Command::kill_on_drop) kills it instead. As a member of a task group
//! ([`tg.subprocess`](TaskGroupExt::subprocess)) it ends before the group does. With
//! [`process_group`](Command::process_group) all of this reaches what the child has started, too.

mod child;
mod command;
mod communicate;
mod driver;
mod error;
mod finish;
mod group;
mod handle;
#[cfg(unix)]
mod pipeline;
mod process;
mod protocol;
mod run;
mod shell;
mod signal;
mod start;
mod stdio;
mod sweep;
mod sys;

pub use command::{Command, Starting, create_subprocess_exec};
pub use communicate::{Communicate, Outputs};
pub use error::{CalledProcessError, ProcessLookupError, StartError, SubprocessError, TimeoutExpired};
pub use group::{GroupStart, TaskGroupExt};
pub use handle::ProcessHandle;
#[cfg(unix)]
pub use pipeline::{Pipeline, PipelineError, PipelineOutput, PipelineProcess, RunPipeline};
pub use process::{IntoInput, Process};
pub use protocol::{
    CreateSubprocess, CreatingSubprocess, PipeTransport, SubprocessProtocol, SubprocessTransport,
    subprocess_exec, subprocess_shell,
};
pub use run::{Run, run};
pub use shell::{create_subprocess_shell, shell_quote};
pub use signal::Signal;
pub use stdio::{DEVNULL, INHERIT, PIPE, STDOUT, StderrTo, Stdio, ToStdout};
