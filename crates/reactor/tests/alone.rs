//! The reactor alone: on executors, ours and others', with no loop around.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::net::{TcpListener, TcpStream};

use asyncio_reactor::Async;
use futures_lite::{AsyncReadExt, AsyncWriteExt, future};

async fn echo() {
    let listener = Async::<TcpListener>::bind(([127, 0, 0, 1], 0)).unwrap();
    let address = listener.get_ref().local_addr().unwrap();
    let mut client = Async::<TcpStream>::connect(address).await.unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    client.write_all(b"alone").await.unwrap();
    let mut buffer = [0; 5];
    server.read_exact(&mut buffer).await.unwrap();
    assert_eq!(&buffer, b"alone");
}

#[test]
fn it_works_alone_on_block_on() {
    future::block_on(echo());
}

#[test]
fn it_works_alone_on_tokio() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async { tokio::spawn(echo()).await.unwrap() });
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(echo());
}

#[test]
fn it_works_alone_on_our_executor() {
    let executor = asyncio_executor::Executor::new();
    asyncio_executor::block_on(executor.run(executor.spawn(echo())));
}

#[test]
fn it_works_alone_on_smol() {
    smol::block_on(smol::spawn(echo()));
}
