//! The `asyncio` program: a prompt with top-level `.await`, and tools that show what a running loop waits for.
//!
//! The program is this library with a `main` of three lines. Everything that needs a compiler at hand is behind the feature
//! `repl`, which is on by default and heavy: it brings evcxr and rust-analyzer.

mod cli;
#[cfg(unix)]
mod introspect;
#[cfg(feature = "repl")]
mod repl;

pub use cli::main;
