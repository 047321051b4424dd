//! `ValueError`: a number that makes no sense.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// A number was given that makes no sense where it was given; the message names it and the limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueError(Cow<'static, str>);

impl ValueError {
    /// An error with this message.
    pub fn new(message: impl Into<Cow<'static, str>>) -> ValueError {
        ValueError(message.into())
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for ValueError {}
