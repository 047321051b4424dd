//! Blocking work through a loop's handle, and executors of one's own.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use asyncio_core::blocking::{BlockingJob, RunBlocking};
use asyncio_executor::BlockingPool;
use asyncio_loop::{EventLoop, Runner, get_running_loop, run};
use asyncio_tasks::{BlockingCall, ContextVar, to_thread};
use asyncio_timers::sleep;
use static_assertions::assert_impl_all;

assert_impl_all!(BlockingCall<u32>: Send, Sync, Unpin);

/// Starts a thread for each job, and counts them.
#[derive(Debug, Default)]
struct Threads {
    jobs: AtomicUsize,
    threads: Mutex<Vec<std::thread::JoinHandle<()>>>,
}

impl RunBlocking for Threads {
    fn submit(&self, job: BlockingJob) -> Result<(), BlockingJob> {
        self.jobs.fetch_add(1, Ordering::Relaxed);
        let thread = std::thread::spawn(move || {
            job.run();
        });
        self.threads.lock().expect("no test panics with it").push(thread);
        Ok(())
    }

    fn outstanding(&self) -> usize {
        let threads = self.threads.lock().expect("no test panics with it");
        threads.iter().filter(|thread| !thread.is_finished()).count()
    }

    fn shut_down(&self, _timeout: Duration) -> bool {
        let threads = std::mem::take(&mut *self.threads.lock().expect("no test panics with it"));
        threads.into_iter().all(|thread| thread.join().is_ok())
    }
}

static NAME: ContextVar<u32> = ContextVar::new("name", Some(|| 0));

// LOP-58
#[test]
fn a_function_runs_on_the_default_executor_on_another_or_on_one_of_ones_own() {
    run(async {
        let this = get_running_loop();
        let here = std::thread::current().id();
        let there = this
            .run_in_executor(None, || std::thread::current().id())
            .await
            .unwrap();
        assert_ne!(here, there);
        let pool = BlockingPool::builder()
            .max_threads(1)
            .thread_name_prefix("mine")
            .build()
            .unwrap();
        let name = this.run_in_executor(Some(&pool), || std::thread::current().name().map(str::to_owned));
        assert_eq!(name.await.unwrap().as_deref(), Some("mine_0"));
        let own = Threads::default();
        let _ = NAME.set(7);
        assert_eq!(this.run_in_executor(Some(&own), || NAME.get()).await.unwrap(), 7);
        assert_eq!(own.jobs.load(Ordering::Relaxed), 1);
        let panicked = this
            .run_in_executor(None, || panic!("on purpose"))
            .await
            .unwrap_err();
        assert!(panicked.is_panic());
    });
}

// LOP-58
#[test]
fn a_call_starts_its_function_before_it_is_awaited_and_a_dropped_one_withdraws_it() {
    run(async {
        let this = get_running_loop();
        let pool = BlockingPool::builder().max_threads(1).build().unwrap();
        let (started, starts) = mpsc::channel();
        let (release, wait) = mpsc::channel::<()>();
        let first = this.run_in_executor(Some(&pool), move || {
            started.send(()).unwrap();
            wait.recv().unwrap();
        });
        starts.recv().unwrap();
        let held = Arc::new(());
        let inside = held.clone();
        let second = this.run_in_executor(Some(&pool), move || drop(inside));
        drop(second);
        release.send(()).unwrap();
        first.await.unwrap();
        this.run_in_executor(Some(&pool), || ()).await.unwrap();
        assert_eq!(Arc::strong_count(&held), 1, "it was withdrawn, or has run");
    });
}

// LOP-59
#[test]
fn a_default_executor_of_ones_own_gets_the_work_of_to_thread_too() {
    let own = Arc::new(Threads::default());
    let given = own.clone();
    run(async move {
        let this = get_running_loop();
        this.set_default_executor(given);
        assert_eq!(to_thread(|| 1).await.unwrap(), 1);
        assert_eq!(this.run_in_executor(None, || 2).await.unwrap(), 2);
        this.shutdown_default_executor(None).await.unwrap();
        assert!(this.run_in_executor(None, || 3).await.unwrap_err().is_cancelled());
    });
    assert_eq!(own.jobs.load(Ordering::Relaxed), 2);
    assert!(own.threads.lock().unwrap().is_empty(), "they were joined");
}

// LOP-14
#[test]
fn the_default_executor_is_ended_in_the_loop_with_and_without_a_limit() {
    run(async {
        let this = get_running_loop();
        this.shutdown_default_executor(None).await.unwrap();
        let refused = to_thread(|| ()).await.unwrap_err();
        assert!(refused.is_cancelled(), "also one that was never used");
    });
    let (release, wait) = mpsc::channel::<()>();
    run(async {
        let this = get_running_loop();
        let stuck = this.run_in_executor(None, move || wait.recv());
        let busy = this
            .shutdown_default_executor(Some(Duration::from_millis(5)))
            .await;
        assert!(busy.unwrap_err().to_string().contains("threads"));
        drop(release);
        this.shutdown_default_executor(None).await.unwrap();
        assert!(stuck.await.unwrap().is_err());
    });
}

// LOP-58, THR-03
#[test]
fn a_handle_of_a_closed_loop_refuses_blocking_work() {
    let mut event_loop = EventLoop::new().unwrap();
    let handle = event_loop.handle();
    event_loop.close();
    let refused = futures_lite::future::block_on(handle.run_in_executor(None, || ()));
    assert!(refused.unwrap_err().is_cancelled());
}

// LOP-59: an executor of one's own does not tell when it has nothing left to do.
#[test]
fn a_mock_clock_goes_on_when_an_executor_of_ones_own_has_come_to_rest() {
    let mut runner = Runner::new().mock_clock(true);
    runner
        .run(async {
            let this = get_running_loop();
            this.set_default_executor(Arc::new(Threads::default()));
            for n in 0..20 {
                assert_eq!(to_thread(move || n).await.unwrap(), n);
                sleep(Duration::from_secs(3600)).await;
            }
        })
        .unwrap();
}
