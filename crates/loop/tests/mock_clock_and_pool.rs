//! A loop with a mock clock beside its pool: time stands still while the pool works, and goes on when it rests.

#![cfg(unix)]

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::time::Duration;

use asyncio_loop::Runner;
use asyncio_reactor::Async;
use asyncio_tasks::{create_task, spawn, to_thread};
use asyncio_timers::{now, sleep};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

/// Runs `test` on a thread of its own; a loop that waits for ever fails the test instead of hanging it.
fn ends(test: impl FnOnce() + Send + 'static) {
    const PATIENCE: Duration = Duration::from_secs(60);
    let (done, over) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        test();
        // Nobody listens if the patience was over.
        let _ = done.send(());
    });
    match over.recv_timeout(PATIENCE) {
        Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => thread.join().expect("the test holds"),
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("the loop waits for ever"),
    }
}

fn runner() -> Runner {
    Runner::new().mock_clock(true).worker_threads(2)
}

/// The pool comes to rest between two looks of the loop at it.
#[test]
fn the_clock_moves_on_whenever_the_pool_comes_to_rest() {
    ends(|| {
        let main = async {
            for round in 0..5_000_u64 {
                let asleep = create_task(sleep(Duration::from_millis(10)));
                let work = spawn(async move {
                    // Now and then it takes a little longer.
                    (0..round % 400).map(std::hint::black_box).sum::<u64>()
                });
                asleep.await.expect("it sleeps");
                work.await.expect("it works");
            }
        };
        runner().run(main).expect("it ends");
    });
}

/// The loop has no timer of its own, and the pool's timer is made after the loop looked.
#[test]
fn a_timer_of_the_pool_alone_moves_the_clock() {
    ends(|| {
        let main = async {
            for round in 0..5_000_u64 {
                let work = spawn(async move {
                    (0..round % 400).map(std::hint::black_box).sum::<u64>();
                    sleep(Duration::from_millis(10)).await;
                });
                work.await.expect("it sleeps");
            }
        };
        runner().run(main).expect("it ends");
    });
}

/// What a thread or a worker has finished is seen before the clock moves on.
#[test]
fn no_time_passes_between_the_end_of_work_and_the_step_after_it() {
    ends(|| {
        let main = async {
            for round in 0..1_000_u64 {
                let work = move || (0..round % 400).map(std::hint::black_box).sum::<u64>();
                let asleep = create_task(sleep(Duration::from_millis(10)));
                let before = now();
                to_thread(work).await.expect("it works");
                assert_eq!(now(), before, "a thread worked, round {round}");
                spawn(async move { work() }).await.expect("it works");
                assert_eq!(now(), before, "the pool worked, round {round}");
                spawn(async move {
                    to_thread(work).await.expect("it works");
                    assert_eq!(now(), before, "a thread worked for the pool, round {round}");
                    sleep(Duration::from_millis(3)).await;
                    assert_eq!(now(), before + Duration::from_millis(3));
                })
                .await
                .expect("it works");
                assert_eq!(now(), before + Duration::from_millis(3));
                asleep.await.expect("it sleeps");
                assert_eq!(now(), before + Duration::from_millis(10));
            }
        };
        runner().run(main).expect("it ends");
    });
}

/// A task of the pool waits for a socket: time stands still as for one of the loop.
#[test]
fn no_time_passes_while_the_pool_waits_for_a_socket() {
    ends(|| {
        let (ours, mut theirs) = UnixStream::pair().expect("two sockets");
        let echo = std::thread::spawn(move || {
            let mut byte = [0];
            while theirs.read_exact(&mut byte).is_ok() {
                theirs.write_all(&byte).expect("it is open");
            }
        });
        let main = async move {
            let asleep = create_task(sleep(Duration::from_millis(10)));
            let before = now();
            let talk = spawn(async move {
                let mut stream = Async::new(ours).expect("a socket");
                for round in 0..200 {
                    stream.write_all(&[7]).await.expect("it is open");
                    stream.read_exact(&mut [0]).await.expect("it comes back");
                    assert_eq!(now(), before, "round {round}");
                }
            });
            talk.await.expect("it talks");
            asleep.await.expect("it sleeps");
            assert_eq!(now(), before + Duration::from_millis(10));
        };
        runner().run(main).expect("it ends");
        echo.join().expect("it ends when nobody talks to it");
    });
}
