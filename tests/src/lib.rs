//! Tests that cross the crates of the workspace; see the files in `tests/`.

// A reader who copies a snippet loses nothing without being told.
#![doc(test(attr(deny(unused_must_use))))]

/// The examples of the README are run as doc tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

/// And those of all pages of the book.
#[cfg(doctest)]
mod book {
    include!(concat!(env!("OUT_DIR"), "/pages.rs"));
}
