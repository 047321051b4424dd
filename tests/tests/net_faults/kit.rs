//! A loop whose end finds nothing left, and connections that can be broken.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use asyncio::net::{TcpListener, TcpStream, Transport, UnixStream, stream};
use asyncio::{
    Event, Runner, StreamReader, StreamWriter, all_tasks, join, open_connection, timeout, tls, yield_now,
};

use crate::certificates::Certificates;

/// What must come to its end comes to it in this time, also on a machine that is busy.
const LIMIT: Duration = Duration::from_secs(30);

/// The tests count the descriptors of the process, so they run one after the other.
static ALONE: Mutex<()> = Mutex::new(());

pub(crate) fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// What the loop's exception handler was told.
#[derive(Clone, Default)]
pub(crate) struct Reports {
    told: Arc<Mutex<Vec<String>>>,
    came: Arc<Event>,
}

impl Reports {
    /// Waits for a report that nobody has waited for.
    pub(crate) async fn come(&self) {
        self.came.wait().await;
        self.came.clear();
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.told.lock().unwrap())
    }
}

/// Runs a test on a loop of its own, alone, where it must come to its end and leave no task; nothing may be reported that it has
/// not taken, and afterwards there are as many descriptors as before.
pub(crate) fn check(test: impl AsyncFn(&Reports)) {
    let _alone = alone();
    // What is made once stays.
    asyncio::run(yield_now());
    let before = descriptors();
    let reports = Reports::default();
    let told = reports.clone();
    let mut runner = Runner::new().exception_handler(move |context| {
        let error = context.error().map(|error| error.to_string());
        let message = format!("{}: {}", context.message(), error.unwrap_or_default());
        told.told.lock().unwrap().push(message);
        told.came.set();
    });
    runner
        .run(async {
            let limited = timeout(LIMIT, test(&reports)).await;
            limited.expect("the test comes to its end");
            let alone = async {
                while all_tasks().len() > 1 {
                    yield_now().await;
                }
            };
            let ended = timeout(LIMIT, alone).await;
            assert!(ended.is_ok(), "tasks that do not end: {:?}", all_tasks());
        })
        .unwrap();
    drop(runner);
    assert_eq!(reports.take(), [""; 0], "nobody asked for it");
    let begun = Instant::now();
    while descriptors() != before {
        // A worker of the pool lets go of what it shared a moment after it has said that it ends.
        std::thread::yield_now();
        let now = descriptors();
        assert!(begun.elapsed() < LIMIT, "{before} descriptors have become {now}");
    }
}

/// How a connection is carried.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Over {
    Tcp,
    Unix,
    Tls,
}

pub(crate) type End = (StreamReader, StreamWriter);

impl Over {
    pub(crate) const ALL: [Over; 3] = [Over::Tcp, Over::Unix, Over::Tls];

    /// Both ends, each with a reader and a writer.
    pub(crate) async fn connected(self) -> (End, End) {
        if self == Over::Unix {
            let (one, other) = UnixStream::pair().unwrap();
            return (stream(one), stream(other));
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        if self == Over::Tcp {
            let (one, other) = join!(open_connection(address).into_future(), listener.accept()).await;
            return (one.unwrap(), stream(other.unwrap().0));
        }
        let certificates = Certificates::new("faults");
        let opened = open_connection(address)
            .ssl(certificates.client())
            .server_hostname("localhost");
        let accepted = async {
            let (stream, _) = listener.accept().await?;
            tls::accept(stream, certificates.server()).await
        };
        let (one, other) = join!(opened.into_future(), accepted).await;
        (one.unwrap(), other.unwrap())
    }
}

/// The peer resets the connection: no end of the stream comes before it.
pub(crate) fn reset((reader, writer): End) {
    match writer.transport().tcp() {
        // This makes the system say so at once, whatever lies in its queues.
        Some(socket) => disconnect(socket.as_async().get_ref()),
        // What a Unix socket had not read when it is closed is told as a reset; there must be something.
        None => writer.abort(),
    }
    drop((reader, writer));
}

/// Ends a TCP connection by a reset.
pub(crate) fn disconnect(socket: impl AsFd) {
    rustix::net::connect_unspec(socket).unwrap();
}

/// Writes more than the system takes.
pub(crate) fn fill(transport: &Transport) {
    while transport.get_write_buffer_size() <= transport.get_write_buffer_limits().1 {
        transport.write(&[7; 10_000]).unwrap();
    }
}

#[track_caller]
pub(crate) fn broken(error: &io::Error) {
    let kinds = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
    assert!(kinds.contains(&error.kind()), "{error}");
}

/// A client that is not one of ours, and the socket that was accepted for it.
pub(crate) async fn raw_client(listener: &TcpListener) -> (std::net::TcpStream, TcpStream) {
    let client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().await.unwrap().0)
}
