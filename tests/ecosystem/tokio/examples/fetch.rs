//! Fetches pages with reqwest, four at a time: `cargo run --example fetch -- http://127.0.0.1:8000/ ...`.
//!
//! The whole program lives on such a library, so the loop waits in tokio ([`asyncio_tokio::run`]): the library works as it
//! is, in tasks of ours, without a thread of its own.

use std::error::Error;
use std::rc::Rc;
use std::time::Duration;

use asyncio::{Semaphore, TaskGroup, task_group, timeout};
use reqwest::Client;

const LIMIT: Duration = Duration::from_secs(10);

async fn fetch(client: Client, url: String, few: Rc<Semaphore>) -> Result<(), reqwest::Error> {
    let _one_of_few = few.acquire().await;
    let answer = async {
        let response = client.get(&url).send().await?;
        Ok((response.status(), response.bytes().await?.len()))
    };
    match timeout(LIMIT, answer).await {
        Ok(Ok((status, length))) => println!("{url}: {status}, {length} bytes"),
        // One that fails ends the group, and so the others.
        Ok(Err(error)) => return Err(error),
        Err(_) => println!("{url}: nothing within {LIMIT:?}"),
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let urls: Vec<String> = std::env::args().skip(1).collect();
    asyncio_tokio::run(async {
        let (client, few) = (Client::new(), Rc::new(Semaphore::new(4)));
        let fetched = task_group(async |group: TaskGroup<reqwest::Error>| {
            for url in urls {
                group.create_task(fetch(client.clone(), url, few.clone()));
            }
            Ok(())
        });
        fetched.await.map_err(|errors| format!("{errors:?}").into())
    })?
}
