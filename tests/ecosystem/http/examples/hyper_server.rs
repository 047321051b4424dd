//! A server of hyper's services on the loop: `cargo run --example hyper_server [ADDRESS]`.
//!
//! `curl http://127.0.0.1:8080/`, or with HTTP/2: `curl --http2-prior-knowledge`. The service counts without a lock, for
//! all of it runs on one thread. Ctrl-C ends it in order: requests that run have ten seconds.

use std::cell::Cell;
use std::convert::Infallible;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use asyncio::net::TcpListener;
use asyncio_hyper::serve;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};

async fn answer(count: Rc<Cell<u64>>, request: Request<Incoming>) -> hyper::Result<Response<Full<Bytes>>> {
    count.set(count.get() + 1);
    let mut response = Response::new(Full::default());
    match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => {
            let text = format!("request {} over {:?}\n", count.get(), request.version());
            *response.body_mut() = Full::from(text);
        }
        (&Method::POST, "/echo") => {
            let body = request.into_body().collect().await?;
            *response.body_mut() = Full::new(body.to_bytes());
        }
        (&Method::GET, "/slow") => {
            asyncio::sleep(Duration::from_secs(1)).await;
            *response.body_mut() = Full::from("at last\n");
        }
        _ => *response.status_mut() = StatusCode::NOT_FOUND,
    }
    Ok(response)
}

#[asyncio::main]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1);
    let address = address.unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("http://{}/", listener.local_addr()?);
    let count = Rc::new(Cell::new(0));
    let service = service_fn(move |request: Request<Incoming>| {
        let count = count.clone();
        async move { Ok::<_, Infallible>(answer(count, request).await.unwrap_or_else(refuse)) }
    });
    serve(listener, service)
        .grace(Duration::from_secs(10))
        .header_read_timeout(Duration::from_secs(30))
        .await
}

/// The body could not be read.
fn refuse(error: hyper::Error) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(format!("{error}\n")));
    *response.status_mut() = StatusCode::BAD_REQUEST;
    response
}
