//! Asks an HTTPS server for a page, and shows its head and how long it is:
//! `cargo run --features tls --example tls_client -- example.org`.
//!
//! A second argument is the port, and a third a PEM file with the certificates to trust instead of the system's. With
//! `openssl s_server -accept 4433 -www -cert cert.pem -key key.pem` as the server: `... -- localhost 4433 cert.pem`.

use std::time::Duration;

use asyncio::tls;

type Failure = Box<dyn std::error::Error>;

async fn page(host: &str, port: u16, roots: Option<&str>) -> Result<(), Failure> {
    let config = match roots {
        Some(file) => tls::client_config_with_roots(std::fs::read(file)?)?,
        None => tls::client_config()?,
    };
    let (mut reader, writer) = asyncio::open_connection((host, port))
        .ssl(config)
        .ssl_handshake_timeout(Duration::from_secs(10))
        // A response tells its own end, and some servers leave without a word.
        .ssl_allow_truncation(true)
        .await?;
    if let Some(agreed) = writer.tls_info() {
        let version = agreed.protocol_version.ok_or("no version")?;
        let suite = agreed.cipher_suite.ok_or("no cipher")?;
        println!(
            "{version:?}, {suite:?}, {} certificates",
            agreed.peer_certificates.len()
        );
    }
    writer.write(format!("GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes())?;
    writer.drain().await?;
    while let Some(line) = reader.next_line().await? {
        let line = line.trim_ascii_end();
        if line.is_empty() {
            break;
        }
        println!("{}", String::from_utf8_lossy(line));
    }
    println!("{} bytes of body", reader.read_to_end().await?.len());
    writer.close();
    writer.wait_closed().await?;
    Ok(())
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let host = arguments.first().map_or("example.org", String::as_str);
    let port = arguments.get(1).map_or(Ok(443), |port| port.parse())?;
    let roots = arguments.get(2).map(String::as_str);
    asyncio::run(asyncio::timeout(Duration::from_secs(30), page(host, port, roots)))?
}
