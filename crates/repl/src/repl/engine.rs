//! The session: evcxr with the library of the session in place, and what became of an input.
//!
//! Every input is run by the session's loop, those without an `.await` too, so that `create_task` works in all of them:
//! evcxr wraps inputs in an async block from the first await on, and the prelude has one.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};

use evcxr::{CommandContext, CompilationError, Error, EvalContext};

use super::display::Display;
use super::library::{Inputs, Library};
use super::link::{self, Link};
use super::scratch::Scratch;

/// What every session begins with.
const PRELUDE: &str = "use asyncio::*;\nuse asyncio::__session::Shown as EvcxrShown;\nuse std::time::Duration;\n\
                       asyncio::yield_now().await;";
/// At a prompt the answer is to come soon, and a script is to be quick; `:opt` says it otherwise.
const QUICK: &str = ":opt 0\n";
const OPTIMIZED: &str = ":opt 2\n";
/// The method of the trait.
const SHOW: &str = "evcxr_display";

/// What became of an input.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It was evaluated; the text is its value's, if it has one to show.
    Done(Option<String>),
    /// It does not compile.
    Rejected(Vec<CompilationError>),
    /// It could not be evaluated, for the reason that is given.
    Failed(String),
    /// The process that evaluates is gone: variables and tasks are lost. The code is the one of `process::exit`.
    Ended { code: Option<i32>, text: String },
}

pub(super) struct Engine {
    // The first field: its process is gone before the folder.
    context: CommandContext,
    library: Library,
    link: Link,
    interactive: bool,
    inputs: Inputs,
    /// Where inputs are compiled; none before it is known.
    folder: Option<PathBuf>,
    scratch: Arc<Scratch>,
}

impl Engine {
    /// Starts a session. Compiles the library, if no session did before.
    ///
    /// # Errors
    /// When a piece of it cannot be started.
    pub(super) fn start(
        library: Library,
        scratch: Arc<Scratch>,
        display: &Display,
        interactive: bool,
    ) -> Result<Engine, String> {
        let socket = scratch.path().join("link");
        let link = Link::listen(&socket, display.lines())
            .map_err(|error| format!("{}: {error}", socket.display()))?;
        Library::write_profiles(scratch.path(), Inputs::Whole)
            .map_err(|error| format!("{}: {error}", scratch.path().display()))?;
        let own = std::env::current_exe().map_err(|error| format!("this program is not found: {error}"))?;
        let mut command = Command::new(own);
        command.env(link::VARIABLE, &socket);
        if interactive {
            command.env("ASYNCIO_REPL_INTERACTIVE", "1");
        }
        let (context, outputs) =
            EvalContext::with_subprocess_command(command).map_err(|error| error.to_string())?;
        let mut engine = Engine {
            context: CommandContext::with_eval_context(context),
            library,
            link,
            interactive,
            inputs: Inputs::Whole,
            folder: None,
            scratch,
        };
        engine.begin()?;
        display.outputs(outputs.stdout, outputs.stderr);
        Ok(engine)
    }

    /// Brings in the library and the prelude.
    fn begin(&mut self) -> Result<(), String> {
        let folder = self.last_compile_dir()?;
        self.folder = Some(folder.clone());
        let given = self.library.give_to(&folder);
        given.map_err(|error| format!("the cache cannot be used: {error}"))?;
        let level = if self.interactive { QUICK } else { OPTIMIZED };
        let begin = format!("{level}{}{PRELUDE}", self.library.dependencies());
        // What is in the cache needs no network, and cargo is quicker when it does not ask.
        let mut outcome = self.evaluate(&format!(":offline 1\n{begin}"));
        if !matches!(outcome, Outcome::Done(_)) {
            outcome = self.evaluate(&format!(":offline 0\n{begin}"));
        }
        match outcome {
            Outcome::Done(_) => {}
            Outcome::Rejected(errors) => {
                let rendered: Vec<String> = errors
                    .iter()
                    .map(|error| error.message() + &error.rendered())
                    .collect();
                return Err(rendered.join("\n"));
            }
            Outcome::Failed(text) | Outcome::Ended { text, .. } => return Err(text),
        }
        self.evaluate(":offline 0");
        self.library
            .keep_from(&folder)
            .map_err(|error| format!("the cache cannot be written: {error}"))
    }

    /// The folder in which inputs are compiled.
    fn last_compile_dir(&mut self) -> Result<PathBuf, String> {
        match self.evaluate(":last_compile_dir") {
            Outcome::Done(Some(text)) => Ok(Path::new(text.trim().trim_matches('"')).to_owned()),
            outcome => Err(format!("the session has no folder: {outcome:?}")),
        }
    }

    /// Evaluates an input, or one of evcxr's commands.
    pub(super) fn evaluate(&mut self, input: &str) -> Outcome {
        self.adapt_to_length();
        match self.context.execute(input) {
            Ok(outputs) => Outcome::Done(outputs.get("text/plain").map(str::to_owned)),
            Err(Error::CompilationErrors(errors)) => Outcome::Rejected(errors),
            Err(Error::SubprocessTerminated(text)) => Outcome::Ended {
                code: exit_code(&text),
                text,
            },
            Err(error) => Outcome::Failed(error.to_string()),
        }
    }

    /// Each input is compiled together with all that was defined before it.
    fn adapt_to_length(&mut self) {
        let Some(folder) = &self.folder else { return };
        let length = fs::metadata(folder.join("src/lib.rs")).map_or(0, |data| data.len());
        let inputs = Inputs::for_length(length);
        // Where it cannot be written cargo goes on as it did.
        if inputs != self.inputs && Library::write_profiles(self.scratch.path(), inputs).is_ok() {
            self.inputs = inputs;
        }
    }

    /// Forgets everything that was defined, and begins anew.
    ///
    /// # Errors
    /// As [`start`](Engine::start).
    pub(super) fn clear(&mut self) -> Result<(), String> {
        self.evaluate(":clear");
        self.begin()
    }

    /// What `text` could go on with at `position`: where the replacement begins, and the candidates.
    pub(super) fn completions(&mut self, text: &str, position: usize) -> (usize, Vec<String>) {
        let Ok(found) = self.context.completions(text, position) else {
            return (position, Vec::new());
        };
        let mut codes: Vec<String> = found.completions.into_iter().map(|one| one.code).collect();
        codes.retain(|code| !code.starts_with(SHOW));
        codes.sort();
        codes.dedup();
        (found.start_offset, codes)
    }

    pub(super) fn link(&self) -> Link {
        self.link.clone()
    }

    /// The process that evaluates, also after it was started anew.
    pub(super) fn process(&self) -> Arc<Mutex<Child>> {
        self.context.process_handle()
    }
}

/// The code in evcxr's message on a process that is gone; none if a signal ended it.
fn exit_code(text: &str) -> Option<i32> {
    let (_, code) = text
        .rsplit_once("exit status: ")
        .or_else(|| text.rsplit_once("exit code: "))?;
    code.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_an_exit_is_read_and_a_signal_has_none() {
        assert_eq!(
            exit_code("x\nSubprocess terminated with status: exit status: 3"),
            Some(3)
        );
        assert_eq!(
            exit_code("Subprocess terminated with status: signal: 6 (SIGABRT)"),
            None
        );
    }
}
