//! Does one thing so many times, for `cargo xtask cost`, which counts the instructions of a thing.
//!
//! `instructions spawn|lock|contended|echo|group TIMES [thread|introspect|debug]`
//!
//! `thread`: nobody looks, but the program has a second thread, as it has with a socket to look through. The C library does
//! more in each system call then.

use std::hint::black_box;
use std::rc::Rc;

use asyncio::net::{TcpListener, TcpStream};
use asyncio::{Lock, Runner, create_task, task_group_infallible, yield_now};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let times: usize = arguments[1].parse().expect("a number of times");
    let mut runner = runner(arguments.get(2).map(String::as_str));
    let done = match arguments[0].as_str() {
        "spawn" => runner.run(spawn(times)),
        "lock" => runner.run(lock(times)),
        "contended" => runner.run(contended(times)),
        "echo" => runner.run(echo(times)),
        "group" => runner.run(group(times)),
        other => panic!("no such work: {other}"),
    };
    done.expect("it runs");
}

fn runner(mode: Option<&str>) -> Runner {
    let runner = Runner::new().worker_threads(1);
    if mode == Some("thread") {
        std::thread::spawn(std::thread::park);
    }
    match mode {
        Some("introspect") => runner.introspect(true),
        Some("debug") => runner.debug(true),
        _ => runner,
    }
}

/// Tasks, a hundred at a time, each joined.
async fn spawn(times: usize) {
    for _ in 0..times / 100 {
        let tasks: Vec<_> = (0..100)
            .map(|n| create_task(async move { black_box(n) }))
            .collect();
        for task in tasks {
            task.await.expect("it ends");
        }
    }
}

/// A lock that nobody else wants.
async fn lock(times: usize) {
    let lock = Lock::new(0);
    for _ in 0..times {
        *black_box(&lock).acquire().await += 1;
    }
}

/// A lock that is handed from one task to the other.
async fn contended(times: usize) {
    let lock = Rc::new(Lock::new(0));
    let tasks: Vec<_> = (0..2)
        .map(|_| {
            let lock = lock.clone();
            create_task(async move {
                for _ in 0..times / 2 {
                    let mut held = lock.acquire().await;
                    *held += 1;
                    yield_now().await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("it ends");
    }
}

/// Round trips over one connection.
async fn echo(times: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("it is bound");
    let server = create_task(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut buffer = [0; 64];
        while stream.read_exact(&mut buffer).await.is_ok() {
            stream.write_all(&buffer).await.expect("it is sent");
        }
    });
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let mut buffer = [7; 64];
    for _ in 0..times {
        stream.write_all(&buffer).await.expect("it is sent");
        stream.read_exact(&mut buffer).await.expect("it comes back");
    }
    drop(stream);
    server.await.expect("it ends");
}

/// Groups of ten tasks each.
async fn group(times: usize) {
    for _ in 0..times / 10 {
        task_group_infallible(async |tg| {
            for n in 0..10 {
                tg.start(async move {
                    black_box(n);
                });
            }
        })
        .await;
    }
}
