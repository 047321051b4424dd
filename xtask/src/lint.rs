//! `cargo xtask lint`: clippy and rustdoc, where a warning is an error. Clippy also checks the oldest Rust that we
//! promise (`msrv` in `clippy.toml`).

use crate::report::{Failure, Steps, only};
use crate::{run, workspace};

pub(crate) const ABOUT: &str = "clippy over all targets and rustdoc, warnings are errors";

/// What a command without `-p` means.
const DEFAULT_MEMBERS: &[&str] = &[];
/// What is left of the heavy member without its dependencies.
const LIGHT: &[&str] = &["-p", workspace::HEAVY, "--no-default-features"];
/// What only the feature compiles, which no other member turns on.
const TRACED: &[&str] = &[
    "-p",
    "asyncio-core",
    "-p",
    "asyncio-rs",
    "--features",
    "asyncio-rs/tracing",
];

/// All that plain CI looks at, as arguments of cargo.
fn looked_at() -> Vec<Vec<&'static str>> {
    let mut all = vec![DEFAULT_MEMBERS.to_vec(), LIGHT.to_vec()];
    all.extend(
        workspace::BROAD
            .iter()
            .map(|member| vec!["-p", member, "--all-features"]),
    );
    all
}

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    only(arguments, &[])?;
    let mut steps = Steps::new();
    steps.check("clippy", clippy)?;
    steps.check("rustdoc", rustdoc)?;
    steps.finish()
}

/// # Errors
/// When clippy has something to say.
pub(crate) fn clippy() -> Result<(), Failure> {
    for members in looked_at().into_iter().chain([TRACED.to_vec()]) {
        run::run(run::cargo().arg("clippy").args(members).args([
            "--all-targets",
            "--keep-going",
            "--",
            "-D",
            "warnings",
        ]))?;
    }
    Ok(())
}

/// Clippy over the member that plain CI sees only a part of.
///
/// # Errors
/// As [`clippy`].
pub(crate) fn clippy_heavy() -> Result<(), Failure> {
    run::run(run::cargo().args([
        "clippy",
        "-p",
        workspace::HEAVY,
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ]))
}

/// # Errors
/// When rustdoc has something to say.
pub(crate) fn rustdoc() -> Result<(), Failure> {
    for members in looked_at() {
        run::run(
            run::cargo()
                .args(["doc", "--no-deps"])
                .args(members)
                .env("RUSTDOCFLAGS", "-D warnings"),
        )?;
    }
    Ok(())
}
