//! The cancel explorer over promises: a soft cancel of who awaits one cancels it, and nobody else hangs; a hard one leaves
//! it alone.

use std::future::Future;
use std::time::Duration;

use asyncio::testing::{Case, Ended, How, explore_cancel};
use asyncio::{Promise, create_task, finally, shield, sleep, timeout, yield_now};

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Runs on the mock clock.
#[track_caller]
fn run<F: Future>(main: F) -> F::Output {
    let mut runner = asyncio::Runner::new().mock_clock(true);
    runner.run(main).expect("the main future ends with a value")
}

// FUT-05
#[test]
fn a_promise_and_who_else_awaits_it_survive_every_cancel() {
    run(explore_cancel(|| {
        let promise = Promise::<u32>::new();
        let (mine, setter) = (promise.clone(), promise.clone());
        let other = create_task({
            let promise = promise.clone();
            async move { promise.await }
        });
        create_task(async move {
            sleep(ms(5)).await;
            let _late = setter.set_result(7);
        })
        .detach();
        let future = async move {
            yield_now().await;
            finally!({ (&mine).await.ok() }, { yield_now().await })
        };
        Case::new(future, async move |outcome| {
            let waited = promise.cancelled();
            let other = other.await.expect("it is not cancelled itself");
            match outcome {
                Ended::Value(value) => assert_eq!((value, other.ok()), (Some(7), Some(7))),
                Ended::Cancelled { how: How::Soft, .. } if waited => assert!(other.is_err()),
                Ended::Cancelled { .. } => {
                    assert_eq!(other.ok(), Some(7), "it did not wait, or was dropped");
                }
            }
        })
    }));
}

/// A promise that is awaited behind a shield, and one under a timeout.
#[test]
fn a_shielded_promise_is_left_alone() {
    run(explore_cancel(|| {
        let (kept, lost) = (Promise::<u32>::new(), Promise::<u32>::new());
        let setter = kept.clone();
        create_task(async move {
            sleep(ms(9)).await;
            let _late = setter.set_result(7);
        })
        .detach();
        let (inner, under) = (kept.clone(), lost.clone());
        let future = async move {
            let timed = timeout(ms(2), &under).await;
            assert!(timed.is_err() && under.cancelled());
            shield(create_task(async move { inner.await.ok() })).await
        };
        Case::new(future, async move |_| {
            assert_eq!(kept.await.ok(), Some(7));
            drop(lost);
        })
    }));
}
