//! The example `market` as a program, with the example `market_feed` as its feed: nothing that counts is lost, it stops as it says,
//! and it looks like something on a terminal.

use std::collections::BTreeMap;

use ecosystem_web::{Program, run};

async fn feed(arguments: &[&str]) -> (Program, String) {
    let mut feed = Program::example("market_feed", &[&["127.0.0.1:0"], arguments].concat()).await;
    let url = feed.line_with("feed on ").await;
    (feed, url)
}

/// The numbers of the last line: `received 10, done 8, …`.
fn summary(printed: &str) -> BTreeMap<String, u64> {
    let last = printed.lines().last().unwrap_or_default();
    let parts = last
        .split([',', ';'])
        .filter_map(|part| part.trim().split_once(' '));
    let numbers: BTreeMap<String, u64> = parts
        .map(|(name, number)| (name.to_owned(), number.parse().unwrap()))
        .collect();
    assert_eq!(
        numbers["received"],
        numbers["done"] + numbers["dropped"] + numbers["left"],
        "what came is somewhere: {printed}"
    );
    numbers
}

#[test]
fn a_tape_is_followed_to_its_end_over_connections_that_break() {
    run(async {
        // A break each third of a second or so; the waits between them are short, for each connection brings something.
        let (_feed, url) = feed(&["--count", "3000", "--rate", "2000", "--flaky", "0.3"]).await;
        let market = Program::example("market", &["run", &url, "--cost", "0", "--queue", "4096"]).await;
        let numbers = summary(&market.finish().await);
        assert_eq!((numbers["received"], numbers["gaps"]), (3000, 0));
        assert_eq!((numbers["done"], numbers["left"]), (3000, 0));
        assert!(numbers["connections"] > 1, "it broke at least once");
    });
}

#[test]
fn two_feeds_that_are_killed_and_started_again_are_followed() {
    run(async {
        let (mut first, url) = feed(&["--count", "2000", "--rate", "1000"]).await;
        let (_second, other) = feed(&["--count", "2000", "--rate", "1000"]).await;
        let arguments = [
            "run", &url, &other, "--cost", "0", "--queue", "4096", "--every", "0.05",
        ];
        let mut market = Program::example("market", &arguments).await;
        loop {
            let line = market.line_with("market running: received ").await;
            let received: u64 = line.split(' ').next().unwrap().parse().unwrap();
            if received > 500 {
                break;
            }
        }
        first.kill().await;
        market.line_with("market running: ").await;
        let address = url.trim_start_matches("ws://").trim_end_matches('/');
        let again = [address, "--count", "2000", "--rate", "1000"];
        let _first = Program::example("market_feed", &again).await;
        let numbers = summary(&market.finish().await);
        assert_eq!((numbers["received"], numbers["gaps"]), (4000, 0));
        assert!(numbers["connections"] >= 3);
    });
}

#[test]
fn a_slow_side_drops_quotes_and_makes_the_feed_wait() {
    run(async {
        let (_feed, url) = feed(&["--count", "2000", "--rate", "20000"]).await;
        let arguments = ["run", &url, "--queue", "32", "--workers", "2", "--cost", "0.001"];
        let market = Program::example("market", &arguments).await;
        let numbers = summary(&market.finish().await);
        assert_eq!((numbers["received"], numbers["left"]), (2000, 0));
        assert!(numbers["dropped"] > 0 && numbers["waited"] > 0);
    });
}

#[test]
fn a_signal_lets_it_work_off_what_is_there() {
    run(async {
        let (_feed, url) = feed(&["--rate", "5000"]).await;
        let arguments = ["run", &url, "--cost", "0.002", "--drain", "30", "--every", "0.05"];
        let mut market = Program::example("market", &arguments).await;
        while !market
            .line_with("market running: ")
            .await
            .contains("queue 256/256")
        {}
        market.terminate();
        let numbers = summary(&market.finish().await);
        // At most the one that the feed's side held while it waited for room.
        assert!(numbers["left"] <= 1, "{numbers:?}");
        assert!(numbers["done"] >= 256);
    });
}

#[test]
fn when_the_time_to_drain_is_over_the_rest_is_counted() {
    run(async {
        let (_feed, url) = feed(&["--rate", "5000"]).await;
        // A tick takes a minute: nothing of it can be worked off in the time that there is.
        let arguments = ["run", &url, "--cost", "60", "--drain", "0.1", "--every", "0.05"];
        let mut market = Program::example("market", &arguments).await;
        while !market
            .line_with("market running: ")
            .await
            .contains("queue 256/256")
        {}
        market.interrupt();
        let numbers = summary(&market.finish().await);
        // The queue, the four workers, and perhaps one that waited.
        assert!((260..=261).contains(&numbers["left"]), "{numbers:?}");
        assert_eq!(numbers["done"], 0);
    });
}

#[test]
fn a_second_signal_does_not_wait() {
    run(async {
        let (_feed, url) = feed(&["--rate", "5000"]).await;
        let arguments = ["run", &url, "--cost", "60", "--drain", "3600", "--every", "0.05"];
        let mut market = Program::example("market", &arguments).await;
        while !market
            .line_with("market running: ")
            .await
            .contains("queue 256/256")
        {}
        market.interrupt();
        market.line_with("market draining: ").await;
        market.interrupt();
        assert!(summary(&market.finish().await)["left"] >= 260);
    });
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_it_draws_a_picture_and_leaves_the_terminal_as_it_was() {
    if !ecosystem_web::is_there("script", &["--version"]) {
        return;
    }
    run(async {
        let (_feed, url) = feed(&["--rate", "3000", "--count", "3000"]).await;
        let market = ecosystem_web::example("market");
        let inside = format!(
            "stty cols 100 rows 30; exec {} run {url} --count 3000",
            market.display()
        );
        let arguments = ["--quiet", "--return", "--command", &inside, "/dev/null"];
        let mut terminal = Program::start("script", &arguments).await;
        let seen = terminal.rest().await;
        assert_eq!(terminal.code().await, 0, "{seen}");
        let (before, rest) = seen.split_once("\x1b[?1049h\x1b[?25l").unwrap();
        let (picture, after) = rest.split_once("\x1b[?25h\x1b[?1049l").unwrap();
        assert_eq!(before, "");
        assert!(after.starts_with("received 3000, "), "{after}");
        let frames: Vec<&str> = picture.split("\x1b[?2026h\x1b[H").skip(1).collect();
        assert!(frames.len() > 2, "a second is a few frames");
        for frame in &frames {
            assert!(frame.contains("SYMBOL") && frame.ends_with("\x1b[K\x1b[J\x1b[?2026l"));
        }
        assert!(frames.last().unwrap().contains("of 3,000"));
    });
}
