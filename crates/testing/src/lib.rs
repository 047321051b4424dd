//! A test kit for async code: the cancel explorer, helpers for the mock clock, and memory streams.
//!
//! This crate holds its place in the workspace; its types are not there yet.
