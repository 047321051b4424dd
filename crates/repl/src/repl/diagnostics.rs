//! What the compiler found, shown as rustc shows it, with the lines and columns of the input.
//!
//! rustc's own text names the lines of the code that the input was wrapped in. So it is set anew from the parts: code and
//! message, the place, the lines with their labels, and the notes.

use std::fmt::Write as _;

use evcxr::CompilationError;

use super::style::Style;

/// A label under a line of the input; lines and columns count from one, the end is exclusive.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Label {
    line: usize,
    columns: (usize, usize),
    text: String,
    primary: bool,
}

/// What was put before one line of the text that was compiled.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shift {
    pub(super) line: usize,
    pub(super) columns: usize,
}

/// All of them, one after the other.
pub(super) fn render(errors: &[CompilationError], input: &str, shift: Shift, style: Style) -> String {
    let mut text = String::new();
    for error in errors {
        let labels = labels(error, shift);
        if labels.is_empty() && !error.is_from_user_code() && !error.rendered().is_empty() {
            text += &error.rendered();
            continue;
        }
        heading(&mut text, error, style);
        excerpt(&mut text, &labels, input, style);
        for help in notes(error) {
            let _ = writeln!(text, "  {} {help}", style.place("="));
        }
    }
    text
}

fn heading(text: &mut String, error: &CompilationError, style: Style) {
    let level = match error.code() {
        Some(code) => format!("error[{code}]"),
        None => "error".to_owned(),
    };
    let _ = writeln!(
        text,
        "{}{}",
        style.error(&level),
        style.bold(&format!(": {}", error.message()))
    );
}

fn labels(error: &CompilationError, shift: Shift) -> Vec<Label> {
    let messages = error.spanned_messages().iter();
    let mut labels: Vec<Label> = messages
        .filter_map(|message| {
            let span = message.span?;
            let end = if span.end_line == span.start_line {
                span.end_column
            } else {
                message
                    .lines
                    .first()
                    .map_or(span.start_column, |line| line.chars().count())
                    + 1
            };
            let before = if span.start_line == shift.line {
                shift.columns
            } else {
                0
            };
            let start = span.start_column.saturating_sub(before).max(1);
            Some(Label {
                line: span.start_line,
                columns: (start, end.saturating_sub(before).max(start + 1)),
                text: own_text(&message.label).to_owned(),
                primary: message.is_primary,
            })
        })
        .collect();
    labels.sort_by_key(|label| (label.line, !label.primary));
    labels.dedup();
    labels
}

/// evcxr gives a label without a text the whole message.
fn own_text(label: &str) -> &str {
    if label.starts_with("error: ") { "" } else { label }
}

/// Hints on how a variable of a session differs from one of a program come before the compiler's own.
fn notes(error: &CompilationError) -> Vec<String> {
    let mut notes: Vec<String> = error.help().iter().map(|help| format!("help: {help}")).collect();
    if let Some(children) = error.json["children"].as_array() {
        let of_compiler = children.iter().filter(|child| child["level"] == "note");
        let plain = of_compiler.filter(|child| child["spans"].as_array().is_none_or(Vec::is_empty));
        notes.extend(plain.filter_map(|note| note["message"].as_str().map(|text| format!("note: {text}"))));
    }
    notes
        .into_iter()
        .map(|note| note.trim_end().replace('\n', "\n          "))
        .collect()
}

/// The lines that have labels, as rustc draws them.
fn excerpt(text: &mut String, labels: &[Label], input: &str, style: Style) {
    let Some(first) = labels.iter().find(|label| label.primary).or(labels.first()) else {
        return;
    };
    let last = labels.iter().map(|label| label.line).max().unwrap_or(first.line);
    let width = last.to_string().len();
    let edge = |number: &str| style.place(&format!("{number:>width$} |"));
    let _ = writeln!(
        text,
        "{:width$}{} input:{}:{}",
        "",
        style.place("-->"),
        first.line,
        first.columns.0
    );
    let _ = writeln!(text, "{}", edge(""));
    let lines: Vec<&str> = input.lines().collect();
    let mut shown = None;
    for label in labels {
        if shown != Some(label.line) {
            if shown.is_some_and(|before| before + 1 < label.line) {
                let _ = writeln!(text, "{}", style.place("..."));
            }
            let line = lines.get(label.line - 1).copied().unwrap_or_default();
            let _ = writeln!(text, "{} {line}", edge(&label.line.to_string()));
            shown = Some(label.line);
        }
        let (start, end) = label.columns;
        let marks = if label.primary { "^" } else { "-" }.repeat(end - start);
        let mut under = format!("{marks} {}", label.text);
        under.truncate(under.trim_end().len());
        let under = if label.primary {
            style.error(&under)
        } else {
            style.place(&under)
        };
        let _ = writeln!(text, "{} {:2$}{under}", edge(""), "", start - 1);
    }
    let _ = writeln!(text, "{}", edge(""));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(line: usize, columns: (usize, usize), text: &str, primary: bool) -> Label {
        Label {
            line,
            columns,
            text: text.to_owned(),
            primary,
        }
    }

    #[test]
    fn lines_and_labels_stand_as_rustc_draws_them() {
        let mut text = String::new();
        let labels = [
            label(1, (5, 6), "expected due to this", false),
            label(3, (9, 12), "expected `u8`, found `&str`", true),
        ];
        let input = "let x: u8;\n\nlet y = \"a\";";
        excerpt(&mut text, &labels, input, Style::PLAIN);
        assert_eq!(
            text,
            " --> input:3:9\n  |\n1 | let x: u8;\n  |     - expected due to this\n...\n3 | let y = \"a\";\n  |         ^^^ \
             expected `u8`, found `&str`\n  |\n"
        );
    }
}
