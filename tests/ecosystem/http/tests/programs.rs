//! The examples that are no servers.
#![allow(clippy::unwrap_used, reason = "a test helper that fails fails the test")]

use ecosystem_http::peer::Example;

#[test]
fn the_client_fetches_all_and_says_what() {
    let mut server = Example::start("hyper_server", ["127.0.0.1:0"]).unwrap();
    let url = server.line().unwrap();
    let missing = format!("{url}nowhere");
    let client = Example::start("hyper_client", [&url, &missing, &url]).unwrap();
    let (printed, status) = client.finish().unwrap();
    assert!(status.success());
    let lines: Vec<&str> = printed.lines().collect();
    let [first, second, third] = lines.as_slice() else {
        panic!("three lines: {printed}");
    };
    for line in [first, third] {
        assert!(line.starts_with("200 OK HTTP/1.1 24 bytes"), "{line}");
    }
    assert_eq!(*second, format!("404 Not Found HTTP/1.1 0 bytes {missing}"));
}

#[test]
fn the_stack_of_layers_keeps_its_limits() {
    let none: [&str; 0] = [];
    let (printed, status) = Example::start("tower_stack", none).unwrap().finish().unwrap();
    assert!(status.success());
    let expected = "\
1 s of work: done after 1s
2 s of work: done after 2s
9 s of work: timed out after 6s
4 s of work: done after 14s
1 s of work: done after 11s
1 s of work: done after 12s
";
    assert_eq!(printed, expected);
}
