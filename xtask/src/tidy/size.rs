//! No file grows past 400 lines of code unless the table here says why.

use crate::files::File;
use crate::rust_code::code;

const LIMIT: usize = 400;

/// Files that may be longer, with the reason.
const LONGER: &[(&str, &str)] = &[];

pub(super) fn findings<'a>(files: impl Iterator<Item = &'a File>) -> Vec<String> {
    let mut longer: Vec<&str> = LONGER.iter().map(|(path, _)| *path).collect();
    let mut found = Vec::new();
    for file in files {
        let lines = lines_of_code(&file.text);
        if lines <= LIMIT {
            continue;
        }
        match longer.iter().position(|path| *path == file.path) {
            Some(known) => drop(longer.swap_remove(known)),
            None => found.push(format!(
                "{}: {lines} lines of code, the limit is {LIMIT}: look for the seam",
                file.path
            )),
        }
    }
    found.extend(
        longer
            .iter()
            .map(|path| format!("{path}: is short enough now, take it out of the table of longer files")),
    );
    found
}

fn lines_of_code(text: &str) -> usize {
    code(text).lines().filter(|line| !line.trim().is_empty()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_blank_lines_are_free() {
        let text = format!("//! x\n{}{}", "// prose\n\n".repeat(500), "f();\n".repeat(LIMIT));
        assert_eq!(lines_of_code(&text), LIMIT);
        assert!(
            !findings([File::new("a.rs", &text)].iter())
                .iter()
                .any(|found| found.starts_with("a.rs"))
        );
    }

    #[test]
    fn one_line_too_many_is_found() {
        let file = File::new("a.rs", &"f();\n".repeat(LIMIT + 1));
        assert!(
            findings([file].iter())
                .iter()
                .any(|found| found.starts_with("a.rs: 401 lines"))
        );
    }
}
