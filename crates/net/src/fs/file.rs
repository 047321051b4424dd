//! `File`: a file as a stream of bytes.
//!
//! Invariants: one job at a time works on the file. `ahead[taken..]` was read and not yet taken, so the descriptor's
//! position is that much ahead; whatever depends on the position goes back first. A write is ready when its bytes
//! are with the job that writes them, as they are with the system's cache otherwise: what fails is told by the next
//! operation, and `flush` waits for it.

use std::fmt;
use std::fs::{Metadata, Permissions};
use std::future::{Future, poll_fn};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncSeek, AsyncWrite};

use super::OpenOptions;
use crate::job::{self, Job};

/// What one trip to another thread reads at least, and what it moves at most, in bytes.
const LEAST: usize = 8 * 1024;
const MOST: usize = 64 * 1024;

/// A file, open for reading, writing or both.
///
/// Reads fetch at least 8 KiB at a time, and writes hand on up to 64 KiB, to a thread that may block. `flush` waits
/// until what was written is with the operating system, [`sync_all`](File::sync_all) until it is on the disk. A file
/// that is dropped without a flush still gets what was written, but nobody hears of an error.
///
/// # Cancel safety
///
/// A read that is dropped loses no byte: what it brings goes to the next one. A write that is dropped before it was
/// ready has written nothing. After a seek that was dropped the position is the old or the new one.
///
/// # Examples
///
/// See the [module](super).
pub struct File {
    file: Arc<std::fs::File>,
    work: Work,
    ahead: Vec<u8>,
    taken: usize,
}

enum Work {
    Idle,
    Reading(Job<io::Result<Vec<u8>>>),
    Writing(Behind),
    Seeking(SeekFrom, Job<io::Result<u64>>),
}

/// A write that happens although nobody waits for it.
struct Behind(Option<Job<io::Result<Vec<u8>>>>);

impl Drop for Behind {
    fn drop(&mut self) {
        if let Some(job) = self.0.take() {
            job.detach();
        }
    }
}

impl File {
    /// Opens a file to be read.
    ///
    /// # Errors
    ///
    /// The operating system's, with the path.
    ///
    /// # Cancel safety
    ///
    /// It may be opened all the same; it is closed then.
    pub async fn open(path: impl AsRef<Path>) -> io::Result<File> {
        File::options().read(true).open(path).await
    }

    /// Opens a file to be written, which is made or emptied first.
    ///
    /// # Errors
    ///
    /// The operating system's, with the path.
    ///
    /// # Cancel safety
    ///
    /// It may be made or emptied all the same; it is closed then.
    pub async fn create(path: impl AsRef<Path>) -> io::Result<File> {
        let options = File::options().write(true).create(true).truncate(true);
        options.open(path).await
    }

    /// How a file is opened otherwise.
    pub fn options() -> OpenOptions {
        OpenOptions::new()
    }

    /// Takes a file of the standard library.
    pub fn from_std(file: std::fs::File) -> File {
        File {
            file: Arc::new(file),
            work: Work::Idle,
            ahead: Vec::new(),
            taken: 0,
        }
    }

    /// Gives the file of the standard library back, after what is under way; its position is where reading stopped.
    ///
    /// # Errors
    ///
    /// Those of a write that nobody waited for, and of setting the position.
    ///
    /// # Cancel safety
    ///
    /// The file is closed.
    pub async fn into_std(mut self) -> io::Result<std::fs::File> {
        poll_fn(|cx| self.poll_idle(cx)).await?;
        let back = self.forget_ahead();
        if back > 0 {
            (&*self.file).seek(SeekFrom::Current(-back))?;
        }
        match Arc::try_unwrap(self.file) {
            Ok(file) => Ok(file),
            Err(shared) => shared.try_clone(),
        }
    }

    /// What the system knows of the file.
    ///
    /// # Errors
    ///
    /// The operating system's.
    ///
    /// # Cancel safety
    ///
    /// Nothing is changed by it.
    pub async fn metadata(&self) -> io::Result<Metadata> {
        self.call(|file| file.metadata()).await
    }

    /// Sets the permissions of the file.
    ///
    /// # Errors
    ///
    /// The operating system's.
    ///
    /// # Cancel safety
    ///
    /// It may happen all the same.
    pub async fn set_permissions(&self, permissions: Permissions) -> io::Result<()> {
        self.call(move |file| file.set_permissions(permissions)).await
    }

    /// Cuts the file, or fills it with zeros, to be of `size` bytes.
    ///
    /// # Errors
    ///
    /// The operating system's; those of a write that nobody waited for.
    ///
    /// # Cancel safety
    ///
    /// It may happen all the same.
    pub async fn set_len(&mut self, size: u64) -> io::Result<()> {
        poll_fn(|cx| self.poll_idle(cx)).await?;
        // What was read ahead may be cut off.
        let back = self.forget_ahead();
        self.call(move |mut file| {
            if back > 0 {
                file.seek(SeekFrom::Current(-back))?;
            }
            file.set_len(size)
        })
        .await
    }

    /// Waits until what was written is on the disk, with the file's metadata.
    ///
    /// # Errors
    ///
    /// The operating system's; those of a write that nobody waited for.
    ///
    /// # Cancel safety
    ///
    /// It may happen all the same.
    pub async fn sync_all(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.poll_idle(cx)).await?;
        self.call(|file| file.sync_all()).await
    }

    /// Waits until what was written is on the disk, with as much of the metadata as reading it takes.
    ///
    /// # Errors
    ///
    /// The operating system's; those of a write that nobody waited for.
    ///
    /// # Cancel safety
    ///
    /// It may happen all the same.
    pub async fn sync_data(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.poll_idle(cx)).await?;
        self.call(|file| file.sync_data()).await
    }

    async fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&std::fs::File) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let file = self.file.clone();
        job::start(move || call(&file)).await?
    }

    /// Waits for the job that is under way. A read's bytes are kept, a write's error is told.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = match &mut self.work {
            Work::Idle => return Poll::Ready(Ok(())),
            Work::Reading(job) => match ready!(Pin::new(job).poll(cx)) {
                Ok(Ok(read)) => {
                    (self.ahead, self.taken) = (read, 0);
                    Ok(())
                }
                Ok(Err(error)) | Err(error) => Err(error),
            },
            Work::Writing(Behind(None)) => Ok(()),
            Work::Writing(Behind(Some(job))) => match ready!(Pin::new(job).poll(cx)) {
                Ok(Ok(buffer)) => {
                    // To be used again.
                    (self.taken, self.ahead) = (buffer.len(), buffer);
                    Ok(())
                }
                Ok(Err(error)) | Err(error) => Err(error),
            },
            Work::Seeking(_, job) => match ready!(Pin::new(job).poll(cx)) {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(error)) | Err(error) => Err(error),
            },
        };
        self.work = Work::Idle;
        Poll::Ready(done)
    }

    /// How far the descriptor's position is ahead; what was read ahead is forgotten.
    fn forget_ahead(&mut self) -> i64 {
        let ahead = self.ahead.len() - self.taken;
        self.taken = self.ahead.len();
        ahead as i64
    }
}

impl AsyncRead for File {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let this = &mut *self;
        loop {
            let ahead = &this.ahead[this.taken..];
            if !ahead.is_empty() {
                let count = ahead.len().min(buffer.len());
                buffer[..count].copy_from_slice(&ahead[..count]);
                this.taken += count;
                return Poll::Ready(Ok(count));
            }
            if let Work::Idle = this.work {
                let (file, mut read) = (this.file.clone(), std::mem::take(&mut this.ahead));
                let wanted = buffer.len().clamp(LEAST, MOST);
                this.taken = 0;
                this.work = Work::Reading(job::start(move || {
                    read.resize(wanted, 0);
                    let count = loop {
                        match (&*file).read(&mut read) {
                            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                            done => break done?,
                        }
                    };
                    read.truncate(count);
                    Ok(read)
                }));
            }
            let reading = matches!(this.work, Work::Reading(_));
            ready!(this.poll_idle(cx))?;
            if reading && this.ahead.is_empty() {
                return Poll::Ready(Ok(0));
            }
        }
    }
}

impl AsyncWrite for File {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        let this = &mut *self;
        ready!(this.poll_idle(cx))?;
        let back = this.forget_ahead();
        let (file, mut content) = (this.file.clone(), std::mem::take(&mut this.ahead));
        this.taken = 0;
        let count = bytes.len().min(MOST);
        content.clear();
        content.extend_from_slice(&bytes[..count]);
        let job = job::start(move || {
            let mut file = &*file;
            if back > 0 {
                file.seek(SeekFrom::Current(-back))?;
            }
            file.write_all(&content)?;
            Ok(content)
        });
        this.work = Work::Writing(Behind(Some(job)));
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.work {
            Work::Writing(_) => self.poll_idle(cx),
            _ => Poll::Ready(Ok(())),
        }
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(cx)
    }
}

impl AsyncSeek for File {
    fn poll_seek(mut self: Pin<&mut Self>, cx: &mut Context<'_>, to: SeekFrom) -> Poll<io::Result<u64>> {
        let this = &mut *self;
        loop {
            match &mut this.work {
                Work::Seeking(asked, job) if *asked == to => {
                    let position = ready!(Pin::new(job).poll(cx));
                    this.work = Work::Idle;
                    return Poll::Ready(position?);
                }
                Work::Idle => {
                    let back = this.forget_ahead();
                    let file = this.file.clone();
                    let job = job::start(move || match to {
                        SeekFrom::Current(by) => (&*file).seek(SeekFrom::Current(by.saturating_sub(back))),
                        to => (&*file).seek(to),
                    });
                    this.work = Work::Seeking(to, job);
                }
                _ => ready!(this.poll_idle(cx))?,
            }
        }
    }
}

impl From<std::fs::File> for File {
    fn from(file: std::fs::File) -> File {
        File::from_std(file)
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("File")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}
