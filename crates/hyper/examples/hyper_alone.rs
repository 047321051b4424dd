//! This crate alone, on smol: hyper's own connections, of a server and of a client, over sockets of ours.

use std::convert::Infallible;
use std::error::Error;

use asyncio_hyper::{Io, Timer};
use asyncio_net::{TcpListener, TcpStream};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, client, server};

async fn hello(request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    Ok(Response::new(format!("hello, {}", request.uri().path())))
}

fn main() -> Result<(), Box<dyn Error>> {
    smol::block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let server = smol::spawn(async move {
            let (stream, _) = listener.accept().await.ok()?;
            let mut http = server::conn::http1::Builder::new();
            // The time that a peer has for its headers is kept by our timers.
            http.timer(Timer)
                .serve_connection(Io::new(stream), service_fn(hello))
                .await
                .ok()
        });
        let stream = Io::new(TcpStream::connect(address).await?);
        let (mut sender, connection) = client::conn::http1::handshake(stream).await?;
        let connection = smol::spawn(connection);
        for path in ["/you", "/me"] {
            sender.ready().await?;
            let request = Request::get(path)
                .header("host", "localhost")
                .body(Empty::<Bytes>::new())?;
            let answer = sender.send_request(request).await?.into_body().collect().await?;
            println!("{}", String::from_utf8_lossy(&answer.to_bytes()));
        }
        drop(sender);
        connection.await?;
        println!("the server's side ended in order: {}", server.await.is_some());
        Ok(())
    })
}
