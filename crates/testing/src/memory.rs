//! Connections in memory: two ends without a socket, for tests of what speaks over streams.
//!
//! Each direction is a buffer with a bound, so flow control works as over a network, and nothing but the two ends decides
//! when something comes: with a mock clock a test over them takes no time and is the same each time. No reactor is
//! needed, and no descriptor.
//!
//! The names of the ideas are trio's (`trio.testing.memory_stream_pair`); the bound is tokio's (`tokio::io::duplex`).

mod control;
mod pipe;
mod wire;

pub use control::MemoryControl;
pub use wire::MemoryWire;

use asyncio_net::{StreamReader, StreamWriter, stream};

/// A reader and a writer: one end of a connection.
pub type MemoryEnd = (StreamReader, StreamWriter);

/// Both ends of a connection in memory, which holds up to `capacity` bytes in each direction: what one end writes, the
/// other reads. For resets and for pieces of a certain size see [`MemoryWire`].
///
/// # Panics
///
/// When `capacity` is 0.
///
/// # Examples
///
/// ```
/// use asyncio_testing::memory_stream_pair;
///
/// # futures_lite::future::block_on(async {
/// let ((mut reader, writer), (mut their_reader, their_writer)) = memory_stream_pair(1024);
/// writer.write(b"question\n")?;
/// assert_eq!(their_reader.readline().await?, "question\n");
/// their_writer.write(b"answer")?;
/// their_writer.write_eof()?;
/// assert_eq!(reader.read_to_end().await?, "answer");
/// # Ok::<(), asyncio_net::StreamError>(())
/// # }).unwrap();
/// ```
pub fn memory_stream_pair(capacity: usize) -> (MemoryEnd, MemoryEnd) {
    let (one, other) = MemoryWire::pair(capacity);
    (stream(one), stream(other))
}
