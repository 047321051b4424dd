//! CPython's asyncio, as a client and as a server, with TLS from the beginning and with `start_tls`.

use super::*;

/// `start_tls` of streams came with Python 3.11.
const NEEDED: &str = "import asyncio, ssl; asyncio.StreamWriter.start_tls";

const CLIENT: &str = r#"
import asyncio, ssl, sys

async def main(port, later):
    context = ssl.create_default_context(cafile="root.pem")
    if later:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"STARTTLS\n")
        assert await reader.readline() == b"go ahead\n"
        await writer.start_tls(context, server_hostname="localhost")
    else:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, server_hostname="localhost")
    block = bytes(range(256)) * 4096
    writer.write(b"hello\n" + block)
    await writer.drain()
    assert await reader.readline() == b"hello yourself\n"
    assert await reader.readexactly(len(block)) == block
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
    print("content")

asyncio.run(main(int(sys.argv[1]), sys.argv[2] == "later"))
"#;

const SERVER: &str = r#"
import asyncio, ssl, sys

async def serve(later):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain("signed.pem", "key.pem")
    done = asyncio.get_running_loop().create_future()

    async def talk(reader, writer):
        try:
            if later:
                assert await reader.readline() == b"STARTTLS\n"
                writer.write(b"go ahead\n")
                await writer.drain()
                await writer.start_tls(context)
            assert writer.get_extra_info("ssl_object").version() == "TLSv1.3"
            while line := await reader.readline():
                writer.write(line.upper())
                await writer.drain()
            writer.close()
            await writer.wait_closed()
            done.set_result(None)
        except BaseException as error:
            done.set_exception(error)

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=None if later else context)
    print("port:%d" % server.sockets[0].getsockname()[1], flush=True)
    await done
    print("content")

asyncio.run(serve(sys.argv[1] == "later"))
"#;

fn python() -> bool {
    is_there("python3", &["-c", NEEDED])
}

async fn serves(certificates: &Certificates, when: &str) -> io::Result<()> {
    const BLOCK: usize = 256 * 4096;
    let (listener, port) = listen().await?;
    let arguments = ["-c", CLIENT, &port.to_string(), when];
    let client = Peer::start("python3", certificates.directory(), &arguments, "");
    let (mut reader, mut writer);
    if when == "later" {
        (reader, writer) = stream(listener.accept().await?.0);
        assert_eq!(reader.readline().await?, "STARTTLS\n");
        writer.write(b"go ahead\n")?;
        writer.start_tls(&mut reader, certificates.server()).await?;
    } else {
        (reader, writer) = accept(&listener, certificates).await?;
    }
    assert_eq!(reader.readline().await?, "hello\n");
    writer.write(b"hello yourself\n")?;
    writer.write_owned(reader.readexactly(BLOCK).await?)?;
    writer.drain().await?;
    part(&writer).await?;
    assert_eq!(client.finish().await, "content\n");
    Ok(())
}

#[test]
fn a_server_serves_cpython() {
    if !python() {
        return;
    }
    let certificates = Certificates::new("python-client");
    run(serves(&certificates, "at once"));
}

/// STR-28.
#[test]
fn a_server_starts_tls_with_cpython() {
    if !python() {
        return;
    }
    let certificates = Certificates::new("python-client-later");
    run(serves(&certificates, "later"));
}

async fn is_served(certificates: &Certificates, when: &str) -> io::Result<()> {
    let server = Peer::start("python3", certificates.directory(), &["-c", SERVER, when], "");
    let (server, port) = server.port("port:").await;
    let config = certificates.client();
    let (mut reader, mut writer);
    if when == "later" {
        (reader, writer) = open_connection(("127.0.0.1", port)).await?;
        writer.write(b"STARTTLS\n")?;
        assert_eq!(reader.readline().await?, "go ahead\n");
        writer
            .start_tls(&mut reader, config)
            .server_hostname("localhost")
            .await?;
    } else {
        (reader, writer) = open_connection(("127.0.0.1", port)).ssl(config).await?;
    }
    for _ in 0..100 {
        writer.write(b"a line that is not too short\n")?;
        writer.drain().await?;
        assert_eq!(reader.readline().await?, "A LINE THAT IS NOT TOO SHORT\n");
    }
    part(&writer).await?;
    assert_eq!(server.finish().await, "content\n");
    Ok(())
}

#[test]
fn a_client_is_served_by_cpython() {
    if !python() {
        return;
    }
    let certificates = Certificates::new("python-server");
    run(is_served(&certificates, "at once"));
}

/// STR-28.
#[test]
fn a_client_starts_tls_with_cpython() {
    if !python() {
        return;
    }
    let certificates = Certificates::new("python-server-later");
    run(is_served(&certificates, "later"));
}
