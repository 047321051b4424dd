//! Connections that stay and send one message after another.

use std::io::{self, Read, Write};
use std::net::{TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use super::poller::Poller;
use super::{Load, SERVER, latencies, message};
use crate::measure::Metrics;

/// One connection and the message that is under way.
pub(super) struct Connection {
    stream: TcpStream,
    message: Vec<u8>,
    reply: Vec<u8>,
    sent: usize,
    received: usize,
    messages: u64,
    begun: Instant,
}

impl Connection {
    pub(super) fn open(port: u16, number: usize, bytes: usize) -> io::Result<Connection> {
        let stream = TcpStream::connect((SERVER, port))?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        Ok(Connection {
            stream,
            message: message(number, bytes),
            reply: vec![0; bytes],
            sent: 0,
            received: 0,
            messages: 0,
            begun: Instant::now(),
        })
    }

    pub(super) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// Starts the next message, whose time counts from `begun`.
    pub(super) fn begin(&mut self, begun: Instant) -> io::Result<()> {
        (self.sent, self.received, self.begun) = (0, 0, begun);
        self.write()
    }

    fn write(&mut self) -> io::Result<()> {
        while self.sent < self.message.len() {
            match self.stream.write(&self.message[self.sent..]) {
                Ok(n) => self.sent += n,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Goes on with the message. When it is back: how long that took.
    pub(super) fn advance(&mut self) -> io::Result<Option<Duration>> {
        if self.sent < self.message.len() {
            self.write()?;
        }
        while self.received < self.message.len() {
            let room = self.message.len() - self.received;
            match self.stream.read(&mut self.reply[self.received..]) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(n) => {
                    self.received += n;
                    if n == room {
                        self.messages += 1;
                        if self.messages <= 3 && self.reply != self.message {
                            return Err(io::Error::other("the echo differs"));
                        }
                        return Ok(Some(self.begun.elapsed()));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

/// How long to warm up and to measure, and what was counted.
struct Meter {
    warm_until: Instant,
    until: Instant,
    ops: Option<u64>,
    done: u64,
    first: Option<Instant>,
    taken: Vec<f64>,
}

impl Meter {
    fn new(load: &Load) -> Meter {
        let warm_until = Instant::now() + load.warm;
        Meter {
            warm_until,
            until: warm_until + load.time,
            ops: load.ops,
            done: 0,
            first: None,
            taken: Vec::with_capacity(1 << 20),
        }
    }

    /// A message came back. Is it time to stop?
    fn record(&mut self, took: Duration) -> bool {
        let now = Instant::now();
        self.done += 1;
        if let Some(ops) = self.ops {
            self.first.get_or_insert(now);
            self.taken.push(took.as_nanos() as f64);
            return self.done >= ops;
        }
        if now < self.warm_until {
            return false;
        }
        self.first.get_or_insert(now);
        self.taken.push(took.as_nanos() as f64);
        now >= self.until
    }

    fn metrics(self) -> Metrics {
        let seconds = self.first.map_or(f64::NAN, |first| first.elapsed().as_secs_f64());
        let rate = (self.taken.len() as f64 - 1.0) / seconds;
        latencies(self.taken).and("rate", rate).and("all", self.done as f64)
    }
}

pub(super) fn tcp(load: &Load) -> io::Result<Metrics> {
    let mut poller = Poller::new()?;
    let mut connections = Vec::with_capacity(load.conns);
    for number in 0..load.conns {
        let connection = Connection::open(load.ports[0], number, load.bytes)?;
        poller.add(connection.stream(), number)?;
        connections.push(connection);
    }
    let mut meter = Meter::new(load);
    for connection in &mut connections {
        connection.begin(Instant::now())?;
    }
    let mut keys = Vec::new();
    loop {
        poller.wait(&mut keys, Duration::from_secs(1))?;
        for key in &keys {
            if let Some(took) = connections[*key].advance()? {
                if meter.record(took) {
                    return Ok(meter.metrics());
                }
                connections[*key].begin(Instant::now())?;
            }
        }
        if keys.is_empty() {
            return Err(io::Error::other("nothing came back for a second"));
        }
    }
}

/// Opens connections, sends one message on each, prints a line, and keeps them until its input ends.
pub(super) fn idle(load: &Load) -> io::Result<Metrics> {
    let mut connections = Vec::with_capacity(load.conns);
    for number in 0..load.conns {
        let mut connection = Connection::open(load.ports[0], number, load.bytes)?;
        connection.stream.set_nonblocking(false)?;
        connection.stream.write_all(&connection.message)?;
        connection.stream.read_exact(&mut connection.reply)?;
        if connection.reply != connection.message {
            return Err(io::Error::other("the echo differs"));
        }
        connections.push(connection);
    }
    println!("{}", Metrics::one("open", connections.len() as f64).to_line());
    io::stdin().read_line(&mut String::new())?;
    Ok(Metrics::default())
}

pub(super) fn udp(load: &Load) -> io::Result<Metrics> {
    let mut poller = Poller::new()?;
    let mut sockets = Vec::with_capacity(load.ports.len());
    for (number, port) in load.ports.iter().enumerate() {
        let socket = UdpSocket::bind((SERVER, 0))?;
        socket.connect((SERVER, *port))?;
        socket.set_nonblocking(true)?;
        poller.add(&socket, number)?;
        sockets.push((socket, message(number, load.bytes), Instant::now(), 0u64));
    }
    let mut meter = Meter::new(load);
    for (socket, message, begun, _) in &mut sockets {
        *begun = Instant::now();
        socket.send(message)?;
    }
    let (mut keys, mut reply) = (Vec::new(), vec![0; load.bytes + 1]);
    loop {
        poller.wait(&mut keys, Duration::from_secs(1))?;
        for key in &keys {
            let (socket, message, begun, messages) = &mut sockets[*key];
            match socket.recv(&mut reply) {
                Ok(n) => {
                    *messages += 1;
                    if *messages <= 3 && reply[..n] != message[..] {
                        return Err(io::Error::other("the echo differs"));
                    }
                    if meter.record(begun.elapsed()) {
                        return Ok(meter.metrics());
                    }
                    *begun = Instant::now();
                    socket.send(message)?;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        if keys.is_empty() {
            return Err(io::Error::other("nothing came back for a second: a datagram was lost"));
        }
    }
}
