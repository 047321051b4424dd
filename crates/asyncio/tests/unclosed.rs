//! Debug mode and what is dropped without being closed: it is reported, with the place where it was opened.

#![cfg(unix)]

use std::cell::RefCell;
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use asyncio::net::{
    BaseProtocol, Protocol, Server, connect_read_pipe, create_connection, create_server,
    create_unix_connection, create_unix_server,
};
use asyncio::subprocess::{
    PIPE, SubprocessProtocol, SubprocessTransport, create_subprocess_exec, subprocess_exec,
};
use asyncio::{
    EventLoop, ExceptionContext, Runner, StreamReader, StreamWriter, open_connection, sleep, start_server,
};

/// Each report, with its place.
type Reports = Arc<Mutex<Vec<(String, String)>>>;

/// What is reported while `main` runs and its loop ends.
fn reports_of<F: Future<Output: 'static>>(debug: bool, main: F) -> Vec<(String, String)> {
    let (reports, handler) = collector();
    let mut runner = Runner::new().debug(debug).exception_handler(handler);
    let kept = runner.run(main).expect("it runs");
    runner.close();
    drop(kept);
    let reports = reports.lock().expect("no handler panics");
    reports.clone()
}

fn collector() -> (Reports, impl Fn(&ExceptionContext) + Send + Sync + 'static) {
    let reports = Reports::default();
    let to = reports.clone();
    let handler = move |context: &ExceptionContext| {
        let place = context.location().map(ToString::to_string).unwrap_or_default();
        let mut reports = to.lock().expect("no handler panics");
        // A machine that has much to do makes steps slow: that is not the matter here.
        if context.message().starts_with("Unclosed") {
            reports.push((context.message().to_owned(), place));
        }
    };
    (reports, handler)
}

/// There is one report, with the line of this file that has `text` as its place.
#[track_caller]
fn assert_one(reports: &[(String, String)], what: &str, text: &str) {
    let mut lines = include_str!("unclosed.rs").lines();
    let line = lines.position(|line| line.contains(text)).expect("it is there") + 1;
    let [(message, place)] = reports else {
        panic!("one report is expected: {reports:?}");
    };
    assert!(message.starts_with(&format!("Unclosed {what}:")), "{message}");
    let expected = format!("tests/unclosed.rs:{line}:");
    assert!(place.contains(&expected), "{place} should be {expected}");
}

async fn until_the_end(mut reader: StreamReader, _writer: StreamWriter) {
    let _ = reader.read_to_end().await;
}

// DEV-07
#[test]
fn a_writer_that_is_dropped_open_is_reported_and_one_that_was_closed_is_not() {
    let client = async |close: bool| {
        let server = start_server(until_the_end, "127.0.0.1:0")
            .await
            .expect("a port is free");
        let (_reader, writer) = open_connection(server.sockets()[0]).await.expect("it listens");
        if close {
            writer.close();
        }
        drop(writer);
        server.close();
    };
    assert_one(
        &reports_of(true, client(false)),
        "stream",
        "open_connection(server.",
    );
    assert_eq!(reports_of(true, client(true)), []);
    assert_eq!(reports_of(false, client(false)), [], "only in debug mode");
}

// DEV-07
#[test]
fn a_server_that_is_dropped_open_is_reported_and_one_that_was_closed_is_not() {
    let serve = async |close: bool| {
        let server = start_server(until_the_end, "127.0.0.1:0");
        let server = server.await.expect("a port is free");
        if close {
            server.close();
        }
    };
    assert_one(
        &reports_of(true, serve(false)),
        "server",
        "start_server(until_the_end, \"127.0.0.1:0\");",
    );
    assert_eq!(reports_of(true, serve(true)), []);
    assert_eq!(reports_of(false, serve(false)), [], "only in debug mode");
}

// DEV-07
#[test]
fn a_server_whose_task_is_cancelled_while_it_serves_was_closed() {
    let reports = reports_of(true, async {
        let serving = asyncio::create_task(async {
            let server = start_server(until_the_end, "127.0.0.1:0")
                .await
                .expect("a port is free");
            server.serve_forever().await
        });
        sleep(Duration::from_millis(1)).await;
        serving.cancel();
        assert!(serving.await.is_err_and(|error| error.is_cancelled()));
    });
    assert_eq!(reports, []);
}

#[derive(Default)]
struct Silent;

impl BaseProtocol for Silent {}

impl BaseProtocol<SubprocessTransport> for Silent {}

impl SubprocessProtocol for Silent {}

impl Protocol for Silent {
    fn data_received(&mut self, _data: &[u8]) {}
}

// DEV-07
#[test]
fn a_transport_that_is_open_when_its_loop_closes_is_reported() {
    let connect = async |close: bool| {
        // It accepts nothing, and so never ends the connection. It goes after the loop.
        let peer = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = peer.local_addr().expect("it has one");
        let transport = create_connection(Silent::default, address);
        let transport = transport.await.expect("it listens");
        if close {
            transport.close();
            transport.wait_closed().await.expect("it closes");
        }
        peer
    };
    assert_one(
        &reports_of(true, connect(false)),
        "transport",
        "create_connection(Silent::default",
    );
    assert_eq!(reports_of(true, connect(true)), []);
}

// DEV-07
#[test]
fn a_unix_connection_and_a_pipe_that_are_open_when_their_loop_closes_are_reported() {
    let connect = async || {
        let path = std::env::temp_dir().join(format!("unclosed-{}.sock", std::process::id()));
        let peer = UnixListener::bind(&path).expect("nobody else has the path");
        let transport = create_unix_connection(Silent::default, &path).await;
        std::fs::remove_file(&path).expect("it is there");
        transport.expect("it listens");
        peer
    };
    assert_one(
        &reports_of(true, connect()),
        "transport",
        "create_unix_connection(Silent::default",
    );
    let read = async |close: bool| {
        let (pipe, peer) = UnixStream::pair().expect("there is room for a pair");
        let transport = connect_read_pipe(Silent::default, pipe).await;
        let transport = transport.expect("it can be waited for");
        if close {
            transport.close();
            transport.wait_closed().await.expect("it closes");
        }
        peer
    };
    assert_one(
        &reports_of(true, read(false)),
        "transport",
        "connect_read_pipe(Silent::default",
    );
    assert_eq!(reports_of(true, read(true)), []);
    assert_eq!(reports_of(false, read(false)), [], "only in debug mode");
}

/// A server with protocols, and one client of it. It may go on until the loop closes; what is given back goes after that.
async fn serve_one(end: impl AsyncFnOnce(&Server), keep: bool) -> (Option<Server>, TcpStream) {
    let server = create_server(Silent::default, "127.0.0.1:0");
    let server = server.await.expect("a port is free");
    let client = TcpStream::connect(server.sockets()[0]).expect("it listens");
    while server.connections() == 0 {
        asyncio::yield_now().await;
    }
    end(&server).await;
    (keep.then_some(server), client)
}

// DEV-07
#[test]
fn a_connection_that_a_server_accepted_and_left_open_is_reported_with_the_place_of_the_server() {
    let made = "create_server(Silent::default";
    let left = |debug| reports_of(debug, serve_one(async |_| (), true));
    assert_one(&left(true), "transport", made);
    assert_eq!(left(false), [], "only in debug mode");
    // The server ends with the program, and nobody has closed its connection.
    let ended = reports_of(true, serve_one(async |server| server.close(), false));
    assert_one(&ended, "transport", made);
    // Here the server's own report says so.
    assert_one(&reports_of(true, serve_one(async |_| (), false)), "server", made);
    let closed = async |server: &Server| {
        server.close();
        server.close_clients();
        server.wait_closed().await;
    };
    assert_eq!(reports_of(true, serve_one(closed, true)), []);
    let shut_down = async |server: &Server| assert_eq!(server.shutdown(Duration::ZERO).await, 1);
    assert_eq!(reports_of(true, serve_one(shut_down, true)), []);
}

// DEV-07
#[test]
fn a_connection_that_a_unix_server_accepted_and_left_open_is_reported() {
    let reports = reports_of(true, async {
        let path = std::env::temp_dir().join(format!("unclosed-server-{}.sock", std::process::id()));
        let server = create_unix_server(Silent::default, &path);
        let server = server.await.expect("nobody else has the path");
        let client = UnixStream::connect(&path).expect("it listens");
        while server.connections() == 0 {
            asyncio::yield_now().await;
        }
        (server, client)
    });
    assert_one(&reports, "transport", "create_unix_server(Silent::default");
}

// DEV-07
#[test]
fn a_child_with_a_protocol_that_is_there_when_its_loop_closes_is_reported() {
    let child = async |close: bool| {
        let cat = subprocess_exec(Silent::default, "cat", [""; 0]);
        let cat = cat.await.expect("there is a cat");
        if close {
            cat.close();
        }
    };
    assert_one(
        &reports_of(true, child(false)),
        "process",
        "subprocess_exec(Silent::default",
    );
    assert_eq!(reports_of(true, child(true)), []);
    assert_eq!(reports_of(false, child(false)), [], "only in debug mode");
}

// DEV-07
#[test]
fn a_process_that_is_dropped_while_its_child_runs_is_reported() {
    let child = async |wait: bool, share: bool| {
        let cat = create_subprocess_exec("cat", [""; 0]).stdin(PIPE);
        let mut cat = cat.await.expect("there is a cat");
        let stdin = cat.stdin.take().expect("it is piped");
        let handle = share.then(|| cat.handle());
        if wait {
            drop(stdin);
            cat.wait().await.expect("it ends");
            return;
        }
        drop(cat);
        // Its end.
        drop(stdin);
        if let Some(handle) = handle {
            handle.wait().await.expect("it ends");
        }
    };
    assert_one(
        &reports_of(true, child(false, false)),
        "process",
        "create_subprocess_exec(\"cat",
    );
    assert_eq!(reports_of(true, child(true, false)), []);
    assert_eq!(
        reports_of(true, child(false, true)),
        [],
        "somebody looks after it"
    );
    assert_eq!(reports_of(false, child(false, false)), [], "only in debug mode");
}

// DEV-07
#[test]
fn a_loop_that_is_dropped_open_is_reported() {
    let make = |debug: bool| {
        let (reports, handler) = collector();
        let event_loop = EventLoop::builder()
            .debug(debug)
            .exception_handler(Arc::new(handler))
            .build();
        (reports, event_loop.expect("there is room for a loop"))
    };
    let (reports, event_loop) = make(true);
    drop(event_loop);
    assert_one(
        &reports.lock().expect("no handler panics"),
        "event loop",
        ".build();",
    );
    let (reports, mut event_loop) = make(true);
    event_loop.close();
    drop(event_loop);
    assert_eq!(*reports.lock().expect("no handler panics"), []);
    let (reports, event_loop) = make(false);
    drop(event_loop);
    assert_eq!(*reports.lock().expect("no handler panics"), []);
}

// DEV-07
#[test]
fn a_panic_says_enough_about_what_it_drops() {
    let dropped = Rc::new(RefCell::new(false));
    let is_dropped = dropped.clone();
    let reports = reports_of(true, async move {
        let fails = asyncio::create_task(async move {
            let server = start_server(until_the_end, "127.0.0.1:0")
                .await
                .expect("a port is free");
            let _server = server;
            *is_dropped.borrow_mut() = true;
            panic!("on purpose");
        });
        assert!(fails.await.is_err());
    });
    assert!(*dropped.borrow());
    assert_eq!(reports, []);
}
