//! The pool of workers: it helps a stuck worker, covers its I/O, and ends with the runner.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use asyncio_loop::{Runner, get_running_loop};
use asyncio_tasks::{create_task, spawn, to_thread, yield_now};
use asyncio_timers::sleep;

fn on_two_workers<F: Future>(main: F) -> F::Output {
    Runner::new().worker_threads(2).run(main).expect("the loop runs")
}

// DEV-09
#[test]
fn tasks_behind_a_stuck_worker_are_run_by_the_other() {
    on_two_workers(async {
        let (tell, told) = channel::<u32>();
        // The first task spawns others to its own deque and then blocks its thread until they have all run.
        let stuck = spawn(async move {
            for n in 0..10 {
                let tell = tell.clone();
                drop(spawn(async move { tell.send(n).unwrap() }));
            }
            (0..10)
                .map(|_| told.recv_timeout(Duration::from_secs(20)).unwrap())
                .sum::<u32>()
        });
        assert_eq!(stuck.await.unwrap(), 45);
    });
}

// DEV-09
#[test]
fn blocking_work_on_threads_of_its_own_stops_no_task_of_the_loop() {
    on_two_workers(async {
        let (to_one, one) = channel::<u32>();
        let (to_other, other) = channel::<u32>();
        // Both block until a task of the loop has had its steps.
        let one = to_thread(move || one.recv_timeout(Duration::from_secs(20)));
        let other =
            get_running_loop().run_in_executor(None, move || other.recv_timeout(Duration::from_secs(20)));
        let goes_on = create_task(async move {
            for _ in 0..10 {
                sleep(Duration::from_micros(100)).await;
                yield_now().await;
            }
            to_one.send(1).unwrap();
            to_other.send(2).unwrap();
        });
        assert_eq!(one.await.unwrap(), Ok(1));
        assert_eq!(other.await.unwrap(), Ok(2));
        goes_on.await.unwrap();
    });
}

#[test]
fn timers_of_the_pool_fire_while_one_worker_is_stuck() {
    on_two_workers(async {
        let (tell, told) = channel::<()>();
        let stuck = spawn(async move { told.recv_timeout(Duration::from_secs(20)).is_ok() });
        let timer = spawn(async move {
            for _ in 0..5 {
                sleep(Duration::from_millis(1)).await;
            }
            tell.send(()).unwrap();
        });
        timer.await.unwrap();
        assert!(stuck.await.unwrap());
    });
}

#[test]
fn every_spawned_task_runs_once_under_load_from_everywhere() {
    let ran = Arc::new(AtomicUsize::new(0));
    on_two_workers(async {
        let mut tasks = Vec::new();
        for _ in 0..50 {
            let ran = ran.clone();
            tasks.push(spawn(async move {
                let mut inner = Vec::new();
                for n in 0..40_u64 {
                    let ran = ran.clone();
                    inner.push(spawn(async move {
                        if n % 8 == 0 {
                            sleep(Duration::from_micros(50 * n)).await;
                        }
                        yield_now().await;
                        ran.fetch_add(1, Ordering::Relaxed);
                    }));
                }
                for task in inner {
                    task.await.unwrap();
                }
            }));
            yield_now().await;
        }
        for task in tasks {
            task.await.unwrap();
        }
    });
    assert_eq!(ran.load(Ordering::Relaxed), 50 * 40);
}

#[test]
fn a_sleeping_pool_wakes_for_each_outside_spawn() {
    on_two_workers(async {
        for n in 0..200_u64 {
            // Longer and shorter than the light rest, so that the workers are met in each of their states.
            sleep(Duration::from_micros(n * 37 % 3000)).await;
            assert_eq!(spawn(async move { n }).await.unwrap(), n);
        }
    });
}

#[test]
fn a_runner_that_closes_drops_what_its_pool_holds() {
    struct Flag(Arc<AtomicBool>);
    impl Drop for Flag {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let dropped = Arc::new(AtomicBool::new(false));
    let flag = Flag(dropped.clone());
    let mut runner = Runner::new().worker_threads(2);
    runner
        .run(async {
            drop(spawn(async move {
                let _flag = flag;
                std::future::pending::<()>().await;
            }));
            yield_now().await;
        })
        .unwrap();
    runner.close();
    assert!(dropped.load(Ordering::SeqCst));
}

#[test]
fn a_wake_that_crosses_between_loop_and_pool_arrives() {
    on_two_workers(async {
        for n in 0..2000_u32 {
            let there = spawn(async move {
                yield_now().await;
                n
            });
            assert_eq!(there.await.unwrap(), n);
        }
    });
}
