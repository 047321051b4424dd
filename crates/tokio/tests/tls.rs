//! A connection with TLS under tokio's traits.

use asyncio::net::TcpListener;
use asyncio::{Duplex, create_task, open_connection, tls};
use asyncio_tokio::ForTokio;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};

/// More than any buffer on the way holds.
const LARGE: usize = 1_000_000;

#[test]
fn it_carries_much_both_ways_is_read_by_lines_and_ends_in_order() {
    let signed = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (pem, key) = (signed.cert.pem(), signed.signing_key.serialize_pem());
    let server_config = tls::server_config(&pem, &key).unwrap();
    let client_config = tls::client_config_with_roots(&pem).unwrap();
    asyncio::run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = create_task(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let (reader, writer) = tls::accept(stream, server_config).await.unwrap();
            let mut stream = ForTokio::new(Duplex::new(reader, writer));
            let mut line = String::new();
            stream.read_line(&mut line).await.unwrap();
            assert_eq!(line, "so many bytes follow:\n");
            let mut bytes = vec![0; LARGE];
            stream.read_exact(&mut bytes).await.unwrap();
            stream.write_all(&bytes).await.unwrap();
            stream.shutdown().await.unwrap();
        });
        let opened = open_connection(("127.0.0.1", port))
            .ssl(client_config)
            .server_hostname("localhost");
        let mut stream = ForTokio::new(Duplex::from(opened.await.unwrap()));
        stream.write_all(b"so many bytes follow:\n").await.unwrap();
        let bytes: Vec<u8> = (0..LARGE).map(|at| (at % 251) as u8).collect();
        stream.write_all(&bytes).await.unwrap();
        stream.flush().await.unwrap();
        let mut echo = Vec::new();
        stream.read_to_end(&mut echo).await.unwrap();
        assert!(echo == bytes);
        server.await.unwrap();
    });
}
