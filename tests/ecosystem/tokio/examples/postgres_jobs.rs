//! A queue of jobs in PostgreSQL, and workers that take them out, each job once; then a query that takes too long and is
//! cancelled on the server. `cargo run --example postgres_jobs -- "host=localhost user=postgres"`.
//!
//! tokio-postgres gives tokio's task to nobody: its connection is a future that somebody polls. Here it is a task of ours, and
//! everything that the library does ends with the scope ([`with_tokio`](asyncio_tokio::with_tokio())).

use std::cell::Cell;
use std::error::Error;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{TaskGroup, task_group, timeout};
use asyncio_tokio::with_tokio;
use tokio_postgres::{Client, NoTls};

const TAKE: &str = "update jobs set taken_by = $1 where id = \
                    (select id from jobs where taken_by is null order by id for update skip locked limit 1) returning id";

/// A client, and the task that is its connection.
async fn connect(config: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(config, NoTls).await?;
    // It ends when the client goes.
    tokio::spawn(connection);
    Ok(client)
}

async fn work(worker: i32, client: Client, done: Rc<Cell<u32>>) -> Result<(), tokio_postgres::Error> {
    while client.query_opt(TAKE, &[&worker]).await?.is_some() {
        done.set(done.get() + 1);
    }
    Ok(())
}

async fn jobs(config: String) -> Result<(), Box<dyn Error>> {
    let client = connect(&config).await?;
    client
        .batch_execute("create table jobs (id serial primary key, taken_by int)")
        .await?;
    client
        .execute(
            "insert into jobs (taken_by) select null from generate_series(1, 100)",
            &[],
        )
        .await?;

    let done = Rc::new(Cell::new(0));
    let counted = done.clone();
    let worked = task_group(async |group: TaskGroup<tokio_postgres::Error>| {
        for worker in 1..=4 {
            let (client, counted) = (connect(&config).await?, counted.clone());
            group.create_task(work(worker, client, counted));
        }
        Ok(())
    });
    worked.await.map_err(|errors| format!("{errors:?}"))?;
    println!("{} jobs done", done.get());

    let cancel = client.cancel_token();
    let mut query = pin!(client.query_one("select pg_sleep(3600)", &[]));
    if timeout(Duration::from_millis(50), query.as_mut()).await.is_err() {
        // To drop the future would leave the server at work, and the connection waiting for it.
        cancel.cancel_query(NoTls).await?;
    }
    let error = query.await.expect_err("it was cancelled");
    println!(
        "{}",
        error.as_db_error().ok_or("an answer of the server")?.message()
    );
    let one: i32 = client.query_one("select 1", &[]).await?.get(0);
    println!("the connection lives: {one}");
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let config = std::env::args().nth(1).ok_or("usage: postgres_jobs CONFIG")?;
    asyncio::run(with_tokio(jobs(config)))
}
