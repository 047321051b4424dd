//! The other programs, and what a test listens on for them.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use asyncio::net::{
    StreamReader, StreamWriter, TcpListener, UnixListener, open_connection, open_unix_connection, stream,
};
use asyncio::{timeout, to_thread};

/// Whether the program is there; says so if not.
pub(crate) fn is_there(program: &str, argument: &str) -> bool {
    let mut command = Command::new(program);
    let there = command
        .arg(argument)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let there = there.status().is_ok();
    if !there {
        eprintln!("skipped: {program} is not on this machine");
    }
    there
}

pub(crate) fn python(script: &str, arguments: &[&str]) -> Child {
    Command::new("python3")
        .args(["-c", &format!("{PRELUDE}{script}")])
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What the scripts share. An address is a port or a path.
pub(crate) const PRELUDE: &str = "
import asyncio, os, sys
BIG = bytes(range(251)) * 66000
def tcp(address): return not address.startswith('/')
async def connect(address):
    if tcp(address): return await asyncio.open_connection('127.0.0.1', int(address))
    return await asyncio.open_unix_connection(address)
async def serve(handler, address):
    done = asyncio.get_running_loop().create_future()
    async def once(reader, writer):
        try:
            await handler(reader, writer)
            done.set_result(None)
        except BaseException as error:
            done.set_exception(error)
    if tcp(address): server = await asyncio.start_server(once, '127.0.0.1', 0)
    else: server = await asyncio.start_unix_server(once, address)
    print(server.sockets[0].getsockname()[1] if tcp(address) else address, flush=True)
    await done
    server.close()
";

pub(crate) fn big() -> Vec<u8> {
    (0..=250).collect::<Vec<u8>>().repeat(66_000)
}

/// Waits for a program, which must be content.
pub(crate) async fn content(child: Child) -> Output {
    let output = to_thread(move || child.wait_with_output()).await.unwrap();
    let output = output.expect("the program can be waited for");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {told}", output.status);
    output
}

/// A test that must come to its end.
pub(crate) fn within_a_minute(test: impl AsyncFn()) {
    asyncio::run(async {
        timeout(Duration::from_secs(60), test())
            .await
            .expect("the test has come to its end");
    });
}

pub(crate) fn socket_path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("asyncio-{name}-{}.sock", std::process::id()))
}

/// Either kind of listener, with its address as the scripts take it.
pub(crate) enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, PathBuf),
}

impl Listener {
    pub(crate) async fn both(name: &str) -> [Listener; 2] {
        let path = socket_path(name);
        let unix = UnixListener::bind(&path).unwrap();
        [
            Listener::Tcp(TcpListener::bind("127.0.0.1:0").await.unwrap()),
            Listener::Unix(unix, path),
        ]
    }

    pub(crate) fn address(&self) -> String {
        match self {
            Listener::Tcp(listener) => listener.local_addr().unwrap().port().to_string(),
            Listener::Unix(_, path) => path.display().to_string(),
        }
    }

    pub(crate) async fn accept(&self) -> (StreamReader, StreamWriter) {
        match self {
            Listener::Tcp(listener) => stream(listener.accept().await.unwrap().0),
            Listener::Unix(listener, _) => stream(listener.accept().await.unwrap().0),
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Listener::Unix(_, path) = self {
            std::fs::remove_file(path).unwrap();
        }
    }
}

/// Connects to the address that a script prints.
pub(crate) async fn connect_to(child: &mut Child) -> (StreamReader, StreamWriter) {
    let out = child.stdout.take().unwrap();
    let line = to_thread(move || {
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line).map(|_| line)
    })
    .await
    .unwrap()
    .unwrap();
    let address = line.trim();
    match address.parse::<u16>() {
        Ok(port) => open_connection(("127.0.0.1", port)).await.unwrap(),
        Err(_) => {
            let ends = open_unix_connection(Path::new(address)).await.unwrap();
            std::fs::remove_file(address).unwrap();
            ends
        }
    }
}
