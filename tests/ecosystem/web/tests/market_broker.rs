//! The example `market` with Redis between its processes: whoever is killed, each tick that the broker has confirmed is worked on at
//! least once. Where there is no `redis-server` the tests say so.

use std::collections::BTreeSet;

use ecosystem_web::{Directory, Program, RedisServer, is_there, run};

/// The processes of one test, and the files that they write.
struct Scene {
    redis: RedisServer,
    files: Directory,
}

impl Scene {
    async fn new() -> Scene {
        Scene {
            redis: RedisServer::start().await,
            files: Directory::new("market"),
        }
    }

    async fn gather(&self, url: &str, more: &[&str]) -> Program {
        let (redis, record) = (self.redis.address(), self.files.file("confirmed"));
        let arguments = [
            "gather", url, "--redis", &redis, "--record", &record, "--every", "0.05",
        ];
        Program::example("market", &[&arguments, more].concat()).await
    }

    async fn work(&self, name: &str, more: &[&str]) -> Program {
        let (redis, record) = (self.redis.address(), self.files.file("done"));
        let arguments = [
            "work", "--name", name, "--redis", &redis, "--record", &record, "--every", "0.05",
        ];
        Program::example("market", &[&arguments, more].concat()).await
    }

    /// The first line of Redis' answer.
    async fn ask(&self, command: &str) -> String {
        let address = self.redis.address();
        let (mut reader, writer) = asyncio::open_connection(address).await.unwrap();
        writer.write(format!("{command}\r\n").as_bytes()).unwrap();
        String::from_utf8_lossy(&reader.readline().await.unwrap()).into_owned()
    }

    /// The numbers that a file has, and how many lines there are.
    fn numbers(&self, file: &str) -> (BTreeSet<u64>, usize) {
        let text = std::fs::read_to_string(self.files.file(file)).unwrap_or_default();
        // A line that was cut off by a kill has no end.
        let lines: Vec<&str> = text
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'))
            .collect();
        let numbers = lines.iter().map(|line| line.trim().parse().unwrap()).collect();
        (numbers, lines.len())
    }
}

async fn feed(address: &str, arguments: &[&str]) -> (Program, String) {
    let mut feed = Program::example("market_feed", &[&[address], arguments].concat()).await;
    let url = feed.line_with("feed on ").await;
    (feed, url)
}

fn address(url: &str) -> &str {
    url.trim_start_matches("ws://").trim_end_matches('/')
}

/// Waits until the program says that it has done so many.
async fn has_done(program: &mut Program, count: u64) {
    loop {
        let line = program.line_with("").await;
        let done = line.split_once(", done ").expect("a line has the counts").1;
        let done: u64 = done.split([' ', ',']).next().unwrap().parse().unwrap();
        if done >= count {
            return;
        }
    }
}

/// Checks that all is there, and ends the workers.
async fn check(scene: &Scene, count: u64, workers: Vec<Program>) {
    let (confirmed, _) = scene.numbers("confirmed");
    for worker in &workers {
        worker.terminate();
    }
    for worker in workers {
        worker.finish().await;
    }
    let (done, lines) = scene.numbers("done");
    let lost: Vec<_> = confirmed.difference(&done).collect();
    assert!(lost.is_empty(), "confirmed and not done: {lost:?}");
    // More than was promised: the feed itself can be asked again for what was not confirmed.
    assert_eq!(done, (1..=count).collect());
    println!(
        "{} confirmed, {} done, {} of them twice",
        confirmed.len(),
        done.len(),
        lines - done.len()
    );
}

/// Waits until nothing is left in the stream.
async fn is_worked_off(scene: &Scene, count: u64) {
    loop {
        let length = scene.ask("XLEN ticks").await;
        let (done, _) = scene.numbers("done");
        if length == ":0\r\n" && done.len() as u64 == count {
            return;
        }
        asyncio::sleep(std::time::Duration::from_millis(50)).await;
    }
}

const IDLE: [&str; 2] = ["--idle", "0.5"];

#[test]
fn nothing_is_lost_when_the_feed_a_gatherer_and_workers_are_killed() {
    if !is_there("redis-server", &["--version"]) {
        return;
    }
    run(async {
        let scene = Scene::new().await;
        let tape = ["--count", "12000", "--rate", "3000"];
        let (mut simulator, url) = feed("127.0.0.1:0", &tape).await;
        let mut gather = scene.gather(&url, &[]).await;
        // Slower than it is given ticks, so that it has many in hand whenever it is killed.
        let mut one = scene.work("one", &["--cost", "0.01"]).await;
        let two = scene.work("two", &IDLE).await;

        has_done(&mut one, 200).await;
        one.kill().await;
        let pending = scene.ask("XPENDING ticks workers - + 1 one").await;
        assert_eq!(pending, "*1\r\n", "what it had in hand is still its own");
        has_done(&mut gather, 3000).await;
        gather.kill().await;
        let mut gather = scene.gather(&url, &[]).await;
        has_done(&mut gather, 1000).await;
        simulator.kill().await;
        // One worker comes back under another name, and one under its own after it was killed.
        let mut three = scene.work("three", &IDLE).await;
        let (_simulator, _) = feed(address(&url), &tape).await;
        has_done(&mut three, 500).await;
        three.kill().await;
        let three = scene.work("three", &IDLE).await;

        gather.finish().await;
        is_worked_off(&scene, 12_000).await;
        check(&scene, 12_000, vec![two, three]).await;
    });
}

#[test]
fn nothing_is_lost_when_the_broker_is_killed() {
    if !is_there("redis-server", &["--version"]) {
        return;
    }
    run(async {
        let mut scene = Scene::new().await;
        let (_simulator, url) = feed("127.0.0.1:0", &["--count", "6000", "--rate", "3000"]).await;
        let gather = scene.gather(&url, &[]).await;
        let mut one = scene.work("one", &IDLE).await;
        for count in [1000, 2000] {
            has_done(&mut one, count).await;
            scene.redis.kill().await;
            // Both go on by themselves when it is there again.
            one.line_with("work running").await;
            scene.redis.restart().await;
        }
        gather.finish().await;
        is_worked_off(&scene, 6000).await;
        check(&scene, 6000, vec![one]).await;
    });
}

#[test]
fn a_stream_that_nobody_works_off_stays_bounded_and_the_feed_waits() {
    if !is_there("redis-server", &["--version"]) {
        return;
    }
    run(async {
        let scene = Scene::new().await;
        let (_simulator, url) = feed("127.0.0.1:0", &["--count", "4000", "--rate", "20000"]).await;
        let mut gather = scene.gather(&url, &["--backlog", "500"]).await;
        while !gather.line_with("gather running").await.contains("waited 1") {}
        let (confirmed, _) = scene.numbers("confirmed");
        // The limit, and the batch that went over it.
        assert!(
            (501..=500 + 256).contains(&confirmed.len()),
            "{}",
            confirmed.len()
        );
        let one = scene.work("one", &["--cost", "0"]).await;
        gather.finish().await;
        is_worked_off(&scene, 4000).await;
        check(&scene, 4000, vec![one]).await;
    });
}

#[test]
fn a_worker_that_is_told_to_stop_leaves_the_rest_to_others_and_no_tick_is_done_twice() {
    if !is_there("redis-server", &["--version"]) {
        return;
    }
    run(async {
        let scene = Scene::new().await;
        let (_simulator, url) = feed("127.0.0.1:0", &["--count", "3000", "--rate", "3000"]).await;
        let gather = scene.gather(&url, &[]).await;
        let mut one = scene.work("one", &["--idle", "60"]).await;
        has_done(&mut one, 500).await;
        one.terminate();
        let printed = one.finish().await;
        // At most the tick with which it waited for room in its queue.
        let last = printed.lines().last().unwrap();
        assert!(last.contains("left 0;") || last.contains("left 1;"), "{printed}");
        let (done, lines) = scene.numbers("done");
        assert!(done.len() >= 500 && done.len() < 3000);

        // It comes back under its name, and has at once what it was given and did not see.
        let one = scene.work("one", &["--idle", "60"]).await;
        gather.finish().await;
        is_worked_off(&scene, 3000).await;
        assert_eq!(lines, done.len());
        let (done, lines) = scene.numbers("done");
        assert_eq!((done.len(), lines), (3000, 3000));
        check(&scene, 3000, vec![one]).await;
    });
}

#[cfg(target_os = "linux")]
#[test]
fn the_client_of_redis_runs_on_the_loop_and_on_no_other_thread() {
    if !is_there("redis-server", &["--version"]) {
        return;
    }
    run(async {
        let scene = Scene::new().await;
        let (_simulator, url) = feed("127.0.0.1:0", &["--count", "1000", "--rate", "5000"]).await;
        let gather = scene.gather(&url, &[]).await;
        let mut one = scene.work("one", &[]).await;
        has_done(&mut one, 1000).await;
        let mut threads = Vec::new();
        for entry in std::fs::read_dir(format!("/proc/{}/task", one.pid())).unwrap() {
            let name = std::fs::read_to_string(entry.unwrap().path().join("comm")).unwrap();
            threads.push(name.trim().to_owned());
        }
        // The loop, and those that write the record.
        threads.sort();
        let known = |name: &&String| *name == "market" || name.starts_with("asyncio");
        assert!(threads.iter().all(|name| known(&name)), "{threads:?}");
        gather.finish().await;
        check(&scene, 1000, vec![one]).await;
    });
}
