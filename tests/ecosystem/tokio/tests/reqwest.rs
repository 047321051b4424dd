//! reqwest, which knows tokio alone, in tasks of ours, against a server of ours.

use std::time::Duration;

use asyncio::{Server, TaskGroup, create_task, spawn, task_group, timeout};
use asyncio_tokio::{TokioCompat, with_tokio};
use ecosystem_tokio::serve_http;
use futures::StreamExt;
use reqwest::Client;
use serde_json::{Value, json};

async fn with_server<T>(program: impl AsyncFnOnce(&Server, String) -> T) -> T {
    let server = serve_http().await.expect("a port");
    let base = format!("http://{}", server.sockets()[0]);
    let value = program(&server, base).await;
    server.close();
    server.abort_clients();
    value
}

async fn hello(client: &Client, base: &str) -> reqwest::Result<String> {
    client.get(format!("{base}/hello")).send().await?.text().await
}

/// What works by `compat`, in a scope, and on a loop that waits in tokio.
async fn each_kind(base: String) -> reqwest::Result<()> {
    let client = Client::new();
    assert_eq!(hello(&client, &base).await?, "hello");
    let sent = json!({"name": "asyncio", "numbers": [1, 2, 3]});
    let echo: Value = client
        .post(format!("{base}/echo"))
        .json(&sent)
        .send()
        .await?
        .json()
        .await?;
    assert_eq!(echo, sent);
    let mut pieces = client.get(format!("{base}/chunks")).send().await?.bytes_stream();
    let mut body = Vec::new();
    while let Some(piece) = pieces.next().await {
        body.extend_from_slice(&piece?);
    }
    assert_eq!(body, b"0123456789");
    let missing = client.get(format!("{base}/missing")).send().await?;
    assert_eq!(missing.status(), 404);
    let own_limit = client
        .get(format!("{base}/never"))
        .timeout(Duration::from_millis(5))
        .send()
        .await;
    assert!(own_limit.unwrap_err().is_timeout());
    Ok(())
}

#[test]
fn it_works_by_compat_on_the_loop_and_on_its_pool() {
    asyncio::run(with_server(async |_, base| {
        create_task(each_kind(base.clone()).compat())
            .await
            .unwrap()
            .unwrap();
        spawn(each_kind(base).compat()).await.unwrap().unwrap();
    }));
}

#[test]
fn it_works_in_a_scope() {
    asyncio::run(with_server(async |_, base| {
        with_tokio(each_kind(base)).await.unwrap()
    }));
}

#[test]
fn it_works_unchanged_on_a_loop_that_waits_in_tokio() {
    asyncio_tokio::run(with_server(async |_, base| {
        create_task(each_kind(base)).await.unwrap().unwrap();
    }))
    .unwrap();
}

#[test]
fn a_timeout_of_ours_gives_the_request_up_and_its_connection() {
    asyncio::run(with_server(async |server, base| {
        let client = Client::new();
        let never = async { client.get(format!("{base}/never")).send().await }.compat();
        let late = timeout(Duration::from_millis(20), never).await;
        assert!(late.is_err());
        // The connection cannot be used again; the client makes another.
        assert_eq!(hello(&client, &base).compat().await.unwrap(), "hello");
        assert_eq!(
            server.connections(),
            2,
            "the server has not seen the end of the first: it waits for ever"
        );
    }));
}

#[test]
fn many_requests_of_a_group_share_a_client_and_a_failing_one_ends_the_rest() {
    let program = async |_: &Server, base: String| {
        let client = Client::new();
        let done = task_group(async |group: TaskGroup<reqwest::Error>| {
            for _ in 0..100 {
                let (client, base) = (client.clone(), base.clone());
                group.create_task(
                    async move {
                        assert_eq!(hello(&client, &base).await?, "hello");
                        Ok(())
                    }
                    .compat(),
                );
            }
            Ok(())
        });
        done.await.unwrap();

        // A port that was somebody's a moment ago.
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").and_then(|gone| gone.local_addr());
        let nobody = format!("http://{}/", nobody.unwrap());
        let failed = task_group(async |group: TaskGroup<reqwest::Error>| {
            let (client, never) = (client.clone(), format!("{base}/never"));
            let waits = client.clone();
            group.create_task(async move { waits.get(never).send().await.map(drop) }.compat());
            group.create_task(async move { client.get(nobody).send().await.map(drop) }.compat());
            Ok(())
        });
        let errors = failed.await.unwrap_err();
        assert_eq!(errors.errors().len(), 1);
        assert!(errors.errors()[0].is_connect());
    };
    asyncio::run(with_server(program));
    asyncio_tokio::run(with_server(program)).unwrap();
}
