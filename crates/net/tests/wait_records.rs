//! What is seen of a task that waits for a transport: the descriptor, as of one that waits for a socket.

#![cfg(unix)]

use std::net::TcpListener;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use asyncio_loop::Runner;
use asyncio_net::{BaseProtocol, Protocol, Transport, connect_write_pipe, open_connection};
use asyncio_tasks::{TaskGraph, TaskRef, WaitKind, all_tasks, create_task};
use asyncio_timers::sleep;

/// More than the system takes of a peer that reads nothing.
const MUCH: usize = 64 << 20;

/// Lets everything come to rest.
async fn rest() {
    sleep(Duration::from_millis(1)).await;
}

/// What the task is seen to wait for, in the record and in words.
fn seen(task: &TaskRef) -> (WaitKind, usize, String) {
    let graph = TaskGraph::of(&all_tasks());
    let index = graph.position(task.id()).expect("it has not ended");
    let wait = graph.nodes()[index].wait;
    (wait.kind, wait.address, graph.describe_wait(index))
}

/// A task that waits until what was written is sent, and one that waits for the end.
async fn check(transport: Transport, descriptor: usize) {
    let is_seen = |task: &TaskRef| {
        let (kind, address, words) = seen(task);
        assert_eq!((kind, address), (WaitKind::Io, descriptor));
        assert!(
            words.starts_with(&format!("descriptor {descriptor}, ")),
            "{words}"
        );
    };
    transport.write(&vec![0; MUCH]).expect("it is queued");
    let draining = transport.clone();
    let drains = create_task(async move { draining.drain().await });
    rest().await;
    is_seen(&drains);
    transport.close();
    let ending = transport.clone();
    let ends = create_task(async move { ending.wait_closed().await });
    rest().await;
    is_seen(&ends);
    transport.abort();
}

// GRA-08
#[test]
fn a_task_that_waits_for_a_transport_is_seen_to_wait_for_its_descriptor() {
    let run = Runner::new().run(async {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has one");
        let (_reader, writer) = open_connection(address).await.expect("it listens");
        let descriptor = writer.socket().expect("it has one").as_raw_fd() as usize;
        check(writer.transport().clone(), descriptor).await;
    });
    run.expect("it runs");
}

// GRA-08
#[test]
fn a_pipe_with_a_protocol_is_seen_by_its_descriptor_too() {
    #[derive(Default)]
    struct Silent;
    impl BaseProtocol for Silent {}
    impl Protocol for Silent {
        fn data_received(&mut self, _data: &[u8]) {}
    }
    let run = Runner::new().run(async {
        let (pipe, _peer) = UnixStream::pair().expect("there is room for a pair");
        let descriptor = pipe.as_raw_fd() as usize;
        let transport = connect_write_pipe(Silent::default, OwnedFd::from(pipe)).await;
        check(transport.expect("it can be waited for"), descriptor).await;
    });
    run.expect("it runs");
}
