//! Tests that cross the crates of the workspace; see the files in `tests/`.
