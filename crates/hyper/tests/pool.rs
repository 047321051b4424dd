//! The client that keeps connections.
#![allow(clippy::unwrap_used, reason = "a test helper that fails fails the test")]

use std::cell::Cell;
use std::convert::Infallible;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use asyncio_hyper::{Client, Connector, HttpServer, serve_each};
use asyncio_loop::Runner;
use asyncio_net::{TcpListener, TcpStream};
use asyncio_tasks::{all_tasks, create_task, gather_tasks, spawn, yield_now};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, Uri};

const LONG: Duration = Duration::from_secs(60);

fn run<F: Future>(main: F) -> F::Output {
    Runner::new().run(main).unwrap()
}

/// A server that says hello, its address, and how many connections came.
async fn hello() -> (HttpServer, Uri, Rc<Cell<u32>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}/", listener.local_addr().unwrap());
    let count = Rc::new(Cell::new(0));
    let counted = count.clone();
    let make = move |_stream: &TcpStream| {
        counted.set(counted.get() + 1);
        service_fn(async |_request: Request<Incoming>| {
            yield_now().await;
            Ok::<_, Infallible>(Response::new("hello".to_owned()))
        })
    };
    (serve_each(listener, make).start(), uri.parse().unwrap(), count)
}

async fn get(client: &Client<Empty<Bytes>>, uri: &Uri) -> Bytes {
    let response = client.get(uri.clone()).await.unwrap();
    response.into_body().collect().await.unwrap().to_bytes()
}

#[test]
fn requests_that_follow_each_other_share_a_connection() {
    run(async {
        let (server, uri, count) = hello().await;
        let client: Client<Empty<Bytes>> = Client::builder().build();
        for _ in 0..5 {
            assert_eq!(get(&client, &uri).await, "hello");
        }
        assert_eq!(count.get(), 1);
        client.close().await;
        assert_eq!(server.shutdown(LONG).await, 0);
    });
}

#[test]
fn requests_at_once_have_a_connection_each_or_with_http2_one_for_all() {
    for (http2, most) in [(false, 8), (true, 1)] {
        run(async {
            let (server, uri, count) = hello().await;
            let mut builder = Client::builder();
            if http2 {
                builder = builder.http2_only();
            }
            let client: Client<Empty<Bytes>> = builder.build();
            let tasks: Vec<_> = (0..8)
                .map(|_| {
                    let (client, uri) = (client.clone(), uri.clone());
                    create_task(async move { get(&client, &uri).await })
                })
                .collect();
            for answer in gather_tasks(tasks).await {
                assert_eq!(answer.unwrap(), "hello");
            }
            assert!((1..=most).contains(&count.get()), "{}", count.get());
            client.close().await;
            assert_eq!(server.shutdown(LONG).await, 0);
        });
    }
}

#[test]
fn a_connection_that_rests_is_closed_and_another_opened() {
    run(async {
        let (server, uri, count) = hello().await;
        let idle = Duration::from_millis(20);
        let client: Client<Empty<Bytes>> = Client::builder().idle_timeout(idle).build();
        get(&client, &uri).await;
        while server.connections() > 0 {
            asyncio_timers::sleep(idle).await;
        }
        get(&client, &uri).await;
        assert_eq!(count.get(), 2);
        drop(client);
        assert_eq!(server.shutdown(LONG).await, 0);
    });
}

#[test]
fn the_last_clone_takes_the_connections_and_their_tasks_with_it() {
    run(async {
        let (server, uri, _count) = hello().await;
        let client: Client<Empty<Bytes>> = Client::builder().build();
        get(&client, &uri).await;
        let clone = client.clone();
        drop(client);
        assert!(clone.tasks() > 0);
        drop(clone);
        assert_eq!(server.shutdown(LONG).await, 0);
        while all_tasks().len() > 1 {
            yield_now().await;
        }
    });
}

#[test]
fn a_client_works_on_the_pool() {
    run(async {
        let (server, uri, _count) = hello().await;
        let far = spawn(async move {
            let client: Client<Empty<Bytes>> = Client::builder().build();
            let answer = get(&client, &uri).await;
            client.close().await;
            answer
        });
        assert_eq!(far.await.unwrap(), "hello");
        assert_eq!(server.shutdown(LONG).await, 0);
    });
}

#[test]
fn uris_that_lead_nowhere_are_refused_by_name() {
    run(async {
        let connector = Connector::new().connect_timeout(LONG);
        let client: Client<Empty<Bytes>> = Client::builder().connector(connector).build();
        for (uri, told) in [
            ("https://localhost/", "https"),
            ("gopher://localhost/", "gopher"),
            ("http://127.0.0.1:1/", "127.0.0.1:1"),
        ] {
            let error = client.get(uri.parse().unwrap()).await.unwrap_err();
            let mut text = String::new();
            let mut source: Option<&dyn std::error::Error> = Some(&error);
            while let Some(error) = source {
                text += &format!("{error}; ");
                source = error.source();
            }
            assert!(text.contains(told), "{text}");
        }
    });
}
