//! Pipes grow when they are found full, and no sooner.

use std::future::poll_fn;
use std::io::IoSlice;
use std::os::fd::{AsFd, OwnedFd};

use asyncio_net::Wire;
use futures_lite::future::block_on;
use rustix::pipe::{PipeFlags, fcntl_getpipe_size, pipe_with};

use super::{LARGE, PipeReader, PipeWriter, USUAL};
use crate::sweep::Sweep;

fn pipe() -> (OwnedFd, OwnedFd) {
    pipe_with(PipeFlags::CLOEXEC).expect("there are descriptors")
}

fn size(end: impl AsFd) -> usize {
    fcntl_getpipe_size(end).expect("it is a pipe")
}

#[test]
fn a_pipe_that_is_read_full_is_made_larger() {
    let (from, to) = pipe();
    // A user who has very many of them gets smaller ones.
    if size(&to) != USUAL {
        return;
    }
    let reader = PipeReader::new(from, Sweep::default()).unwrap();
    let mut buffer = Vec::new();
    let mut read = |most| {
        buffer.clear();
        block_on(poll_fn(|cx| reader.poll_read(cx, &mut buffer, most))).unwrap()
    };
    rustix::io::write(&to, &[1; 1000]).unwrap();
    assert_eq!((read(2 * USUAL), size(&to)), (1000, USUAL));
    assert_eq!(rustix::io::write(&to, &[1; USUAL]), Ok(USUAL));
    assert_eq!(read(2 * USUAL), USUAL);
    assert_eq!(size(&to), LARGE);
}

#[test]
fn a_pipe_that_is_written_full_is_made_larger_and_takes_more_at_once() {
    let (from, to) = pipe();
    if size(&from) != USUAL {
        return;
    }
    let writer = PipeWriter::new(to).unwrap();
    let much = vec![1; 2 * LARGE];
    assert_eq!(writer.try_write(&[IoSlice::new(&much[..1000])]).unwrap(), 1000);
    assert_eq!(size(&from), USUAL);
    let most = LARGE - USUAL;
    let written = writer.try_write(&[IoSlice::new(&much)]).unwrap();
    assert!(written > most, "{written}");
    assert_eq!(size(&from), LARGE);
    writer.close().unwrap();
    assert_eq!(
        writer.try_write(&[IoSlice::new(b"x")]).unwrap_err().kind(),
        std::io::ErrorKind::BrokenPipe
    );
}
