//! Lists tests that put the thread to sleep. A warning only: some tests must make a thread stuck, and say so there.

use super::{at, numbered};
use crate::files::File;
use crate::rust_code::code;

pub(super) fn warnings(file: &File) -> Vec<String> {
    if !file.is_test() {
        return Vec::new();
    }
    let code = code(&file.text);
    numbered(&code)
        .filter(|(_, text)| text.contains("thread::sleep("))
        .map(|(line, _)| at(file, line, "a test sleeps; can it await what it waits for?"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sleep_in_a_test_is_listed_and_one_elsewhere_is_not() {
        let text = "//! x\nstd::thread::sleep(d);\n// thread::sleep(d)\n";
        assert_eq!(warnings(&File::new("crates/a/tests/b.rs", text)).len(), 1);
        assert!(warnings(&File::new("crates/a/src/b.rs", text)).is_empty());
    }
}
