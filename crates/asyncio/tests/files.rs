//! Files under a loop: its blocking pool does the work, and its end waits for what was written.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "the functions of a test")]

use std::io::Read as _;
use std::path::PathBuf;

use asyncio::net::{UnixStream, sendfile};
use asyncio::{Runner, fs};
use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt};

/// A path in a directory of its own, which goes with it.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str) -> Temporary {
        let path = std::env::temp_dir().join(format!("asyncio-files-{}-{name}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Temporary(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("file")
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Is there a thread of the kind that serves files where there is no loop?
fn has_own_thread() -> bool {
    std::fs::read_dir("/proc/self/task").unwrap().any(|task| {
        let name = std::fs::read_to_string(task.unwrap().path().join("comm"));
        name.is_ok_and(|name| name.starts_with("asyncio-file"))
    })
}

async fn use_files(path: PathBuf) -> usize {
    let mut file = fs::File::create(&path).await.unwrap();
    file.write_all(&[7; 100_000]).await.unwrap();
    file.flush().await.unwrap();
    assert!(!has_own_thread());
    let mut entries = fs::read_dir(path.parent().unwrap()).await.unwrap();
    assert_eq!(entries.next().await.unwrap().unwrap().path(), path);
    let mut read = Vec::new();
    let mut file = fs::File::open(&path).await.unwrap();
    file.read_to_end(&mut read).await.unwrap();
    assert!(!has_own_thread());
    read.len()
}

#[test]
fn tasks_of_the_loop_and_of_its_pool_use_the_blocking_pool() {
    let (one, other) = (Temporary::new("loop"), Temporary::new("pool"));
    asyncio::run(async {
        let on_loop = asyncio::create_task(use_files(one.file()));
        let on_pool = asyncio::spawn(use_files(other.file()));
        assert_eq!(on_loop.await.unwrap(), 100_000);
        assert_eq!(on_pool.await.unwrap(), 100_000);
    });
}

#[test]
fn the_end_of_the_loop_waits_for_a_write_that_nobody_waits_for() {
    let directory = Temporary::new("end");
    let path = directory.file();
    // One thread, so that the write has to queue behind what keeps it busy.
    let mut runner = Runner::new().blocking_threads(1);
    let (release, wait) = std::sync::mpsc::channel::<()>();
    runner
        .run(async {
            let mut file = fs::File::create(&path).await.unwrap();
            drop(asyncio::create_task(asyncio::to_thread(move || wait.recv())));
            asyncio::yield_now().await;
            file.write_all(b"last words").await.unwrap();
            drop(file);
            release.send(()).unwrap();
        })
        .unwrap();
    runner.close();
    assert_eq!(std::fs::read(&path).unwrap(), b"last words");
}

#[test]
fn a_file_that_the_system_does_not_send_is_read_by_the_blocking_pool() {
    let (server, client) = std::os::unix::net::UnixStream::pair().unwrap();
    let expected = std::fs::read("/proc/self/cmdline").unwrap();
    let sent = asyncio::run(async {
        let server = UnixStream::from_std(server).unwrap();
        let file = std::fs::File::open("/proc/self/cmdline").unwrap();
        let sent = sendfile(&file, &server).await.unwrap();
        assert!(!has_own_thread());
        sent
    });
    let mut received = Vec::new();
    (&client).read_to_end(&mut received).unwrap();
    assert_eq!((sent, received), (expected.len() as u64, expected));
}
