//! Blanks out what is not code in Rust source: comments become spaces, what is inside string and character literals
//! becomes `_`. Lines keep their numbers, so that a check may look for words without being fooled by prose.

/// The code of a source text.
pub(crate) fn code(text: &str) -> String {
    let mut scan = Scan {
        rest: text,
        code: String::with_capacity(text.len()),
    };
    while let Some(first) = scan.rest.chars().next() {
        if scan.rest.starts_with("//") {
            scan.blank(scan.rest.find('\n').unwrap_or(scan.rest.len()), ' ');
        } else if scan.rest.starts_with("/*") {
            scan.blank(block_comment(scan.rest), ' ');
        } else if let Some(length) = raw_string(scan.rest).filter(|_| !scan.inside_word()) {
            scan.blank(length, '_');
        } else if first == '"' {
            scan.blank(quoted(scan.rest), '_');
        } else if let Some(length) = character(scan.rest) {
            scan.blank(length, '_');
        } else {
            scan.keep(first);
        }
    }
    scan.code
}

/// Whether `word` stands in `code` with no identifier character on either side.
pub(crate) fn has_word(code: &str, word: &str) -> bool {
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    code.match_indices(word).any(|(at, _)| {
        !letter(code[..at].chars().next_back()) && !letter(code[at + word.len()..].chars().next())
    })
}

struct Scan<'a> {
    rest: &'a str,
    code: String,
}

impl Scan<'_> {
    fn keep(&mut self, character: char) {
        self.code.push(character);
        self.rest = &self.rest[character.len_utf8()..];
    }

    fn blank(&mut self, length: usize, with: char) {
        let (gone, rest) = self.rest.split_at(length);
        self.code
            .extend(gone.chars().map(|c| if c == '\n' { '\n' } else { with }));
        self.rest = rest;
    }

    fn inside_word(&self) -> bool {
        self.code
            .chars()
            .next_back()
            .is_some_and(|c| c.is_alphanumeric() || c == '_')
    }
}

fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of a raw string with its prefix (`r`, `br`, `cr`) and its hashes, if one starts here.
fn raw_string(text: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r"]
        .into_iter()
        .find(|prefix| text.starts_with(prefix))?;
    let rest = &text[prefix.len()..];
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    let body = rest[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(prefix.len() + hashes + 1 + length)
}

fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of a character literal, if one starts here; a lifetime is none.
fn character(text: &str) -> Option<usize> {
    let rest = text.strip_prefix('\'')?;
    let mut characters = rest.char_indices();
    let (_, first) = characters.next()?;
    if first == '\\' {
        // The escaped character may itself be a quote.
        let (at, _) = characters.nth(1)?;
        return rest[at..].find('\'').map(|more| 1 + at + more + 1);
    }
    characters
        .next()
        .filter(|(_, second)| *second == '\'')
        .map(|(at, _)| 1 + at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_code_is_kept() {
        let text = "let a = \"todo!()\"; // todo!()\n/* a /* nested */ todo!() */ f('\\'', '\"', r#\"un\"safe\"#, 'x');\ntodo!()";
        let code = code(text);
        assert_eq!(code.matches("todo!").count(), 1);
        assert_eq!(code.lines().count(), 3);
        assert!(code.lines().nth(2).unwrap().starts_with("todo!()"));
        assert!(code.contains("f(") && !code.contains("safe"));
    }

    #[test]
    fn lifetimes_are_not_characters() {
        let text = "fn f<'a>(a: &'a str) -> &'a str { unsafe { g('\\u{1F600}', a) } }";
        assert!(has_word(&code(text), "unsafe"));
    }

    #[test]
    fn a_word_inside_an_identifier_is_not_that_word() {
        assert!(!has_word("#![expect(unsafe_code)]", "unsafe"));
        assert!(!has_word("not_unsafe", "unsafe"));
        assert!(has_word("(unsafe{", "unsafe"));
    }

    #[test]
    fn an_identifier_that_ends_in_r_does_not_start_a_raw_string() {
        assert_eq!(code("bar\"x\" r"), "bar___ r");
    }
}
