//! Blocking work: a burst of jobs that do nothing, and one such job at a time.

use crate::measure::{Batches, Metrics, Params};
use crate::peers::Blocking;

pub async fn burst<R: Blocking>(params: Params) -> Metrics {
    let count = params.batch(1000);
    let mut batches = Batches::new(params);
    while batches.again() {
        let jobs: Vec<_> = (0..count).map(R::start).collect();
        let mut sum = 0;
        for job in jobs {
            sum += R::wait(job).await;
        }
        assert_eq!(sum, count * (count - 1) / 2, "every job gave its number");
        batches.record(count);
    }
    batches.metrics()
}

pub async fn single<R: Blocking>(params: Params) -> Metrics {
    let count = params.batch(200);
    let mut batches = Batches::new(params);
    while batches.again() {
        for number in 0..count {
            assert_eq!(R::once(number).await, number);
        }
        batches.record(count);
    }
    batches.metrics()
}
