//! WebSockets with Python's `websockets` as the peer, on loopback, plain and over TLS. Where it is missing the tests say so.

use ecosystem_web::{Certificates, Program, is_there, run};

const CLIENT: &str = r#"
import asyncio, ssl, sys
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

async def main(url, root):
    context = ssl.create_default_context(cafile=root) if root else None
    async with connect(url, ssl=context, max_size=None, proxy=None) as ws:
        for sent in ["hello", "", "grüße, 世界 🦀", b"", bytes(range(256)), "x" * 3_000_000, b"y" * 3_000_000]:
            await ws.send(sent)
            got = await ws.recv()
            assert type(got) is type(sent) and got == sent, (len(sent), len(got))
        # A message in many frames, which comes back as one.
        await ws.send(str(n) + " " for n in range(1000))
        assert await ws.recv() == "".join(str(n) + " " for n in range(1000))
        async def pieces():
            for n in range(100):
                yield bytes([n]) * n
                await asyncio.sleep(0)
        await ws.send(pieces())
        assert await ws.recv() == b"".join(bytes([n]) * n for n in range(100))
        # Pings are answered, with what was in them, also between messages.
        for payload in [b"", b"are you there?", b"z" * 125]:
            await asyncio.wait_for(await ws.ping(payload), 10)
        # Many on their way at once.
        async def send():
            for n in range(2000):
                await ws.send(str(n))
        sending = asyncio.create_task(send())
        for n in range(2000):
            assert await ws.recv() == str(n)
        await sending
        await ws.close(1000, "thanks")
        assert ws.close_code == 1000, ws.close_code
    print("checked")

asyncio.run(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None))
"#;

const SERVER: &str = r#"
import asyncio, os, ssl, sys
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

async def handler(ws):
    try:
        async for message in ws:
            if message == "fragments":
                await ws.send(str(n) for n in range(100))
            elif message == "ping":
                await asyncio.wait_for(await ws.ping(), 10)
                await ws.send("pong came")
            elif message == "close":
                await ws.close(4001, "as you wish")
            elif message == "vanish":
                ws.transport.abort()
            else:
                await ws.send(message)
    except ConnectionClosed:
        pass
    print("closed:", ws.close_code, flush=True)

async def main(certificate=None, key=None):
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
    async with serve(handler, "127.0.0.1", 0, ssl=context) as server:
        print("serving on", server.sockets[0].getsockname()[1], flush=True)
        await asyncio.Future()

asyncio.run(main(*sys.argv[1:]))
"#;

fn has_websockets() -> bool {
    is_there("python3", &["-c", "import websockets.asyncio.server"])
}

/// Our example as the server, and the address of it.
async fn our_server(certificates: Option<&Certificates>) -> (Program, String) {
    let files = certificates.map(|made| (made.signed(), made.key()));
    let mut arguments = vec!["127.0.0.1:0"];
    if let Some((signed, key)) = &files {
        arguments.extend([signed.as_str(), key]);
    }
    let mut server = Program::example("websocket_echo", &arguments).await;
    let address = server.line_with("serving on ").await;
    let port = address.rsplit(':').next().unwrap().to_owned();
    let scheme = if certificates.is_some() { "wss" } else { "ws" };
    (server, format!("{scheme}://localhost:{port}/"))
}

#[test]
fn a_server_serves_the_client_of_python() {
    if !has_websockets() {
        return;
    }
    run(async {
        let (server, url) = our_server(None).await;
        let client = Program::python(CLIENT, &[&url]).await;
        assert_eq!(client.finish().await, "checked\n");
        server.terminate();
        assert_eq!(server.finish().await, "ended, 0 were told\n");
    });
}

#[test]
fn a_server_with_tls_serves_the_client_of_python() {
    if !has_websockets() {
        return;
    }
    run(async {
        let certificates = Certificates::new();
        let (server, url) = our_server(Some(&certificates)).await;
        let client = Program::python(CLIENT, &[&url, &certificates.root()]).await;
        assert_eq!(client.finish().await, "checked\n");
        server.terminate();
        assert_eq!(server.finish().await, "ended, 0 were told\n");
    });
}

#[test]
fn a_server_that_ends_tells_the_client_of_python() {
    if !has_websockets() {
        return;
    }
    const WAITS: &str = r#"
import asyncio, sys
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
async def main():
    async with connect(sys.argv[1], proxy=None) as ws:
        print("open", flush=True)
        try:
            await ws.recv()
        except ConnectionClosed as closed:
            print(closed.rcvd.code, closed.rcvd.reason)
asyncio.run(main())
"#;
    run(async {
        let (server, url) = our_server(None).await;
        let mut client = Program::python(WAITS, &[&url]).await;
        client.line_with("open").await;
        server.interrupt();
        assert_eq!(client.finish().await, "1001 the server ends\n");
        assert_eq!(server.finish().await, "ended, 1 were told\n");
    });
}

/// Talks to Python's server with our client, line by line.
async fn talk_to_python(certificates: Option<&Certificates>) {
    let files = certificates.map(|made| (made.signed(), made.key()));
    let arguments: Vec<&str> = files
        .iter()
        .flat_map(|(signed, key)| [signed.as_str(), key])
        .collect();
    let mut server = Program::python(SERVER, &arguments).await;
    let port = server.line_with("serving on ").await;
    let scheme = if files.is_some() { "wss" } else { "ws" };
    let url = format!("{scheme}://localhost:{port}/");
    let root = certificates.map(Certificates::root);
    let mut arguments = vec![url.as_str()];
    arguments.extend(root.as_deref());

    let mut client = Program::example("websocket_client", &arguments).await;
    let long = "long ".repeat(100_000);
    let count = (0..100).map(|n| n.to_string()).collect::<String>();
    for (said, heard) in [
        ("hello", "hello"),
        ("grüße, 世界 🦀", "grüße, 世界 🦀"),
        (long.trim(), long.trim()),
        ("fragments", &count),
        ("ping", "pong came"),
    ] {
        client.say(&format!("{said}\n")).await;
        assert_eq!(client.line().await.as_deref(), Some(heard));
    }
    // The end of the input closes the connection in order.
    assert_eq!(client.finish().await, "");
    assert_eq!(server.line().await.as_deref(), Some("closed: 1005"));

    let mut client = Program::example("websocket_client", &arguments).await;
    client.say("close\n").await;
    assert_eq!(client.line().await.as_deref(), Some("closed: 4001 as you wish"));
    assert_eq!(client.finish().await, "");
    assert_eq!(server.line().await.as_deref(), Some("closed: 4001"));
}

#[test]
fn a_client_talks_to_the_server_of_python() {
    if has_websockets() {
        run(talk_to_python(None));
    }
}

#[test]
fn a_client_with_tls_talks_to_the_server_of_python() {
    if has_websockets() {
        run(talk_to_python(Some(&Certificates::new())));
    }
}

#[test]
fn a_client_whose_server_vanishes_says_so_and_ends() {
    if !has_websockets() {
        return;
    }
    run(async {
        let mut server = Program::python(SERVER, &[]).await;
        let port = server.line_with("serving on ").await;
        let url = format!("ws://localhost:{port}/");
        let mut client = Program::example("websocket_client", &[&url]).await;
        client.say("vanish\n").await;
        // Its input stays open: it ends all the same.
        assert_eq!(client.line().await, None);
        assert_eq!(client.code().await, 1);
    });
}
