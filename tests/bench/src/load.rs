//! The load generator: one thread, one epoll, the same for every peer. Linux only, as is the benchmark.
//!
//! Each client has one message under way: it sends, waits for all of it to come back, and sends again. The first tenth
//! of the time is not counted. A message ends with a newline and has no other, so that it is a line too; for `lines` it
//! is several of them.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use asyncio::net::tls;
use asyncio::net::tls::rustls::{ClientConnection, StreamOwned};

mod client;
mod epoll;

use client::Client;
use epoll::Epoll;

use crate::workloads::Random;

/// Runs `load KIND PORT ARGUMENTS` and prints its line.
pub fn run(arguments: &[String]) {
    let (kind, numbers) = arguments.split_first().expect("load KIND PORT ARGUMENTS");
    let numbers: Vec<u64> = numbers
        .iter()
        .map(|number| number.parse().expect("a number"))
        .collect();
    let (port, rest) = (numbers[0] as u16, &numbers[1..]);
    let value = match (kind.as_str(), rest) {
        ("tcp", &[clients, size, millis]) => tcp(&|| client(port, size, 1), clients, 1, millis),
        ("lines", &[clients, size, lines, millis]) => {
            tcp(&|| client(port, size, lines), clients, lines, millis)
        }
        ("tls", &[clients, size, millis]) => tcp(&tls_client(port, size), clients, 1, millis),
        ("latency", &[clients, size, millis, percent]) => {
            let mut seen = latencies(port, clients, size, millis);
            crate::stats::percentile(&mut seen, percent as usize)
        }
        ("connect", &[clients, size, millis]) => connect(port, clients, size, millis),
        ("fixed", &[clients, size, total]) => fixed(port, clients, size, total),
        ("udp", &[clients, size, millis]) => udp(port, clients, size, millis),
        ("idle", &[clients, size]) => return idle(port, clients, size),
        _ => panic!("no load {kind} with {} arguments", rest.len()),
    };
    println!("{value}");
}

/// When to start counting, and when to stop.
struct Clock {
    from: Instant,
    until: Instant,
}

impl Clock {
    fn start(millis: u64) -> Clock {
        let from = Instant::now() + Duration::from_millis(millis / 10);
        Clock {
            from,
            until: from + Duration::from_millis(millis),
        }
    }

    fn rate(&self, operations: u64) -> f64 {
        operations as f64 / self.from.elapsed().as_secs_f64()
    }
}

/// Messages per second, that many under way on each connection.
fn tcp(client: &dyn Fn() -> Client, clients: u64, lines: u64, millis: u64) -> f64 {
    let epoll = Epoll::new();
    let mut clients: Vec<Client> = (0..clients).map(|_| client()).collect();
    for (key, client) in clients.iter_mut().enumerate() {
        epoll.add(client.fd(), key);
        client.advance(&mut |_| false);
    }
    let clock = Clock::start(millis);
    let mut count = 0;
    let mut keys = Vec::new();
    let mut now = Instant::now();
    while now < clock.until {
        epoll.wait(100, &mut keys);
        for &key in &keys {
            clients[key].advance(&mut |_| {
                count += lines * u64::from(now >= clock.from);
                true
            });
        }
        now = Instant::now();
    }
    clock.rate(count)
}

/// Nanoseconds of each round trip, of clients that rest for about 5 ms between two: a server with time to spare.
fn latencies(port: u16, clients: u64, size: u64, millis: u64) -> Vec<f64> {
    let epoll = Epoll::new();
    let mut random = Random::new();
    let mut clients: Vec<(Client, Option<Instant>)> = (0..clients)
        .map(|_| (client(port, size, 1), Some(Instant::now())))
        .collect();
    for (key, (client, _)) in clients.iter().enumerate() {
        epoll.add(client.fd(), key);
    }
    let clock = Clock::start(millis);
    let (mut seen, mut keys) = (Vec::new(), Vec::new());
    let mut now = Instant::now();
    while now < clock.until {
        epoll.wait(1, &mut keys);
        now = Instant::now();
        for &key in &keys {
            let (client, rests_until) = &mut clients[key];
            if rests_until.is_none() {
                client.advance(&mut |nanos| {
                    if now >= clock.from {
                        seen.push(nanos as f64);
                    }
                    *rests_until = Some(now + Duration::from_micros(4000 + random.below(2000)));
                    false
                });
            }
        }
        for (client, rests_until) in &mut clients {
            if rests_until.take_if(|until| *until <= now).is_some() {
                client.begin();
            }
        }
    }
    // What is still under way counts with the time that it took so far: the worst ones would be lost otherwise.
    seen.extend(
        clients
            .iter()
            .filter(|(_, rests)| rests.is_none())
            .map(|(client, _)| client.under_way()),
    );
    seen
}

/// That many round trips in all, give or take one of each client; gives the exact number.
fn fixed(port: u16, clients: u64, size: u64, total: u64) -> f64 {
    let epoll = Epoll::new();
    let mut clients: Vec<Client> = (0..clients).map(|_| client(port, size, 1)).collect();
    for (key, client) in clients.iter_mut().enumerate() {
        epoll.add(client.fd(), key);
        client.advance(&mut |_| false);
    }
    let (mut count, mut keys) = (0, Vec::new());
    while count < total {
        epoll.wait(100, &mut keys);
        for &key in &keys {
            clients[key].advance(&mut |_| {
                count += 1;
                count < total
            });
        }
    }
    count as f64
}

/// Connections with one round trip each; closed by a reset, so that no port lingers in TIME_WAIT.
fn connect(port: u16, clients: u64, size: u64, millis: u64) -> f64 {
    let epoll = Epoll::new();
    let fresh = |key| {
        let stream = connected(port);
        epoll::reset_on_close(stream.as_raw_fd());
        epoll.add(stream.as_raw_fd(), key);
        let mut client = Client::new(stream, size as usize, 1);
        client.advance(&mut |_| false);
        client
    };
    let mut clients: Vec<Client> = (0..clients as usize).map(fresh).collect();
    let clock = Clock::start(millis);
    let (mut count, mut keys, mut now) = (0, Vec::new(), Instant::now());
    while now < clock.until {
        epoll.wait(100, &mut keys);
        for &key in &keys {
            let mut done = false;
            clients[key].advance(&mut |_| {
                done = true;
                false
            });
            if done {
                count += u64::from(now >= clock.from);
                clients[key] = fresh(key);
            }
        }
        now = Instant::now();
    }
    clock.rate(count)
}

fn udp(port: u16, clients: u64, size: u64, millis: u64) -> f64 {
    let epoll = Epoll::new();
    let message = vec![7; size as usize];
    let mut buffer = vec![0; size as usize];
    let sockets: Vec<UdpSocket> = (0..clients)
        .map(|_| {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            socket.connect((Ipv4Addr::LOCALHOST, port)).unwrap();
            socket.set_nonblocking(true).unwrap();
            socket
        })
        .collect();
    for (key, socket) in sockets.iter().enumerate() {
        epoll.add_readable(socket.as_raw_fd(), key);
        socket.send(&message).unwrap();
    }
    let clock = Clock::start(millis);
    let (mut count, mut keys, mut now) = (0, Vec::new(), Instant::now());
    while now < clock.until {
        epoll.wait(20, &mut keys);
        for &key in &keys {
            // One datagram is under way, so that there is no second one to look for.
            if let Ok(read) = sockets[key].recv(&mut buffer) {
                assert_eq!(read, message.len());
                count += u64::from(now >= clock.from);
                sockets[key].send(&message).unwrap();
            }
        }
        if keys.is_empty() {
            // Datagrams were lost, all of them by now: start again.
            sockets.iter().for_each(|socket| drop(socket.send(&message)));
        }
        now = Instant::now();
    }
    clock.rate(count)
}

/// One round trip on each connection, then "ready", then nothing until standard input ends.
fn idle(port: u16, clients: u64, size: u64) {
    let message = client::message(size as usize, 1, 0);
    let mut buffer = vec![0; size as usize];
    let streams: Vec<TcpStream> = (0..clients)
        .map(|_| {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
            // So that no port lingers in TIME_WAIT.
            epoll::reset_on_close(stream.as_raw_fd());
            stream.write_all(&message).unwrap();
            stream.read_exact(&mut buffer).unwrap();
            assert_eq!(buffer, message);
            stream
        })
        .collect();
    println!("ready");
    let _ = std::io::stdin().read(&mut [0]);
    drop(streams);
}

fn client(port: u16, size: u64, lines: u64) -> Client {
    let stream = connected(port);
    stream.set_nodelay(true).unwrap();
    Client::new(stream, size as usize, lines)
}

/// Clients over TLS that trust whom standard input names, and have shaken hands.
fn tls_client(port: u16, size: u64) -> impl Fn() -> Client {
    let mut roots = String::new();
    std::io::stdin().read_to_string(&mut roots).unwrap();
    let config = Arc::new(tls::client_config_with_roots(roots).unwrap());
    move || {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        stream.set_nodelay(true).unwrap();
        let name = "localhost".try_into().unwrap();
        let mut connection = ClientConnection::new(config.clone(), name).unwrap();
        while connection.is_handshaking() {
            connection.complete_io(&mut stream).unwrap();
        }
        stream.set_nonblocking(true).unwrap();
        Client::new(StreamOwned::new(connection, stream), size as usize, 1)
    }
}

fn connected(port: u16) -> TcpStream {
    loop {
        match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            Ok(stream) => {
                stream.set_nonblocking(true).unwrap();
                return stream;
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => panic!("connect to port {port}: {error}"),
        }
    }
}
