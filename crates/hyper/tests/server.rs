//! The server: both versions of HTTP, keep-alive, and its end.
#![allow(clippy::unwrap_used, reason = "a test helper that fails fails the test")]

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::{Future, pending};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use asyncio_hyper::{Connection, HttpServer, connect, serve, serve_each, serve_parallel};
use asyncio_loop::Runner;
use asyncio_net::{TcpListener, TcpStream};
use asyncio_sync::Event;
use asyncio_tasks::{create_task, current_task, finally, yield_now};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};

type Sent = Full<Bytes>;

const LONG: Duration = Duration::from_secs(60);

async fn echo(request: Request<Incoming>) -> Result<Response<Sent>, hyper::Error> {
    let bytes = request.into_body().collect().await?.to_bytes();
    Ok(Response::new(Full::new(bytes)))
}

fn run<F: Future>(main: F) -> F::Output {
    Runner::new().run(main).unwrap()
}

async fn listen() -> (TcpListener, std::net::SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

fn post(connection: &Connection<Sent>, body: impl Into<Bytes>) -> Request<Sent> {
    // HTTP/2 wants all of the URI, HTTP/1 its path.
    let uri = if connection.is_http2() {
        "http://localhost/"
    } else {
        "/"
    };
    Request::post(uri)
        .header("host", "localhost")
        .body(Full::new(body.into()))
        .unwrap()
}

async fn ask(connection: &mut Connection<Sent>, body: impl Into<Bytes>) -> Bytes {
    let request = post(connection, body);
    let response = connection.send_request(request).await.unwrap();
    assert!(response.status().is_success());
    response.into_body().collect().await.unwrap().to_bytes()
}

#[test]
fn a_connection_serves_one_request_after_the_other() {
    run(async {
        let (listener, address) = listen().await;
        let server = serve(listener, service_fn(echo)).start();
        let mut client = connect(address).await.unwrap();
        for number in 0..10 {
            assert_eq!(ask(&mut client, format!("{number}")).await, format!("{number}"));
        }
        assert_eq!(server.connections(), 1);
        client.close().await;
        assert_eq!(server.shutdown(LONG).await, 0);
    });
}

#[test]
fn the_client_decides_between_the_versions() {
    run(async {
        let (listener, address) = listen().await;
        let server = serve(listener, service_fn(echo)).start();
        let mut one = connect(address).await.unwrap();
        let mut two = connect(address).http2().await.unwrap();
        assert!(!one.is_http2() && two.is_http2());
        assert_eq!(ask(&mut one, "one").await, "one");
        assert_eq!(ask(&mut two, "two").await, "two");
        assert_eq!(server.shutdown(LONG).await, 0);
    });
}

#[test]
fn large_bodies_go_both_ways() {
    run(async {
        let (listener, address) = listen().await;
        let server = serve(listener, service_fn(echo)).start();
        let body: Bytes = (0..3_000_000u32).map(|at| (at % 251) as u8).collect();
        for http2 in [false, true] {
            let mut opening = connect(address);
            if http2 {
                opening = opening.http2();
            }
            let mut client = opening.await.unwrap();
            assert!(ask(&mut client, body.clone()).await == body);
        }
        assert_eq!(server.shutdown(LONG).await, 0);
    });
}

#[test]
fn the_same_on_the_pool_and_from_a_task_of_the_pool() {
    run(async {
        let (listener, address) = listen().await;
        let server = serve_parallel(
            listener,
            service_fn(async |request| {
                assert!(current_task().unwrap().on_pool());
                echo(request).await
            }),
        )
        .start();
        let clients = asyncio_tasks::spawn(async move {
            for http2 in [false, true] {
                let mut opening = connect(address);
                if http2 {
                    opening = opening.http2();
                }
                let mut client = opening.await.unwrap();
                assert_eq!(ask(&mut client, "far").await, "far");
                client.close().await;
            }
        });
        clients.await.unwrap();
        assert_eq!(server.shutdown(LONG).await, 0);
    });
}

/// A server whose requests begin, and end when they are told to.
struct Gate {
    begun: Arc<Event>,
    go: Arc<Event>,
    server: HttpServer,
    address: std::net::SocketAddr,
}

async fn gate() -> Gate {
    let (listener, address) = listen().await;
    let (begun, go) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let events = (begun.clone(), go.clone());
    let service = service_fn(move |_request: Request<Incoming>| {
        let (begun, go) = events.clone();
        async move {
            begun.set();
            go.wait().await;
            Ok::<_, Infallible>(Response::new(Sent::from("late")))
        }
    });
    let server = serve(listener, service).start();
    Gate {
        begun,
        go,
        server,
        address,
    }
}

#[test]
fn a_request_in_flight_ends_before_the_server_and_idle_connections_do_at_once() {
    for http2 in [false, true] {
        run(async {
            let gate = gate().await;
            let mut opening = connect(gate.address);
            if http2 {
                opening = opening.http2();
            }
            let mut client = opening.await.unwrap();
            let mut idle = TcpStream::connect(gate.address).await.unwrap();
            let request = post(&client, "");
            let asked = create_task(async move {
                let response = client.send_request(request).await.unwrap();
                response.into_body().collect().await.unwrap().to_bytes()
            });
            gate.begun.wait().await;
            gate.server.close();
            assert_eq!(idle.read(&mut [0; 8]).await.unwrap(), 0);
            assert!(TcpStream::connect(gate.address).await.is_err());
            assert!(!gate.server.is_serving() && !asked.done());
            gate.go.set();
            assert_eq!(asked.await.unwrap(), "late");
            assert_eq!(gate.server.shutdown(LONG).await, 0);
        });
    }
}

#[test]
fn a_request_that_outlives_the_grace_is_cancelled_and_counted() {
    for http2 in [false, true] {
        run(async {
            let gate = gate().await;
            let mut opening = connect(gate.address);
            if http2 {
                opening = opening.http2();
            }
            let mut client = opening.await.unwrap();
            let request = post(&client, "");
            let asked = create_task(async move { client.send_request(request).await.is_err() });
            gate.begun.wait().await;
            assert_eq!(gate.server.shutdown(Duration::ZERO).await, 1);
            assert!(asked.await.unwrap());
        });
    }
}

#[test]
fn cleanup_of_a_cancelled_request_runs_before_the_server_has_ended() {
    run(async {
        let (listener, address) = listen().await;
        let log = Rc::new(RefCell::new(Vec::new()));
        let begun = Rc::new(Event::new());
        let (inside, told) = (log.clone(), begun.clone());
        let service = service_fn(move |_request: Request<Incoming>| {
            let (log, begun) = (inside.clone(), told.clone());
            async move {
                begun.set();
                finally!({ pending::<()>().await }, {
                    yield_now().await;
                    log.borrow_mut().push("tidy");
                });
                Ok::<_, Infallible>(Response::new(Sent::default()))
            }
        });
        let server = serve(listener, service).start();
        let mut client = connect(address).await.unwrap();
        let request = post(&client, "");
        let _asked = create_task(async move { client.send_request(request).await.is_err() });
        begun.wait().await;
        server.shutdown(Duration::ZERO).await;
        assert_eq!(*log.borrow(), ["tidy"]);
    });
}

#[test]
fn a_task_that_serves_and_is_cancelled_ends_the_server_in_order() {
    run(async {
        let (listener, address) = listen().await;
        let (begun, go) = (Arc::new(Event::new()), Arc::new(Event::new()));
        let events = (begun.clone(), go.clone());
        let service = service_fn(move |_request: Request<Incoming>| {
            let (begun, go) = events.clone();
            async move {
                begun.set();
                go.wait().await;
                Ok::<_, Infallible>(Response::new(Sent::from("late")))
            }
        });
        let serving = create_task(async move { serve(listener, service).grace(LONG).await });
        let mut client = connect(address).await.unwrap();
        let request = post(&client, "");
        let asked = create_task(async move { client.send_request(request).await.unwrap().status() });
        begun.wait().await;
        serving.cancel();
        yield_now().await;
        go.set();
        assert!(asked.await.unwrap().is_success());
        assert!(serving.await.unwrap_err().is_cancelled());
    });
}

#[test]
fn a_dropped_server_leaves_no_task() {
    run(async {
        let gate = gate().await;
        let mut client = connect(gate.address).http2().await.unwrap();
        let request = post(&client, "");
        let asked = create_task(async move { client.send_request(request).await.is_err() });
        gate.begun.wait().await;
        drop(gate.server);
        assert!(asked.await.unwrap());
        while asyncio_tasks::all_tasks().len() > 1 {
            yield_now().await;
        }
    });
}

#[test]
fn no_more_connections_than_may_be_are_served_and_the_next_follows() {
    run(async {
        let (listener, address) = listen().await;
        let server = serve(listener, service_fn(echo)).max_connections(1).start();
        let mut first = connect(address).await.unwrap();
        assert_eq!(ask(&mut first, "a").await, "a");
        let mut second = connect(address).await.unwrap();
        let waits = create_task(async move { ask(&mut second, "b").await });
        assert_eq!(ask(&mut first, "c").await, "c");
        assert!(!waits.done());
        assert_eq!(server.connections(), 1);
        first.close().await;
        assert_eq!(waits.await.unwrap(), "b");
        assert_eq!(server.shutdown(LONG).await, 0);
    });
}

#[test]
fn a_service_may_know_whom_it_serves() {
    run(async {
        let (listener, address) = listen().await;
        let server = serve_each(listener, |stream: &TcpStream| {
            let peer = stream.peer_addr().unwrap().to_string();
            service_fn(move |_request: Request<Incoming>| {
                let answer = Response::new(Sent::from(peer.clone()));
                async { Ok::<_, Infallible>(answer) }
            })
        })
        .start();
        let stream = TcpStream::connect(address).await.unwrap();
        let own = stream.local_addr().unwrap().to_string();
        let mut client = Connection::over(asyncio_hyper::Io::new(stream), false)
            .await
            .unwrap();
        assert_eq!(ask(&mut client, "").await, own);
        assert_eq!(server.shutdown(LONG).await, 0);
    });
}
