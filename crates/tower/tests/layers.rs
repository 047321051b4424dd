//! The layers, by the mock clock.
#![allow(clippy::unwrap_used, reason = "a test helper that fails fails the test")]

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use asyncio_loop::Runner;
use asyncio_tasks::{TimeoutError, create_task, finally, gather_tasks, yield_now};
use asyncio_timers::{now, sleep};
use asyncio_tower::{ConcurrencyLimitLayer, RateLimitLayer, TimeoutLayer};
use tower_layer::Layer;
use tower_service::Service;

/// Writes down when each request begins, and takes `length`.
#[derive(Clone)]
struct Slow {
    length: Duration,
    log: Rc<RefCell<Vec<(u32, Duration)>>>,
    start: Instant,
}

impl Slow {
    fn new(length: Duration) -> Slow {
        Slow {
            length,
            log: Rc::default(),
            start: now(),
        }
    }

    fn began(&self) -> Vec<(u32, Duration)> {
        self.log.borrow().clone()
    }
}

impl Service<u32> for Slow {
    type Response = u32;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<u32, Infallible>>>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: u32) -> Self::Future {
        self.log.borrow_mut().push((request, now() - self.start));
        let length = self.length;
        Box::pin(async move {
            sleep(length).await;
            Ok(request)
        })
    }
}

async fn ready<S: Service<u32>>(service: &mut S) {
    if poll_fn(|cx| service.poll_ready(cx)).await.is_err() {
        panic!("the service has failed");
    }
}

async fn ask<S: Service<u32>>(mut service: S, request: u32) -> Result<S::Response, S::Error> {
    ready(&mut service).await;
    service.call(request).await
}

fn on_mock_clock<F: Future>(main: F) -> F::Output {
    Runner::new().mock_clock(true).run(main).unwrap()
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_request_that_takes_too_long_ends_at_its_time() {
    on_mock_clock(async {
        let start = now();
        let service = TimeoutLayer::new(3 * SECOND).layer(Slow::new(5 * SECOND));
        let error = ask(service, 1).await.unwrap_err();
        assert!(error.is::<TimeoutError>(), "{error}");
        assert_eq!(now() - start, 3 * SECOND);
        let service = TimeoutLayer::new(3 * SECOND).layer(Slow::new(2 * SECOND));
        assert_eq!(ask(service, 2).await.unwrap(), 2);
        assert_eq!(now() - start, 5 * SECOND);
    });
}

/// Cleans up for a second when it is asked to stop.
struct Tidy(Rc<RefCell<bool>>);

impl Service<u32> for Tidy {
    type Response = ();
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<(), Infallible>>>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _request: u32) -> Self::Future {
        let tidied = self.0.clone();
        Box::pin(async move {
            finally!({ sleep(9 * SECOND).await }, {
                sleep(SECOND).await;
                *tidied.borrow_mut() = true;
            });
            Ok(())
        })
    }
}

#[test]
fn cleanup_of_a_late_request_runs_to_its_end() {
    on_mock_clock(async {
        let (start, tidied) = (now(), Rc::new(RefCell::new(false)));
        let service = TimeoutLayer::new(3 * SECOND).layer(Tidy(tidied.clone()));
        assert!(ask(service, 1).await.unwrap_err().is::<TimeoutError>());
        assert!(*tidied.borrow());
        assert_eq!(now() - start, 4 * SECOND);
    });
}

#[test]
fn so_many_requests_run_at_once_in_the_order_in_which_they_came() {
    on_mock_clock(async {
        let inner = Slow::new(SECOND);
        let layer = ConcurrencyLimitLayer::new(2);
        let service = layer.layer(inner.clone());
        let tasks: Vec<_> = (0..5)
            .map(|number| create_task(ask(service.clone(), number)))
            .collect();
        gather_tasks(tasks).await;
        let began: Vec<_> = inner
            .began()
            .into_iter()
            .map(|(request, when)| (request, when.as_secs()))
            .collect();
        assert_eq!(began, [(0, 0), (1, 0), (2, 1), (3, 1), (4, 2)]);
        assert_eq!(layer.semaphore().available_permits(), 2);
    });
}

#[test]
fn a_permit_comes_back_from_whoever_gives_up_at_whatever_point() {
    on_mock_clock(async {
        let layer = ConcurrencyLimitLayer::new(1);
        let mut has = layer.layer(Slow::new(SECOND));
        ready(&mut has).await;
        // In line.
        let waits = create_task(ask(layer.layer(Slow::new(SECOND)), 1));
        let behind = create_task(ask(layer.layer(Slow::new(SECOND)), 2));
        yield_now().await;
        waits.cancel();
        // Ready, and never called.
        drop(has);
        assert_eq!(behind.await.unwrap(), Ok(2));
        // In the middle of a request.
        let mut service = layer.layer(Slow::new(SECOND));
        ready(&mut service).await;
        drop(service.call(3));
        assert_eq!(layer.semaphore().available_permits(), 1);
    });
}

#[test]
fn so_many_requests_begin_within_any_stretch() {
    on_mock_clock(async {
        let inner = Slow::new(Duration::ZERO);
        let service = RateLimitLayer::new(2, 10 * SECOND).layer(inner.clone());
        ask(service.clone(), 0).await.unwrap();
        sleep(9 * SECOND).await;
        // Two windows side by side would let four begin about the tenth second.
        let tasks: Vec<_> = (1..6)
            .map(|number| create_task(ask(service.clone(), number)))
            .collect();
        gather_tasks(tasks).await;
        let began: Vec<_> = inner
            .began()
            .into_iter()
            .map(|(request, when)| (request, when.as_secs()))
            .collect();
        assert_eq!(began, [(0, 0), (1, 9), (2, 10), (3, 19), (4, 20), (5, 29)]);
    });
}

#[test]
fn a_place_that_is_not_used_goes_to_the_next() {
    on_mock_clock(async {
        let inner = Slow::new(Duration::ZERO);
        let layer = RateLimitLayer::new(1, 10 * SECOND);
        let mut unused = layer.layer(inner.clone());
        ready(&mut unused).await;
        let next = create_task(ask(layer.layer(inner.clone()), 1));
        sleep(3 * SECOND).await;
        assert!(inner.began().is_empty());
        drop(unused);
        next.await.unwrap().unwrap();
        assert_eq!(inner.began(), [(1, 3 * SECOND)]);
    });
}

#[test]
fn who_gives_up_in_line_holds_up_nobody() {
    on_mock_clock(async {
        let inner = Slow::new(Duration::ZERO);
        let service = RateLimitLayer::new(1, 10 * SECOND).layer(inner.clone());
        ask(service.clone(), 0).await.unwrap();
        let first = create_task(ask(service.clone(), 1));
        let second = create_task(ask(service.clone(), 2));
        sleep(SECOND).await;
        first.cancel();
        second.await.unwrap().unwrap();
        assert_eq!(inner.began(), [(0, Duration::ZERO), (2, 10 * SECOND)]);
    });
}

#[test]
fn a_place_that_was_long_held_counts_from_its_beginning() {
    on_mock_clock(async {
        let inner = Slow::new(Duration::ZERO);
        let layer = RateLimitLayer::new(1, 10 * SECOND);
        let mut held = layer.layer(inner.clone());
        ready(&mut held).await;
        sleep(15 * SECOND).await;
        held.call(0).await.unwrap();
        ask(layer.layer(inner.clone()), 1).await.unwrap();
        assert_eq!(inner.began(), [(0, 15 * SECOND), (1, 25 * SECOND)]);
    });
}

#[test]
#[should_panic(expected = "`call` before `poll_ready` was ready")]
fn a_call_without_asking_first_is_refused() {
    let mut service = ConcurrencyLimitLayer::new(1).layer(Slow::new(SECOND));
    drop(service.call(1));
}
