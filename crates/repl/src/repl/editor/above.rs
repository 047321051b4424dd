//! Lines above the prompt, while the editor waits for a key.
//!
//! The editor has a printer of its own for that, but with it the editor overlooks keys that came together, as those of a
//! paste do, until the next one comes. So this one knows what the editor has drawn, clears it, writes, and draws it
//! again. Lines that are longer than the terminal is wide are drawn a row too high, until the next key.

use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::display::Printer;

/// What the editor shows, for those who write beside it.
#[derive(Clone, Default)]
pub(super) struct Above {
    shown: Arc<Mutex<Option<Shown>>>,
}

#[derive(Default)]
struct Shown {
    prompt: String,
    input: String,
    /// Where the cursor is in the input, in bytes.
    position: usize,
}

impl Above {
    /// The editor has the terminal, behind this prompt.
    pub(super) fn begins(&self, prompt: String) {
        *self.lock() = Some(Shown {
            prompt,
            ..Shown::default()
        });
    }

    /// The editor has drawn this.
    pub(super) fn draws(&self, input: &str, position: usize) {
        if let Some(shown) = &mut *self.lock() {
            input.clone_into(&mut shown.input);
            shown.position = position;
        }
    }

    /// The editor has left the terminal.
    pub(super) fn ends(&self) {
        *self.lock() = None;
    }

    /// Writes lines above the prompt, or just writes them where there is none.
    pub(super) fn printer(&self) -> Printer {
        let above = self.clone();
        Box::new(move |text| {
            let shown = above.lock();
            let text = match &*shown {
                Some(shown) => shown.with_above(&text),
                None => text,
            };
            let mut stdout = std::io::stdout().lock();
            let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
        })
    }

    fn lock(&self) -> MutexGuard<'_, Option<Shown>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shown {
    /// What makes the terminal show `text` and, below it, the prompt and the input as they were.
    fn with_above(&self, text: &str) -> String {
        let before = self.input.get(..self.position).unwrap_or(&self.input);
        let row = before.matches('\n').count();
        let behind = self.input.matches('\n').count() - row;
        let up = |rows: usize| {
            if rows == 0 {
                String::new()
            } else {
                format!("\x1b[{rows}A")
            }
        };
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count());
        let prompt = if row == 0 { super::PROMPT.len() } else { 0 };
        let right = match column + prompt {
            0 => String::new(),
            columns => format!("\x1b[{columns}C"),
        };
        format!(
            "{}\r\x1b[J{}{}{}{}\r{right}",
            up(row),
            text.replace('\n', "\r\n"),
            self.prompt,
            self.input.replace('\n', "\r\n"),
            up(behind),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(input: &str, position: usize) -> Shown {
        Shown {
            prompt: ">>> ".to_owned(),
            input: input.to_owned(),
            position,
        }
    }

    #[test]
    fn the_cursor_comes_back_to_where_it_was() {
        assert_eq!(shown("", 0).with_above("a\n"), "\r\x1b[Ja\r\n>>> \r\x1b[4C");
        assert_eq!(shown("xyz", 1).with_above("a\n"), "\r\x1b[Ja\r\n>>> xyz\r\x1b[5C");
        assert_eq!(
            shown("f {\n g\n}", 6).with_above("a\n"),
            "\x1b[1A\r\x1b[Ja\r\n>>> f {\r\n g\r\n}\x1b[1A\r\x1b[2C"
        );
    }
}
