//! The numbers of a loop: each is what its name says.

use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use asyncio_loop::{Metrics, Runner, get_running_loop};
use asyncio_reactor::Async;
use asyncio_tasks::{create_task, spawn, to_thread, yield_now};
use asyncio_timers::sleep;

fn now() -> Metrics {
    get_running_loop().metrics()
}

/// Runs it on a loop whose turns take exactly what was ready at their beginning, and that writes its numbers down already.
fn run<F: Future>(main: F) -> F::Output {
    let mut runner = Runner::new().tick_budget(0).worker_threads(2);
    let ran = runner.run(async {
        now();
        turns(2).await;
        main.await
    });
    ran.expect("it runs")
}

/// Lets turns go by; the task takes a step in each.
async fn turns(count: usize) {
    for _ in 0..count {
        yield_now().await;
    }
}

const LONG: Duration = Duration::from_secs(3600);

#[test]
fn turns_steps_and_what_is_ready_are_counted() {
    run(async {
        let busy: Vec<_> = (0..3).map(|_| create_task(turns(usize::MAX))).collect();
        turns(2).await;
        let before = now();
        turns(5).await;
        let after = now();
        assert_eq!(after.turns - before.turns, 5);
        assert_eq!(after.steps - before.steps, 5 * 4, "three tasks and this one");
        assert_eq!(after.ready, 4);
        drop(busy);
    });
}

#[test]
fn tasks_timers_and_sources_are_those_that_there_are_at_the_end_of_a_turn() {
    run(async {
        let before = now();
        assert_eq!((before.tasks, before.timers, before.sources), (1, 0, 0));
        let sleeping: Vec<_> = (0..3).map(|_| create_task(sleep(LONG))).collect();
        let listening = Async::<TcpListener>::bind(([127, 0, 0, 1], 0)).expect("a port is free");
        turns(2).await;
        let among = now();
        assert_eq!((among.tasks, among.timers, among.sources), (4, 3, 1));
        for task in sleeping {
            task.abort();
            assert!(task.await.is_err());
        }
        drop(listening);
        turns(2).await;
        let after = now();
        assert_eq!((after.tasks, after.timers, after.sources), (1, 0, 0));
    });
}

#[test]
fn blocking_work_is_counted_until_it_has_ended() {
    run(async {
        let (release, wait) = mpsc::channel::<()>();
        let first = create_task(to_thread(move || wait.recv().is_err()));
        turns(1).await;
        assert_eq!(now().blocking, 1);
        drop(release);
        assert!(first.await.expect("it ends").expect("it ends"));
        // The thread says that it is through after it has given the result.
        while now().blocking > 0 {
            thread::yield_now();
        }
    });
}

#[test]
fn the_numbers_of_the_pool_are_those_of_now() {
    run(async {
        let idle = now();
        assert_eq!((idle.workers, idle.pool_tasks), (0, 0), "nothing was spawned yet");
        // Each worker is stuck.
        let (stuck, is_stuck) = mpsc::channel();
        let releases: Vec<_> = (0..2)
            .map(|_| {
                let (release, wait) = mpsc::channel::<()>();
                let stuck = stuck.clone();
                drop(spawn(async move {
                    stuck.send(()).expect("somebody listens");
                    let _ = wait.recv();
                }));
                release
            })
            .collect();
        for _ in 0..2 {
            is_stuck.recv().expect("they take them");
        }
        let more: Vec<_> = (0..3).map(|_| spawn(async {})).collect();
        let full = now();
        assert_eq!((full.workers, full.pool_tasks, full.pool_injected), (2, 5, 3));
        drop(releases);
        for task in more {
            task.await.expect("it ends");
        }
        while now().pool_tasks > 0 {
            thread::yield_now();
        }
        assert_eq!(now().pool_injected, 0);
    });
}

#[test]
fn what_a_worker_takes_from_one_that_is_stuck_is_a_steal() {
    run(async {
        let before = now().pool_steals;
        let (ran, has_run) = mpsc::channel();
        let stuck = spawn(async move {
            // It lies in this worker's own queue.
            drop(spawn(async move { ran.send(()) }));
            has_run.recv().is_ok()
        });
        assert!(stuck.await.expect("it ends"));
        assert!(now().pool_steals > before);
    });
}

#[test]
fn the_page_about_looking_in_names_each_number() {
    let page = include_str!("../../../docs/how-to/look-inside.md");
    let names: Vec<_> = Metrics::default().iter().map(|(name, _)| name).collect();
    let rows: Vec<_> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    assert_eq!(rows, names);
}
