//! Much data through a child, with bounded memory. Alone in its program, for the memory is the program's.
#![cfg(target_os = "linux")]

use asyncio_process::{PIPE, Process, create_subprocess_exec};
use bytes::Bytes;
use futures_lite::future::block_on;

/// The most memory that this process has had.
fn memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().nth(1));
    kibibytes
        .and_then(|number| number.parse::<usize>().ok())
        .expect("a number")
        << 10
}

async fn cat() -> Process {
    let cat = create_subprocess_exec("cat", ["-"]).stdin(PIPE).stdout(PIPE);
    cat.await.expect("there is a cat")
}

/// 256 MiB with `ASYNCIO_LONG=1`.
#[test]
fn much_goes_through_a_child_by_lines_and_by_communicate() {
    let long = std::env::var_os("ASYNCIO_LONG").is_some();
    // AddressSanitizer keeps what was given back.
    let sanitized = std::env::var_os("ASYNCIO_SANITIZED").is_some();
    let mebibytes = if long { 256 } else { 32 };
    let line = [&[b'x'; 1023][..], b"\n"].concat();
    let input: Bytes = line.repeat(mebibytes << 10).into();
    block_on(async {
        let before = memory();
        let mut child = cat().await;
        let stdin = child.stdin.take().unwrap();
        stdin.write_owned(input.clone()).unwrap();
        stdin.close();
        let mut stdout = child.stdout.take().unwrap();
        let mut lines = 0;
        while let Some(next) = stdout.next_line().await.unwrap() {
            assert_eq!(next, line);
            lines += 1;
        }
        assert_eq!(lines, mebibytes << 10);
        assert_eq!(child.wait().await.unwrap(), 0);
        let taken = memory() - before;
        assert!(sanitized || taken < 16 << 20, "{taken} bytes for lines");

        let mut child = cat().await;
        let (out, _) = child.communicate(input.clone()).await.unwrap();
        assert!(out.unwrap() == input);
        // What was collected lies in a vector that doubles.
        let taken = memory() - before;
        assert!(
            sanitized || taken < (2 * mebibytes + 16) << 20,
            "{taken} bytes for {mebibytes} MiB"
        );
    });
}
