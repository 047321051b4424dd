//! The introspection socket of a program of its own: who may ask, and what is asked badly.

#![cfg(target_os = "linux")]

#[path = "kit/example.rs"]
mod kit;

use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use kit::example;
use rustix::process::{Uid, geteuid};
use rustix::thread::set_thread_uid;

const TASKS: &[u8] = b"{\"command\":\"tasks\"}\n";

/// A folder that stands for `$XDG_RUNTIME_DIR`, and goes with the value.
struct Runtime(PathBuf);

impl Runtime {
    fn new(name: &str) -> Runtime {
        let path = std::env::temp_dir().join(format!("asyncio-test-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("there is room for a folder");
        Runtime(path)
    }

    fn sockets(&self) -> PathBuf {
        self.0.join("asyncio-rs")
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A program that can be looked into; it is killed with the value.
struct Program {
    child: Child,
    socket: PathBuf,
}

impl Program {
    fn start(runtime: &Runtime) -> Program {
        let mut child = Command::new(example("deadlock"))
            .env("XDG_RUNTIME_DIR", &runtime.0)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the example was built");
        let out = child.stdout.take().expect("it is piped");
        // It says its number before the loop, and with it the socket, is there.
        BufReader::new(out)
            .read_line(&mut String::new())
            .expect("it says its number");
        let socket = runtime.sockets().join(format!("{}.sock", child.id()));
        while UnixStream::connect(&socket).is_err() {
            assert!(child.try_wait().expect("it is ours").is_none(), "it has ended");
            std::thread::yield_now();
        }
        Program { child, socket }
    }

    fn ask(&self, request: &[u8]) -> String {
        let mut stream = UnixStream::connect(&self.socket).expect("it listens");
        stream.write_all(request).expect("it is sent");
        answer(&mut stream)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn answer(stream: &mut UnixStream) -> String {
    let mut answer = String::new();
    // What was not read when it is closed is a reset.
    let _ = stream.read_to_string(&mut answer);
    answer
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("it is ours");
}

// CLI-01
#[test]
fn the_socket_is_of_its_user_alone_and_another_user_is_refused_by_name() {
    const NOBODY: u32 = 65_534;
    let runtime = Runtime::new("user");
    let program = Program::start(&runtime);
    assert_eq!(mode(&program.socket), 0o600);
    assert_eq!(mode(&runtime.sockets()), 0o700);
    if !geteuid().is_root() {
        println!("skipped: only root can become another user");
        return;
    }
    set_mode(&runtime.0, 0o755);
    let as_nobody = |socket: PathBuf| {
        let thread = std::thread::spawn(move || {
            // Of this thread alone.
            set_thread_uid(Uid::from_raw(NOBODY)).expect("root may");
            let mut stream = UnixStream::connect(socket)?;
            let _ = stream.write_all(TASKS);
            io::Result::Ok(answer(&mut stream))
        });
        thread.join().expect("it does not panic")
    };
    let outside = as_nobody(program.socket.clone()).map_err(|error| error.kind());
    assert_eq!(outside, Err(io::ErrorKind::PermissionDenied));
    // Somebody opens the doors: who asks is looked at all the same.
    set_mode(&runtime.sockets(), 0o755);
    set_mode(&program.socket, 0o666);
    let inside = as_nobody(program.socket.clone()).expect("the doors are open");
    let refusal = format!("{{\"error\":\"user {NOBODY} may not look into a process of user 0\"}}\n");
    assert_eq!(inside, refusal);
    assert!(program.ask(TASKS).starts_with("{\"pid\":"), "root may");
}

// CLI-01
#[test]
fn what_is_asked_badly_gets_an_error_and_does_no_harm() {
    let runtime = Runtime::new("garbage");
    let program = Program::start(&runtime);
    let long = [&[b' '; 5000][..], TASKS].concat();
    let garbage: [(&[u8], &str); 6] = [
        (b"GET / HTTP/1.1\r\n", "not a JSON object"),
        (b"\n", "not a JSON object"),
        (b"\xff\xfe\n", "not UTF-8"),
        (b"{\"command\":\"reboot\"}\n", "there is no command"),
        (b"{\"command\":[[[[[[\"tasks\"]]]]]]}\n", "not a JSON object"),
        (&long, "longer than 4096 bytes"),
    ];
    for (request, why) in garbage {
        let answer = program.ask(request);
        assert!(
            answer.starts_with("{\"error\":\"") && answer.contains(why),
            "{answer}"
        );
    }
    // Half a request, and then the end.
    let mut half = UnixStream::connect(&program.socket).expect("it listens");
    half.write_all(b"{\"command\":").expect("it is sent");
    half.shutdown(std::net::Shutdown::Write).expect("that is all");
    assert!(answer(&mut half).contains("not a JSON object"));
    // A request in pieces is one.
    let mut pieces = UnixStream::connect(&program.socket).expect("it listens");
    for byte in TASKS {
        pieces.write_all(&[*byte]).expect("it is sent");
    }
    assert!(answer(&mut pieces).starts_with("{\"pid\":"));
    // Whoever asks and goes does no harm either.
    let mut gone = UnixStream::connect(&program.socket).expect("it listens");
    gone.write_all(TASKS).expect("it is sent");
    drop(gone);
    assert!(program.ask(TASKS).contains("alice pays bob"));
}

// CLI-01
#[test]
fn who_connects_and_says_nothing_holds_up_nobody_and_is_dropped() {
    let runtime = Runtime::new("stall");
    let program = Program::start(&runtime);
    // Whether both are still there after others were answered. A machine that stands still for seconds may see them dropped
    // before, but not each time.
    let attempt = || {
        let silent = UnixStream::connect(&program.socket).expect("it listens");
        let mut half = UnixStream::connect(&program.socket).expect("it listens");
        half.write_all(b"{\"comm").expect("it is sent");
        std::thread::scope(|scope| {
            for _ in 0..20 {
                scope.spawn(|| assert!(program.ask(TASKS).starts_with("{\"pid\":")));
            }
        });
        let mut stalled = [silent, half];
        // Both are looked at before either is awaited.
        let both_there = stalled.each_mut().map(|stalled| {
            stalled.set_nonblocking(true).expect("a socket");
            let read = stalled.read(&mut [0; 1]).map_err(|error| error.kind());
            stalled.set_nonblocking(false).expect("a socket");
            read == Err(io::ErrorKind::WouldBlock)
        }) == [true, true];
        for stalled in &mut stalled {
            assert_eq!(answer(stalled), "", "it is dropped in the end");
        }
        both_there
    };
    assert!((0..5).any(|_| attempt()));
}

// CLI-01
#[test]
fn more_than_it_serves_at_a_time_get_their_answers_too() {
    let runtime = Runtime::new("many");
    let program = Program::start(&runtime);
    let connect = |_| UnixStream::connect(&program.socket).expect("it listens");
    let mut clients: Vec<_> = (0..100).map(connect).collect();
    // The last come first.
    for client in clients.iter_mut().rev() {
        client.write_all(TASKS).expect("it is sent");
    }
    let served = clients
        .iter_mut()
        .filter_map(|client| answer(client).starts_with("{\"pid\":").then_some(()));
    assert_eq!(served.count(), 100);
}

// CLI-01
#[test]
fn what_a_killed_program_leaves_is_removed_by_the_next_one_and_nothing_else_is() {
    let runtime = Runtime::new("stale");
    let killed = Program::start(&runtime).socket.clone();
    assert!(killed.exists(), "nobody was there to remove it");
    // One that listens, for a number that is no process; one that nobody listens to, of a process that lives; no socket.
    let folder = runtime.sockets();
    let alive = folder.join(format!("{}.sock", i32::MAX));
    let listener = UnixListener::bind(&alive).expect("the folder is ours");
    let ours = folder.join(format!("{}.sock", std::process::id()));
    drop(UnixListener::bind(&ours).expect("the folder is ours"));
    let other = folder.join("notes.txt");
    fs::write(&other, "hello").expect("the folder is ours");
    let program = Program::start(&runtime);
    assert!(!killed.exists());
    assert!(alive.exists() && ours.exists() && other.exists());
    assert!(program.ask(TASKS).starts_with("{\"pid\":"));
    drop(listener);
}

// CLI-01
#[test]
fn a_folder_that_is_not_of_this_user_alone_is_not_used() {
    let runtime = Runtime::new("folder");
    DirBuilder::new()
        .mode(0o777)
        .create(runtime.sockets())
        .expect("there is room");
    set_mode(&runtime.sockets(), 0o777);
    let mut child = Command::new(example("deadlock"))
        .env("XDG_RUNTIME_DIR", &runtime.0)
        .env("TMPDIR", &runtime.0)
        .stdout(Stdio::null())
        .spawn()
        .expect("the example was built");
    let folder = runtime.0.join(format!("asyncio-rs-{}", geteuid().as_raw()));
    let socket = folder.join(format!("{}.sock", child.id()));
    while UnixStream::connect(&socket).is_err() {
        assert!(child.try_wait().expect("it is ours").is_none(), "it has ended");
        std::thread::yield_now();
    }
    assert_eq!(mode(&folder), 0o700);
    assert_eq!(fs::read_dir(runtime.sockets()).expect("ours").count(), 0);
    child.kill().expect("it is ours");
    child.wait().expect("it is ours");
}
