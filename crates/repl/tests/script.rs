//! Programs without a project: from a file, and from the standard input.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The program, with the cache of the tests at the prompt.
fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_asyncio"));
    command
        .env(
            "ASYNCIO_REPL_CACHE",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("repl-cache"),
        )
        .env(
            "ASYNCIO_REPL_PATH",
            Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("asyncio"),
        );
    command
}

fn piped(text: &str) -> Output {
    let mut child = program()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

// RPL-10
#[test]
fn the_standard_input_is_a_script_where_it_is_no_terminal() {
    let output = piped(
        "async fn add(a: u32, b: u32) -> u32 { yield_now().await; a + b }\n\
         let text = String::from(\"not static\");\n\
         let part = &text[..3];\n\
         println!(\"{part} {}\", add(1, 2).await);\n\
         eprintln!(\"aside\");\n\
         3",
    );
    assert_eq!(text(&output.stdout), "not 3\n", "{}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "aside\n");
    assert!(output.status.success());
}

// RPL-10
#[test]
fn a_script_uses_a_package_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let manifest =
        "[package]\nname = \"beside\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n[lib]\npath = \"lib.rs\"\n";
    std::fs::write(folder.path().join("Cargo.toml"), manifest).unwrap();
    std::fs::write(folder.path().join("lib.rs"), "pub fn answer() -> u8 { 7 }\n").unwrap();
    let output = piped(&format!(
        ":dep beside = {{ path = {:?} }}\nprintln!(\"{{}}\", beside::answer());\n",
        folder.path()
    ));
    assert_eq!(text(&output.stdout), "7\n", "{}", text(&output.stderr));
    assert!(output.status.success());
}

// RPL-09 RPL-10
#[test]
fn a_script_that_does_not_compile_names_its_own_lines() {
    let output = piped("let x = 1;\nlet y = x + unknown;\n");
    let errors = text(&output.stderr);
    assert!(
        errors.contains("error[E0425]") && errors.contains("input:2:13"),
        "{errors}"
    );
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(text(&output.stdout), "");
}

// RPL-06 RPL-10
#[test]
fn a_file_is_run_and_its_errors_panics_and_exits_are_the_codes() {
    let folder = tempfile::tempdir().unwrap();
    let run = |script: &str| {
        let file = folder.path().join("script.rs");
        std::fs::write(&file, script).unwrap();
        program().arg("run").arg(&file).output().unwrap()
    };
    let output = run("let n: u32 = \"7\".parse()?;\nprintln!(\"{n}\");\n");
    assert_eq!(
        (text(&output.stdout).as_str(), output.status.code()),
        ("7\n", Some(0))
    );
    let output = run("println!(\"before\");\nlet n: u32 = \"seven\".parse()?;\nprintln!(\"{n}\");\n");
    assert_eq!(text(&output.stdout), "before\n");
    assert!(
        text(&output.stderr).starts_with("Error: ParseIntError"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(output.status.code(), Some(1));
    let output = run("panic!(\"oh\");");
    assert!(
        text(&output.stderr).contains("panicked: oh"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(output.status.code(), Some(101));
    let output = run("print!(\"last words\"); std::process::exit(4);");
    assert_eq!(
        (text(&output.stdout).trim_end(), output.status.code()),
        ("last words", Some(4))
    );
}

#[test]
fn bad_usage_is_code_2() {
    for arguments in [
        &["run"][..],
        &["run", "/nowhere.rs"],
        &["unknown"],
        &["repl", "more"],
    ] {
        let output = program().args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
}
