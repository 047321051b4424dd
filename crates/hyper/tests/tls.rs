//! HTTP over TLS, with the version that both sides agree upon.
#![allow(clippy::unwrap_used, reason = "a test helper that fails fails the test")]

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use asyncio_hyper::{Client, Connector, connect, serve, serve_parallel};
use asyncio_loop::Runner;
use asyncio_net::tls::{self, rustls};
use asyncio_net::{TcpListener, TcpStream};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, Version};

const LONG: Duration = Duration::from_secs(60);

fn run<F: Future>(main: F) -> F::Output {
    Runner::new().run(main).unwrap()
}

fn configurations() -> (rustls::ServerConfig, Arc<rustls::ClientConfig>) {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (own.cert.pem(), own.signing_key.serialize_pem());
    let client = tls::client_config_with_roots(&certificate).unwrap();
    (tls::server_config(&certificate, &key).unwrap(), Arc::new(client))
}

async fn echo(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let version = format!("{:?}", request.version());
    let body = request.into_body().collect().await;
    let bytes = body.map(|body| body.to_bytes()).unwrap_or_default();
    let response = Response::builder().header("version", version);
    Ok(response.body(Full::new(bytes)).unwrap())
}

fn listener() -> (TcpListener, std::net::SocketAddr) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (TcpListener::from_std(listener).unwrap(), address)
}

#[test]
fn both_sides_agree_on_the_best_version_that_the_server_speaks() {
    run(async {
        let (server_config, client_config) = configurations();
        for (only_one, http2) in [(false, true), (true, false)] {
            let (listener, address) = listener();
            let mut server = serve(listener, service_fn(echo)).tls(server_config.clone());
            if only_one {
                server = server.http1_only();
            }
            let server = server.start();
            let opening = connect(address).tls(client_config.clone(), "localhost");
            let mut client = opening.await.unwrap();
            assert_eq!(client.is_http2(), http2);
            let body: Bytes = (0..500_000u32).map(|at| (at % 251) as u8).collect();
            let request = Request::post("https://localhost/").body(Full::new(body.clone()));
            let response = client.send_request(request.unwrap()).await.unwrap();
            let version = if http2 { "HTTP/2.0" } else { "HTTP/1.1" };
            assert_eq!(response.headers()["version"], version);
            assert!(response.into_body().collect().await.unwrap().to_bytes() == body);
            client.close().await;
            assert_eq!(server.shutdown(LONG).await, 0);
        }
    });
}

#[test]
fn the_client_that_keeps_connections_speaks_https() {
    run(async {
        let (server_config, client_config) = configurations();
        let (listener, address) = listener();
        let server = serve_parallel(listener, service_fn(echo))
            .tls(server_config)
            .start();
        let connector = Connector::new().tls(client_config);
        let client: Client<Full<Bytes>> = Client::builder().connector(connector).build();
        let uri: hyper::Uri = format!("https://localhost:{}/", address.port()).parse().unwrap();
        for _ in 0..3 {
            let response = client.get(uri.clone()).await.unwrap();
            assert_eq!(response.version(), Version::HTTP_2);
        }
        client.close().await;
        assert_eq!(server.shutdown(LONG).await, 0);
    });
}

#[test]
fn a_client_without_tls_and_one_that_says_nothing_harm_nobody() {
    let quiet = Runner::new().exception_handler(|_context| {});
    let mut runner = quiet;
    runner
        .run(async {
            let (server_config, client_config) = configurations();
            let (listener, address) = listener();
            let server = serve(listener, service_fn(echo)).tls(server_config).start();
            let mut plain = TcpStream::connect(address).await.unwrap();
            plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
            let mut buffer = [0; 512];
            while !matches!(plain.read(&mut buffer).await, Ok(0) | Err(_)) {}
            let silent = TcpStream::connect(address).await.unwrap();
            let opening = connect::<Full<Bytes>>(address).tls(client_config, "localhost");
            opening.await.unwrap().close().await;
            // One in its handshake does not hold up the end.
            assert_eq!(server.shutdown(LONG).await, 0);
            drop(silent);
        })
        .unwrap();
}
