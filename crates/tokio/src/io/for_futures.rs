//! `ForFutures`: what has tokio's traits, for code that takes those of futures-io.

use std::io::{self, IoSlice, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io as futures;
use pin_project_lite::pin_project;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};

pin_project! {
    /// What has tokio's traits, with those of futures-io: tokio's sockets, files and pipes, and the streams of libraries that
    /// are built on tokio.
    ///
    /// What is inside still needs the runtime that it was made with: with [`compat`](crate::TokioCompat::compat) around the
    /// future that makes and uses it, it has it.
    ///
    /// # Cancel safety
    ///
    /// That of what is inside. A seek that is dropped half-way may have taken place.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio_tokio::ForFutures;
    /// use futures_lite::{AsyncReadExt, AsyncWriteExt};
    ///
    /// asyncio::run(async {
    ///     let (one, other) = tokio::io::duplex(64);
    ///     let (mut one, mut other) = (ForFutures::new(one), ForFutures::new(other));
    ///     one.write_all(b"hello").await?;
    ///     one.close().await?;
    ///     let mut text = String::new();
    ///     other.read_to_string(&mut text).await?;
    ///     assert_eq!(text, "hello");
    ///     Ok::<(), std::io::Error>(())
    /// })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[derive(Debug)]
    pub struct ForFutures<T> {
        #[pin]
        inner: T,
        // The seek that was begun and has not been completed.
        seek: Option<SeekFrom>,
    }
}

impl<T> ForFutures<T> {
    /// Gives `inner` the traits of futures-io.
    pub fn new(inner: T) -> ForFutures<T> {
        ForFutures { inner, seek: None }
    }

    /// What is inside.
    pub fn get_ref(&self) -> &T {
        &self.inner
    }

    /// What is inside.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.inner
    }

    /// Takes it out.
    pub fn into_inner(self) -> T {
        self.inner
    }
}

impl<T: AsyncRead> futures::AsyncRead for ForFutures<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(buffer);
        ready!(self.project().inner.poll_read(cx, &mut buffer))?;
        Poll::Ready(Ok(buffer.filled().len()))
    }
}

impl<T: AsyncBufRead> futures::AsyncBufRead for ForFutures<T> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.project().inner.poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, count: usize) {
        self.project().inner.consume(count);
    }
}

impl<T: AsyncWrite> futures::AsyncWrite for ForFutures<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.project().inner.poll_write_vectored(cx, slices)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_shutdown(cx)
    }
}

impl<T: AsyncSeek> futures::AsyncSeek for ForFutures<T> {
    fn poll_seek(self: Pin<&mut Self>, cx: &mut Context<'_>, position: SeekFrom) -> Poll<io::Result<u64>> {
        let mut this = self.project();
        if *this.seek != Some(position) {
            // What an earlier seek left behind has to be over before the next may begin.
            ready!(this.inner.as_mut().poll_complete(cx))?;
            this.inner.as_mut().start_seek(position)?;
            *this.seek = Some(position);
        }
        let sought = ready!(this.inner.poll_complete(cx));
        *this.seek = None;
        Poll::Ready(sought)
    }
}
