//! Subprocesses for async code, with the names of Python's asyncio: `create_subprocess_exec`,
//! `create_subprocess_shell` and `Process`.
//!
//! This crate holds its place in the workspace; its types are not there yet.
