//! Debug mode, and the environment that decides about it.

#[path = "kit/example.rs"]
mod kit;

use std::process::Command;

use kit::example;

fn is_debug(argument: Option<&str>, variable: Option<&str>) -> bool {
    let mut program = Command::new(example("debug_mode"));
    program.args(argument).env_remove("ASYNCIO_DEBUG");
    if let Some(value) = variable {
        program.env("ASYNCIO_DEBUG", value);
    }
    let output = program.output().expect("the example was built");
    match output.stdout.as_slice() {
        b"true\n" => true,
        b"false\n" => false,
        other => panic!("{other:?}"),
    }
}

/// RUN-02.
// DEV-01
#[test]
fn the_environment_decides_about_debug_mode_unless_the_program_does() {
    assert!(is_debug(None, Some("1")));
    for off in [None, Some(""), Some("0")] {
        assert!(!is_debug(None, off));
        assert!(is_debug(Some("on"), off));
    }
    assert!(!is_debug(Some("off"), Some("1")));
}
