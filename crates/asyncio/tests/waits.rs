//! What tasks wait for, in the words that people read: one task of each kind, seen through the introspection socket.

#![cfg(unix)]

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use asyncio::net::{TcpListener, TcpStream};
use asyncio::reactor::Async;
use asyncio::subprocess::PIPE;
use asyncio::{
    BorrowGroup, Event, Lock, Promise, Queue, Runner, Semaphore, Task, borrow_group, create_subprocess_exec,
    introspect_paths, sleep, task, task_group_infallible, to_thread,
};

/// The tree of all tasks of this process, a task a line.
fn tree() -> Vec<String> {
    let paths = introspect_paths(std::process::id());
    let path = paths.iter().find(|path| path.exists());
    let mut stream = UnixStream::connect(path.expect("the socket is there")).expect("somebody listens");
    let asked = stream.write_all(b"{\"command\":\"tasks\"}\n");
    asked.expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it is text");
    let tree = answer.split("\"tree\":\"").nth(1).expect("there is a tree");
    tree.split("\\n").map(str::to_owned).collect()
}

/// What the task of this name waits for, without the address at the end, which is another one each time.
fn wait_of<'a>(tree: &'a [String], name: &str) -> Option<&'a str> {
    let start = format!("{name} (made at ");
    let line = tree.iter().find(|line| {
        let of = line.trim_start_matches(|mark| " │├└─".contains(mark));
        of.starts_with(&start)
    })?;
    let (_, wait) = line.split_once(") waits for ")?;
    Some(wait.split(" (0x").next().unwrap_or(wait))
}

/// Looks until each of these tasks waits for something, and two looks see the same: one alone may fall into a turn.
fn look(names: &[&str]) -> Vec<String> {
    let mut before = Vec::new();
    for _ in 0..10_000 {
        let tree = tree();
        if tree == before && names.iter().all(|name| wait_of(&tree, name).is_some()) {
            return tree;
        }
        before = tree;
        std::thread::sleep(Duration::from_millis(1));
    }
    panic!("{:#?}", tree());
}

fn named<F: Future + 'static>(name: &'static str, future: F) -> Task<()> {
    task().name(name).create(async move {
        future.await;
    })
}

// CLI-02, CLI-03, GRA-08
#[test]
fn each_kind_of_wait_has_its_words() {
    let (hold, held) = mpsc::channel::<()>();
    let ran = Runner::new().introspect(true).run(async move {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback is there");
        let address = listener.local_addr().expect("it is bound");
        let mut client = TcpStream::connect(address).await.expect("it listens");
        let (_server, _) = listener.accept().await.expect("it has connected");
        let client_at = client.local_addr().expect("it is connected");
        let (unix, _other) = UnixStream::pair().expect("there is room");
        let unix = Async::new(unix).expect("it is a socket");
        // It ends when its input does.
        let child = create_subprocess_exec("cat", [""; 0]).stdin(PIPE);
        let mut child = child.await.expect("cat is there");
        let (pid, input) = (child.pid(), child.stdin.take());

        let lock = Arc::new(Lock::new(()));
        let _guard = lock.clone().acquire_owned().await;
        let promise = Promise::<()>::new();
        let promised = promise.clone();
        let full = Queue::bounded(1);
        full.put_nowait(1).expect("there is room");

        let tasks = [
            named("sleeps", sleep(Duration::from_secs(3600))),
            named("blocks", to_thread(move || held.recv())),
            named("minds a child", async move { child.wait().await.is_ok() }),
            named("wants a lock", async move { drop(lock.acquire().await) }),
            named("wants a permit", async move {
                drop(Semaphore::new(0).acquire().await)
            }),
            named("wants a promise", async move { promised.await.is_ok() }),
            named("gets", async move { Queue::<u8>::new().get().await.is_ok() }),
            named("puts", async move { full.put(2).await.is_ok() }),
            named("wants a signal", async move { Event::new().wait().await }),
            named("accepts", async move { listener.accept().await.is_ok() }),
            named("reads", async move {
                let mut byte = [0];
                client.read(&mut byte).await.is_ok()
            }),
            named(
                "reads a Unix socket",
                async move { unix.readable().await.is_ok() },
            ),
            named(
                "awaits",
                task().name("inner").create(std::future::pending::<()>()),
            ),
            named(
                "gathers",
                task_group_infallible(async |tg| {
                    tg.start(std::future::pending::<()>());
                    tg.start(std::future::pending::<()>());
                }),
            ),
            named(
                "borrows",
                borrow_group(async |tg: BorrowGroup<_>| {
                    tg.start(std::future::pending::<Result<(), ()>>());
                    Ok(())
                }),
            ),
        ];
        let names = [
            "sleeps",
            "blocks",
            "minds a child",
            "wants a lock",
            "wants a permit",
            "wants a promise",
            "gets",
            "puts",
            "wants a signal",
            "accepts",
            "reads",
            "reads a Unix socket",
            "awaits",
            "gathers",
            "borrows",
        ];
        let tree = to_thread(move || look(&names)).await.expect("it ends");
        let wait = |name| wait_of(&tree, name).expect("it waits");
        assert_eq!(wait("sleeps"), "a deadline");
        assert_eq!(wait("blocks"), "blocking work on a thread");
        assert_eq!(wait("minds a child"), format!("child process {pid}"));
        assert_eq!(wait("wants a lock"), "a lock");
        assert_eq!(wait("wants a permit"), "a permit of a semaphore");
        assert_eq!(wait("wants a promise"), "a promise");
        assert!(wait("gets").contains("a queue"), "{tree:#?}");
        assert!(wait("puts").contains("a queue"), "{tree:#?}");
        assert_eq!(wait("wants a signal"), "a signal");
        let descriptor = |wait: &str| {
            let rest = wait.strip_prefix("descriptor ").expect(wait).to_owned();
            let (number, words) = rest.split_once(", ").expect("it is told what it is");
            assert!(number.parse::<u32>().is_ok(), "{number}");
            words.to_owned()
        };
        assert_eq!(descriptor(wait("accepts")), format!("socket at {address}"));
        assert_eq!(
            descriptor(wait("reads")),
            format!("socket {client_at} to {address}")
        );
        assert_eq!(descriptor(wait("reads a Unix socket")), "Unix socket");
        assert_eq!(wait("awaits"), "task inner");
        assert_eq!(wait("gathers"), "a group with 2 tasks left");
        assert_eq!(wait("borrows"), "a group of tasks");
        drop((hold, input, promise, tasks));
    });
    ran.expect("it ran");
}
