//! Servers that answer lines and records, as a good user of each peer writes them: buffered, and with buffers that are
//! used again where the peer lets its user own them.
//!
//! Everybody turns Nagle's algorithm off, as asyncio's streams do by themselves.

use std::future::Future;
use std::net::TcpStream as StdStream;

use asyncio::net::{StreamReader, StreamWriter, start_server};
use smol::Async;
use smol::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};

use super::{Ours, Peer, Smol, TokioCt};

/// What a server does with what comes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Protocol {
    /// Reads a line and sends it back.
    Lines,
    /// The same, but sends nothing while there is another whole line to be read.
    Batches,
    /// Reads 64 bytes and sends them back.
    Exactly,
}

/// The length of a record.
const RECORD: usize = 64;

/// A loop with streams.
pub trait Streams: Peer {
    /// Binds, calls `bound` with the port, then answers on every connection for ever.
    fn stream_echo(
        self,
        protocol: Protocol,
        bound: impl FnOnce(u16) + 'static,
    ) -> impl Future<Output = ()> + 'static;
}

/// Whether another whole line was read already.
fn holds_a_line(buffer: &[u8]) -> bool {
    buffer.contains(&b'\n')
}

async fn ours(
    mut reader: StreamReader,
    writer: StreamWriter,
    protocol: Protocol,
) -> Result<(), asyncio::net::StreamError> {
    let (mut line, mut batch, mut record) = (Vec::new(), Vec::new(), [0; RECORD]);
    loop {
        let bytes = if protocol == Protocol::Exactly {
            reader.readexactly_into(&mut record).await?;
            &record[..]
        } else {
            line.clear();
            if reader.readline_into(&mut line).await? == 0 {
                return Ok(());
            }
            &line
        };
        if protocol == Protocol::Batches {
            batch.extend_from_slice(bytes);
            if holds_a_line(reader.buffered()) {
                continue;
            }
            writer.write(&batch)?;
            batch.clear();
        } else {
            writer.write(bytes)?;
        }
        writer.drain().await?;
    }
}

/// A client that goes away is no failure.
async fn ours_until_gone(reader: StreamReader, writer: StreamWriter, protocol: Protocol) {
    drop(ours(reader, writer, protocol).await);
}

impl Streams for Ours {
    async fn stream_echo(self, protocol: Protocol, bound: impl FnOnce(u16) + 'static) {
        let handler = async move |reader, writer| ours_until_gone(reader, writer, protocol).await;
        let server = start_server(handler, "127.0.0.1:0").backlog(1024).await.unwrap();
        bound(server.sockets()[0].port());
        server.serve_forever().await.unwrap();
    }
}

async fn tokio_echo(mut stream: tokio::net::TcpStream, protocol: Protocol) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (reader, writer) = stream.split();
    let mut reader = tokio::io::BufReader::new(reader);
    let mut writer = tokio::io::BufWriter::new(writer);
    let mut bytes = Vec::new();
    loop {
        if protocol == Protocol::Exactly {
            bytes.resize(RECORD, 0);
            reader.read_exact(&mut bytes).await?;
        } else {
            bytes.clear();
            if reader.read_until(b'\n', &mut bytes).await? == 0 {
                return Ok(());
            }
        }
        writer.write_all(&bytes).await?;
        if protocol != Protocol::Batches || !holds_a_line(reader.buffer()) {
            writer.flush().await?;
        }
    }
}

impl Streams for TokioCt {
    async fn stream_echo(self, protocol: Protocol, bound: impl FnOnce(u16) + 'static) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        bound(listener.local_addr().unwrap().port());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(tokio_echo(stream, protocol));
        }
    }
}

async fn smol_echo(stream: Async<StdStream>, protocol: Protocol) -> std::io::Result<()> {
    stream.get_ref().set_nodelay(true)?;
    let mut reader = smol::io::BufReader::new(&stream);
    let mut writer = smol::io::BufWriter::new(&stream);
    let mut bytes = Vec::new();
    loop {
        if protocol == Protocol::Exactly {
            bytes.resize(RECORD, 0);
            reader.read_exact(&mut bytes).await?;
        } else {
            bytes.clear();
            if reader.read_until(b'\n', &mut bytes).await? == 0 {
                return Ok(());
            }
        }
        writer.write_all(&bytes).await?;
        if protocol != Protocol::Batches || !holds_a_line(reader.buffer()) {
            writer.flush().await?;
        }
    }
}

impl Streams for Smol {
    async fn stream_echo(self, protocol: Protocol, bound: impl FnOnce(u16) + 'static) {
        let listener = Async::<std::net::TcpListener>::bind(([127, 0, 0, 1], 0)).unwrap();
        bound(listener.get_ref().local_addr().unwrap().port());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            self.0.spawn(smol_echo(stream, protocol)).detach();
        }
    }
}
