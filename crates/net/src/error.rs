//! Errors of the system that name what they are about.
//!
//! The kind stays, and the error as the system gave it is the source:
//! `error.get_ref().and_then(|e| e.source())` leads to it and its number.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

#[derive(Debug)]
struct Named {
    what: String,
    source: io::Error,
}

/// `error`, with `what` failed in front: "cannot connect to 127.0.0.1:1".
pub(crate) fn named(what: String, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), Named { what, source: error })
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.source)
    }
}

impl Error for Named {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

/// An error that is told to several.
#[derive(Debug, Clone)]
pub(crate) struct SharedError(Arc<io::Error>);

impl SharedError {
    pub(crate) fn new(error: io::Error) -> SharedError {
        SharedError(Arc::new(error))
    }

    pub(crate) fn get(&self) -> &io::Error {
        &self.0
    }

    /// The same error once more: the system's number stays, or else it is the source.
    pub(crate) fn again(&self) -> io::Error {
        match self.0.raw_os_error() {
            Some(number) => io::Error::from_raw_os_error(number),
            None => io::Error::new(self.0.kind(), self.clone()),
        }
    }
}

impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for SharedError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_the_system_can_be_found() {
        let error = named("cannot listen on x".to_owned(), io::Error::from_raw_os_error(1));
        assert!(error.to_string().starts_with("cannot listen on x: "));
        let source = error.get_ref().and_then(|error| error.source()).unwrap();
        assert_eq!(
            source.downcast_ref::<io::Error>().unwrap().raw_os_error(),
            Some(1)
        );
    }
}
