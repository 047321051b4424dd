//! The servers among the examples under load, by wrk and h2load: every request is answered, and nothing stays behind.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test helper that fails fails the test")]

use std::process::Command;
use std::time::{Duration, Instant};

use ecosystem_http::peer::{Example, is_there};

fn server(name: &str) -> (Example, String) {
    let mut server = Example::start(name, ["127.0.0.1:0"]).unwrap();
    let url = server.line().unwrap();
    (server, url)
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn leaves_nothing(server: &Example, before: usize) {
    let limit = Instant::now() + Duration::from_secs(30);
    while server.descriptors() > before {
        assert!(Instant::now() < limit, "descriptors stay open");
        std::thread::yield_now();
    }
}

#[test]
fn wrk_is_answered_each_time() {
    if !is_there("wrk") {
        return;
    }
    for (name, path) in [("hyper_server", ""), ("axum_app", "count?to=0")] {
        let (server, url) = server(name);
        let url = format!("{url}{path}");
        // What starts with the first request, such as the pool, is there.
        output("wrk", &["-t1", "-c1", "-d1", &url]);
        let before = server.descriptors();
        let told = output("wrk", &["-t1", "-c100", "-d2", &url]);
        assert!(told.contains("Requests/sec:"), "{told}");
        let failed = ["Socket errors", "Non-2xx"];
        assert!(!failed.iter().any(|failed| told.contains(failed)), "{told}");
        leaves_nothing(&server, before);
    }
}

#[test]
fn h2load_is_answered_each_time() {
    if !is_there("h2load") {
        return;
    }
    for (name, path) in [("hyper_server", ""), ("axum_app", "count?to=0")] {
        let (server, url) = server(name);
        let url = format!("{url}{path}");
        output("h2load", &["-n1", "-c1", &url]);
        let before = server.descriptors();
        let told = output("h2load", &["-n5000", "-c10", "-m20", &url]);
        let all = "5000 total, 5000 started, 5000 done, 5000 succeeded, 0 failed, 0 errored, 0 timeout";
        assert!(told.contains(all), "{told}");
        leaves_nothing(&server, before);
    }
}
