//! `ForTokio`: what has the traits of futures-io, for code that takes tokio's.

use std::io::{self, IoSlice, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};
use pin_project_lite::pin_project;
use tokio::io::ReadBuf;

pin_project! {
    /// What has the traits of futures-io, with tokio's: our `TcpStream`, `UnixStream` and `Async<T>`, files, the views that
    /// `io()` gives of a reader or a writer, the `Duplex` that is made of both (with TLS or without, or the pipes of a child),
    /// and streams of other crates.
    ///
    /// It waits by what is inside: no runtime of tokio's is needed for it.
    ///
    /// # Cancel safety
    ///
    /// That of what is inside.
    ///
    /// # Examples
    ///
    /// ```
    /// use asyncio::net::{TcpListener, TcpStream};
    /// use asyncio_tokio::ForTokio;
    /// use tokio::io::{AsyncReadExt, AsyncWriteExt};
    ///
    /// asyncio::run(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let mut client = ForTokio::new(TcpStream::connect(listener.local_addr()?).await?);
    ///     let mut server = ForTokio::new(listener.accept().await?.0);
    ///     client.write_u32(7).await?;
    ///     assert_eq!(server.read_u32().await?, 7);
    ///     Ok::<(), std::io::Error>(())
    /// })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[derive(Debug)]
    pub struct ForTokio<T> {
        #[pin]
        inner: T,
        // What `start_seek` has asked for.
        seek: Option<SeekFrom>,
    }
}

impl<T> ForTokio<T> {
    /// Gives `inner` tokio's traits.
    pub fn new(inner: T) -> ForTokio<T> {
        ForTokio { inner, seek: None }
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

impl<T: AsyncRead> tokio::io::AsyncRead for ForTokio<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let free = buffer.initialize_unfilled();
        let count = ready!(self.project().inner.poll_read(cx, free))?;
        buffer.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncBufRead> tokio::io::AsyncBufRead for ForTokio<T> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.project().inner.poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, count: usize) {
        self.project().inner.consume(count);
    }
}

impl<T: AsyncWrite> tokio::io::AsyncWrite for ForTokio<T> {
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

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.project().inner.poll_close(cx)
    }
}

impl<T: AsyncSeek> tokio::io::AsyncSeek for ForTokio<T> {
    fn start_seek(self: Pin<&mut Self>, position: SeekFrom) -> io::Result<()> {
        *self.project().seek = Some(position);
        Ok(())
    }

    fn poll_complete(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<u64>> {
        let this = self.project();
        // Without a seek this tells where one is, which is a seek by nothing.
        let position = this.seek.unwrap_or(SeekFrom::Current(0));
        let sought = ready!(this.inner.poll_seek(cx, position));
        *this.seek = None;
        Poll::Ready(sought)
    }
}
