//! Is an input complete, or does it go on in the next line?
//!
//! Counts brackets outside of strings, characters and comments. What is complete by that and wrong is for the compiler to
//! say. So it is meant to be right for valid Rust, and quick for the rest.

/// Whether more lines must follow: a bracket, a string or a comment is open.
pub(super) fn is_open(input: &str) -> bool {
    let mut scan = Scan {
        rest: input,
        depth: 0,
    };
    if input.trim_start().starts_with(':') {
        return false;
    }
    loop {
        match scan.step() {
            Step::More => {}
            Step::Open => return true,
            Step::End => return scan.depth > 0 || continues(input),
        }
    }
}

/// A last line that cannot be the end of anything, whatever comes before it.
fn continues(input: &str) -> bool {
    let last = input.trim_end().lines().next_back().unwrap_or_default().trim();
    // An attribute stands before something.
    last.starts_with("#[") && last.ends_with(']')
}

struct Scan<'a> {
    rest: &'a str,
    depth: i32,
}

enum Step {
    More,
    /// Something began that does not end.
    Open,
    End,
}

impl Scan<'_> {
    fn step(&mut self) -> Step {
        let Some(first) = self.rest.chars().next() else {
            return Step::End;
        };
        if self.rest.starts_with("//") {
            return self.skip_to(self.rest.find('\n').unwrap_or(self.rest.len()));
        }
        if self.rest.starts_with("/*") {
            return self.found(end_of_comment(self.rest));
        }
        if first.is_alphabetic() || first == '_' {
            let word = self
                .rest
                .find(|c: char| !c.is_alphanumeric() && c != '_')
                .unwrap_or(self.rest.len());
            let (name, after) = self.rest.split_at(word);
            if ["r", "br", "cr"].contains(&name)
                && let Some(end) = raw_string(after)
            {
                return self.found(end.map(|end| word + end));
            }
            return self.skip_to(word);
        }
        match first {
            '"' => return self.found(end_of_string(self.rest)),
            '\'' => return self.skip_to(end_of_character(self.rest)),
            '(' | '[' | '{' => self.depth += 1,
            ')' | ']' | '}' => self.depth -= 1,
            _ => {}
        }
        self.skip_to(first.len_utf8())
    }

    fn skip_to(&mut self, end: usize) -> Step {
        self.rest = &self.rest[end..];
        Step::More
    }

    fn found(&mut self, end: Option<usize>) -> Step {
        end.map_or(Step::Open, |end| self.skip_to(end))
    }
}

/// Block comments nest.
fn end_of_comment(text: &str) -> Option<usize> {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += 1;
        }
    }
    None
}

fn end_of_string(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// From the hashes on: none if it is no string (`r#type`), else its end, if it has one.
fn raw_string(text: &str) -> Option<Option<usize>> {
    let hashes = text.bytes().take_while(|&byte| byte == b'#').count();
    text[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let body = hashes + 1;
    Some(text[body..].find(&close).map(|at| body + at + close.len()))
}

/// A lifetime ends at once.
fn end_of_character(text: &str) -> usize {
    let mut characters = text.char_indices().skip(1);
    match characters.next() {
        Some((_, '\\')) => {
            characters.next();
            text.get(3..)
                .and_then(|rest| rest.find('\''))
                .map_or(1, |at| 3 + at + 1)
        }
        Some(_) => match characters.next() {
            Some((at, '\'')) => at + 1,
            _ => 1,
        },
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_brackets_strings_and_comments_go_on() {
        for input in [
            "fn f() {",
            "let x = vec![1,",
            "call(",
            "\"abc",
            "r#\"a\"",
            "/* a /* b */",
            "if x { '}'",
            "#[derive(Debug)]",
        ] {
            assert!(is_open(input), "{input}");
        }
    }

    #[test]
    fn what_is_closed_or_wrong_does_not() {
        for input in [
            "",
            "1 + 1",
            "fn f() { '{' }",
            "fn f<'a>(x: &'a str) {}",
            "r#\"a\"b\"#",
            "r#type",
            "\"a\\\"{\"",
            "// {",
            "f('\\'', b'(', '\\u{28}')",
            ")",
            ":dep a = { version = \"1\"",
            "/* { */ 1",
        ] {
            assert!(!is_open(input), "{input}");
        }
    }
}
