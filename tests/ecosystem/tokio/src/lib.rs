//! Servers for the tests of this package. Those of databases are started each with a directory of its own, listen on a Unix
//! socket in there, and end with their value.
//!
//! A program that is missing is no failure: `start` says what is missing, and the test passes.

mod http;
mod postgres;
mod redis;
mod scratch;

pub use http::serve_http;
pub use postgres::Postgres;
pub use redis::Redis;

/// The program of that name, on the path or in one of the given folders.
fn program(name: &str, more: &[std::path::PathBuf]) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(more.iter().cloned());
    folders
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}

/// The page of the book whose snippets need what this package has.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../../../docs/how-to/tokio-libraries.md")]
    mod tokio_libraries {}
}
