//! Files on executors that are not ours: content, positions, and what is told of failures.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "kit/common.rs"]
mod kit;

use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use asyncio_net::fs::{self, DirEntry, File, OpenOptions, ReadDir};
use futures_io::{AsyncRead, AsyncSeek, AsyncWrite};
use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt, StreamExt};
use static_assertions::assert_impl_all as has;

use kit::{everywhere, poll_once};

has!(File: Send, Sync, Unpin, AsyncRead, AsyncWrite, AsyncSeek);
has!(OpenOptions: Send, Sync, Unpin, Clone);
has!(ReadDir: Send, Sync, Unpin, futures_core::Stream);
has!(DirEntry: Send, Sync, Unpin, Clone);

/// A directory of its own, which goes with it.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Directory {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("asyncio-fs-test-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Directory(path)
    }

    fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|n| (n * 31 + n / 251) as u8).collect()
}

#[test]
fn files_are_written_read_copied_renamed_and_removed() {
    everywhere(|| async {
        let directory = Directory::new();
        let (one, two) = (directory.join("one"), directory.join("two"));
        fs::write(&one, "text").await?;
        assert_eq!(fs::read(&one).await?, b"text");
        assert_eq!(fs::read_to_string(&one).await?, "text");
        assert_eq!(fs::metadata(&one).await?.len(), 4);
        assert_eq!(fs::copy(&one, &two).await?, 4);
        fs::rename(&two, directory.join("three")).await?;
        assert!(!fs::try_exists(&two).await?);
        fs::symlink(&one, &two).await?;
        assert_eq!(fs::read_link(&two).await?, one);
        assert!(fs::symlink_metadata(&two).await?.is_symlink());
        assert_eq!(fs::canonicalize(&two).await?, std::fs::canonicalize(&one)?);
        fs::hard_link(&one, directory.join("four")).await?;
        fs::remove_file(&one).await?;
        assert_eq!(fs::read_to_string(directory.join("four")).await?, "text");

        let deep = directory.join("a/b/c");
        fs::create_dir_all(&deep).await?;
        fs::create_dir(deep.join("d")).await?;
        fs::remove_dir(deep.join("d")).await?;
        fs::remove_dir_all(directory.join("a")).await?;
        assert!(!fs::try_exists(&deep).await?);
        Ok(())
    });
}

#[test]
fn an_error_names_the_path_and_keeps_its_kind() {
    everywhere(|| async {
        let missing = Path::new("/nowhere/to/be/found");
        let error = fs::read(missing).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(
            error
                .to_string()
                .starts_with("cannot read /nowhere/to/be/found: ")
        );
        let error = File::open(missing).await.unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("cannot open /nowhere/to/be/found: ")
        );
        let error = fs::rename(missing, "/there").await.unwrap_err();
        assert!(error.to_string().contains(" /nowhere/to/be/found to /there: "));
        Ok(())
    });
}

#[test]
fn a_file_holds_what_was_written_in_pieces_of_every_size() {
    everywhere(|| async {
        let directory = Directory::new();
        let data = bytes(300_000);
        let mut file = File::create(directory.join("file")).await?;
        file.write_all(&data[..10]).await?;
        file.write_all(&data[10..5000]).await?;
        file.write_all(&data[5000..]).await?;
        file.flush().await?;
        assert_eq!(file.metadata().await?.len(), 300_000);
        file.sync_all().await?;
        let mut read = Vec::new();
        let mut file = File::open(directory.join("file")).await?;
        file.read_to_end(&mut read).await?;
        assert!(read == data);
        Ok(())
    });
}

#[test]
fn reading_ahead_does_not_show_in_positions() {
    everywhere(|| async {
        let directory = Directory::new();
        let path = directory.join("file");
        fs::write(&path, "0123456789").await?;
        let mut file = File::options().read(true).write(true).open(&path).await?;
        let mut two = [0; 2];
        file.read_exact(&mut two).await?;
        assert_eq!(file.seek(SeekFrom::Current(1)).await?, 3);
        file.read_exact(&mut two).await?;
        assert_eq!(&two, b"34");
        // Where reading stopped.
        file.write_all(b"AB").await?;
        file.read_exact(&mut two).await?;
        assert_eq!(&two, b"78");
        assert_eq!(file.seek(SeekFrom::End(-1)).await?, 9);
        assert_eq!(file.seek(SeekFrom::Start(1)).await?, 1);
        file.read_exact(&mut two).await?;
        file.set_len(4).await?;
        let mut rest = Vec::new();
        file.read_to_end(&mut rest).await?;
        assert_eq!(rest, b"3");
        assert_eq!(file.seek(SeekFrom::Start(0)).await?, 0);
        file.read_exact(&mut two).await?;
        let mut file = file.into_std().await?;
        assert_eq!(file.stream_position()?, 2);
        file.read_exact(&mut two)?;
        assert_eq!(&two, b"23");
        Ok(())
    });
}

#[test]
fn a_read_that_is_dropped_loses_no_byte() {
    everywhere(|| async {
        let directory = Directory::new();
        let path = directory.join("file");
        fs::write(&path, bytes(50_000)).await?;
        let mut file = File::open(&path).await?;
        let mut all = Vec::new();
        let mut buffer = [0; 7000];
        loop {
            // Given up at once, and then done.
            let count = match poll_once(file.read(&mut buffer)).await {
                Some(count) => count?,
                None => file.read(&mut buffer).await?,
            };
            if count == 0 {
                break;
            }
            all.extend_from_slice(&buffer[..count]);
        }
        assert!(all == bytes(50_000));
        Ok(())
    });
}

#[test]
fn a_file_that_is_dropped_without_a_flush_gets_what_was_written() {
    everywhere(|| async {
        let directory = Directory::new();
        // A FIFO's reader sees the end when the writer is gone: after the write.
        let path = directory.join("fifo");
        rustix::fs::mkfifoat(
            rustix::fs::CWD,
            &path,
            rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        )?;
        let writer = async {
            let mut file = File::options().write(true).open(&path).await?;
            file.write_all(b"last words").await
        };
        let reader = async {
            let mut words = String::new();
            File::open(&path).await?.read_to_string(&mut words).await?;
            io::Result::Ok(words)
        };
        let ((), words) = futures_lite::future::try_zip(writer, reader).await?;
        assert_eq!(words, "last words");
        Ok(())
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_told_by_the_flush_or_the_next_write() {
    everywhere(|| async {
        let mut full = File::options().write(true).open("/dev/full").await?;
        assert_eq!(full.write(b"x").await?, 1);
        assert_eq!(full.flush().await.unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!(full.write(b"x").await?, 1);
        assert_eq!(full.write(b"x").await.unwrap_err().kind(), ErrorKind::StorageFull);
        // It was told once.
        full.flush().await
    });
}

#[test]
fn a_directory_is_listed_once_and_whole() {
    everywhere(|| async {
        let directory = Directory::new();
        for n in 0..200 {
            std::fs::write(directory.join(&format!("file-{n:03}")), "")?;
        }
        std::fs::create_dir(directory.join("inner"))?;
        let mut names = Vec::new();
        let mut entries = fs::read_dir(&directory.0).await?;
        while let Some(entry) = entries.next().await {
            let entry = entry?;
            let name = entry.file_name().into_string().unwrap();
            assert_eq!(entry.path(), directory.join(&name));
            assert_eq!(entry.file_type().await?.is_dir(), name == "inner");
            assert_eq!(entry.metadata().await?.is_dir(), name == "inner");
            names.push(name);
        }
        assert!(entries.next().await.is_none());
        names.sort_unstable();
        let mut expected: Vec<String> = (0..200).map(|n| format!("file-{n:03}")).collect();
        expected.push("inner".to_owned());
        assert_eq!(names, expected);
        let error = fs::read_dir(directory.join("file-000")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotADirectory);
        Ok(())
    });
}
