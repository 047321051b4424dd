//! Timeouts, groups, and tasks with a name and a context: what only some peers have.

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinSet;

use super::tokio::OneThread;
use super::{Ours, Peer, TokioCt};

/// tokio's current-thread runtime with a `LocalSet`, for tasks that need not be `Send`.
#[derive(Clone, Copy)]
pub struct TokioLocal;

/// Long enough never to expire.
const LONG: Duration = Duration::from_secs(3600);

/// A single-threaded loop with timeouts and groups.
pub trait Structured: Copy + 'static {
    /// Runs the future that `main` makes, on this thread.
    fn run<F: Future>(main: impl FnOnce(Self) -> F) -> F::Output;

    /// Starts a task of this thread.
    fn start<F>(self, future: F) -> impl Future + 'static
    where
        F: Future + 'static,
        F::Output: 'static;

    /// Starts one with what of a name and of a context with one variable the peer has.
    fn start_dressed<F>(self, name: bool, future: F) -> impl Future + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        _ = name;
        self.start(future)
    }

    /// Sets one variable of the caller's context, where there is such a thing.
    fn set_variable(self) {}

    /// Bounds the future with a deadline that is far away.
    fn timeout<F: Future>(self, future: F) -> impl Future;

    /// Starts that many children in a group, and joins them all.
    fn group<C: Future<Output = u64> + 'static>(
        self,
        children: u64,
        child: impl Fn(u64) -> C + 'static,
    ) -> impl Future<Output = ()>;
}

asyncio::context_var! {
    static REQUEST: u64 = 0;
}

impl Structured for Ours {
    fn run<F: Future>(main: impl FnOnce(Self) -> F) -> F::Output {
        <Ours as Peer>::run(main)
    }

    fn start<F>(self, future: F) -> impl Future + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        asyncio::create_task(future)
    }

    fn start_dressed<F>(self, name: bool, future: F) -> impl Future + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        let task = asyncio::task();
        let task = if name { task.name("worker") } else { task };
        task.create(future)
    }

    fn set_variable(self) {
        _ = REQUEST.set(1);
    }

    fn timeout<F: Future>(self, future: F) -> impl Future {
        asyncio::timeout(LONG, future)
    }

    fn group<C: Future<Output = u64> + 'static>(
        self,
        children: u64,
        child: impl Fn(u64) -> C + 'static,
    ) -> impl Future<Output = ()> {
        asyncio::task_group_infallible(async move |tg| {
            for i in 0..children {
                drop(tg.start(child(i)));
            }
        })
    }
}

impl Structured for TokioCt {
    fn run<F: Future>(main: impl FnOnce(Self) -> F) -> F::Output {
        <TokioCt as Peer>::run(main)
    }

    fn start<F>(self, future: F) -> impl Future + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        tokio::spawn(OneThread(future))
    }

    fn timeout<F: Future>(self, future: F) -> impl Future {
        tokio::time::timeout(LONG, future)
    }

    async fn group<C: Future<Output = u64> + 'static>(
        self,
        children: u64,
        child: impl Fn(u64) -> C + 'static,
    ) {
        let mut set = JoinSet::new();
        for i in 0..children {
            set.spawn(OneThread(child(i)));
        }
        while set.join_next().await.is_some() {}
    }
}

impl Structured for TokioLocal {
    fn run<F: Future>(main: impl FnOnce(Self) -> F) -> F::Output {
        <TokioCt as Peer>::run(|_| async move {
            let local = tokio::task::LocalSet::new();
            local.run_until(async move { main(TokioLocal).await }).await
        })
    }

    fn start<F>(self, future: F) -> impl Future + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        tokio::task::spawn_local(future)
    }

    fn timeout<F: Future>(self, future: F) -> impl Future {
        tokio::time::timeout(LONG, future)
    }

    async fn group<C: Future<Output = u64> + 'static>(
        self,
        children: u64,
        child: impl Fn(u64) -> C + 'static,
    ) {
        let mut set = JoinSet::new();
        for i in 0..children {
            set.spawn_local(child(i));
        }
        while set.join_next().await.is_some() {}
    }
}
