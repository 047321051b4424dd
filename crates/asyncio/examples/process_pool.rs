//! An executor of one's own: each of its threads has a process, in which its functions do their work.
//!
//! A function cannot travel to another process, so what travels is a line of text: the worker is this program again, and
//! answers each line that it reads. A job that runs on the pool finds the process of its thread and asks it. If a process
//! dies, the job that used it fails, and the thread starts another for the next.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Error, Result, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use asyncio::{BlockingJob, RunBlocking, get_running_loop};

/// A process and the two ends that lead to it.
struct Worker {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

thread_local! {
    /// The process of this thread of the pool, once it was needed.
    static WORKER: RefCell<Option<Worker>> = const { RefCell::new(None) };
}

impl Worker {
    fn start() -> Result<Worker> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("--worker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (to, from) = (child.stdin.take(), child.stdout.take());
        let (Some(to), Some(from)) = (to, from) else {
            return Err(Error::other("the pipes were asked for"));
        };
        let from = BufReader::new(from);
        Ok(Worker { child, to, from })
    }

    fn ask(&mut self, line: &str) -> Result<String> {
        writeln!(self.to, "{line}")?;
        let mut answer = String::new();
        if self.from.read_line(&mut answer)? == 0 {
            return Err(Error::other(format!("the worker ended: {}", self.child.wait()?)));
        }
        Ok(answer.trim_end().to_owned())
    }
}

/// Asks the process of this thread; one that fails is not asked again.
fn ask(line: &str) -> Result<String> {
    let worker = WORKER.take();
    let mut worker = match worker {
        Some(worker) => worker,
        None => Worker::start()?,
    };
    let answer = worker.ask(line)?;
    WORKER.set(Some(worker));
    Ok(answer)
}

/// Threads that wait for jobs.
#[derive(Debug)]
struct ProcessPool {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct Shared {
    jobs: Mutex<Jobs>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Jobs {
    queue: VecDeque<BlockingJob>,
    running: usize,
    closed: bool,
}

impl Shared {
    fn jobs(&self) -> MutexGuard<'_, Jobs> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        let mut jobs = self.jobs();
        loop {
            if let Some(job) = jobs.queue.pop_front() {
                jobs.running += 1;
                drop(jobs);
                job.run();
                jobs = self.jobs();
                jobs.running -= 1;
            } else if jobs.closed {
                break;
            } else {
                jobs = self.changed.wait(jobs).unwrap_or_else(PoisonError::into_inner);
            }
        }
        drop(jobs);
        if let Some(mut worker) = WORKER.take() {
            // It ends when it has nothing more to read.
            drop(worker.to);
            let _ = worker.child.wait();
        }
    }
}

impl ProcessPool {
    fn new(processes: usize) -> ProcessPool {
        let shared = Arc::new(Shared::default());
        let start = |_| {
            let shared = shared.clone();
            std::thread::spawn(move || shared.work())
        };
        let threads = Mutex::new((0..processes).map(start).collect());
        ProcessPool { shared, threads }
    }
}

impl RunBlocking for ProcessPool {
    fn submit(&self, job: BlockingJob) -> std::result::Result<(), BlockingJob> {
        let mut jobs = self.shared.jobs();
        if jobs.closed {
            return Err(job);
        }
        jobs.queue.push_back(job);
        self.shared.changed.notify_one();
        Ok(())
    }

    fn outstanding(&self) -> usize {
        let jobs = self.shared.jobs();
        jobs.queue.len() + jobs.running
    }

    /// An example waits for as long as it takes.
    fn shut_down(&self, _timeout: Duration) -> bool {
        self.shared.jobs().closed = true;
        self.shared.changed.notify_all();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        threads.into_iter().all(|thread| thread.join().is_ok())
    }
}

/// What a worker does: it answers each line, here with the sum of the squares up to that number.
fn worker() -> Result<()> {
    for line in std::io::stdin().lines() {
        let line = line?;
        let Ok(n) = line.parse::<u64>() else {
            std::process::exit(3);
        };
        println!("{}", (1..=n).map(|k| k * k).sum::<u64>());
    }
    Ok(())
}

fn main() -> Result<()> {
    if std::env::args().nth(1).as_deref() == Some("--worker") {
        return worker();
    }
    asyncio::run(async {
        let pool = ProcessPool::new(2);
        let this = get_running_loop();
        let square = |text: &'static str| this.run_in_executor(Some(&pool), move || ask(text));
        let sums = asyncio::gather_all(["10", "100", "1000"].map(square)).await;
        for sum in sums {
            println!("{}", sum.map_err(Error::other)?.map_err(Error::other)??);
        }
        let failed = square("not a number").await.map_err(Error::other)?;
        println!("failed: {}", failed.is_err());
        println!("goes on: {}", square("3").await.map_err(Error::other)??);
        println!("ended: {}", pool.shut_down(Duration::MAX));
        Ok(())
    })
}
