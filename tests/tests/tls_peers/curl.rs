//! `curl`, which takes an end without close_notify for an error where nothing else tells the end.

use super::*;

/// Answers one request, with the length of the body or with the end of the connection after it.
async fn serve(
    listener: &TcpListener,
    certificates: &Certificates,
    body: &[u8],
    length: bool,
) -> io::Result<()> {
    let (mut reader, writer) = accept(listener, certificates).await?;
    assert_eq!(reader.readline().await?, "GET /page HTTP/1.1\r\n");
    reader.readuntil(b"\r\n\r\n").await?;
    writer.write(b"HTTP/1.1 200 OK\r\n")?;
    if length {
        writer.write(format!("Content-Length: {}\r\n", body.len()).as_bytes())?;
    }
    writer.writelines([&b"Connection: close\r\n\r\n"[..], body])?;
    writer.drain().await?;
    part(&writer).await
}

#[test]
fn a_server_serves_curl() {
    if !is_there("curl", &["--version"]) {
        return;
    }
    let certificates = Certificates::new("curl");
    let body = "a line of the page\n".repeat(100_000);
    for length in [true, false] {
        run(async {
            let (listener, port) = listen().await?;
            let url = format!("https://localhost:{port}/page");
            let at = format!("localhost:{port}:127.0.0.1");
            let arguments = [
                "--silent",
                "--show-error",
                "--http1.1",
                "--noproxy",
                "*",
                "--cacert",
                "root.pem",
                "--resolve",
                &at,
                &url,
            ];
            let client = Peer::start("curl", certificates.directory(), &arguments, "");
            let page = asyncio::create_task(client.finish());
            serve(&listener, &certificates, body.as_bytes(), length).await?;
            assert!(page.await.unwrap() == body, "the page is whole");
            Ok(())
        });
    }
}
