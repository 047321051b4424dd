//! `cargo xtask help`: a line for each command.

use crate::COMMANDS;
use crate::report::Failure;

pub(crate) const ABOUT: &str = "print this";

pub(crate) fn run(_: &[String]) -> Result<(), Failure> {
    println!("cargo xtask COMMAND\n");
    for command in COMMANDS {
        let usage = format!("{} {}", command.name, command.arguments);
        println!("  {usage:<22} {}", command.about);
    }
    Ok(())
}

/// The names of all commands, for an error message.
pub(crate) fn names() -> String {
    COMMANDS
        .iter()
        .map(|command| command.name)
        .collect::<Vec<_>>()
        .join(", ")
}
