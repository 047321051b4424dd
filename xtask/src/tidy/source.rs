//! Rules for one Rust file: it opens with its header, marks its unsafe code, and leaves nothing unfinished.

use super::{at, numbered};
use crate::files::File;
use crate::rust_code::{code, has_word};

/// Code that stands for code not written yet, or that was left over from looking for a bug.
const UNFINISHED: &[&str] = &["todo!", "unimplemented!", "dbg!"];

pub(super) fn findings(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    if !file.text.starts_with("//!") {
        found.push(at(file, 1, "the file opens with `//!`: what it holds"));
    }
    let code = code(&file.text);
    for (line, text) in numbered(&code) {
        for word in UNFINISHED {
            if has_word(text, word.trim_end_matches('!')) && text.contains(word) {
                found.push(at(file, line, format_args!("{word} is not finished code")));
            }
        }
        if text.contains("#[ignore") || (text.contains("cfg_attr(") && has_word(text, "ignore")) {
            found.push(at(file, line, "a test runs or is not there: no #[ignore]"));
        }
    }
    found.extend(unmarked_unsafe(file, &code));
    found
}

/// The compiler denies unsafe code that nothing marks; here the mark must be an `expect` with its reason, over the
/// file or, narrower, over the item. An `allow` outlives what it was there for.
fn unmarked_unsafe(file: &File, code: &str) -> Option<String> {
    let tight: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if tight.contains("[expect(unsafe_code,reason=") && !tight.contains("[allow(unsafe_code") {
        return None;
    }
    let (line, _) = numbered(code).find(|(_, text)| has_word(text, "unsafe"))?;
    Some(at(
        file,
        line,
        "unsafe needs `#![expect(unsafe_code, reason = \"…\")]`, and no allow",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        findings(&File::new("a.rs", text))
    }

    #[test]
    fn finished_code_under_a_header_passes() {
        assert!(
            found("//! Holds `f`.\n\n/// Not a todo!() nor unsafe.\nfn f() { g(\"dbg!\") }\n").is_empty()
        );
    }

    #[test]
    fn a_missing_header_is_found() {
        assert_eq!(found("fn f() {}\n").len(), 1);
    }

    #[test]
    fn unfinished_code_and_ignored_tests_are_found_with_their_lines() {
        let found =
            found("//! x\nfn f() { todo!() }\nfn g() { dbg!(1); unimplemented!() }\n#[ignore = \"slow\"]\n");
        assert_eq!(found.len(), 4, "{found:?}");
        assert!(found[0].starts_with("a.rs:2:"), "{found:?}");
    }

    #[test]
    fn a_test_that_is_ignored_on_some_systems_is_found() {
        assert_eq!(
            found("//! x\n#[cfg_attr(windows, ignore = \"slow\")]\nfn f() {}\n").len(),
            1
        );
        assert!(found("//! x\n#[cfg_attr(windows, expect(unused))]\nfn ignore() {}\n").is_empty());
    }

    #[test]
    fn unsafe_is_found_unless_the_file_or_the_item_expects_it() {
        let body = "fn f() { unsafe { g() } }\n";
        assert_eq!(
            found(&format!("//! x\n{body}")),
            ["a.rs:2: unsafe needs `#![expect(unsafe_code, reason = \"…\")]`, and no allow"]
        );
        assert!(
            found(&format!(
                "//! x\n#![expect(\n    unsafe_code,\n    reason = \"fast\"\n)]\n{body}"
            ))
            .is_empty()
        );
        assert!(
            found(&format!(
                "//! x\n#[expect(unsafe_code, reason = \"fast\")]\n{body}"
            ))
            .is_empty()
        );
    }

    #[test]
    fn an_allow_and_an_expect_without_a_reason_mark_nothing() {
        let body = "fn f() { unsafe { g() } }\n";
        assert_eq!(found(&format!("//! x\n#![allow(unsafe_code)]\n{body}")).len(), 1);
        assert_eq!(found(&format!("//! x\n#![expect(unsafe_code)]\n{body}")).len(), 1);
        assert_eq!(
            found(&format!(
                "//! x\n#![expect(unsafe_code, reason = \"a\")]\n#[allow(unsafe_code)]\n{body}"
            ))
            .len(),
            1
        );
    }
}
