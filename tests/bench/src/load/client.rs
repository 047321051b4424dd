//! One connection with one message under way.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

pub struct Client {
    stream: TcpStream,
    message: Vec<u8>,
    buffer: Vec<u8>,
    sent: usize,
    got: usize,
    started: Instant,
}

impl Client {
    pub fn new(stream: TcpStream, size: usize) -> Client {
        let (message, buffer) = (vec![7; size], vec![0; size]);
        Client {
            stream,
            message,
            buffer,
            sent: 0,
            got: 0,
            started: Instant::now(),
        }
    }

    pub fn stream(&self) -> &TcpStream {
        &self.stream
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
                let wanted = self.message.len() - self.got;
                match self.stream.read(&mut self.buffer[..wanted]) {
                    Ok(0) => panic!("the server closed a connection"),
                    Ok(count) => self.got += count,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                    Err(error) => panic!("read: {error}"),
                }
            }
            let nanos = self.started.elapsed().as_nanos() as u64;
            (self.sent, self.got, self.started) = (0, 0, Instant::now());
            if !done(nanos) {
                return;
            }
        }
    }
}
