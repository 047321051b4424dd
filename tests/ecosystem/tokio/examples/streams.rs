//! The combinators of `futures`, on things of ours: at most three requests in flight, and their answers as they come.

use std::time::Duration;

use asyncio::{sleep, sleep_with, timeout};
use futures::channel::mpsc;
use futures::stream::{self, StreamExt};
use futures::{FutureExt, SinkExt, select};

async fn ask(number: u64) -> u64 {
    sleep_with(Duration::from_millis(10 * (5 - number)), number * number).await
}

async fn program() {
    // Five questions, three at a time. The first three are answered in the order of their times.
    let answers: Vec<u64> = stream::iter(0..5).map(ask).buffer_unordered(3).collect().await;
    println!("{answers:?}");

    // A channel of `futures` between two tasks of ours, and `select!` with a sleep of ours.
    let (mut send, mut receive) = mpsc::channel(1);
    let producer = asyncio::create_task(async move {
        for number in 0..3 {
            send.send(number).await.expect("somebody receives");
        }
    });
    let mut limit = Box::pin(sleep(Duration::from_secs(10)).fuse());
    let mut sum = 0;
    loop {
        select! {
            number = receive.next() => match number {
                Some(number) => sum += number,
                None => break,
            },
            () = limit => unreachable!("it takes no ten seconds"),
        }
    }
    producer.await.expect("it was not cancelled");
    println!("{sum}");

    // A stream of ours under their combinators.
    let queue = asyncio::Queue::bounded(2);
    let fill = async {
        for number in 1..=4 {
            queue.put(number).await.expect("it is open");
        }
        queue.shutdown();
    };
    let even = queue
        .items()
        .filter(|number| futures::future::ready(number % 2 == 0))
        .collect::<Vec<u64>>();
    let ((), even) = futures::join!(fill, even);
    println!("{even:?}");
    let late = timeout(Duration::from_millis(1), futures::future::pending::<()>()).await;
    println!("{}", late.is_err());
}

fn main() {
    asyncio::Runner::new()
        .mock_clock(true)
        .run(program())
        .expect("the loop runs");
}
