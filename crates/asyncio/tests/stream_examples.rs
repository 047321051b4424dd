//! The examples with streams, as their users run them.
#![cfg(unix)]

#[path = "kit/example.rs"]
mod kit;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::thread;

use kit::{Server, example};

/// A client of the chat.
struct Client {
    stream: TcpStream,
    lines: BufReader<TcpStream>,
}

impl Client {
    fn enter(server: &Server, name: &str) -> Client {
        let stream = TcpStream::connect(&server.address).expect("the server listens");
        let lines = BufReader::new(stream.try_clone().expect("a second handle"));
        let mut client = Client { stream, lines };
        assert_eq!(client.hears(), "your name?\n");
        client.says(name);
        client
    }

    fn says(&mut self, line: &str) {
        writeln!(self.stream, "{line}").expect("the server reads");
    }

    fn hears(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("the server writes");
        line
    }
}

#[test]
fn the_echo_client_and_the_echo_server_understand_each_other() {
    let server = Server::start("stream_echo_server", &["127.0.0.1:0"]);
    let client = Command::new(example("stream_echo_client"))
        .args([server.address.as_str(), "Hello World!"])
        .output()
        .expect("the example was built");
    assert!(client.status.success());
    let said = String::from_utf8_lossy(&client.stdout);
    assert_eq!(
        said,
        "Send: \"Hello World!\"\nReceived: \"Hello World!\"\nClose the connection\n"
    );
    // One that stays is cut off in the end; the server tells.
    let mut stays = TcpStream::connect(&server.address).unwrap();
    stays.write_all(b"x").unwrap();
    let mut byte = [0];
    stays.read_exact(&mut byte).unwrap();
    drop(stays);
    server.ends_by_ctrl_c("ended, 0 clients cut off\n");
}

#[test]
fn what_one_says_all_others_hear() {
    let server = Server::start("chat", &["127.0.0.1:0"]);
    let mut ada = Client::enter(&server, "ada");
    let mut bob = Client::enter(&server, "bob");
    assert_eq!(ada.hears(), "* bob is here\n");
    let mut twin = Client::enter(&server, "bob");
    assert_eq!(twin.hears(), "that name is not to be had\n");
    assert_eq!(twin.hears(), "", "and is sent away");
    bob.says("hello");
    assert_eq!(ada.hears(), "bob: hello\n");
    ada.says("hello, bob");
    assert_eq!(bob.hears(), "ada: hello, bob\n");
    drop(bob);
    assert_eq!(ada.hears(), "* bob has left\n");
    drop(ada);
    server.ends_by_ctrl_c("good night\n");
}

#[test]
fn the_headers_of_a_web_server_are_printed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = BufReader::new(stream.try_clone().unwrap());
        let mut first = String::new();
        request.read_line(&mut first).unwrap();
        stream
            .write_all(b"HTTP/1.0 200 OK\r\nServer: test\r\n\r\nignored")
            .unwrap();
        first
    });
    let url = format!("http://{address}/index.html");
    let client = Command::new(example("http_head")).arg(url).output().unwrap();
    assert_eq!(server.join().unwrap(), "HEAD /index.html HTTP/1.0\r\n");
    let said = String::from_utf8_lossy(&client.stdout);
    assert_eq!(said, "HTTP header> HTTP/1.0 200 OK\nHTTP header> Server: test\n");
    assert!(client.status.success());
}
