//! Clients that misbehave, and services that fail: the server lives on.
#![allow(clippy::unwrap_used, reason = "a test helper that fails fails the test")]

use std::convert::Infallible;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use asyncio_hyper::{connect, serve};
use asyncio_loop::Runner;
use asyncio_net::{TcpListener, TcpStream};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};

const LONG: Duration = Duration::from_secs(60);

async fn hello(_request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    Ok(Response::new("hello".to_owned()))
}

/// Runs `main`, and gives what was reported beside.
fn run<F: Future>(main: F) -> (F::Output, Vec<String>) {
    let reports = Arc::new(Mutex::new(Vec::new()));
    let seen = reports.clone();
    let mut runner = Runner::new().exception_handler(move |context| {
        let error = context
            .error()
            .and_then(|error| Some(error.source()?.to_string()));
        let panic = context.panic_message();
        seen.lock().unwrap().extend(error.or(panic));
    });
    let output = runner.run(main).unwrap();
    drop(runner);
    let reports = reports.lock().unwrap().clone();
    (output, reports)
}

async fn listen() -> (TcpListener, std::net::SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

async fn status(address: std::net::SocketAddr) -> u16 {
    let mut client = connect(address).await.unwrap();
    let request = Request::get("/").header("host", "x").body(Empty::<Bytes>::new());
    let response = client.send_request(request.unwrap()).await.unwrap();
    let status = response.status().as_u16();
    response.into_body().collect().await.unwrap();
    status
}

#[test]
fn clients_that_are_silent_slow_or_rude_are_cut_off() {
    let beginnings: [&[u8]; 5] = [
        b"",
        b"PRI * HTTP/2.0\r\n",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nhost: x\r\n",
        b"\x16\x03\x01\x02\x00\x01",
    ];
    let ((), reports) = run(async {
        let (listener, address) = listen().await;
        let server = serve(listener, service_fn(hello))
            .header_read_timeout(Duration::from_millis(50))
            .start();
        for beginning in beginnings {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(beginning).await.unwrap();
            let mut answer = Vec::new();
            let mut buffer = [0; 512];
            loop {
                match stream.read(&mut buffer).await {
                    Ok(0) | Err(_) => break,
                    Ok(count) => answer.extend_from_slice(&buffer[..count]),
                }
            }
            assert!(!answer.starts_with(b"HTTP/1.1 200"), "{beginning:?}");
        }
        assert_eq!(status(address).await, 200);
        assert_eq!(server.shutdown(LONG).await, 0);
    });
    assert!(reports.is_empty(), "{reports:?}");
}

#[test]
fn a_connection_that_rests_too_long_between_requests_is_closed() {
    let ((), _reports) = run(async {
        let (listener, address) = listen().await;
        let server = serve(listener, service_fn(hello))
            .header_read_timeout(Duration::from_millis(50))
            .start();
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            .await
            .unwrap();
        let mut answer = Vec::new();
        let mut buffer = [0; 512];
        loop {
            match stream.read(&mut buffer).await.unwrap() {
                0 => break,
                count => answer.extend_from_slice(&buffer[..count]),
            }
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"));
        assert_eq!(server.shutdown(LONG).await, 0);
    });
}

#[test]
fn a_client_that_goes_in_the_middle_of_its_body_harms_nobody() {
    let ((), reports) = run(async {
        let (listener, address) = listen().await;
        let (tell, told) = asyncio_sync::oneshot::channel();
        let tell = Arc::new(Mutex::new(Some(tell)));
        let service = service_fn(move |request: Request<Incoming>| {
            let tell = tell.lock().unwrap().take();
            async move {
                let whole = request.into_body().collect().await.is_ok();
                if let Some(tell) = tell {
                    let _gone = tell.send(whole);
                }
                Ok::<_, Infallible>(Response::new(String::new()))
            }
        });
        let server = serve(listener, service).start();
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nhalf")
            .await
            .unwrap();
        drop(stream);
        assert_eq!(told.await, Ok(false));
        assert_eq!(status(address).await, 200);
        assert_eq!(server.shutdown(LONG).await, 0);
    });
    assert!(reports.is_empty(), "{reports:?}");
}

#[test]
fn an_error_of_a_service_and_a_panic_are_reported_and_end_one_connection() {
    let ((), reports) = run(async {
        let (listener, address) = listen().await;
        let service = service_fn(async |request: Request<Incoming>| match request.uri().path() {
            "/panic" => panic!("the service fell over"),
            "/error" => Err(std::io::Error::other("the service gave up")),
            _ => Ok(Response::new(String::new())),
        });
        let server = serve(listener, service).start();
        for path in ["/panic", "/error"] {
            for http2 in [false, true] {
                let mut opening = connect(address);
                if http2 {
                    opening = opening.http2();
                }
                let mut client = opening.await.unwrap();
                let uri = format!("http://localhost{path}");
                let request = Request::get(uri).body(Empty::<Bytes>::new()).unwrap();
                assert!(client.send_request(request).await.is_err(), "{path}");
            }
        }
        assert_eq!(status(address).await, 200);
        assert_eq!(server.shutdown(LONG).await, 0);
    });
    let count = |text: &str| reports.iter().filter(|report| report.contains(text)).count();
    // Of a stream of HTTP/2 hyper keeps the error to itself.
    assert_eq!(count("the service gave up"), 1, "{reports:?}");
    assert_eq!(count("the service fell over"), 2, "{reports:?}");
}
