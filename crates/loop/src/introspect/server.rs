//! The socket, and the thread that answers; they come with the first loop that asks for them and go with the last.
//!
//! What the thread does is in `clients`. It ends when the other side of a pair of sockets is shut down: so the end waits for no
//! client, and not for the name of the socket to be there still.

use std::fs;
use std::io;
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use asyncio_core::fork_generation;

use super::{clients, place, sys};

static SERVER: Mutex<Option<Server>> = Mutex::new(None);

struct Server {
    users: usize,
    path: PathBuf,
    /// The thread ends when this is shut down, or closed by all who have it.
    ends: UnixStream,
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
        listener.set_nonblocking(true)?;
        let (ends, of_thread) = UnixStream::pair()?;
        let thread = std::thread::Builder::new()
            .name("asyncio-introspect".to_owned())
            .spawn(move || clients::serve(&listener, &of_thread))?;
        Ok(Server {
            users: 1,
            path,
            ends,
            thread,
            generation,
        })
    }

    fn stop(self) {
        let _ = fs::remove_file(&self.path);
        // Said to the socket itself: a child of a fork may have this side of it too.
        let _ = self.ends.shutdown(Shutdown::Both);
        let _ = self.thread.join();
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

/// Removes the sockets of processes that ended without a word: there is no such process, and nobody listens. (Where the folder
/// is shared by containers there may be one that cannot be seen; one that can be seen is not asked, for it might be stopped.)
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
        let pid = path.file_stem().and_then(|name| name.to_str()?.parse().ok());
        if pid.is_none_or(sys::is_process) {
            continue;
        }
        let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
        if UnixStream::connect(&path).is_err_and(refused) {
            let _ = fs::remove_file(&path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thread_ends_though_a_child_of_a_fork_has_its_descriptors_too() {
        let server = Server::start(fork_generation()).unwrap();
        let path = server.path.clone();
        let of_child = server.ends.try_clone().unwrap();
        let stalled = UnixStream::connect(&path).unwrap();
        server.stop();
        assert!(!path.exists());
        drop((of_child, stalled));
    }
}
