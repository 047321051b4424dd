//! A `Transport` and a model of it agree, whatever is written, taken and ended.
//!
//! `cargo +nightly fuzz run stream_writer seeds/stream_writer`, or without cargo-fuzz as `README.md` says. The tests of
//! `asyncio-net` run the same body with generated programs and with all seeds.

#![no_main]

#[path = "../../../crates/net/tests/streams/script.rs"]
#[allow(dead_code)]
mod script;
#[path = "../../../crates/net/tests/streams/writer_model.rs"]
mod writer_model;

libfuzzer_sys::fuzz_target!(|data: &[u8]| writer_model::run(data));
