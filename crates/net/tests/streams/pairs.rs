//! Two ends of a connection as streams, and one whose queue is not empty.

use std::io;

#[cfg(unix)]
use asyncio_net::UnixStream;
use asyncio_net::{StreamReader, StreamWriter, TcpListener, Transport, open_connection, stream};
use futures_lite::future;

pub(crate) type End = (StreamReader, StreamWriter);

/// Over TCP.
pub(crate) async fn connected() -> io::Result<(End, End)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = async { open_connection(listener.local_addr()?).await };
    let (client, (server, _)) = future::try_zip(client, listener.accept()).await?;
    Ok((client, stream(server)))
}

/// Over a Unix socket.
#[cfg(unix)]
pub(crate) fn unix_connected() -> io::Result<(End, End)> {
    let (one, other) = UnixStream::pair()?;
    Ok((stream(one), stream(other)))
}

/// Writes until the system takes no more, and some bytes more than that; gives what was written.
pub(crate) fn fill(transport: &Transport) -> io::Result<Vec<u8>> {
    let mut written = Vec::new();
    while transport.get_write_buffer_size() <= transport.get_write_buffer_limits().1 {
        let piece: Vec<u8> = (0..10_000).map(|at| (at % 251) as u8).collect();
        transport.write(&piece)?;
        written.extend(piece);
    }
    Ok(written)
}
