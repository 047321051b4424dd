//! A `StreamReader` and a model of it agree, whatever is fed and read.
//!
//! `cargo +nightly fuzz run stream_reader seeds/stream_reader`, or without cargo-fuzz as `README.md` says. The tests of
//! `asyncio-net` run the same body with generated programs and with all seeds.

#![no_main]

#[path = "../../../crates/net/tests/streams/reader_model.rs"]
mod reader_model;

libfuzzer_sys::fuzz_target!(|data: &[u8]| reader_model::run(data));
