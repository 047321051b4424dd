//! Systems whose standard streams cannot be watched: a thread reads, and writes are made at once.
//!
//! Written for Windows and never run there.

use std::io::{self, Read, Write};

use super::{Standard, Way};

/// There is none.
#[derive(Debug)]
pub(crate) enum Stream {}

impl Stream {
    pub(crate) fn read(&self, _buffer: &mut [u8]) -> io::Result<usize> {
        match *self {}
    }

    pub(crate) fn write(&self, _bytes: &[u8]) -> io::Result<usize> {
        match *self {}
    }
}

pub(crate) fn open(_: Standard) -> io::Result<Way> {
    Ok(Way::Direct)
}

/// Reads the standard input on a thread that may block.
pub(crate) fn read_blocking(buffer: &mut [u8]) -> io::Result<usize> {
    io::stdin().lock().read(buffer)
}

pub(crate) fn write_blocking(standard: Standard, bytes: &[u8]) -> io::Result<usize> {
    fn write(mut stream: impl Write, bytes: &[u8]) -> io::Result<usize> {
        let count = stream.write(bytes)?;
        stream.flush()?;
        Ok(count)
    }
    match standard {
        Standard::Input => Err(io::ErrorKind::Unsupported.into()),
        Standard::Output => write(io::stdout().lock(), bytes),
        Standard::Error => write(io::stderr().lock(), bytes),
    }
}
