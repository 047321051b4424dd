//! `cargo xtask bench [ARGS]`: the benchmark against the peers, a workspace of its own under `tests/bench`, because a
//! plain build must not compile all of them. Its exit code is ours.

use crate::report::Failure;
use crate::{run, workspace};

pub(crate) const ABOUT: &str = "the benchmark against the peers; writes docs/benchmarks.md";

const MANIFEST: &str = "tests/bench/Cargo.toml";

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    if !workspace::root().join(MANIFEST).is_file() {
        return Err(Failure::new(format!("there is no {MANIFEST}")));
    }
    run::run(
        run::cargo()
            .args(["run", "--release", "--manifest-path", MANIFEST, "--"])
            .args(arguments),
    )
}
