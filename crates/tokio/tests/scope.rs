//! `with_tokio`: nothing that was spawned inside outlives the scope.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use asyncio::{create_task, spawn, timeout};
use asyncio_tokio::with_tokio;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

const LONG: Duration = Duration::from_secs(3600);

/// Spawns a task that holds `what` for as long as it lives.
fn keep(what: &Arc<()>) {
    let kept = what.clone();
    tokio::spawn(async move {
        tokio::time::sleep(LONG).await;
        drop(kept);
    });
}

#[test]
fn children_are_gone_when_the_scope_has_ended() {
    asyncio::run(async {
        let child = Arc::new(());
        let value = with_tokio(async {
            keep(&child);
            keep(&child);
            tokio::spawn(async { 7 }).await.unwrap()
        });
        assert_eq!(value.await, 7);
        assert_eq!(Arc::strong_count(&child), 1);
    });
}

#[test]
fn children_are_gone_when_a_scope_that_was_cancelled_has_ended() {
    asyncio::run(async {
        let child = Arc::new(());
        let scope = with_tokio(async {
            keep(&child);
            tokio::time::sleep(LONG).await;
        });
        assert!(timeout(Duration::from_millis(1), scope).await.is_err());
        assert_eq!(Arc::strong_count(&child), 1);

        let (tell, told) = oneshot::channel();
        let held = child.clone();
        let task = spawn(with_tokio(async move {
            keep(&held);
            drop(held);
            tell.send(()).unwrap();
            tokio::time::sleep(LONG).await;
        }));
        told.await.unwrap();
        task.cancel();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(Arc::strong_count(&child), 1);
    });
}

/// Tells when it is dropped.
struct Tells(Option<oneshot::Sender<()>>);

impl Drop for Tells {
    fn drop(&mut self) {
        let _ = self.0.take().map(|tell| tell.send(()));
    }
}

fn tells() -> (Tells, oneshot::Receiver<()>) {
    let (tell, told) = oneshot::channel();
    (Tells(Some(tell)), told)
}

async fn keeps(child: Tells) {
    tokio::spawn(async move {
        tokio::time::sleep(LONG).await;
        drop(child);
    });
}

#[test]
fn children_of_a_scope_that_is_dropped_or_that_panics_end_soon() {
    asyncio::run(async {
        let (child, gone) = tells();
        let task = create_task(with_tokio(async move {
            keeps(child).await;
            tokio::time::sleep(LONG).await;
        }));
        asyncio::yield_now().await;
        task.abort();
        gone.await.unwrap();

        let (child, gone) = tells();
        let task = create_task(with_tokio(async move {
            keeps(child).await;
            panic!("inside");
        }));
        assert!(task.await.unwrap_err().is_panic());
        gone.await.unwrap();
    });
}

#[test]
fn scopes_nest_and_each_has_its_own() {
    let ids = asyncio::run(with_tokio(async {
        let outer = Handle::current().id();
        let inner = with_tokio(async { Handle::current().id() }).await;
        assert_eq!(Handle::current().id(), outer);
        (outer, inner)
    }));
    assert_ne!(ids.0, ids.1);
}

#[test]
fn it_needs_no_loop_of_ours() {
    assert_eq!(
        smol::block_on(with_tokio(async { tokio::spawn(async { 7 }).await.unwrap() })),
        7
    );
    let runtime = tokio::runtime::Runtime::new().unwrap();
    assert_eq!(runtime.block_on(with_tokio(async { 8 })), 8);
}

#[test]
fn a_panic_of_the_body_goes_on_to_who_awaits() {
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        asyncio::run(with_tokio(async { panic!("inside") }));
    }));
    assert!(panicked.is_err());
}
