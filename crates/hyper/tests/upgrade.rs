//! Connections that are upgraded: from then on another task reads them.
#![allow(clippy::unwrap_used, reason = "a test helper that fails fails the test")]

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use asyncio_hyper::{connect, serve};
use asyncio_loop::Runner;
use asyncio_net::TcpListener;
use asyncio_tasks::{create_task, yield_now};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::rt::{Read, ReadBuf, Write};
use hyper::service::service_fn;
use hyper::upgrade::{Upgraded, on};
use hyper::{Request, Response, StatusCode};

async fn read(upgraded: &mut Upgraded) -> Vec<u8> {
    poll_fn(|cx| {
        let mut memory = [0; 64];
        let mut buffer = ReadBuf::new(&mut memory);
        let polled = Pin::new(&mut *upgraded).poll_read(cx, buffer.unfilled());
        polled.map(|read| read.map(|()| buffer.filled().to_vec()).unwrap())
    })
    .await
}

async fn write(upgraded: &mut Upgraded, bytes: &[u8]) {
    let written = poll_fn(|cx| Pin::new(&mut *upgraded).poll_write(cx, bytes)).await;
    assert_eq!(written.unwrap(), bytes.len());
}

async fn upgrade(mut request: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
    if !request.headers().contains_key("upgrade") {
        return Ok(Response::new(Empty::new()));
    }
    create_task(async move {
        let mut upgraded = on(&mut request).await.unwrap();
        loop {
            let bytes = read(&mut upgraded).await;
            if bytes.is_empty() {
                return;
            }
            write(&mut upgraded, &bytes).await;
        }
    })
    .detach();
    let response = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header("connection", "upgrade")
        .header("upgrade", "echo");
    Ok(response.body(Empty::new()).unwrap())
}

#[test]
fn an_upgraded_connection_is_read_by_whoever_has_it_then() {
    let run = Runner::new().run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = serve(listener, service_fn(upgrade)).start();
        let mut client = connect(address).await.unwrap();
        // So that the tasks of hyper have waited for something to read, more than once.
        for _ in 0..3 {
            let request = Request::get("/").header("host", "x").body(Empty::<Bytes>::new());
            let response = client.send_request(request.unwrap()).await.unwrap();
            response.into_body().collect().await.unwrap();
            for _ in 0..10 {
                yield_now().await;
            }
        }
        let request = Request::get("/")
            .header("host", "x")
            .header("connection", "upgrade")
            .header("upgrade", "echo");
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        let response = client.send_request(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        let mut upgraded = on(response).await.unwrap();
        for round in 0..5 {
            let bytes = format!("round {round}");
            write(&mut upgraded, bytes.as_bytes()).await;
            assert_eq!(read(&mut upgraded).await, bytes.as_bytes());
        }
        // Another task again.
        let far = create_task(async move {
            write(&mut upgraded, b"far").await;
            assert_eq!(read(&mut upgraded).await, b"far");
        });
        far.await.unwrap();
        assert_eq!(server.shutdown(Duration::from_secs(60)).await, 0);
    });
    run.unwrap();
}
