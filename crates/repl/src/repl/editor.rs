//! The line editor: more lines where an input is open, completion, history.

mod above;

use std::borrow::Cow;
use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::{CmdKind, Highlighter};
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::{ValidationContext, ValidationResult, Validator};
use rustyline::{ColorMode, CompletionType, Config, Context, Editor, Helper};

use super::display::Display;
use super::session::Session;
use super::style::Style;
use super::{commands, entry, place, style};

const PROMPT: &str = ">>> ";

/// What the person at the prompt did.
pub(super) enum Event {
    Input(String),
    /// Ctrl-C: the line is forgotten.
    Interrupt,
    /// Ctrl-D on an empty line, or a terminal that is gone.
    End,
}

pub(super) struct Prompt {
    editor: Editor<Help, DefaultHistory>,
    history: Option<PathBuf>,
    style: Style,
    above: above::Above,
}

impl Prompt {
    /// # Errors
    /// When the terminal cannot be used.
    pub(super) fn new(
        session: Rc<RefCell<Session>>,
        display: &Display,
        style: Style,
    ) -> rustyline::Result<Prompt> {
        let config = Config::builder()
            .completion_type(CompletionType::List)
            .history_ignore_dups(true)?
            .auto_add_history(true)
            // Colours are this program's; without this it is not asked what it would draw.
            .color_mode(ColorMode::Forced)
            .build();
        let mut editor = Editor::with_config(config)?;
        let above = above::Above::default();
        display.printer(above.printer());
        editor.set_helper(Some(Help {
            session,
            style,
            above: above.clone(),
        }));
        let history = place::history();
        if let Some(history) = &history {
            // There is none at the first start.
            let _ = editor.load_history(history);
        }
        Ok(Prompt {
            editor,
            history,
            style,
            above,
        })
    }

    /// The next thing that is done at the prompt.
    pub(super) fn next(&mut self) -> Event {
        // Where nothing can be cleared, lines follow the prompt.
        if !style::is_dumb() {
            self.above.begins(self.style.prompt(PROMPT));
        }
        let read = self.editor.readline(PROMPT);
        self.above.ends();
        match read {
            Ok(input) => Event::Input(input),
            Err(ReadlineError::Interrupted) => Event::Interrupt,
            Err(_) => Event::End,
        }
    }

    pub(super) fn save_history(&mut self) {
        let Some(history) = &self.history else { return };
        if let Some(folder) = history.parent() {
            let _ = std::fs::create_dir_all(folder);
        }
        if let Err(error) = self.editor.append_history(history) {
            eprintln!(
                "asyncio: the history could not be written to {}: {error}",
                history.display()
            );
        }
    }
}

struct Help {
    session: Rc<RefCell<Session>>,
    style: Style,
    above: above::Above,
}

impl Helper for Help {}

impl Hinter for Help {
    type Hint = String;
}

impl Completer for Help {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let word = line[..position].trim_start();
        if let Some(command) = word.strip_prefix(':').filter(|word| !word.contains(' ')) {
            return Ok((position - command.len() - 1, commands::beginning_with(word)));
        }
        // While the session starts there is nothing to ask.
        let found = self
            .session
            .borrow_mut()
            .if_ready(|engine| engine.completions(line, position));
        Ok(found.unwrap_or((position, Vec::new())))
    }
}

impl Validator for Help {
    fn validate(&self, context: &mut ValidationContext<'_>) -> rustyline::Result<ValidationResult> {
        let input = context.input();
        // An empty line ends what is not understood here; the compiler will say what is wrong with it.
        if entry::is_open(input) && !input.ends_with("\n\n") {
            return Ok(ValidationResult::Incomplete);
        }
        Ok(ValidationResult::Valid(None))
    }
}

impl Highlighter for Help {
    fn highlight<'l>(&self, line: &'l str, position: usize) -> Cow<'l, str> {
        // Called at each drawing: the way to learn what is drawn.
        self.above.draws(line, position);
        Cow::Borrowed(line)
    }

    fn highlight_char(&self, _line: &str, _position: usize, _kind: CmdKind) -> bool {
        true
    }

    fn highlight_prompt<'b, 's: 'b, 'p: 'b>(&'s self, prompt: &'p str, _default: bool) -> Cow<'b, str> {
        self.style.prompt(prompt).into()
    }
}
