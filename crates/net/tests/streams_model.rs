//! A `StreamReader` and a `StreamWriter` agree with models of them: the bodies of the fuzz targets, run with generated
//! programs and with the seeds that fuzzing has found worth keeping.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "streams/reader_model.rs"]
mod reader_model;
#[path = "streams/script.rs"]
#[allow(dead_code, reason = "no test uses all of it")]
mod script;
#[path = "streams/writer_model.rs"]
mod writer_model;

use std::fs;
use std::path::Path;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// STR-05 to STR-14, STR-16.
    #[test]
    fn a_reader_does_what_its_model_does(program in prop::collection::vec(any::<u8>(), 0..200)) {
        reader_model::run(&program);
    }

    /// STR-18 to STR-25.
    #[test]
    fn a_writer_does_what_its_model_does(program in prop::collection::vec(any::<u8>(), 0..200)) {
        writer_model::run(&program);
    }
}

/// Runs all the seeds of a fuzz target.
fn seeds(target: &str, run: impl Fn(&[u8])) {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fuzz/seeds")
        .join(target);
    let mut count = 0;
    for seed in fs::read_dir(seeds).unwrap() {
        run(&fs::read(seed.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count > 0, "there are seeds");
}

/// STR-05 to STR-14, STR-16.
#[test]
fn a_reader_does_what_its_model_does_in_every_seed() {
    seeds("stream_reader", reader_model::run);
}

/// STR-18 to STR-25.
#[test]
fn a_writer_does_what_its_model_does_in_every_seed() {
    seeds("stream_writer", writer_model::run);
}
