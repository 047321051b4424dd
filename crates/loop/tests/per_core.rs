//! One loop per core: values, failures, panics, and that nothing outlives the call.

use std::future::pending;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Duration;

use asyncio_loop::{PerCore, PerCoreError, RunError, run, run_per_core};
use asyncio_tasks::{create_task, finally, spawn, yield_now};
use asyncio_timers::sleep;
use static_assertions::assert_impl_all as has;

has!(PerCore: Send, Sync, Unpin);
has!(PerCoreError<io::Error>: Send, Sync, std::error::Error);

#[derive(Debug, PartialEq)]
struct Failure(&'static str);

#[test]
fn values_come_in_the_order_of_the_cores_and_the_closure_may_borrow() {
    let words = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
    // The last core ends first.
    let ended = Barrier::new(3);
    let values = PerCore::new().threads(3).run(|core| {
        let (words, ended) = (&words, &ended);
        async move {
            ended.wait();
            Ok::<_, Failure>((core, words[core].clone()))
        }
    });
    let values = values.unwrap();
    assert_eq!(values, [(0, "a".into()), (1, "b".into()), (2, "c".into())]);
}

#[test]
fn there_is_one_for_each_core_unless_it_is_told_otherwise() {
    let cores = run_per_core(|core| async move { Ok::<_, Failure>(core) }).unwrap();
    assert_eq!(cores.len(), thread::available_parallelism().unwrap().get());
}

#[test]
fn each_has_a_named_thread_with_a_loop_and_a_pool() {
    let names = PerCore::new().threads(2).name("each").run(|_| async {
        let local = create_task(async {
            yield_now().await;
            thread::current().name().map(str::to_owned)
        });
        spawn(async { yield_now().await }).await.unwrap();
        Ok::<_, Failure>(local.await.unwrap().unwrap())
    });
    assert_eq!(names.unwrap(), ["each-0", "each-1"]);
}

#[test]
fn the_first_failure_cancels_the_others_which_clean_up() {
    let cleaned = AtomicUsize::new(0);
    let begun = Barrier::new(3);
    let result = PerCore::new().threads(3).run(|core| {
        let (cleaned, begun) = (&cleaned, &begun);
        async move {
            begun.wait();
            if core == 1 {
                return Err(Failure("on purpose"));
            }
            finally(pending::<()>(), async {
                yield_now().await;
                cleaned.fetch_add(1, Ordering::Relaxed);
            })
            .await;
            Ok(())
        }
    });
    assert!(matches!(
        result,
        Err(PerCoreError::Failed {
            core: 1,
            error: Failure("on purpose")
        })
    ));
    assert_eq!(cleaned.into_inner(), 2);
}

#[test]
fn a_panic_goes_on_in_the_caller_after_all_have_ended() {
    let ended = AtomicUsize::new(0);
    let begun = Barrier::new(3);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        PerCore::new().threads(3).run(|core| {
            let (ended, begun) = (&ended, &begun);
            async move {
                begun.wait();
                assert_ne!(core, 2, "on purpose");
                finally(pending::<()>(), async {
                    yield_now().await;
                    ended.fetch_add(1, Ordering::Relaxed);
                })
                .await;
                Ok::<_, Failure>(())
            }
        })
    }));
    let payload = panicked.unwrap_err();
    assert!(payload.downcast_ref::<String>().unwrap().contains("on purpose"));
    assert_eq!(ended.into_inner(), 2);
}

/// Counts down when it is dropped.
struct Alive<'a>(&'a AtomicUsize);

impl Drop for Alive<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[test]
fn tasks_that_a_core_leaves_behind_end_before_the_call_does() {
    static ALIVE: AtomicUsize = AtomicUsize::new(0);
    let result = PerCore::new().threads(2).run(|_| async {
        ALIVE.fetch_add(2, Ordering::Relaxed);
        let (one, other) = (Alive(&ALIVE), Alive(&ALIVE));
        drop(create_task(async move {
            let _one = one;
            pending::<()>().await;
        }));
        drop(spawn(async move {
            let _other = other;
            pending::<()>().await;
        }));
        yield_now().await;
        Ok::<_, Failure>(())
    });
    assert_eq!(result.unwrap().len(), 2);
    assert_eq!(ALIVE.load(Ordering::Relaxed), 0);
}

#[test]
fn the_runner_of_each_can_be_set() {
    let made = std::sync::Arc::new(Mutex::new(Vec::new()));
    let seen = made.clone();
    let cores = PerCore::new().threads(2).runner(move |core, runner| {
        seen.lock().unwrap().push(core);
        runner.mock_clock(true)
    });
    let result = cores.run(|_| async {
        sleep(Duration::from_secs(3600)).await;
        Ok::<_, Failure>(())
    });
    result.unwrap();
    let mut made = made.lock().unwrap().clone();
    made.sort_unstable();
    assert_eq!(made, [0, 1]);
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn a_pinned_thread_may_use_one_of_the_cores_that_the_process_may() {
    use rustix::thread::sched_getaffinity;
    let allowed = sched_getaffinity(None).unwrap();
    let cores = usize::try_from(allowed.count()).unwrap() + 1;
    let sets = PerCore::new()
        .threads(cores)
        .pin(true)
        .run(|_| async { Ok::<_, io::Error>(sched_getaffinity(None)?) })
        .unwrap();
    for set in &sets {
        assert_eq!(set.count(), 1);
        assert!((0..1024).all(|cpu| !set.is_set(cpu) || allowed.is_set(cpu)));
    }
    // One more than there are begins again with the first.
    assert_eq!(sets[0], sets[cores - 1]);
    assert!(cores == 2 || sets[0] != sets[1]);
    // The caller's thread is as it was.
    assert_eq!(sched_getaffinity(None).unwrap(), allowed);
}

#[test]
fn inside_a_running_loop_it_is_refused() {
    run(async {
        let result = run_per_core(|_| async { Ok::<_, Failure>(()) });
        assert!(matches!(
            result,
            Err(PerCoreError::Loop {
                core: None,
                error: RunError::Nested
            })
        ));
    });
}

#[test]
#[should_panic = "threads must be at least 1"]
fn no_threads_are_refused() {
    let _ = PerCore::new().threads(0);
}

#[test]
fn an_error_becomes_an_io_error_of_its_kind() {
    let result = PerCore::new().threads(1).run(|_| async {
        let nothing: io::Result<()> = Err(io::ErrorKind::AddrInUse.into());
        nothing
    });
    let error = io::Error::from(result.unwrap_err());
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
}
