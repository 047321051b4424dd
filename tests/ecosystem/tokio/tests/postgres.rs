//! tokio-postgres against a PostgreSQL server: by tokio's sockets, and by ours.

use std::time::Duration;

use asyncio::net::UnixStream;
use asyncio::{TaskGroup, create_task, task_group, timeout};
use asyncio_tokio::{ForTokio, TokioCompat, with_tokio};
use ecosystem_tokio::Postgres;
use futures::TryStreamExt;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, Error, NoTls};

/// Requests of many tasks over one connection: they go out without a wait for each other's answers.
async fn pipelined(client: &Client) -> Result<(), Error> {
    client
        .batch_execute("create temp table squares (number int primary key, square int)")
        .await?;
    let insert = client.prepare("insert into squares values ($1, $2)").await?;
    let inserts = (0..200).map(|number: i32| {
        let insert = &insert;
        async move { client.execute(insert, &[&number, &(number * number)]).await }
    });
    for inserted in futures::future::join_all(inserts).await {
        assert_eq!(inserted?, 1);
    }
    let sum: i64 = client
        .query_one("select sum(square) from squares", &[])
        .await?
        .get(0);
    assert_eq!(sum, (0..200).map(|number: i64| number * number).sum::<i64>());
    Ok(())
}

/// A query that is given up in time, and cancelled on the server; the connection goes on.
async fn cancelled(client: &Client, cancel: impl AsyncFnOnce() -> Result<(), Error>) -> Result<(), Error> {
    let mut slow = std::pin::pin!(client.query("select pg_sleep(3600)", &[]));
    assert!(timeout(Duration::from_millis(20), slow.as_mut()).await.is_err());
    cancel().await?;
    let error = timeout(Duration::from_secs(30), slow).await.unwrap().unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::QUERY_CANCELED));
    let one: i32 = client.query_one("select 1", &[]).await?.get(0);
    assert_eq!(one, 1);
    Ok(())
}

#[test]
fn by_compat_the_connection_is_a_task_of_ours() {
    let Some(postgres) = Postgres::start() else { return };
    asyncio::run(async {
        let (client, connection) = tokio_postgres::connect(&postgres.url(), NoTls)
            .compat()
            .await
            .unwrap();
        let connection = create_task(connection.compat());
        pipelined(&client).await.unwrap();
        let cancel = client.cancel_token();
        cancelled(&client, async || cancel.cancel_query(NoTls).compat().await)
            .await
            .unwrap();
        drop(client);
        // It has said good-bye, and ends.
        connection.await.unwrap().unwrap();
    });
}

#[test]
fn over_a_socket_of_ours_no_runtime_is_needed() {
    let Some(postgres) = Postgres::start() else { return };
    let connect = async || ForTokio::new(UnixStream::connect(postgres.socket()).await.unwrap());
    asyncio::run(async {
        let mut config = Config::new();
        config.user("postgres").dbname("postgres");
        let (client, connection) = config.connect_raw(connect().await, NoTls).await.unwrap();
        let connection = create_task(connection);
        pipelined(&client).await.unwrap();
        let cancel = client.cancel_token();
        let cancels = async || cancel.cancel_query_raw(connect().await, NoTls).await;
        cancelled(&client, cancels).await.unwrap();
        drop(client);
        connection.await.unwrap().unwrap();
    });
}

#[test]
fn on_a_loop_that_waits_in_tokio_it_works_unchanged() {
    let Some(postgres) = Postgres::start() else { return };
    asyncio_tokio::run(async {
        let (client, connection) = tokio_postgres::connect(&postgres.url(), NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        pipelined(&client).await.unwrap();
        let cancel = client.cancel_token();
        cancelled(&client, async || cancel.cancel_query(NoTls).await)
            .await
            .unwrap();
        drop(client);
        connection.await.unwrap().unwrap();
    })
    .unwrap();
}

#[test]
fn rows_come_as_a_stream_and_one_that_is_given_up_half_way_leaves_the_connection_usable() {
    let Some(postgres) = Postgres::start() else { return };
    asyncio::run(with_tokio(async {
        let (client, connection) = tokio_postgres::connect(&postgres.url(), NoTls).await.unwrap();
        tokio::spawn(connection);
        let none: [i32; 0] = [];
        let rows = client
            .query_raw("select generate_series(1, 100000)", none)
            .await
            .unwrap();
        let mut rows = Box::pin(rows);
        let mut sum = 0_i64;
        while let Some(row) = rows.try_next().await.unwrap() {
            sum += i64::from(row.get::<_, i32>(0));
            if sum > 1000 {
                break;
            }
        }
        drop(rows);
        assert_eq!(sum, (1..=45).sum::<i64>());
        let one: i32 = client.query_one("select 1", &[]).await.unwrap().get(0);
        assert_eq!(one, 1);
    }));
}

/// Each transfer locks two accounts in an order of its own: some of them deadlock, are told so, and try again.
#[test]
fn transactions_of_a_group_that_deadlock_are_repeated_and_none_is_lost() {
    let Some(postgres) = Postgres::start() else { return };
    asyncio::run(with_tokio(async {
        let connect = async || {
            let (client, connection) = tokio_postgres::connect(&postgres.url(), NoTls).await?;
            tokio::spawn(connection);
            client.batch_execute("set deadlock_timeout = '5ms'").await?;
            Ok::<_, Error>(client)
        };
        let bank = connect().await.unwrap();
        bank.batch_execute("create table bank (id int primary key, money int)")
            .await
            .unwrap();
        bank.execute("insert into bank values (0, 100), (1, 100)", &[])
            .await
            .unwrap();
        let done = task_group(async |group: TaskGroup<Error>| {
            for from in [0, 1] {
                let mut client = connect().await?;
                group.create_task(async move {
                    for _ in 0..20 {
                        while let Err(error) = transfer(&mut client, from).await {
                            if error.code() != Some(&SqlState::T_R_DEADLOCK_DETECTED) {
                                return Err(error);
                            }
                        }
                    }
                    Ok(())
                });
            }
            Ok(())
        });
        done.await.unwrap();
        let rows = bank
            .query("select money from bank order by id", &[])
            .await
            .unwrap();
        let money: Vec<i32> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(money, [100, 100]);
    }));
}

async fn transfer(client: &mut Client, from: i32) -> Result<(), Error> {
    let transaction = client.transaction().await?;
    transaction
        .execute("update bank set money = money - 1 where id = $1", &[&from])
        .await?;
    transaction
        .execute("update bank set money = money + 1 where id = $1", &[&(1 - from)])
        .await?;
    transaction.commit().await
}
