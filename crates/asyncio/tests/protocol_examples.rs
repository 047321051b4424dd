//! The examples of protocols: the echo, and the server that speaks Redis' protocol, asked by `redis-cli` and `redis-benchmark` where they are, and by hand.
#![cfg(unix)]

#[path = "kit/example.rs"]
mod kit;

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream, UdpSocket};
use std::process::Command;

use kit::Server;

/// What comes back for `request`, when the client has nothing more to say.
fn ask(server: &Server, request: &[u8]) -> String {
    let mut client = TcpStream::connect(&server.address).expect("it listens");
    client.write_all(request).expect("it reads");
    client.shutdown(Shutdown::Write).expect("connected");
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).expect("it answers");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Whether that program is there; says so if not.
fn is_there(program: &str) -> bool {
    let there = Command::new(program).arg("--version").output().is_ok();
    if !there {
        println!("skipped: there is no {program}");
    }
    there
}

#[test]
fn the_echo_sends_back_streams_and_datagrams() {
    let server = Server::start("protocol_echo", &["127.0.0.1:0"]);
    let bytes = "echo ".repeat(400_000);
    let mut client = TcpStream::connect(&server.address).expect("it listens");
    let mut writer = client.try_clone().expect("a socket can be shared");
    let wrote = std::thread::spawn(move || {
        writer.write_all(bytes.as_bytes())?;
        writer.shutdown(Shutdown::Write)
    });
    let mut back = Vec::new();
    client.read_to_end(&mut back).expect("it answers");
    wrote.join().expect("no panic").expect("it reads");
    assert_eq!(back.len(), 2_000_000);
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    socket.send_to(b"datagram", &server.address).expect("sent");
    let mut buffer = [0; 16];
    let count = socket.recv(&mut buffer).expect("it answers");
    assert_eq!(&buffer[..count], b"datagram");
    server.interrupt();
}

#[test]
fn requests_are_answered_however_they_are_cut() {
    let server = Server::start("resp_server", &["127.0.0.1:0"]);
    let request = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nhello\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\nPING\r\nEXISTS k nothing\r\n";
    let answer = "+OK\r\n$5\r\nhello\r\n+PONG\r\n:1\r\n";
    assert_eq!(ask(&server, request), answer, "all at once");
    let mut client = TcpStream::connect(&server.address).expect("it listens");
    client.set_nodelay(true).expect("connected");
    for byte in request {
        client.write_all(&[*byte]).expect("it reads");
    }
    client.shutdown(Shutdown::Write).expect("connected");
    let mut pieces = String::new();
    client.read_to_string(&mut pieces).expect("it answers");
    assert_eq!(pieces, answer, "byte by byte");
}

#[test]
fn keys_have_their_time_and_numbers_their_range() {
    let server = Server::start("resp_server", &["127.0.0.1:0"]);
    let talk = [
        ("INCR n", ":1\r\n"),
        ("INCR n", ":2\r\n"),
        ("SET n word", "+OK\r\n"),
        ("INCR n", "-ERR value is not an integer or out of range\r\n"),
        ("SET n 9223372036854775807", "+OK\r\n"),
        ("INCR n", "-ERR value is not an integer or out of range\r\n"),
        ("TTL n", ":-1\r\n"),
        ("TTL nothing", ":-2\r\n"),
        ("EXPIRE n 100", ":1\r\n"),
        ("TTL n", ":100\r\n"),
        ("PERSIST n", ":1\r\n"),
        ("TTL n", ":-1\r\n"),
        ("EXPIRE n -1", ":1\r\n"),
        ("GET n", "$-1\r\n"),
        ("SET a 1 EX 0", "-ERR invalid expire time in 'set' command\r\n"),
        ("SET a 1 NX", "+OK\r\n"),
        ("SET a 2 NX", "$-1\r\n"),
        ("SET ab 2", "+OK\r\n"),
        ("KEYS a?", "*1\r\n$2\r\nab\r\n"),
        ("KEYS *", "*2\r\n$1\r\na\r\n$2\r\nab\r\n"),
        ("DEL a ab c", ":2\r\n"),
        ("GET", "-ERR wrong number of arguments for 'get' command\r\n"),
        ("FLY", "-ERR unknown command 'FLY'\r\n"),
        ("", ""),
        ("QUIT", "+OK\r\n"),
        ("PING", ""),
    ];
    let request: String = talk.iter().map(|(line, _)| format!("{line}\r\n")).collect();
    let answer: String = talk.iter().map(|(_, answer)| *answer).collect();
    assert_eq!(ask(&server, request.as_bytes()), answer);
}

#[test]
fn what_nobody_can_understand_ends_the_connection() {
    let server = Server::start("resp_server", &["127.0.0.1:0"]);
    for (request, error) in [
        ("*1\r\n:3\r\nPING\r\n", "expected '$'"),
        ("*1\r\n$-3\r\n", "invalid bulk length"),
        ("*9999999999\r\n", "invalid multibulk length"),
        ("*1\r\n$99999999999\r\n", "invalid bulk length"),
    ] {
        assert_eq!(
            ask(&server, request.as_bytes()),
            format!("-ERR Protocol error: {error}\r\n")
        );
    }
    let long = vec![b'x'; 100_000];
    assert!(ask(&server, &long).contains("too big inline request"));
    server.interrupt();
}

/// The answers are more than the system holds: the server must stop to read, and go on when they are taken.
#[test]
fn a_client_that_does_not_read_is_not_read_from() {
    let server = Server::start("resp_server", &["127.0.0.1:0"]);
    let value = "v".repeat(100_000);
    assert_eq!(
        ask(
            &server,
            format!("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$100000\r\n{value}\r\n").as_bytes()
        ),
        "+OK\r\n"
    );
    let client = TcpStream::connect(&server.address).expect("it listens");
    let mut writer = client.try_clone().expect("a socket can be shared");
    const TIMES: usize = 500;
    let wrote = std::thread::spawn(move || {
        writer.write_all("GET k\r\n".repeat(TIMES).as_bytes())?;
        writer.shutdown(Shutdown::Write)
    });
    let mut came = 0;
    let mut buffer = vec![0; 1 << 16];
    let mut reader = client;
    loop {
        match reader.read(&mut buffer).expect("it answers") {
            0 => break,
            count => came += count,
        }
    }
    wrote.join().expect("no panic").expect("it reads");
    assert_eq!(came, TIMES * ("$100000\r\n".len() + 100_000 + 2));
}

#[test]
fn redis_cli_understands_it() {
    if !is_there("redis-cli") {
        return;
    }
    let server = Server::start("resp_server", &["127.0.0.1:0"]);
    let (host, port) = server.address.rsplit_once(':').expect("an address");
    let cli = |arguments: &[&str]| {
        let output = Command::new("redis-cli")
            .args(["-h", host, "-p", port])
            .args(arguments)
            .output()
            .expect("it was there");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    assert_eq!(cli(&["PING"]), "PONG");
    assert_eq!(cli(&["SET", "a key", "two words"]), "OK");
    assert_eq!(cli(&["GET", "a key"]), "two words");
    assert_eq!(cli(&["INCR", "count"]), "1");
    assert_eq!(cli(&["KEYS", "*"]), "a key\ncount");
    assert!(cli(&["NONSENSE"]).starts_with("ERR unknown command"));
    server.interrupt();
}

#[test]
fn redis_benchmark_runs_through_pipelined_and_not() {
    if !is_there("redis-benchmark") {
        return;
    }
    let server = Server::start("resp_server", &["127.0.0.1:0"]);
    let (host, port) = server.address.rsplit_once(':').expect("an address");
    for pipeline in ["1", "32"] {
        let output = Command::new("redis-benchmark")
            .args([
                "-h",
                host,
                "-p",
                port,
                "-t",
                "ping,set,get,incr",
                "-n",
                "2000",
                "-c",
                "20",
                "--csv",
            ])
            .args(["-P", pipeline])
            .output()
            .expect("it was there");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}");
        for name in ["PING_INLINE", "PING_MBULK", "SET", "GET", "INCR"] {
            assert!(text.contains(&format!("\"{name}\"")), "{text}");
        }
    }
    server.interrupt();
}
