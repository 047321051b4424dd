//! A small service of notes with axum, on the loop's pool of workers: `cargo run --example axum_app [ADDRESS]`.
//!
//! ```text
//! curl -d '{"text": "buy milk"}' -H 'content-type: application/json' http://127.0.0.1:8080/notes
//! curl http://127.0.0.1:8080/notes/1
//! curl -N http://127.0.0.1:8080/count?to=5
//! ```
//!
//! Ctrl-C: no new connections, requests that run end within ten seconds or are cancelled.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use asyncio::net::TcpListener;
use asyncio_hyper::{serve_parallel, tower};
use asyncio_tower::ConcurrencyLimitLayer;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use futures_lite::stream;
use serde::{Deserialize, Serialize};

#[derive(Clone, Deserialize, Serialize)]
struct Note {
    text: String,
}

#[derive(Serialize)]
struct Created {
    number: usize,
}

type Notes = Arc<Mutex<BTreeMap<usize, Note>>>;

async fn create(State(notes): State<Notes>, Json(note): Json<Note>) -> (StatusCode, Json<Created>) {
    let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
    let number = notes.len() + 1;
    notes.insert(number, note);
    (StatusCode::CREATED, Json(Created { number }))
}

async fn read(State(notes): State<Notes>, Path(number): Path<usize>) -> Result<Json<Note>, StatusCode> {
    let notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
    let note = notes.get(&number).ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(note.clone()))
}

#[derive(Deserialize)]
struct Range {
    to: u32,
}

/// A body that comes line by line.
async fn count(Query(range): Query<Range>) -> Body {
    Body::from_stream(stream::unfold(1, move |number| async move {
        if number > range.to {
            return None;
        }
        asyncio::sleep(Duration::from_millis(100)).await;
        Some((
            Ok::<_, Infallible>(Bytes::from(format!("{number}\n"))),
            number + 1,
        ))
    }))
}

async fn length(body: Bytes) -> String {
    format!("{}\n", body.len())
}

fn router() -> Router {
    Router::new()
        .route("/notes", post(create))
        .route("/notes/{number}", get(read))
        .route("/count", get(count))
        .route("/length", post(length))
        // At most so many requests at once; the rest wait in line.
        .layer(ConcurrencyLimitLayer::new(1000))
        .layer(axum::extract::DefaultBodyLimit::max(64 << 20))
        .with_state(Notes::default())
}

#[asyncio::main]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1);
    let address = address.unwrap_or_else(|| "127.0.0.1:8080".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("http://{}/", listener.local_addr()?);
    serve_parallel(listener, tower(router()))
        .grace(Duration::from_secs(10))
        .await
}
