//! Colours, where they are wanted: on a terminal, unless `NO_COLOR` is set.

use std::io::IsTerminal;

use super::place;

/// Is the terminal one that knows no control sequences?
pub(super) fn is_dumb() -> bool {
    place::variable("TERM").is_some_and(|term| term == "dumb")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    colours: bool,
}

impl Style {
    /// No colours.
    pub(super) const PLAIN: Style = Style { colours: false };

    /// What suits the standard output.
    pub(super) fn of_stdout() -> Style {
        Style {
            colours: std::io::stdout().is_terminal() && place::variable("NO_COLOR").is_none() && !is_dumb(),
        }
    }

    pub(super) fn error(self, text: &str) -> String {
        self.paint("1;31", text)
    }

    pub(super) fn place(self, text: &str) -> String {
        self.paint("1;34", text)
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    pub(super) fn prompt(self, text: &str) -> String {
        self.paint("1;35", text)
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colours && !text.is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays_as_it_is_and_nothing_is_not_painted() {
        assert_eq!(Style::PLAIN.error("x"), "x");
        let coloured = Style { colours: true };
        assert_eq!(coloured.error("x"), "\x1b[1;31mx\x1b[0m");
        assert_eq!(coloured.error(""), "");
    }
}
