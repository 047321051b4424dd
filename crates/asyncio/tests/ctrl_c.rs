//! Ctrl-C against the real example program.
#![cfg(unix)]

#[path = "kit/example.rs"]
mod kit;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};

use kit::example;

fn echo_server() -> (Child, String) {
    let mut child = Command::new(example("echo_server"))
        .arg("127.0.0.1:0")
        .stdout(Stdio::piped())
        .spawn()
        .expect("the example was built");
    let mut line = String::new();
    let stdout = child.stdout.take().expect("it is piped");
    BufReader::new(stdout)
        .read_line(&mut line)
        .expect("the server says where it listens");
    let address = line
        .trim()
        .rsplit(' ')
        .next()
        .expect("the address comes last")
        .to_owned();
    (child, address)
}

fn send(child: &Child, signal: &str) {
    let sent = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status()
        .expect("kill is there");
    assert!(sent.success());
}

/// RUN-09.
#[test]
fn the_server_echoes_and_dies_by_sigint() {
    let (mut child, address) = echo_server();
    let mut client = TcpStream::connect(&address).unwrap();
    client.write_all(b"hello").unwrap();
    let mut buffer = [0; 5];
    client.read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"hello");
    send(&child, "-INT");
    let status = child.wait().unwrap();
    assert_eq!((status.signal(), status.code()), (Some(2), None));
    // The loop has closed its connections before the process ended.
    assert_eq!(client.read(&mut buffer).unwrap(), 0);
}

#[test]
fn a_thousand_connections_at_once_get_each_byte_back() {
    let (mut child, address) = echo_server();
    let mut clients: Vec<TcpStream> = (0..1000).map(|_| TcpStream::connect(&address).unwrap()).collect();
    for round in 0..3_u32 {
        for (n, client) in clients.iter_mut().enumerate() {
            client.write_all(&message(n, round)).unwrap();
        }
        for (n, client) in clients.iter_mut().enumerate() {
            let mut buffer = [0; 64];
            client.read_exact(&mut buffer).unwrap();
            assert_eq!(buffer, message(n, round));
        }
    }
    #[cfg(target_os = "linux")]
    {
        let threads = std::fs::read_dir(format!("/proc/{}/task", child.id()))
            .unwrap()
            .count();
        assert_eq!(threads, 1, "a loop with sockets alone starts no thread");
        drop(clients);
        let descriptors = || {
            std::fs::read_dir(format!("/proc/{}/fd", child.id()))
                .unwrap()
                .count()
        };
        let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
        while descriptors() > 20 && std::time::Instant::now() < until {
            std::thread::yield_now();
        }
        assert!(descriptors() <= 20, "the connections' descriptors are closed");
    }
    send(&child, "-INT");
    assert_eq!(child.wait().unwrap().signal(), Some(2));
}

fn message(n: usize, round: u32) -> [u8; 64] {
    std::array::from_fn(|at| (n * 31 + at * 7 + round as usize) as u8)
}
