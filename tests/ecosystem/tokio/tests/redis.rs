//! The client of Redis against a `redis-server`: on tokio by compat, on smol unchanged, and over a socket of ours, for which it
//! needs nobody.

use std::time::Duration;

use asyncio::net::UnixStream;
use asyncio::{create_task, gather_all, timeout};
use asyncio_tokio::{ForTokio, TokioCompat};
use ecosystem_tokio::Redis;
use futures::StreamExt;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, AsyncTypedCommands, Client, RedisConnectionInfo, RedisResult};

/// Many tasks share one connection, whose requests go out together.
async fn many(redis: MultiplexedConnection) {
    let tasks = (0..200).map(|number| {
        let mut redis = redis.clone();
        async move {
            let key = format!("key:{number}");
            redis.set(&key, number).await?;
            redis.incr("sum", number).await?;
            redis.get_int(&key).await
        }
    });
    for (number, answer) in (0..).zip(gather_all(tasks).await) {
        let answer: RedisResult<Option<isize>> = answer.expect("no task was cancelled");
        assert_eq!(answer.unwrap(), Some(number));
    }
    assert_eq!(redis.clone().get_int("sum").await.unwrap(), Some(199 * 200 / 2));
}

/// What a request that was given up leaves behind is the answer of nobody else.
async fn given_up(mut redis: MultiplexedConnection) {
    let mut waits = redis.clone();
    let never = timeout(Duration::from_millis(20), waits.brpop("nothing", 0.2));
    assert!(never.await.is_err());
    redis.set("after", "it").await.unwrap();
    assert_eq!(redis.get("after").await.unwrap().as_deref(), Some("it"));
}

/// The client's own limits of time are those of a runtime: ours take their place.
fn no_limits() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_response_timeout(None)
        .set_connection_timeout(None)
}

#[test]
fn on_tokio_it_works_by_compat() {
    let Some(redis) = Redis::start() else { return };
    let client = Client::open(redis.url()).unwrap();
    asyncio::run(async {
        let main = async {
            let connection = client
                .get_multiplexed_async_connection_with_config(&no_limits())
                .await
                .unwrap();
            many(connection.clone()).await;
            given_up(connection).await;
        };
        main.compat().await;
    });
}

#[test]
fn on_a_loop_that_waits_in_tokio_it_works_unchanged() {
    let Some(redis) = Redis::start() else { return };
    let client = Client::open(redis.url()).unwrap();
    asyncio_tokio::run(async {
        let connection = client.get_multiplexed_async_connection().await.unwrap();
        many(connection.clone()).await;
        given_up(connection).await;
    })
    .unwrap();
}

#[test]
fn on_smol_it_works_unchanged() {
    let Some(redis) = Redis::start() else { return };
    let client = Client::open(redis.url()).unwrap();
    asyncio::run(async {
        // Nobody has entered a runtime of tokio's: so it takes smol.
        let connection = client.get_multiplexed_async_connection().await.unwrap();
        many(connection.clone()).await;
        given_up(connection).await;
    });
}

#[test]
fn over_a_socket_of_ours_it_needs_no_runtime_and_its_driver_is_a_task() {
    let Some(redis) = Redis::start() else { return };
    asyncio::run(async {
        let stream = ForTokio::new(UnixStream::connect(redis.socket()).await.unwrap());
        let info = RedisConnectionInfo::default();
        let made = MultiplexedConnection::new_with_config(&info, stream, no_limits());
        let (connection, driver) = made.await.unwrap();
        let driver = create_task(driver);
        many(connection.clone()).await;
        given_up(connection).await;
        // The last handle has gone, and the driver ends by itself.
        driver.await.unwrap();
    });
}

#[test]
fn messages_come_to_a_task_of_ours_until_it_has_heard_enough() {
    let Some(redis) = Redis::start() else { return };
    let client = Client::open(redis.url()).unwrap();
    let program = async {
        let (mut sink, mut messages) = client.get_async_pubsub().await.unwrap().split();
        sink.subscribe("news").await.unwrap();
        let says = client.clone();
        let speaker = create_task(
            async move {
                let mut redis = says.get_multiplexed_async_connection().await.unwrap();
                for number in 0..10 {
                    redis.publish("news", number).await.unwrap();
                }
            }
            .compat(),
        );
        let mut heard = Vec::new();
        while heard.len() < 10 {
            let message = timeout(Duration::from_secs(30), messages.next())
                .await
                .unwrap()
                .unwrap();
            heard.push(message.get_payload::<i32>().unwrap());
        }
        speaker.await.unwrap();
        assert_eq!(heard, (0..10).collect::<Vec<_>>());
    };
    asyncio::run(program.compat());
}

#[test]
fn a_server_that_dies_is_an_error_for_everybody_who_waits() {
    let Some(redis) = Redis::start() else { return };
    let client = Client::open(redis.url()).unwrap();
    asyncio_tokio::run(async {
        let config = no_limits();
        let connection = client
            .get_multiplexed_async_connection_with_config(&config)
            .await
            .unwrap();
        let waiters: Vec<_> = (0..5)
            .map(|_| {
                let mut waits = connection.clone();
                create_task(async move { waits.brpop("nothing", 0.0).await.is_err() })
            })
            .collect();
        // An answer that came after the waiters' requests went out.
        let mut asks = Client::open(redis.url())
            .unwrap()
            .get_multiplexed_async_connection()
            .await
            .unwrap();
        asks.ping().await.unwrap();
        drop(redis);
        for waiter in waiters {
            assert!(timeout(Duration::from_secs(30), waiter).await.unwrap().unwrap());
        }
    })
    .unwrap();
}
