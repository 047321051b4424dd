//! `nc` as a client and as a server. There are several programs of that name: what not all of them can do is
//! asked for first.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Output, Stdio};
use std::thread::{self, JoinHandle};

use asyncio::net::{TcpListener, open_connection, open_unix_connection, stream};
use asyncio::{StreamReader, StreamWriter, join, to_thread};

use crate::peer::{Listener, content, is_there, socket_path, within_a_minute};

/// Whether there is an nc that can end one direction and speaks over Unix sockets: that of OpenBSD.
fn is_openbsds() -> bool {
    if !is_there("nc", "-h") {
        return false;
    }
    let help = Command::new("nc")
        .arg("-h")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let help = String::from_utf8_lossy(&[help.stdout, help.stderr].concat()).into_owned();
    let can = help.contains("-N\t") && help.contains("-U\t");
    if !can {
        eprintln!("skipped: this nc has no -N and -U");
    }
    can
}

fn nc(arguments: &[&str]) -> Child {
    Command::new("nc")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// STR-09, STR-18, STR-21. Any nc.
#[test]
fn nc_is_served() {
    if !is_there("nc", "-h") {
        return;
    }
    within_a_minute(async || {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        let mut child = nc(&["127.0.0.1", &port]);
        let mut input = child.stdin.take().unwrap();
        let serve = async {
            let (mut reader, writer) = stream(listener.accept().await.unwrap().0);
            input.write_all(b"hello\n").unwrap();
            let line = reader.readline().await.unwrap();
            writer.writelines([&b"you said "[..], &line]).unwrap();
            writer.close();
            writer.wait_closed().await.unwrap();
            // Some end with their input, some with the connection.
            drop((reader, input));
        };
        let (_, output) = join!(serve, content(child)).await;
        assert_eq!(output.stdout, b"you said hello\n");
    });
}

/// STR-01, STR-03, STR-08, STR-12, STR-24. It ends its direction, and then hears the answer.
#[test]
fn an_nc_that_has_ended_its_direction_is_answered() {
    if !is_openbsds() {
        return;
    }
    within_a_minute(async || {
        for listener in Listener::both("nc").await {
            let address = listener.address();
            let mut child = match &listener {
                Listener::Tcp(_) => nc(&["-N", "127.0.0.1", &address]),
                Listener::Unix(..) => nc(&["-N", "-U", &address]),
            };
            let mut input = child.stdin.take().unwrap();
            input.write_all(b"one\ntwo").unwrap();
            drop(input);
            let serve = async {
                let (mut reader, writer) = listener.accept().await;
                assert_eq!(reader.read_to_end().await.unwrap(), "one\ntwo");
                assert!(reader.at_eof());
                writer.write(b"after your end").unwrap();
                writer.close();
                writer.wait_closed().await.unwrap();
            };
            let (_, output) = join!(serve, content(child)).await;
            assert_eq!(output.stdout, b"after your end");
        }
    });
}

/// Waits until an nc listens. Gives the last word of what it says then, and the rest of its errors.
async fn listening(child: &mut Child) -> (String, JoinHandle<String>) {
    let mut errors: BufReader<ChildStderr> = BufReader::new(child.stderr.take().unwrap());
    let said = to_thread(move || {
        let mut line = String::new();
        while !line.starts_with("Listening on ") {
            line.clear();
            let count = errors.read_line(&mut line).unwrap();
            assert!(count > 0, "nc does not listen");
        }
        // It goes on talking, and must not find the pipe broken.
        let rest = thread::spawn(move || {
            let mut rest = String::new();
            drop(errors.read_to_string(&mut rest));
            rest
        });
        (line, rest)
    });
    let (line, rest) = said.await.unwrap();
    (line.trim().rsplit(' ').next().unwrap().to_owned(), rest)
}

/// Talks to an nc that listens, which says `hello` and ends its direction.
async fn visit((mut reader, writer): (StreamReader, StreamWriter), mut child: Child) -> Output {
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"hello\n").unwrap();
    drop(input);
    assert_eq!(reader.readline().await.unwrap(), "hello\n");
    assert_eq!(reader.read_to_end().await.unwrap(), "");
    // There is more than the pipe and the socket hold.
    let much = vec![b'x'; 3 << 20];
    let write = async {
        for piece in much.chunks(100_000) {
            writer.write(piece).unwrap();
            writer.drain().await.unwrap();
        }
        writer.write_eof().unwrap();
    };
    let (_, output) = join!(write, content(child)).await;
    assert!(output.stdout == much, "{} bytes have come", output.stdout.len());
    writer.close();
    writer.wait_closed().await.unwrap();
    output
}

/// STR-01, STR-03, STR-08, STR-09, STR-18, STR-20, STR-24.
#[test]
fn nc_serves() {
    if !is_openbsds() {
        return;
    }
    within_a_minute(async || {
        let mut child = nc(&["-N", "-n", "-v", "-l", "127.0.0.1", "0"]);
        let (port, errors) = listening(&mut child).await;
        let ends = open_connection(("127.0.0.1", port.parse::<u16>().unwrap()));
        visit(ends.await.unwrap(), child).await;
        errors.join().unwrap();

        let path: PathBuf = socket_path("nc-serves");
        let mut child = nc(&["-N", "-v", "-l", "-U", path.to_str().unwrap()]);
        let (_, errors) = listening(&mut child).await;
        let ends = open_unix_connection(&path).await.unwrap();
        visit(ends, child).await;
        errors.join().unwrap();
        // Some versions remove it themselves.
        drop(std::fs::remove_file(&path));
    });
}
