//! Random programs of groups, timeouts, shields, cleanups, cancels, panics and drops, against a model of what must
//! hold afterwards whatever the program did:
//!
//! - it ends, though everything in it is asked to stop at some point;
//! - no task is left, and each guard that was made was dropped, once;
//! - a cleanup begins exactly if its body has begun, unless something in the program drops futures by hand, panics, or
//!   aborts;
//! - a task that accepted a request ends cancelled, unless something in it swallows requests;
//! - without requests from outside the task's count of requests is back at zero.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;

use asyncio::{
    Runner, Task, TaskGroup, catch_cancelled, create_task, current_task, finally, join, race, select, shield,
    sleep, task_group, timeout, yield_now,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// A program. The numbers are milliseconds.
#[derive(Debug, Clone)]
enum Node {
    Ready,
    Yield,
    Sleep(u8),
    Fail,
    Panic,
    CancelSelf,
    Then(Box<Node>, Box<Node>),
    Timeout(u8, Box<Node>),
    Group(Vec<Node>, Box<Node>),
    SelfCancellingGroup(Vec<Node>),
    Await(Box<Node>),
    Shield(Box<Node>),
    Finally(Box<Node>, Box<Node>),
    Catch(Box<Node>, Answer),
    Join(Box<Node>, Box<Node>),
    Race(Box<Node>, Box<Node>),
    DropAfter(u8, Box<Node>),
}

#[derive(Debug, Clone, Copy)]
enum Answer {
    Resume,
    Uncancel,
    Swallow,
}

/// What is done to the task from outside, and when.
#[derive(Debug, Clone, Copy)]
enum Blow {
    Cancel(u8),
    Abort(u8),
    CancelAndWithdraw(u8),
}

impl Blow {
    fn at(&self) -> u8 {
        match self {
            Blow::Cancel(at) | Blow::Abort(at) | Blow::CancelAndWithdraw(at) => *at,
        }
    }
}

/// What happened, counted.
#[derive(Default, Clone)]
struct Counts(Rc<Inner>);

#[derive(Default)]
struct Inner {
    made: Cell<u32>,
    dropped: Cell<u32>,
    bodies: Cell<u32>,
    cleanups: Cell<u32>,
}

fn count(cell: &Cell<u32>) {
    cell.set(cell.get() + 1);
}

struct Guard(Counts);

impl Counts {
    fn guard(&self) -> Guard {
        count(&self.0.made);
        Guard(self.clone())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        count(&self.0.0.dropped);
    }
}

type Run = Pin<Box<dyn Future<Output = Result<(), String>>>>;

fn run(node: Node, counts: Counts) -> Run {
    Box::pin(async move {
        let _guard = counts.guard();
        match node {
            Node::Ready => Ok(()),
            Node::Yield => {
                yield_now().await;
                Ok(())
            }
            Node::Sleep(n) => {
                sleep(ms(n)).await;
                Ok(())
            }
            Node::Fail => Err("failed".to_owned()),
            Node::Panic => std::panic::resume_unwind(Box::new("a panic of the program")),
            Node::CancelSelf => {
                if let Some(task) = current_task() {
                    task.cancel();
                }
                Ok(())
            }
            Node::Then(first, second) => {
                run(*first, counts.clone()).await?;
                run(*second, counts).await
            }
            Node::Timeout(n, inner) => timeout(ms(n), run(*inner, counts)).await.unwrap_or(Ok(())),
            Node::Group(children, body) => {
                let result = task_group(async |tg: TaskGroup<String>| {
                    for child in children {
                        tg.create_task(run(child, counts.clone()));
                    }
                    run(*body, counts).await
                });
                result.await.map_err(|group| group.into_errors().concat())
            }
            Node::SelfCancellingGroup(children) => {
                let group = task_group(async |tg: TaskGroup<String>| {
                    for child in children {
                        tg.create_task(run(child, counts.clone()));
                    }
                    sleep(ms(3)).await;
                    tg.cancel();
                    yield_now().await;
                    Ok(())
                });
                group
                    .or_default()
                    .await
                    .map_err(|group| group.into_errors().concat())
            }
            Node::Await(inner) => outcome(create_task(run(*inner, counts)).await),
            Node::Shield(inner) => outcome(shield(create_task(run(*inner, counts))).await),
            Node::Finally(body, cleanup) => {
                let of_body = counts.clone();
                finally!(
                    {
                        count(&of_body.0.bodies);
                        run(*body, of_body).await
                    },
                    {
                        count(&counts.0.cleanups);
                        drop(run(*cleanup, counts).await);
                    }
                )
            }
            Node::Catch(inner, answer) => match catch_cancelled(run(*inner, counts)).await {
                Ok(result) => result,
                Err(token) => match answer {
                    Answer::Resume => token.resume().await,
                    Answer::Uncancel => {
                        token.uncancel();
                        Ok(())
                    }
                    Answer::Swallow => {
                        drop(token);
                        Ok(())
                    }
                },
            },
            Node::Join(a, b) => {
                let (a, b) = join!(run(*a, counts.clone()), run(*b, counts)).await;
                a.and(b)
            }
            Node::Race(a, b) => race!(run(*a, counts.clone()), run(*b, counts)).await,
            Node::DropAfter(n, inner) => {
                select! {
                    result = run(*inner, counts) => result,
                    () = sleep(ms(n)) => Ok(()),
                }
            }
        }
    })
}

fn outcome(result: Result<Result<(), String>, asyncio::JoinError>) -> Result<(), String> {
    match result {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(error) => Err(error.to_string()),
    }
}

fn ms(n: u8) -> Duration {
    Duration::from_millis(n.into())
}

impl Node {
    fn any(&self, look: &dyn Fn(&Node) -> bool) -> bool {
        let inner: Vec<&Node> = match self {
            Node::Ready | Node::Yield | Node::Sleep(_) | Node::Fail | Node::Panic | Node::CancelSelf => {
                vec![]
            }
            Node::Then(a, b) | Node::Finally(a, b) | Node::Join(a, b) | Node::Race(a, b) => vec![a, b],
            Node::Group(children, body) => children.iter().chain([&**body]).collect(),
            Node::SelfCancellingGroup(children) => children.iter().collect(),
            Node::Timeout(_, a)
            | Node::Await(a)
            | Node::Shield(a)
            | Node::Catch(a, _)
            | Node::DropAfter(_, a) => {
                vec![a]
            }
        };
        look(self) || inner.into_iter().any(|node| node.any(look))
    }

    /// Does something in it drop futures that have begun, other than by a request?
    fn drops_by_hand(&self) -> bool {
        self.any(&|node| {
            matches!(
                node,
                Node::Panic | Node::Join(..) | Node::Race(..) | Node::DropAfter(..)
            )
        })
    }

    fn swallows(&self) -> bool {
        self.any(&|node| matches!(node, Node::Catch(_, Answer::Uncancel | Answer::Swallow)))
    }

    fn cancels_itself(&self) -> bool {
        self.any(&|node| matches!(node, Node::CancelSelf))
    }
}

fn node() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        2 => Just(Node::Ready),
        2 => Just(Node::Yield),
        6 => (0..12u8).prop_map(Node::Sleep),
        1 => Just(Node::Fail),
        1 => Just(Node::Panic),
        1 => Just(Node::CancelSelf),
    ];
    leaf.prop_recursive(5, 24, 4, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        let many = || prop::collection::vec(inner.clone(), 0..4);
        let answer = prop_oneof![
            Just(Answer::Resume),
            Just(Answer::Uncancel),
            Just(Answer::Swallow)
        ];
        prop_oneof![
            3 => (boxed(), boxed()).prop_map(|(a, b)| Node::Then(a, b)),
            4 => (0..12u8, boxed()).prop_map(|(n, a)| Node::Timeout(n, a)),
            4 => (many(), boxed()).prop_map(|(children, body)| Node::Group(children, body)),
            1 => many().prop_map(Node::SelfCancellingGroup),
            2 => boxed().prop_map(Node::Await),
            2 => boxed().prop_map(Node::Shield),
            5 => (boxed(), boxed()).prop_map(|(a, b)| Node::Finally(a, b)),
            2 => (boxed(), answer).prop_map(|(a, answer)| Node::Catch(a, answer)),
            1 => (boxed(), boxed()).prop_map(|(a, b)| Node::Join(a, b)),
            1 => (boxed(), boxed()).prop_map(|(a, b)| Node::Race(a, b)),
            1 => (0..12u8, boxed()).prop_map(|(n, a)| Node::DropAfter(n, a)),
        ]
    })
}

fn blows() -> impl Strategy<Value = Vec<Blow>> {
    let blow = prop_oneof![
        6 => (0..20u8).prop_map(Blow::Cancel),
        1 => (0..20u8).prop_map(Blow::Abort),
        1 => (0..20u8).prop_map(Blow::CancelAndWithdraw),
    ];
    prop::collection::vec(blow, 0..3)
}

/// Runs a program and checks what must hold.
fn check(node: &Node, blows: &[Blow]) {
    let counts = Counts::default();
    let mut runner = Runner::new().mock_clock(true).exception_handler(|_| {});
    let (program, of_run) = (node.clone(), counts.clone());
    let mut blows: Vec<Blow> = blows.to_vec();
    blows.sort_by_key(Blow::at);
    let ordered = blows.clone();
    let (accepted, ended, left) = runner
        .run(async move {
            let task: Task<(Result<(), String>, usize)> = create_task(async move {
                let result = run(program, of_run).await;
                (result, current_task().map_or(0, |task| task.cancelling()))
            });
            let start = asyncio::time::now();
            let mut accepted = false;
            for blow in ordered {
                match blow {
                    Blow::Cancel(at) => {
                        asyncio::time::sleep_until(start + ms(at)).await;
                        accepted |= task.cancel();
                    }
                    Blow::Abort(at) => {
                        asyncio::time::sleep_until(start + ms(at)).await;
                        accepted |= task.abort();
                    }
                    Blow::CancelAndWithdraw(at) => {
                        asyncio::time::sleep_until(start + ms(at)).await;
                        if task.cancelling() == 0 && task.cancel() {
                            task.uncancel();
                        }
                    }
                }
            }
            let ended = task.await;
            (accepted, ended, asyncio::time::now() - start)
        })
        .expect("the main future ends with a value");
    runner.close();
    let inner = &counts.0;
    assert_eq!(
        inner.made.get(),
        inner.dropped.get(),
        "each guard is dropped once"
    );
    assert!(left < Duration::from_secs(60), "it took {left:?}");
    let aborts = blows.iter().any(|blow| matches!(blow, Blow::Abort(_)));
    if !aborts && !node.drops_by_hand() {
        assert_eq!(
            inner.bodies.get(),
            inner.cleanups.get(),
            "a cleanup for each body that began"
        );
    }
    if accepted && !node.swallows() {
        let cancelled = ended.as_ref().is_err_and(|error| error.is_cancelled());
        let panicked = ended.as_ref().is_err_and(|error| error.is_panic());
        assert!(
            cancelled || (panicked && node.drops_by_hand()),
            "accepted a request, but: {ended:?}"
        );
    }
    if blows.is_empty() && !node.cancels_itself() {
        match ended {
            Ok((_, cancelling)) if !node.swallows() => assert_eq!(cancelling, 0),
            Ok(_) => {}
            Err(error) => assert!(
                error.is_panic() && node.drops_by_hand(),
                "nobody cancelled it: {error:?}"
            ),
        }
    }
}

/// The long form runs many more.
fn cases() -> u32 {
    if std::env::var_os("ASYNCIO_LONG").is_some_and(|long| long == "1") {
        100_000
    } else {
        10_000
    }
}

#[test]
fn no_program_leaves_an_orphan() {
    // A program that hangs must not hang the test: it is run beside a watch, which knows the last program.
    let (told, heard) = mpsc::channel();
    let running = std::thread::spawn(move || {
        let config = Config {
            cases: cases(),
            failure_persistence: None,
            ..Config::default()
        };
        TestRunner::new(config).run(&(node(), blows()), |(node, blows)| {
            let _ = told.send((node.clone(), blows.clone()));
            check(&node, &blows);
            Ok(())
        })
    });
    let mut last = None;
    loop {
        match heard.recv_timeout(Duration::from_secs(30)) {
            Ok(program) => last = Some(program),
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) => panic!("a program does not end: {last:?}"),
        }
    }
    if let Err(error) = running.join().unwrap() {
        panic!("{error}");
    }
}
