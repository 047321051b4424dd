//! The examples do what they say, against real servers.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

use ecosystem_tokio::{Postgres, Redis, serve_http};

/// An example of this package; cargo builds them beside the tests, but not when it is asked for one test alone.
fn example(name: &str) -> PathBuf {
    static BUILT: Once = Once::new();
    let test = std::env::current_exe().expect("a test knows its program");
    let profile = test
        .parent()
        .and_then(Path::parent)
        .expect("tests lie in target/PROFILE/deps");
    let program = profile.join("examples").join(name);
    if !program.exists() {
        BUILT.call_once(|| {
            let mut cargo = Command::new(env!("CARGO"));
            cargo.args([
                "build",
                "--quiet",
                "--package",
                env!("CARGO_PKG_NAME"),
                "--examples",
            ]);
            cargo
                .arg("--target-dir")
                .arg(profile.parent().expect("target/PROFILE"));
            if profile.ends_with("release") {
                cargo.arg("--release");
            }
            assert!(cargo.status().expect("cargo is there").success());
        });
    }
    program
}

/// What it prints.
fn run(name: &str, arguments: &[&str]) -> String {
    let output = Command::new(example(name))
        .args(arguments)
        .output()
        .expect("it was built");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {errors}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn words_are_counted_by_redis() {
    if let Some(redis) = Redis::start() {
        let counted = run("redis_words", &[&redis.url()]);
        let expected =
            "brown: 1\ndog: 1\nend: 1\nfox: 1\njumps: 1\nlazy: 1\nno: 1\nover: 1\nquick: 1\nthe: 4\n";
        assert_eq!(counted, expected);
    }
}

#[test]
fn jobs_are_taken_once_and_a_slow_query_is_cancelled_on_the_server() {
    if let Some(postgres) = Postgres::start() {
        let printed = run("postgres_jobs", &[&postgres.url()]);
        let expected = "100 jobs done\ncanceling statement due to user request\nthe connection lives: 1\n";
        assert_eq!(printed, expected);
    }
}

#[test]
fn pages_are_fetched_in_a_group() {
    let (address, printed) = asyncio::run(async {
        let server = serve_http().await.expect("a port");
        let address = server.sockets()[0];
        let pages = ["hello", "chunks", "missing"].map(|page| format!("http://{address}/{page}"));
        let fetch = move || run("fetch", &pages.each_ref().map(String::as_str));
        (address, asyncio::to_thread(fetch).await.expect("it prints"))
    });
    let mut lines: Vec<_> = printed.lines().collect();
    lines.sort_unstable();
    let expected = [
        "chunks: 200 OK, 10 bytes",
        "hello: 200 OK, 5 bytes",
        "missing: 404 Not Found, 0 bytes",
    ];
    assert_eq!(lines, expected.map(|line| format!("http://{address}/{line}")));
}

#[test]
fn libraries_of_smol_work_unchanged() {
    assert_eq!(run("smol_files", &[]), "TO BE\nOR NOT\nTO BE\n");
}

#[test]
fn combinators_of_futures_work_on_things_of_ours() {
    assert_eq!(run("streams", &[]), "[4, 1, 0, 9, 16]\n3\n[2, 4]\ntrue\n");
}
