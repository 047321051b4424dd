//! What the compiler says when an attribute is misused: the message, and the place it points to.
//!
//! Each case is handed to the compiler as a program of its own. What is wrong is found before anything of the facade is
//! named, so the programs need none.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The macro crate as cargo has built it for this test.
fn macros() -> PathBuf {
    let directory = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let built = std::fs::read_dir(directory).unwrap().filter_map(|entry| {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let ours = name.starts_with(&format!("{prefix}asyncio_macros-")) && name.ends_with(suffix);
        ours.then(|| (entry.metadata().unwrap().modified().unwrap(), entry.path()))
    });
    built.max().expect("cargo has built the macros").1
}

/// The errors of the compiler for `program`, each as `line:column: message`.
fn errors(program: &str) -> Vec<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut macros_is = std::ffi::OsString::from("asyncio_macros=");
    macros_is.push(macros());
    let mut compiler = Command::new(rustc)
        .args([
            "--edition=2024",
            "--crate-type=lib",
            "--crate-name=misuse",
            "--emit=metadata",
        ])
        .args([
            "--error-format=short",
            "-o",
            if cfg!(windows) { "NUL" } else { "/dev/null" },
            "--extern",
        ])
        .arg(macros_is)
        .arg("-")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    compiler
        .stdin
        .take()
        .unwrap()
        .write_all(program.as_bytes())
        .unwrap();
    let output = compiler.wait_with_output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    let of_ours = |line: &str| {
        line.strip_prefix("<anon>:")
            .map(|line| line.replace(": error: ", ": "))
    };
    text.lines().filter_map(of_ours).collect()
}

/// Compiles `program` without its `^` and expects `message` at the place where that was.
fn says(program: &str, message: &str) {
    let column = program.find('^').expect("a mark") + 1;
    let found = errors(&program.replacen('^', "", 1));
    assert_eq!(found, [format!("1:{column}: {message}")], "{program}");
}

const MAIN_OPTIONS: &str = "worker_threads, blocking_threads, debug, handle_sigint, crate";

#[test]
fn an_unknown_option_is_named_with_the_known_ones() {
    says(
        "#[asyncio_macros::main(^threads = 2)] async fn f() {}",
        &format!("unknown option `threads`; there are {MAIN_OPTIONS}"),
    );
    says(
        "#[asyncio_macros::test(^start_paused = true)] fn f() {}",
        &format!("unknown option `start_paused`; there are {MAIN_OPTIONS}, mock_clock"),
    );
}

#[test]
fn the_mock_clock_is_for_tests() {
    says(
        "#[asyncio_macros::main(^mock_clock = true)] async fn f() {}",
        &format!("unknown option `mock_clock`; there are {MAIN_OPTIONS}"),
    );
}

#[test]
fn a_bad_value_is_quoted() {
    for value in ["0", "\"2\"", "two", "2.5"] {
        says(
            &format!("#[asyncio_macros::main(worker_threads = ^{value})] async fn f() {{}}"),
            &format!("`worker_threads` takes a number from 1 on, not `{value}`"),
        );
    }
    says(
        "#[asyncio_macros::main(debug = ^1)] async fn f() {}",
        "`debug` takes true or false, not `1`",
    );
    says(
        "#[asyncio_macros::main(crate = ^asyncio)] async fn f() {}",
        "`crate` takes a path in quotes, not `asyncio`",
    );
    says(
        "#[asyncio_macros::main(crate = ^\"a b\")] async fn f() {}",
        "`crate` takes a path in quotes, not `\"a b\"`",
    );
}

#[test]
fn an_option_without_a_value_is_told_so() {
    says(
        "#[asyncio_macros::main(^debug)] async fn f() {}",
        "write `debug = value`",
    );
    says(
        "#[asyncio_macros::main(^debug =)] async fn f() {}",
        "`debug` has no value",
    );
    says(
        "#[asyncio_macros::main(^2)] async fn f() {}",
        "expected an option such as `worker_threads = 2`",
    );
    says(
        "#[asyncio_macros::main(debug = true ^debug = true)] async fn f() {}",
        "expected a comma between options",
    );
}

#[test]
fn an_option_that_is_given_twice_is_told_so() {
    says(
        "#[asyncio_macros::main(debug = true, ^debug = false)] async fn f() {}",
        "`debug` is given twice",
    );
}

#[test]
fn only_an_async_function_will_do() {
    let message = "this attribute stands on an `async fn`";
    says("#[asyncio_macros::main] ^fn f() {}", message);
    says("#[asyncio_macros::test] pub ^struct S;", message);
}

#[test]
fn arguments_and_generics_are_refused() {
    let message = "the function takes no arguments and no generics";
    says("#[asyncio_macros::main] async fn f^(_: u8) {}", message);
    says(
        "#[asyncio_macros::main] async fn f^<const N: usize>() {}",
        message,
    );
}
