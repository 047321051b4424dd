//! What the systems have: `sendfile` of Linux, and reading a file by place.
//!
//! Elsewhere the fallback does it: macOS and FreeBSD have a call of the name with other arguments.

use std::fs::File;
use std::io;

/// What one call is asked for at most; the kernel's own limit is near 2 GiB.
#[cfg(any(target_os = "linux", target_os = "android"))]
const LARGEST: u64 = 1 << 30;

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn sendfile(
    socket: &impl std::os::fd::AsFd,
    file: &File,
    offset: u64,
    count: u64,
) -> io::Result<u64> {
    let mut at = offset;
    let count = count.min(LARGEST) as usize;
    let sent = rustix::fs::sendfile(socket, file, Some(&mut at), count)?;
    Ok(sent as u64)
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn sendfile<S>(_: &S, _: &File, _: u64, _: u64) -> io::Result<u64> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Does the system say that it cannot, rather than that it failed?
pub(crate) fn is_refusal(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        // ESPIPE: a pipe has no offset. EOVERFLOW, EIO and the rest are failures.
        const REFUSALS: [Errno; 4] = [Errno::INVAL, Errno::NOSYS, Errno::OPNOTSUPP, Errno::SPIPE];
        error.kind() == io::ErrorKind::Unsupported
            || Errno::from_io_error(error).is_some_and(|errno| REFUSALS.contains(&errno))
    }
    #[cfg(not(unix))]
    {
        error.kind() == io::ErrorKind::Unsupported
    }
}

#[cfg(unix)]
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}
