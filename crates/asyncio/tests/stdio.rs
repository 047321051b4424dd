//! The standard streams of a real program: pipes, a terminal, sockets, files, and what fails.

#![allow(clippy::unwrap_used, reason = "the functions of a test")]
#![cfg(target_os = "linux")]

#[path = "kit/example.rs"]
mod kit;

use std::fs::File;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::fs::{OFlags, fcntl_getfl};
use rustix::pipe::{PipeFlags, pipe_with};

use kit::example;

/// A child must not inherit what is not meant for it: it would keep the pipe open.
fn pipe() -> (OwnedFd, OwnedFd) {
    pipe_with(PipeFlags::CLOEXEC).unwrap()
}

fn temporary(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("asyncio-stdio-{}-{name}", std::process::id()))
}

fn echo(mut input: impl Write, mut output: impl Read) {
    for message in ["hello\n", "again\n"] {
        input.write_all(message.as_bytes()).unwrap();
        let mut buffer = [0; 6];
        output.read_exact(&mut buffer).unwrap();
        assert_eq!(buffer, message.as_bytes());
    }
}

fn threads(child: &Child) -> usize {
    std::fs::read_dir(format!("/proc/{}/task", child.id()))
        .unwrap()
        .count()
}

#[test]
fn pipes_are_waited_for_without_a_thread_and_keep_their_mode() {
    let (input, to_child) = pipe();
    let (from_child, output) = pipe();
    let mut to_child = File::from(to_child);
    let mut child = Command::new(example("cat"))
        .stdin(input.try_clone().unwrap())
        .stdout(output.try_clone().unwrap())
        .spawn()
        .unwrap();
    echo(&mut to_child, File::from(from_child));
    assert_eq!(threads(&child), 1);
    for shared in [input, output] {
        assert!(!fcntl_getfl(&shared).unwrap().contains(OFlags::NONBLOCK));
    }
    drop(to_child);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_megabyte_comes_through_a_pipe_that_is_read_late() {
    let data: Vec<u8> = (0..1 << 20).map(|n: u32| (n % 251) as u8).collect();
    let mut child = Command::new(example("cat"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = child.stdout.take().unwrap();
    let sent = data.clone();
    let writer = std::thread::spawn(move || input.write_all(&sent));
    let mut received = Vec::new();
    output.read_to_end(&mut received).unwrap();
    writer.join().unwrap().unwrap();
    assert!(received == data);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_terminal_is_waited_for_without_a_thread_and_keeps_its_mode() {
    use rustix::pty::{OpenptFlags, grantpt, ioctl_tiocgptpeer, openpt, unlockpt};
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let terminal = ioctl_tiocgptpeer(&master, flags).unwrap();
    let mut child = Command::new(example("cat"))
        .stdin(terminal.try_clone().unwrap())
        .stdout(terminal.try_clone().unwrap())
        .spawn()
        .unwrap();
    let mut master = File::from(master);
    master.write_all(b"hello\n").unwrap();
    // The terminal's own echo, and the program's output.
    let mut buffer = [0; 14];
    master.read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"hello\r\nhello\r\n");
    assert_eq!(threads(&child), 1);
    assert!(!fcntl_getfl(&terminal).unwrap().contains(OFlags::NONBLOCK));
    // Control-D at the start of a line.
    master.write_all(b"\x04").unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn sockets_are_waited_for_and_keep_their_mode() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut child = Command::new(example("cat"))
        .stdin(OwnedFd::from(theirs.try_clone().unwrap()))
        .stdout(OwnedFd::from(theirs.try_clone().unwrap()))
        .spawn()
        .unwrap();
    echo(&ours, &ours);
    assert_eq!(threads(&child), 1);
    assert!(!fcntl_getfl(&theirs).unwrap().contains(OFlags::NONBLOCK));
    ours.shutdown(Shutdown::Write).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn files_are_read_and_written_at_their_shared_position() {
    let (from, to) = (temporary("in"), temporary("out"));
    let data = "line\n".repeat(10_000);
    std::fs::write(&from, &data).unwrap();
    let mut output = File::create(&to).unwrap();
    output.write_all(b"first\n").unwrap();
    let status = Command::new(example("cat"))
        .stdin(File::open(&from).unwrap())
        .stdout(output.try_clone().unwrap())
        .status()
        .unwrap();
    assert!(status.success());
    output.write_all(b"last\n").unwrap();
    assert_eq!(
        std::fs::read_to_string(&to).unwrap(),
        format!("first\n{data}last\n")
    );
    std::fs::remove_file(from).unwrap();
    std::fs::remove_file(to).unwrap();
}

fn error_of(mut command: Command) -> String {
    let output = command
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn a_full_device_is_an_error() {
    let mut command = Command::new(example("cat"));
    let full = File::options().write(true).open("/dev/full").unwrap();
    command
        .stdin(File::open("/proc/self/status").unwrap())
        .stdout(full);
    let error = error_of(command);
    assert!(error.contains("StorageFull"), "{error}");
}

#[test]
fn a_pipe_without_a_reader_is_an_error() {
    let (reader, writer) = pipe();
    drop(reader);
    let mut command = Command::new(example("cat"));
    command
        .stdin(File::open("/proc/self/status").unwrap())
        .stdout(writer);
    let error = error_of(command);
    assert!(error.contains("BrokenPipe"), "{error}");
}

#[test]
fn a_closed_standard_input_is_at_its_end() {
    let status = Command::new("sh")
        .args(["-c", "exec \"$0\" <&-"])
        .arg(Command::new(example("cat")).get_program())
        .status()
        .unwrap();
    assert!(status.success());
}

/// The class "an exit that hangs on stdin": a read of what cannot be watched is under way, and nothing comes.
#[test]
fn a_program_ends_although_a_thread_waits_for_its_input() {
    let counter = rustix::event::eventfd(0, rustix::event::EventfdFlags::CLOEXEC).unwrap();
    let mut command = Command::new(example("cat"));
    command.arg("0.02").stdin(counter).stdout(Stdio::null());
    let error = error_of(command);
    assert!(error.contains("TimedOut"), "{error}");
}

#[test]
fn what_cannot_be_watched_is_read_by_a_thread() {
    let counter = rustix::event::eventfd(0, rustix::event::EventfdFlags::CLOEXEC).unwrap();
    let mut child = Command::new(example("cat"))
        .stdin(counter.try_clone().unwrap())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = child.stdout.take().unwrap();
    for value in [3_u64, 5] {
        rustix::io::write(&counter, &value.to_ne_bytes()).unwrap();
        let mut buffer = [0; 8];
        output.read_exact(&mut buffer).unwrap();
        assert_eq!(u64::from_ne_bytes(buffer), value);
    }
    assert_eq!(threads(&child), 2);
    child.kill().unwrap();
    child.wait().unwrap();
}
