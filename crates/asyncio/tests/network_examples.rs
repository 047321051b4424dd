//! The port forwarder, the echo on several cores and the UDP echo, as their users run them.
#![cfg(unix)]

#[path = "kit/example.rs"]
mod kit;

use kit::Server;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

fn echoes(stream: &mut TcpStream, message: &[u8]) {
    stream.write_all(message).expect("the peer reads");
    let mut buffer = vec![0; message.len()];
    stream.read_exact(&mut buffer).expect("the peer writes");
    assert_eq!(buffer, message);
}

#[test]
fn the_forwarder_passes_on_both_directions_and_a_half_close() {
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let target_address = target.local_addr().unwrap().to_string();
    let mut forwarder = Server::start("port_forwarder", &["127.0.0.1:0", &target_address]);
    let mut client = TcpStream::connect(&forwarder.address).unwrap();
    let (mut server, _) = target.accept().unwrap();
    client.write_all(b"question").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut question = String::new();
    server.read_to_string(&mut question).unwrap();
    assert_eq!(question, "question");
    server.write_all(b"answer!").unwrap();
    drop(server);
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert_eq!(answer, "answer!");
    let said = forwarder.line();
    assert!(said.ends_with(": 8 bytes sent, 7 received\n"), "{said}");

    // Ctrl-C closes what is open.
    let mut client = TcpStream::connect(&forwarder.address).unwrap();
    let (mut server, _) = target.accept().unwrap();
    client.write_all(b"x").unwrap();
    server.read_exact(&mut [0]).unwrap();
    forwarder.interrupt();
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
    assert_eq!(server.read(&mut [0]).unwrap(), 0);
}

#[test]
fn a_reset_of_either_side_ends_one_connection_and_leaks_no_descriptor() {
    let target = TcpListener::bind("127.0.0.1:0").unwrap();
    let target_address = target.local_addr().unwrap().to_string();
    let mut forwarder = Server::start("port_forwarder", &["127.0.0.1:0", &target_address]);
    #[cfg(target_os = "linux")]
    let before = forwarder.count("fd");
    let mut steady = TcpStream::connect(&forwarder.address).unwrap();
    let (mut steady_server, _) = target.accept().unwrap();
    for round in 0..10 {
        let mut client = TcpStream::connect(&forwarder.address).unwrap();
        let (mut server, _) = target.accept().unwrap();
        client.write_all(b"x").unwrap();
        server.read_exact(&mut [0]).unwrap();
        let (reset, mut other) = if round % 2 == 0 {
            (client, server)
        } else {
            (server, client)
        };
        // Closed with unread input, a socket resets its connection.
        other.write_all(b"unread").unwrap();
        reset.peek(&mut [0; 6]).unwrap();
        drop(reset);
        let said = forwarder.line();
        assert!(said.contains("reset") || said.contains("Broken pipe"), "{said}");
        other.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        match other.read(&mut [0]) {
            Ok(0) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            read => panic!("{read:?}"),
        }
    }
    steady.write_all(b"still").unwrap();
    let mut buffer = [0; 5];
    steady_server.read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"still");
    drop((steady, steady_server));
    forwarder.line();
    #[cfg(target_os = "linux")]
    {
        let until = std::time::Instant::now() + Duration::from_secs(20);
        while forwarder.count("fd") != before && std::time::Instant::now() < until {
            std::thread::yield_now();
        }
        assert_eq!(forwarder.count("fd"), before);
    }
    forwarder.interrupt();
}

#[test]
fn a_target_that_does_not_listen_is_reported_and_the_client_let_go() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut forwarder = Server::start("port_forwarder", &["127.0.0.1:0", &nobody.to_string()]);
    let mut client = TcpStream::connect(&forwarder.address).unwrap();
    let said = forwarder.line();
    assert!(said.contains(&format!("cannot connect to {nobody}")), "{said}");
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
    forwarder.interrupt();
}

#[test]
fn every_core_echoes_and_ctrl_c_ends_them_all() {
    let server = Server::start("per_core_echo", &["127.0.0.1:0"]);
    // Enough that each core has some: the kernel shares them out by their addresses.
    let mut clients: Vec<TcpStream> = (0..64)
        .map(|_| TcpStream::connect(&server.address).unwrap())
        .collect();
    for (n, client) in clients.iter_mut().enumerate() {
        echoes(client, format!("hello {n}").as_bytes());
    }
    #[cfg(target_os = "linux")]
    {
        let cores = std::thread::available_parallelism().unwrap().get();
        assert_eq!(
            server.count("task"),
            cores + 1,
            "a thread for each core, and the one that waits"
        );
    }
    server.interrupt();
    for mut client in clients {
        assert_eq!(client.read(&mut [0]).unwrap(), 0);
    }
}

#[test]
fn datagrams_come_back_one_by_one() {
    let server = Server::start("udp_echo", &["127.0.0.1:0"]);
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.connect(&server.address).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut buffer = vec![0; 65_536];
    for size in [0, 1, 1400, 60_000] {
        let message = vec![size as u8; size];
        client.send(&message).unwrap();
        let count = client.recv(&mut buffer).unwrap();
        assert_eq!(buffer[..count], message);
    }
    server.interrupt();
}
