//! The same servers on asyncio and on tokio: one answer of hyper's, and an axum router of a few routes.
//!
//! They differ in what each runtime makes different: how it listens, starts a task, and serves.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;

use axum::Json;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use serde::Serialize;

/// A program to be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    Hyper,
    Axum,
}

/// Where it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Runtime {
    Asyncio,
    Tokio,
}

async fn hello(_request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::new(Bytes::from_static(b"hello, world"))))
}

#[derive(Serialize)]
struct Greeting {
    hello: String,
    from: &'static str,
}

async fn greet(State(from): State<&'static str>, Path(hello): Path<String>) -> Json<Greeting> {
    Json(Greeting { hello, from })
}

fn router() -> Router {
    Router::new()
        .route("/", get(async || "hello, world"))
        .route("/greet/{name}", get(greet))
        .with_state("axum")
}

/// Serves for ever on a port of its own, of which `tell` is told.
///
/// # Errors
///
/// Those of listening.
pub fn serve(program: Program, runtime: Runtime, tell: impl FnOnce(SocketAddr)) -> io::Result<()> {
    match runtime {
        Runtime::Asyncio => asyncio::Runner::new()
            .run(on_asyncio(program, tell))
            .map_err(io::Error::other)?,
        Runtime::Tokio => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(on_tokio(program, tell)),
    }
}

async fn on_asyncio(program: Program, tell: impl FnOnce(SocketAddr)) -> io::Result<()> {
    let listener = asyncio::net::TcpListener::bind("127.0.0.1:0").await?;
    tell(listener.local_addr()?);
    match program {
        Program::Hyper => {
            let server = asyncio_hyper::serve(listener, service_fn(hello));
            server.http1_only().await
        }
        Program::Axum => asyncio_hyper::serve(listener, asyncio_hyper::tower(router())).await,
    }
}

async fn on_tokio(program: Program, tell: impl FnOnce(SocketAddr)) -> io::Result<()> {
    use hyper_util::rt::{TokioIo, TokioTimer};

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    tell(listener.local_addr()?);
    match program {
        Program::Hyper => loop {
            let (stream, _peer) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(async move {
                let mut builder = hyper::server::conn::http1::Builder::new();
                builder.timer(TokioTimer::new());
                let served = builder.serve_connection(TokioIo::new(stream), service_fn(hello));
                // A client that has gone.
                let _ended = served.await;
            });
        },
        Program::Axum => {
            use axum::serve::ListenerExt;
            let listener = listener.tap_io(|stream| {
                let _gone = stream.set_nodelay(true);
            });
            axum::serve(listener, router()).await
        }
    }
}
