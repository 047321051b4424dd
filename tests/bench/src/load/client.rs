//! One connection with one message under way, or several lines at once.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsRawFd, RawFd};
use std::time::Instant;

use asyncio::net::tls::rustls::{ClientConnection, StreamOwned};

/// A comparison takes time that is the load's: longer messages are compared the first time only.
const COMPARED: usize = 4096;

/// `lines` times `size` bytes, each the last of which is a newline; they differ from each other, and those of one
/// client from those of others.
pub fn message(size: usize, lines: u64, client: u64) -> Vec<u8> {
    let line = |number| {
        let letter = b'A' + ((client * 7 + number) % 58) as u8;
        let mut line = vec![letter; size];
        line[size - 1] = b'\n';
        line
    };
    (0..lines).flat_map(line).collect()
}

/// What a client speaks over, without blocking.
pub trait Stream: Read + Write {
    fn fd(&self) -> RawFd;
}

impl Stream for TcpStream {
    fn fd(&self) -> RawFd {
        self.as_raw_fd()
    }
}

impl Stream for StreamOwned<ClientConnection, TcpStream> {
    fn fd(&self) -> RawFd {
        self.sock.as_raw_fd()
    }
}

pub struct Client {
    stream: Box<dyn Stream>,
    message: Vec<u8>,
    buffer: Vec<u8>,
    sent: usize,
    got: usize,
    started: Instant,
    compared: bool,
}

impl Client {
    pub fn new(stream: impl Stream + 'static, size: usize, lines: u64) -> Client {
        let message = message(size, lines, stream.fd() as u64);
        let buffer = vec![0; message.len()];
        Client {
            stream: Box::new(stream),
            message,
            buffer,
            sent: 0,
            got: 0,
            started: Instant::now(),
            compared: false,
        }
    }

    pub fn fd(&self) -> RawFd {
        self.stream.fd()
    }

    /// Starts the clock of a message that was not begun yet, and sends it.
    pub fn begin(&mut self) {
        self.started = Instant::now();
        self.advance(&mut |_| false);
    }

    /// Nanoseconds since the message was begun.
    pub fn under_way(&self) -> f64 {
        self.started.elapsed().as_nanos() as f64
    }

    /// Goes as far as the socket lets it. `done` hears the nanoseconds of a round trip that is complete, and says
    /// whether to begin another.
    pub fn advance(&mut self, done: &mut dyn FnMut(u64) -> bool) {
        loop {
            while self.sent < self.message.len() {
                match self.stream.write(&self.message[self.sent..]) {
                    Ok(count) => self.sent += count,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => panic!("write: {error}"),
                }
            }
            while self.got < self.message.len() {
                match self.stream.read(&mut self.buffer[self.got..]) {
                    Ok(0) => panic!("the server closed a connection"),
                    Ok(count) => self.got += count,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                    Err(error) => panic!("read: {error}"),
                }
            }
            if !self.compared || self.message.len() <= COMPARED {
                assert!(
                    self.buffer == self.message,
                    "the answer is another than the question"
                );
                self.compared = true;
            }
            let nanos = self.started.elapsed().as_nanos() as u64;
            (self.sent, self.got, self.started) = (0, 0, Instant::now());
            if !done(nanos) {
                return;
            }
        }
    }
}
