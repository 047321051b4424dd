//! Streams against other people's programs on loopback: CPython's asyncio as client and as server, curl, nc. Where a
//! program is missing the test says so and passes.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "stream_peers/nc.rs"]
mod nc;
#[path = "stream_peers/peer.rs"]
mod peer;

use std::io;
use std::process::{Command, Stdio};

use asyncio::join;
use asyncio::net::{StreamError, StreamReader, StreamWriter};

use peer::{Listener, big, connect_to, content, is_there, python, socket_path, within_a_minute};

/// Our side of an exchange of lines, records and a half-close; the scripts have the other.
async fn answer(reader: &mut StreamReader, writer: &StreamWriter) -> Result<(), StreamError> {
    while let Some(line) = reader.next_line().await? {
        if line == "records\n" {
            break;
        }
        writer.writelines([&b"echo "[..], &line])?;
        writer.drain().await?;
    }
    let length = reader.readexactly(4).await?;
    let length = u32::from_be_bytes(length[..].try_into().unwrap());
    let record = reader.readexactly(length as usize).await?;
    writer.write(&record.iter().rev().copied().collect::<Vec<u8>>())?;
    assert_eq!(reader.readuntil(b"\r\n\r\n").await?, "head: er\r\n\r\n");
    // The peer ends its direction, and then has the rest.
    assert_eq!(reader.read_to_end().await?, "the rest");
    assert!(reader.at_eof());
    writer.write(b"after your end")?;
    writer.close();
    writer.wait_closed().await?;
    Ok(())
}

/// The other side of `answer`.
const ASK: &str = "
async def ask(reader, writer):
    for line in [b'one\\n', b'\\n', b'x' * 60000 + b'\\n']:
        writer.write(line)
        assert await reader.readline() == b'echo ' + line
    writer.write(b'records\\n')
    record = os.urandom(100000)
    writer.writelines([len(record).to_bytes(4, 'big'), record])
    await writer.drain()
    assert await reader.readexactly(100000) == record[::-1]
    writer.write(b'head: er\\r\\n\\r\\nthe rest')
    writer.write_eof()
    assert await reader.read() == b'after your end'
    assert reader.at_eof()
    writer.close()
    await writer.wait_closed()
";

/// STR-01, STR-03, STR-08 to STR-11, STR-16, STR-18 to STR-24.
#[test]
fn lines_records_and_a_half_close_with_a_client_of_python() {
    if !is_there("python3", "--version") {
        return;
    }
    within_a_minute(async || {
        for listener in Listener::both("client").await {
            let script = format!(
                "{ASK}
async def main():
    await ask(*await connect(sys.argv[1]))
asyncio.run(main())"
            );
            let child = python(&script, &[&listener.address()]);
            let serve = async {
                let (mut reader, writer) = listener.accept().await;
                answer(&mut reader, &writer).await
            };
            let (served, _) = join!(serve, content(child)).await;
            served.unwrap();
        }
    });
}

/// STR-01, STR-03, STR-08 to STR-11, STR-16, STR-18 to STR-24.
#[test]
fn lines_records_and_a_half_close_with_a_server_of_python() {
    if !is_there("python3", "--version") {
        return;
    }
    within_a_minute(async || {
        for address in ["0", socket_path("server").to_str().unwrap()] {
            let script = format!("{ASK}\nasyncio.run(serve(ask, sys.argv[1]))");
            let mut child = python(&script, &[address]);
            let (mut reader, writer) = connect_to(&mut child).await;
            let (answered, _) = join!(answer(&mut reader, &writer), content(child)).await;
            answered.unwrap();
        }
    });
}

/// Our side of a big echo: sends and reads at the same time.
async fn much(reader: &mut StreamReader, writer: &StreamWriter) -> io::Result<()> {
    let big = big();
    let write = async {
        for piece in big.chunks(77_777) {
            writer.write(piece)?;
            writer.drain().await?;
            assert!(writer.get_write_buffer_size() <= writer.get_write_buffer_limits().1);
        }
        writer.write_eof()
    };
    let (wrote, read) = join!(write, reader.read_to_end()).await;
    wrote?;
    assert!(read? == big, "it came back as it was");
    writer.close();
    writer.wait_closed().await
}

const ECHO: &str = "
async def echo(reader, writer):
    total = 0
    while data := await reader.read(65536):
        total += len(data)
        writer.write(data)
        await writer.drain()
    assert total == len(BIG)
    writer.close()
    await writer.wait_closed()
";

/// STR-08, STR-18, STR-20, STR-24.
#[test]
fn much_is_echoed_by_a_server_of_python() {
    if !is_there("python3", "--version") {
        return;
    }
    within_a_minute(async || {
        for address in ["0", socket_path("echo").to_str().unwrap()] {
            let mut child = python(
                &format!("{ECHO}\nasyncio.run(serve(echo, sys.argv[1]))"),
                &[address],
            );
            let (mut reader, writer) = connect_to(&mut child).await;
            let (done, _) = join!(much(&mut reader, &writer), content(child)).await;
            done.unwrap();
        }
    });
}

/// STR-08, STR-18, STR-20.
#[test]
fn much_is_echoed_to_a_client_of_python() {
    if !is_there("python3", "--version") {
        return;
    }
    within_a_minute(async || {
        for listener in Listener::both("echoed").await {
            let script = "
async def main():
    reader, writer = await connect(sys.argv[1])
    async def send():
        for at in range(0, len(BIG), 99999):
            writer.write(BIG[at:at + 99999])
            await writer.drain()
        writer.write_eof()
    sending = asyncio.create_task(send())
    assert await reader.readexactly(len(BIG)) == BIG
    await sending
    assert await reader.read() == b''
    writer.close()
    await writer.wait_closed()
asyncio.run(main())";
            let child = python(script, &[&listener.address()]);
            let serve = async {
                let (mut reader, writer) = listener.accept().await;
                loop {
                    let bytes = reader.read(65_536).await.unwrap();
                    if bytes.is_empty() {
                        break;
                    }
                    writer.write_owned(bytes).unwrap();
                    writer.drain().await.unwrap();
                }
            };
            join!(serve, content(child)).await;
        }
    });
}

/// One request after the other, until the client has gone: `GET` is answered in chunks, `POST` with what was sent.
async fn http(mut reader: StreamReader, writer: StreamWriter) -> Result<usize, StreamError> {
    let mut requests = 0;
    loop {
        let head = match reader.readuntil(b"\r\n\r\n").await {
            Ok(head) => String::from_utf8_lossy(&head).into_owned(),
            Err(StreamError::IncompleteRead(error)) if error.partial.is_empty() => return Ok(requests),
            Err(error) => return Err(error),
        };
        requests += 1;
        let field = |name: &str| {
            head.lines().find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
            })
        };
        if field("expect").is_some_and(|value| value == "100-continue") {
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        if head.starts_with("GET ") {
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
            for chunk in ["hello ", "from ", "streams\n"] {
                writer.write(format!("{:x}\r\n{chunk}\r\n", chunk.len()).as_bytes())?;
                writer.drain().await?;
            }
            writer.write(b"0\r\n\r\n")?;
        } else {
            let length = field("content-length").and_then(|length| length.parse().ok());
            let body = reader.readexactly(length.expect("a body has a length")).await?;
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            writer.write(head.as_bytes())?;
            writer.write_owned(body)?;
        }
        writer.drain().await?;
    }
}

/// STR-08, STR-10, STR-11, STR-18 to STR-20.
#[test]
fn curl_is_served() {
    if !is_there("curl", "--version") {
        return;
    }
    within_a_minute(async || {
        for listener in Listener::both("curl").await {
            let mut curl = Command::new("curl");
            curl.args([
                "--silent",
                "--show-error",
                "--fail",
                "--max-time",
                "30",
                "--noproxy",
                "*",
            ]);
            let base = match &listener {
                Listener::Tcp(_) => format!("http://127.0.0.1:{}", listener.address()),
                Listener::Unix(_, path) => {
                    curl.arg("--unix-socket").arg(path);
                    "http://localhost".to_owned()
                }
            };
            // Two requests over one connection, and one with a large body after them.
            curl.arg(format!("{base}/a")).arg(format!("{base}/b"));
            let body = std::env::temp_dir().join(format!("asyncio-curl-{}", std::process::id()));
            std::fs::write(&body, big()).unwrap();
            curl.args([
                "--next",
                "--silent",
                "--show-error",
                "--noproxy",
                "*",
                "--max-time",
                "30",
            ]);
            if let Listener::Unix(_, path) = &listener {
                curl.arg("--unix-socket").arg(path);
            }
            curl.arg("--data-binary")
                .arg(format!("@{}", body.display()))
                .arg(format!("{base}/c"));
            let child = curl
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let serve = async {
                let mut requests = 0;
                while requests < 3 {
                    let (reader, writer) = listener.accept().await;
                    requests += http(reader, writer).await.unwrap();
                }
                requests
            };
            let (requests, output) = join!(serve, content(child)).await;
            std::fs::remove_file(&body).unwrap();
            assert_eq!(requests, 3);
            let (pages, echoed) = output.stdout.split_at(2 * "hello from streams\n".len());
            assert_eq!(pages, b"hello from streams\nhello from streams\n");
            assert!(echoed == big(), "{} bytes came back", echoed.len());
        }
    });
}
