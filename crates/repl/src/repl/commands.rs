//! What begins with a colon: commands to the prompt, and what of evcxr's is passed on to it.

/// What an input asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request<'a> {
    Nothing,
    Exit,
    Help,
    Tasks,
    Clear,
    /// Rust, or a command of evcxr's.
    Evaluate(&'a str),
}

struct Command {
    name: &'static str,
    arguments: &'static str,
    about: &'static str,
}

const fn command(name: &'static str, arguments: &'static str, about: &'static str) -> Command {
    Command {
        name,
        arguments,
        about,
    }
}

const COMMANDS: &[Command] = &[
    command(":help", "", "this text"),
    command(
        ":tasks",
        "",
        "the tasks that live on, where they were made, what they wait for",
    ),
    command(
        ":dep",
        "NAME = \"VERSION\"",
        "add a package, as in a manifest: \"1.2\" or { path = \"...\" }",
    ),
    command(":show_deps", "", "the packages that were added"),
    command(":vars", "", "the variables and their types"),
    command(":type", "NAME", "the type of a variable"),
    command(":doc", "NAME", "the documentation of a type, function or module"),
    command(":explain", "", "more on the last error of the compiler"),
    command(":timing", "", "show how long inputs take, or stop it"),
    command(":opt", "LEVEL", "how much the compiler optimizes: 0, 1 or 2"),
    command(":offline", "0|1", "whether :dep stays off the network"),
    command(":env", "NAME=VALUE", "set an environment variable of the inputs"),
    command(":clear", "", "forget all that was defined, and start anew"),
    command(":quit", "", "leave; exit, quit and Ctrl-D do too"),
];

pub(super) fn read(input: &str) -> Request<'_> {
    match input.trim().trim_end_matches(';') {
        "" => Request::Nothing,
        "exit" | "quit" | "exit()" | "quit()" | ":quit" | ":exit" | ":q" => Request::Exit,
        ":help" | ":h" | "help" => Request::Help,
        ":tasks" => Request::Tasks,
        ":clear" => Request::Clear,
        _ => Request::Evaluate(input),
    }
}

pub(super) fn help() -> String {
    let mut text = "Rust, with `.await` wherever you like. `use asyncio::*` and `Duration` are there already. What is defined stays,\n\
                    and so do tasks, which run on while you type. Ctrl-C cancels what runs, with its cleanup.\n\n"
        .to_owned();
    for command in COMMANDS {
        let call = format!("{} {}", command.name, command.arguments);
        text += &format!("  {call:<24}{}\n", command.about);
    }
    text
}

/// The commands that `word` may become.
pub(super) fn beginning_with(word: &str) -> Vec<String> {
    let names = COMMANDS.iter().map(|command| command.name);
    names
        .filter(|name| name.starts_with(word))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_out_are_known() {
        for input in ["exit", "quit", "exit()", " quit() ", ":quit", "exit;"] {
            assert_eq!(read(input), Request::Exit, "{input}");
        }
        assert_eq!(read("exited"), Request::Evaluate("exited"));
    }

    #[test]
    fn the_help_has_every_command_and_each_completes() {
        for command in COMMANDS {
            assert!(help().contains(command.name));
            assert_eq!(beginning_with(command.name), [command.name]);
        }
        assert_eq!(beginning_with(":t"), [":tasks", ":type", ":timing"]);
    }
}
