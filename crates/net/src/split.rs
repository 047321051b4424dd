//! The two directions of a stream, apart: borrowed halves and owned ones.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::Shutdown;
use std::sync::Arc;

use crate::stream::{ByteStream, async_read, async_write, read_methods, write_methods};

/// The receiving direction of a borrowed stream.
#[derive(Debug)]
pub struct ReadHalf<'a, S>(&'a S);

/// The sending direction of a borrowed stream.
#[derive(Debug)]
pub struct WriteHalf<'a, S>(&'a S);

/// The receiving direction of a stream.
#[derive(Debug)]
pub struct OwnedReadHalf<S>(Arc<S>);

/// The sending direction of a stream. Dropping it tells the peer that no more comes; see
/// [`forget`](OwnedWriteHalf::forget).
#[derive(Debug)]
pub struct OwnedWriteHalf<S: ByteStream> {
    stream: Arc<S>,
    shutdown_on_drop: bool,
}

/// The two halves belong to different streams; they come back.
pub struct ReuniteError<S: ByteStream>(pub OwnedReadHalf<S>, pub OwnedWriteHalf<S>);

pub(crate) fn split<S>(stream: &mut S) -> (ReadHalf<'_, S>, WriteHalf<'_, S>) {
    (ReadHalf(stream), WriteHalf(stream))
}

pub(crate) fn into_split<S: ByteStream>(stream: S) -> (OwnedReadHalf<S>, OwnedWriteHalf<S>) {
    let stream = Arc::new(stream);
    (
        OwnedReadHalf(stream.clone()),
        OwnedWriteHalf {
            stream,
            shutdown_on_drop: true,
        },
    )
}

impl<S: ByteStream> ReadHalf<'_, S> {
    read_methods!(stream);

    /// The stream that this is a half of.
    pub fn stream(&self) -> &S {
        self.0
    }
}

impl<S: ByteStream> WriteHalf<'_, S> {
    write_methods!(stream);

    /// Tells the peer that no more comes.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn shutdown(&self) -> io::Result<()> {
        self.0.shutdown(Shutdown::Write)
    }

    /// The stream that this is a half of.
    pub fn stream(&self) -> &S {
        self.0
    }
}

impl<S: ByteStream> OwnedReadHalf<S> {
    read_methods!(stream);

    /// The stream that this is a half of.
    pub fn stream(&self) -> &S {
        &self.0
    }

    /// Puts the halves of a stream together again.
    ///
    /// # Errors
    ///
    /// Gives them back when they belong to different streams.
    pub fn reunite(self, mut other: OwnedWriteHalf<S>) -> Result<S, ReuniteError<S>> {
        if !Arc::ptr_eq(&self.0, &other.stream) {
            return Err(ReuniteError(self, other));
        }
        other.shutdown_on_drop = false;
        drop(other);
        match Arc::try_unwrap(self.0) {
            Ok(stream) => Ok(stream),
            Err(_) => unreachable!("a stream has two halves, and both were here"),
        }
    }
}

impl<S: ByteStream> OwnedWriteHalf<S> {
    write_methods!(stream);

    /// Tells the peer that no more comes.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn shutdown(&self) -> io::Result<()> {
        self.stream.shutdown(Shutdown::Write)
    }

    /// The stream that this is a half of.
    pub fn stream(&self) -> &S {
        &self.stream
    }

    /// Drops the half without telling the peer that no more comes.
    pub fn forget(mut self) {
        self.shutdown_on_drop = false;
    }
}

impl<S: ByteStream> Drop for OwnedWriteHalf<S> {
    fn drop(&mut self) {
        if self.shutdown_on_drop {
            // A peer that is gone already needs not be told.
            let _ = self.stream.shutdown(Shutdown::Write);
        }
    }
}

async_read!([S: ByteStream] ReadHalf<'_, S>, stream);
async_write!([S: ByteStream] WriteHalf<'_, S>, stream);
async_read!([S: ByteStream] OwnedReadHalf<S>, stream);
async_write!([S: ByteStream] OwnedWriteHalf<S>, stream);

impl<S: ByteStream> fmt::Display for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the two halves belong to different streams")
    }
}

impl<S: ByteStream> fmt::Debug for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReuniteError").finish_non_exhaustive()
    }
}

impl<S: ByteStream> Error for ReuniteError<S> {}
