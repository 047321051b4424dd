//! Errors of the system that name what they are about.
//!
//! The kind stays, and the error as the system gave it is the source:
//! `error.get_ref().and_then(|e| e.source())` leads to it and its number.

use std::error::Error;
use std::fmt;
use std::io;

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
