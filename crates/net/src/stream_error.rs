//! What a [`StreamReader`](crate::StreamReader) could not give, and where the data is that it had.

use std::error::Error;
use std::fmt;
use std::io;

use bytes::Bytes;

/// The stream ended before all that was asked for had come.
///
/// # Python
///
/// `asyncio.IncompleteReadError`.
#[derive(Clone, PartialEq, Eq)]
pub struct IncompleteReadError {
    /// What had come; it is no longer in the reader's buffer.
    pub partial: Bytes,
    /// How many bytes were asked for; `None` if that was not known.
    pub expected: Option<usize>,
}

impl fmt::Display for IncompleteReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let came = self.partial.len();
        match self.expected {
            Some(expected) => write!(f, "the stream ended after {came} of {expected} bytes"),
            None => write!(f, "the stream ended after {came} bytes, without the separator"),
        }
    }
}

impl fmt::Debug for IncompleteReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IncompleteReadError")
            .field("partial", &self.partial.len())
            .field("expected", &self.expected)
            .finish()
    }
}

impl Error for IncompleteReadError {}

/// The separator did not come within the limit. Nothing is lost: all is still in the reader's buffer.
///
/// # Python
///
/// `asyncio.LimitOverrunError`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitOverrunError {
    /// So many bytes can be read, with [`read`](crate::StreamReader::read) or `readexactly`, before the place where
    /// the separator was found, or where the search would go on.
    pub consumed: usize,
    /// The limit.
    pub limit: usize,
    /// Whether the separator was found, beyond the limit.
    pub found: bool,
}

impl fmt::Display for LimitOverrunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LimitOverrunError { consumed, limit, .. } = self;
        if self.found {
            write!(
                f,
                "the separator came after {consumed} bytes: the limit is {limit}"
            )
        } else {
            write!(f, "no separator in {consumed} bytes: the limit is {limit}")
        }
    }
}

impl Error for LimitOverrunError {}

/// Why a read has failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum StreamError {
    /// The stream ended too early.
    IncompleteRead(IncompleteReadError),
    /// The separator did not come within the limit.
    LimitOverrun(LimitOverrunError),
    /// The system's error, or one that the feeder has set.
    Io(io::Error),
}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StreamError::IncompleteRead(error) => error.fmt(f),
            StreamError::LimitOverrun(error) => error.fmt(f),
            StreamError::Io(error) => error.fmt(f),
        }
    }
}

impl Error for StreamError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            StreamError::IncompleteRead(_) | StreamError::LimitOverrun(_) => None,
            StreamError::Io(error) => error.source(),
        }
    }
}

impl From<IncompleteReadError> for StreamError {
    fn from(error: IncompleteReadError) -> StreamError {
        StreamError::IncompleteRead(error)
    }
}

impl From<LimitOverrunError> for StreamError {
    fn from(error: LimitOverrunError) -> StreamError {
        StreamError::LimitOverrun(error)
    }
}

impl From<io::Error> for StreamError {
    fn from(error: io::Error) -> StreamError {
        StreamError::Io(error)
    }
}

/// For functions that return `io::Result`: `UnexpectedEof`, `InvalidData`, or the system's own.
impl From<StreamError> for io::Error {
    fn from(error: StreamError) -> io::Error {
        match error {
            StreamError::IncompleteRead(error) => io::Error::new(io::ErrorKind::UnexpectedEof, error),
            StreamError::LimitOverrun(error) => io::Error::new(io::ErrorKind::InvalidData, error),
            StreamError::Io(error) => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// EXC-05.
    #[test]
    fn an_early_end_has_what_came_and_is_an_unexpected_eof() {
        let error = IncompleteReadError {
            partial: Bytes::from_static(b"ab"),
            expected: Some(5),
        };
        assert_eq!(error.to_string(), "the stream ended after 2 of 5 bytes");
        let error = io::Error::from(StreamError::from(error));
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        let inner = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<IncompleteReadError>());
        assert_eq!(inner.unwrap().partial, "ab");
    }

    /// EXC-06.
    #[test]
    fn an_overrun_says_how_much_can_be_read_and_is_invalid_data() {
        let error = LimitOverrunError {
            consumed: 9,
            limit: 5,
            found: true,
        };
        assert_eq!(
            error.to_string(),
            "the separator came after 9 bytes: the limit is 5"
        );
        let error = io::Error::from(StreamError::from(error));
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        let inner = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<LimitOverrunError>());
        assert_eq!(inner.unwrap().consumed, 9);
    }
}
