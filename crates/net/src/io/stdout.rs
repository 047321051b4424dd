//! `Stdout` and `Stderr`: the standard outputs, without a buffer.
//!
//! No thread writes: what a program has written is written, however it ends.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use asyncio_reactor::Direction;
use futures_io::AsyncWrite;

use super::sys::{self, Standard, Way};

/// One of the two, opened at the first write.
struct Output {
    standard: Standard,
    way: Option<Way>,
}

impl Output {
    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let way = match self.way.take() {
            Some(way) => way,
            None => sys::open(self.standard)?,
        };
        match self.way.insert(way) {
            Way::Own(stream) => stream.poll_io(Direction::Write, cx, |stream| stream.write(bytes)),
            Way::Watched(stream) => loop {
                ready!(stream.poll_ready(Direction::Write, cx))?;
                match stream.get_ref().write(bytes) {
                    Err(error) if is_passing(&error) => {}
                    done => return Poll::Ready(done),
                }
            },
            Way::Direct => Poll::Ready(sys::write_blocking(self.standard, bytes)),
        }
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

macro_rules! output {
    ($(#[$doc:meta])* $name:ident, $function:ident, $standard:expr, $std:literal) => {
        $(#[$doc])*
        pub struct $name(Output);

        #[doc = concat!("The ", $std, ".")]
        pub fn $function() -> $name {
            $name(Output {
                standard: $standard,
                way: None,
            })
        }

        impl AsyncWrite for $name {
            fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
                self.0.poll_write(cx, bytes)
            }

            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.0.way = None;
                Poll::Ready(Ok(()))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

output! {
    /// The standard output, without a buffer: what was written is written, also when the program ends right after.
    ///
    /// A pipe, a terminal or a socket is waited for by the reactor of the thread that writes first; the mode of the
    /// descriptor, which other programs share, is left alone. Where the system gives no descriptor of one's own (pipes
    /// and terminals on other systems than Linux, or of another user), it is written in small pieces when it is
    /// ready. Files and devices are written at once, as they do not wait; so is everything on Windows.
    ///
    /// What `print!` holds in its buffer is not flushed first. Closing this closes nothing of the process's.
    ///
    /// # Errors
    ///
    /// The operating system's: `BrokenPipe` when nobody reads any more. A descriptor that was closed takes everything.
    ///
    /// # Cancel safety
    ///
    /// A write is ready with some bytes written, or nothing was. `write_all`, dropped half-way, has written some.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio_net::io::stdout;
    /// use futures_lite::AsyncWriteExt;
    ///
    /// # futures_lite::future::block_on(async {
    /// stdout().write_all(b"hello\n").await?;
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    Stdout, stdout, Standard::Output, "standard output"
}

output! {
    /// The standard error, without a buffer; otherwise as [`Stdout`].
    Stderr, stderr, Standard::Error, "standard error"
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs::File;
    use std::future::poll_fn;
    use std::io::Read;
    use std::os::fd::{AsFd, OwnedFd};
    use std::os::unix::net::UnixStream;

    use asyncio_reactor::Level;
    use futures_lite::future::{block_on, poll_once};

    use super::*;
    use crate::io::sys::Stream;

    #[test]
    fn a_shared_description_that_is_full_is_waited_for_and_stays_blocking() {
        let (reader, writer) = UnixStream::pair().unwrap();
        let shared = Stream::shared(OwnedFd::from(writer));
        let mut output = Output {
            standard: Standard::Output,
            way: Some(Way::Watched(Level::new(shared).unwrap())),
        };
        let bytes = [7; 4096];
        block_on(async {
            let mut written = poll_fn(|cx| output.poll_write(cx, &bytes)).await?;
            while let Some(count) = poll_once(poll_fn(|cx| output.poll_write(cx, &bytes))).await {
                written += count?;
            }
            assert!(written > bytes.len());
            let mut content = vec![0; written];
            File::from(reader.as_fd().try_clone_to_owned()?).read_exact(&mut content)?;
            assert!(content.iter().all(|&byte| byte == 7));
            assert!(poll_fn(|cx| output.poll_write(cx, &bytes)).await? > 0);
            let Some(Way::Watched(level)) = &output.way else {
                panic!("it is watched as before");
            };
            let flags = rustix::fs::fcntl_getfl(level.get_ref())?;
            assert!(!flags.contains(rustix::fs::OFlags::NONBLOCK));
            drop(reader);
            let error = poll_fn(|cx| output.poll_write(cx, &bytes)).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
            io::Result::Ok(())
        })
        .unwrap();
    }
}
