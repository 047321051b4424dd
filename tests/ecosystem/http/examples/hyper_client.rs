//! Fetches pages, all at once, over connections that are kept: `cargo run --example hyper_client URL...`.
//!
//! `https` uses the system's certificates, and HTTP/2 where the server has it.

use std::error::Error;
use std::time::Duration;

use asyncio::{gather_all, timeout, tls};
use asyncio_hyper::{Client, Connector};
use http_body_util::{BodyExt, Empty};
use hyper::Uri;
use hyper::body::Bytes;

type Failure = Box<dyn Error + Send + Sync>;

async fn fetch(client: Client<Empty<Bytes>>, uri: Uri) -> Result<String, Failure> {
    let mut response = timeout(Duration::from_secs(10), client.get(uri.clone())).await??;
    let mut length = 0;
    // Piece by piece: nothing holds the whole.
    while let Some(frame) = response.frame().await {
        length += frame?.data_ref().map_or(0, Bytes::len);
    }
    let (status, version) = (response.status(), response.version());
    Ok(format!("{status} {version:?} {length} bytes {uri}"))
}

#[asyncio::main]
async fn main() -> Result<(), Failure> {
    let uris: Vec<Uri> = std::env::args()
        .skip(1)
        .map(|uri| uri.parse())
        .collect::<Result<_, _>>()?;
    let mut connector = Connector::new().connect_timeout(Duration::from_secs(5));
    if uris.iter().any(|uri| uri.scheme_str() == Some("https")) {
        connector = connector.tls(tls::client_config()?);
    }
    let client: Client<Empty<Bytes>> = Client::builder().connector(connector).build();
    let fetches = uris.into_iter().map(|uri| fetch(client.clone(), uri));
    for fetched in gather_all(fetches).await {
        println!("{}", fetched??);
    }
    client.close().await;
    Ok(())
}
