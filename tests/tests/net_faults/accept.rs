//! A server without descriptors: it reports, waits, and goes on by itself when there are some again; nobody else is
//! harmed. Each test has a process of its own, for the limit is the process's.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use asyncio::{
    Server, StreamReader, StreamWriter, open_connection, open_unix_connection, start_server,
    start_server_parallel, start_unix_server,
};

use crate::kit::{Reports, alone, check};

/// Sets how many descriptors may be open; gives what it was.
fn set_limit(limit: u64) -> u64 {
    let mut old = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: both calls get valid pointers to whole structures.
    #[expect(unsafe_code, reason = "the limit of descriptors has no safe binding here")]
    unsafe {
        assert_eq!(libc::getrlimit(libc::RLIMIT_NOFILE, &mut old), 0);
        let new = libc::rlimit {
            rlim_cur: limit,
            rlim_max: old.rlim_max,
        };
        assert_eq!(libc::setrlimit(libc::RLIMIT_NOFILE, &new), 0);
    }
    old.rlim_cur
}

/// Runs one test of this program in a process of its own; `true` in that process.
fn in_child(name: &str) -> bool {
    const MARK: &str = "ASYNCIO_TEST_CHILD";
    if std::env::var_os(MARK).is_some() {
        return true;
    }
    // Its pipes are descriptors too.
    let _alone = alone();
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(MARK, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let passed = output.status.success() && text.contains("1 passed");
    assert!(passed, "{text}{output:?}");
    false
}

async fn echo(mut reader: StreamReader, writer: StreamWriter) -> io::Result<()> {
    while let Some(line) = reader.next_line().await? {
        writer.write_owned(line)?;
        writer.drain().await?;
    }
    Ok(())
}

type End = (StreamReader, StreamWriter);

async fn is_served((reader, writer): &mut End) {
    writer.write(b"hello\n").unwrap();
    assert_eq!(reader.readline().await.unwrap(), "hello\n");
}

/// Takes all descriptors away while `server` serves clients that `connect` makes.
async fn starve(server: Server, reports: &Reports, connect: impl AsyncFn() -> io::Result<End>) {
    let mut first = connect().await.unwrap();
    is_served(&mut first).await;
    let names = fs::read_dir("/proc/self/fd").unwrap();
    let highest = names.filter_map(|name| name.unwrap().file_name().to_str()?.parse().ok());
    let old = set_limit(highest.max().unwrap_or(0) + 2);
    let mut taken = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        taken.push(file);
    }
    // Both ends are in this process: the client gets the last one, and the server none.
    drop(taken.pop());
    let mut last = connect().await.unwrap();
    reports.come().await;
    is_served(&mut first).await;
    assert!(server.is_serving());
    assert_eq!(server.connections(), 1);
    // Nothing happens that could wake the server.
    drop(taken);
    is_served(&mut last).await;
    is_served(&mut first).await;
    set_limit(old);
    let mut another = connect().await.unwrap();
    is_served(&mut another).await;
    drop((first, last, another));
    assert_eq!(
        server.shutdown(Duration::from_secs(20)).await,
        0,
        "all have ended"
    );
    for said in reports.take() {
        let start = "socket.accept() out of system resource: ";
        assert!(said.starts_with(start), "{said}");
    }
}

/// STR-02.
///
/// LOP-85.
#[test]
fn a_server_without_descriptors_recovers_by_itself() {
    if !in_child("accept::a_server_without_descriptors_recovers_by_itself") {
        return;
    }
    check(async |reports| {
        let server = start_server(echo, "127.0.0.1:0").await.unwrap();
        let address = server.sockets()[0];
        starve(server, reports, async || open_connection(address).await).await;
    });
}

/// STR-02. With its connections on the pool.
#[test]
fn a_server_on_the_pool_without_descriptors_recovers_by_itself() {
    if !in_child("accept::a_server_on_the_pool_without_descriptors_recovers_by_itself") {
        return;
    }
    check(async |reports| {
        let server = start_server_parallel(echo, "127.0.0.1:0").await.unwrap();
        let address = server.sockets()[0];
        starve(server, reports, async || open_connection(address).await).await;
    });
}

/// STR-04.
#[test]
fn a_unix_server_without_descriptors_recovers_by_itself() {
    if !in_child("accept::a_unix_server_without_descriptors_recovers_by_itself") {
        return;
    }
    let path: PathBuf = std::env::temp_dir().join(format!("asyncio-starved-{}.sock", std::process::id()));
    check(async |reports| {
        let server = start_unix_server(echo, &path).await.unwrap();
        starve(server, reports, async || open_unix_connection(&path).await).await;
        assert!(!path.exists(), "the file goes with the server");
    });
}
