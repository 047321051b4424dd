//! Tests that cross the crates of the workspace; see the files in `tests/`.

/// The examples of the README are run as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
