//! A `StreamReader` and a model of it agree, whatever is fed and read: the body of the fuzz target, run with generated
//! programs and with the seeds that fuzzing has found worth keeping.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "streams/reader_model.rs"]
mod reader_model;

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
}

/// STR-05 to STR-14, STR-16.
#[test]
fn a_reader_does_what_its_model_does_in_every_seed() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/seeds/stream_reader");
    let mut count = 0;
    for seed in fs::read_dir(seeds).unwrap() {
        reader_model::run(&fs::read(seed.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count > 0, "there are seeds");
}
