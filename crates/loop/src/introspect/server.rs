//! The thread that answers. It starts with the first loop that asks for it and ends with the last.
//!
//! One connection at a time, one request each, bounded in size and in time: whoever sends nothing is dropped.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use asyncio_core::fork_generation;

use super::request::{LONGEST, Request};
use super::{answer, place, sys};

/// So long the other side may take to ask, and as long to take the answer.
const PATIENCE: Duration = Duration::from_secs(2);

static SERVER: Mutex<Option<Server>> = Mutex::new(None);

struct Server {
    users: usize,
    path: PathBuf,
    ends: Arc<AtomicBool>,
    thread: JoinHandle<()>,
    generation: u32,
}

fn server() -> MutexGuard<'static, Option<Server>> {
    SERVER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The socket is open for as long as one of these lives.
#[derive(Debug)]
pub(crate) struct Open {
    generation: u32,
}

/// Opens the socket of this process, if it is not.
pub(crate) fn open() -> io::Result<Open> {
    let generation = fork_generation();
    let mut server = server();
    match &mut *server {
        Some(running) if running.generation == generation => running.users += 1,
        // None, or one whose thread is in the parent of a fork.
        other => *other = Some(Server::start(generation)?),
    }
    Ok(Open { generation })
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut server = server();
        let Some(running) = server
            .as_mut()
            .filter(|server| server.generation == self.generation)
        else {
            return;
        };
        running.users -= 1;
        if running.users > 0 || self.generation != fork_generation() {
            return;
        }
        let ended = server.take();
        drop(server);
        if let Some(ended) = ended {
            ended.stop();
        }
    }
}

impl Server {
    fn start(generation: u32) -> io::Result<Server> {
        let path = place::prepare()?;
        if let Some(folder) = path.parent() {
            remove_stale(folder);
        }
        let listener = bind(&path)?;
        let ends = Arc::new(AtomicBool::new(false));
        let of_thread = ends.clone();
        let thread = std::thread::Builder::new()
            .name("asyncio-introspect".to_owned())
            .spawn(move || serve(&listener, &of_thread))?;
        Ok(Server {
            users: 1,
            path,
            ends,
            thread,
            generation,
        })
    }

    fn stop(self) {
        self.ends.store(true, Ordering::Release);
        // Ends the wait for a connection.
        let woken = UnixStream::connect(&self.path);
        let _ = fs::remove_file(&self.path);
        if woken.is_ok() {
            let _ = self.thread.join();
        }
    }
}

/// Listens at `path`. What lies there is of a process that had this number before: it is gone.
fn bind(path: &Path) -> io::Result<UnixListener> {
    let listener = match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            fs::remove_file(path)?;
            UnixListener::bind(path)?
        }
        other => other?,
    };
    // The folder lets nobody else in meanwhile.
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Removes the sockets of processes that ended without a word: nobody listens there.
fn remove_stale(folder: &Path) {
    const MOST: usize = 64;
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let sockets = entries.flatten().map(|entry| entry.path());
    for path in sockets
        .filter(|path| path.extension().is_some_and(|end| end == "sock"))
        .take(MOST)
    {
        let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
        if UnixStream::connect(&path).is_err_and(refused) {
            let _ = fs::remove_file(&path);
        }
    }
}

fn serve(listener: &UnixListener, ends: &AtomicBool) {
    while !ends.load(Ordering::Acquire) {
        match listener.accept() {
            // What one client does wrong is its own affair.
            Ok((stream, _)) => drop(serve_one(stream)),
            // Out of descriptors, for one: better late than never.
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

fn serve_one(mut stream: UnixStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let own = sys::own_user();
    let peer = sys::user_of(&stream)?;
    let answer = if sys::may_look(peer, own) {
        match read_line(&mut stream)? {
            None => return Ok(()),
            Some(line) => match Request::parse(&line) {
                Ok(request) => answer::answer(request),
                Err(message) => answer::refusal(&message),
            },
        }
    } else {
        answer::refusal(&format!("user {peer} may not look into a process of user {own}"))
    };
    write_all(&mut stream, answer.as_bytes())
}

/// A line, or what there is of one at the end of the stream or at the longest; `None` if nothing came at all.
fn read_line(stream: &mut UnixStream) -> io::Result<Option<Vec<u8>>> {
    let until = Instant::now() + PATIENCE;
    let (mut line, mut buffer) = (Vec::new(), [0; 512]);
    loop {
        let count = stream.read(&mut buffer)?;
        let read = &buffer[..count];
        let end = read.iter().position(|byte| *byte == b'\n');
        line.extend_from_slice(&read[..end.unwrap_or(count)]);
        if end.is_some() || (count == 0 && !line.is_empty()) || line.len() > LONGEST {
            return Ok(Some(line));
        }
        if count == 0 {
            return Ok(None);
        }
        if Instant::now() > until {
            return Err(io::ErrorKind::TimedOut.into());
        }
    }
}

fn write_all(stream: &mut UnixStream, mut bytes: &[u8]) -> io::Result<()> {
    let until = Instant::now() + PATIENCE;
    while !bytes.is_empty() {
        match stream.write(bytes)? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            count => bytes = &bytes[count..],
        }
        if Instant::now() > until {
            return Err(io::ErrorKind::TimedOut.into());
        }
    }
    Ok(())
}
