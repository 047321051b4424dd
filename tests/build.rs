//! Makes tests of the pages under `docs/`, so that no page can be forgotten.
//!
//! Each page becomes a doc test of the library: its snippets are compiled and, unless they say `no_run`, run. A snippet
//! that says `no_run` and is followed by a block of the language `text` is a program with its output; those become modules of
//! `tests/book.rs`, which runs them and compares. What stands between the two must not be a heading or another block.
//! Some pages show what only Unix has, so elsewhere there are none. Snippets that say `ecosystem` are compiled by
//! the packages under `tests/ecosystem`, and `excerpt` is a piece of a file that is tested.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let docs = Path::new(&env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("../docs");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    println!("cargo::rerun-if-changed={}", docs.display());
    let mut pages = Vec::new();
    if env::var_os("CARGO_CFG_UNIX").is_some() {
        collect(&docs, &mut pages)?;
    }
    pages.sort();

    let (mut doctests, mut modules, mut table) = (String::new(), String::new(), String::new());
    for page in &pages {
        let name = page.strip_prefix(&docs).unwrap_or(page).display().to_string();
        // A file for each, so that the lines in reports are those of the page.
        let module = identifier(&name);
        let file = out.join(format!("{module}.rs"));
        let source = without_others(page, &out.join(format!("{module}.md")))?;
        fs::write(
            &file,
            format!("#![doc = include_str!({:?})]\n", source.display().to_string()),
        )?;
        let _ = writeln!(
            doctests,
            "#[path = {:?}]\npub mod {module};",
            file.display().to_string()
        );
        for program in programs(&fs::read_to_string(page)?) {
            let module = format!("{module}_{}", program.line);
            let _ = writeln!(modules, "mod {module} {{\n{}\n}}\n", program.module());
            let _ = writeln!(
                table,
                "    Program {{ name: \"docs/{name}:{}\", start: {module}::start_the_program, serves: {}, expected: {:?} }},",
                program.line,
                program.has("serve"),
                program.expected
            );
        }
    }
    fs::write(out.join("pages.rs"), doctests)?;
    let programs = format!("{modules}\nconst PROGRAMS: &[Program] = &[\n{table}];\n");
    fs::write(out.join("programs.rs"), programs)
}

/// The page, without the snippets that are compiled elsewhere: those that say `ecosystem` need libraries that only the workspace
/// of that name has; those that say `excerpt` are pieces of files that are tested where they lie.
fn without_others(page: &Path, copy: &Path) -> io::Result<PathBuf> {
    let text = fs::read_to_string(page)?;
    let rest = OTHERS
        .iter()
        .fold(text.clone(), |text, fence| text.replace(fence, "```text"));
    if rest == text {
        return Ok(page.to_owned());
    }
    fs::write(copy, rest)?;
    Ok(copy.to_owned())
}

const OTHERS: [&str; 2] = ["```rust,no_run,ecosystem", "```rust,excerpt"];

/// All Markdown files below a folder.
fn collect(folder: &Path, pages: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, pages)?;
        } else if path.extension().is_some_and(|extension| extension == "md") {
            pages.push(path);
        }
    }
    Ok(())
}

/// A snippet, and what it prints.
struct Program {
    line: usize,
    words: Vec<String>,
    code: String,
    expected: String,
}

impl Program {
    fn has(&self, word: &str) -> bool {
        self.words.iter().any(|known| known == word)
    }

    /// The inside of its module. Time is the mock clock's unless the snippet says otherwise.
    fn module(&self) -> String {
        let mut code = String::new();
        for line in self.code.lines() {
            // What rustdoc hides.
            let start = line.trim_start();
            code += start
                .strip_prefix("# ")
                .unwrap_or(if start == "#" { "" } else { line });
            code.push('\n');
        }
        if !self.has("real_time") && !self.has("serve") {
            code = code.replace("asyncio::run(", "crate::run_with_mock_clock(");
        }
        if !code.contains("fn main()") {
            code = format!("fn main() {{\n{code}}}\n");
        }
        code + "\npub(super) fn start_the_program() -> std::process::ExitCode {\n    \
                std::process::Termination::report(main())\n}"
    }
}

fn programs(page: &str) -> Vec<Program> {
    let mut found = Vec::new();
    let mut waits: Option<Program> = None;
    let mut lines = page.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        if line.starts_with('#') {
            waits = None;
        }
        let Some(info) = line.strip_prefix("```") else {
            continue;
        };
        let mut text = String::new();
        for (_, line) in lines.by_ref().take_while(|(_, line)| !line.starts_with("```")) {
            text += line;
            text.push('\n');
        }
        let words: Vec<String> = info.split(',').map(|word| word.trim().to_owned()).collect();
        match (words[0].as_str(), waits.take()) {
            ("rust", _) if words.iter().any(|word| word == "no_run") => {
                waits = Some(Program {
                    line: at + 1,
                    words,
                    code: text,
                    expected: String::new(),
                });
            }
            ("text", Some(program)) => found.push(Program {
                expected: text,
                ..program
            }),
            _ => {}
        }
    }
    found
}

fn identifier(page: &str) -> String {
    page.trim_end_matches(".md")
        .replace(|c: char| !c.is_ascii_alphanumeric(), "_")
        .to_lowercase()
}
