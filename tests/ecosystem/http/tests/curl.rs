//! The servers among the examples, against curl: both versions of HTTP, bodies, clients that go, and the end.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test helper that fails fails the test")]

use std::io::{BufRead, BufReader, Lines};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use ecosystem_http::peer::{Example, curl, is_there};

const SIGINT: i32 = 2;

/// A server with its address, which ends in a slash.
fn server(name: &str) -> Option<(Example, String)> {
    if !is_there("curl") {
        return None;
    }
    let mut server = Example::start(name, ["127.0.0.1:0"]).unwrap();
    let url = server.line().unwrap();
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    Some((server, url))
}

fn text(arguments: &[&str]) -> String {
    let output = curl(arguments).unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// curl, and what it prints as it comes.
fn lines_of(arguments: &[&str]) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut curl = Command::new("curl")
        .arg("-sS")
        .args(arguments)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = curl.stdout.take().unwrap();
    (curl, BufReader::new(output).lines())
}

/// Bytes that curl can send.
fn file(name: &str, length: usize) -> String {
    let path = std::env::temp_dir().join(format!("ecosystem-http-{name}-{}", std::process::id()));
    let bytes: Vec<u8> = (0..length).map(|at| b'a' + (at % 23) as u8).collect();
    std::fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Waits until the server has no more descriptors than before.
fn falls_back_to(server: &Example, before: usize) -> bool {
    let limit = Instant::now() + Duration::from_secs(30);
    while server.descriptors() > before {
        if Instant::now() > limit {
            return false;
        }
        std::thread::yield_now();
    }
    true
}

#[test]
fn both_versions_are_spoken_on_one_port_and_connections_are_kept() {
    let Some((_server, url)) = server("hyper_server") else {
        return;
    };
    assert_eq!(text(&[&url]), "request 1 over HTTP/1.1\n");
    assert_eq!(
        text(&["--http2-prior-knowledge", &url]),
        "request 2 over HTTP/2.0\n"
    );
    // How many connections each of the transfers has opened.
    let connects = text(&[
        "-o",
        "/dev/null",
        "-w",
        "%{num_connects} ",
        &url,
        "-o",
        "/dev/null",
        &url,
    ]);
    assert_eq!(connects, "1 0 ");
    let missing = text(&["-o", "/dev/null", "-w", "%{http_code}", &format!("{url}nowhere")]);
    assert_eq!(missing, "404");
}

#[test]
fn large_bodies_go_both_ways_in_both_versions() {
    let Some((_server, url)) = server("hyper_server") else {
        return;
    };
    let sent = file("large", 7_000_000);
    for version in ["--http1.1", "--http2-prior-knowledge"] {
        let data = format!("@{sent}");
        let output = curl([version, "--data-binary", &data, &format!("{url}echo")]).unwrap();
        assert!(output.status.success(), "{version}");
        assert!(output.stdout == std::fs::read(&sent).unwrap(), "{version}");
    }
    std::fs::remove_file(sent).unwrap();
}

#[test]
fn clients_that_go_in_the_middle_leave_nothing_behind() {
    let Some((server, url)) = server("hyper_server") else {
        return;
    };
    text(&[&url]);
    let before = server.descriptors();
    let slow = format!("{url}slow");
    for version in ["--http1.1", "--http2-prior-knowledge"] {
        let gone: Vec<_> = (0..20)
            .map(|_| {
                Command::new("curl")
                    .args(["-s", "--max-time", "0.2", version, &slow])
                    .stdout(Stdio::null())
                    .spawn()
                    .unwrap()
            })
            .collect();
        for mut curl in gone {
            // It ran out of time.
            assert_eq!(curl.wait().unwrap().code(), Some(28));
        }
    }
    assert!(falls_back_to(&server, before));
    assert!(text(&[&url]).starts_with("request 42"));
}

#[test]
fn a_request_in_flight_is_answered_after_ctrl_c_and_then_the_server_ends_by_it() {
    for version in ["--http1.1", "--http2-prior-knowledge"] {
        let Some((server, url)) = server("axum_app") else {
            return;
        };
        let (mut curl, mut lines) = lines_of(&["-N", version, &format!("{url}count?to=10")]);
        assert_eq!(lines.next().unwrap().unwrap(), "1");
        server.signal("INT").unwrap();
        let rest: Vec<String> = lines.map(Result::unwrap).collect();
        assert_eq!(rest, ["2", "3", "4", "5", "6", "7", "8", "9", "10"], "{version}");
        assert!(curl.wait().unwrap().success());
        let (_rest, status) = server.finish().unwrap();
        assert_eq!(status.signal(), Some(SIGINT), "{version}: {status}");
    }
}

#[test]
fn the_notes_of_axum_are_written_and_read() {
    let Some((_server, url)) = server("axum_app") else {
        return;
    };
    let json = ["-H", "content-type: application/json"];
    let notes = format!("{url}notes");
    let created = text(&[json[0], json[1], "-d", r#"{"text": "buy milk"}"#, &notes]);
    assert_eq!(created, r#"{"number":1}"#);
    for version in ["--http1.1", "--http2-prior-knowledge"] {
        let read = text(&[version, &format!("{notes}/1")]);
        assert_eq!(read, r#"{"text":"buy milk"}"#);
    }
    let code = |arguments: &[&str]| text(&[&["-o", "/dev/null", "-w", "%{http_code}"], arguments].concat());
    assert_eq!(code(&[&format!("{notes}/2")]), "404");
    assert_eq!(code(&[json[0], json[1], "-d", "{broken", &notes]), "400");
}

#[test]
fn a_streaming_body_comes_piece_by_piece_and_a_large_one_goes_in() {
    let Some((_server, url)) = server("axum_app") else {
        return;
    };
    // One line comes while the last is a minute away.
    let (mut curl, mut lines) = lines_of(&["-N", &format!("{url}count?to=600")]);
    assert_eq!(lines.next().unwrap().unwrap(), "1");
    assert!(curl.try_wait().unwrap().is_none());
    curl.kill().unwrap();
    curl.wait().unwrap();
    let sent = file("length", 20_000_000);
    let length = text(&["--data-binary", &format!("@{sent}"), &format!("{url}length")]);
    assert_eq!(length, "20000000\n");
    std::fs::remove_file(sent).unwrap();
}
