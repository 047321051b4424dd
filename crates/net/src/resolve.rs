//! Host names, off the loop: on the loop's blocking pool where there is one, else on one thread of this crate.
//!
//! A look-up that nobody waits for any more is withdrawn if it has not begun. The thread of this crate does one
//! look-up at a time; a pool does as many as it has threads.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};

use async_task::Runnable;
use asyncio_core::{blocking, fork_generation};

use crate::error::named;

/// The addresses of `host`, each with `port`, in the order in which the system gives them.
pub(crate) async fn lookup(host: String, port: u16) -> io::Result<Vec<SocketAddr>> {
    let name = format!("{host}:{port}");
    let work = async move { (host.as_str(), port).to_socket_addrs().map(Vec::from_iter) };
    let (job, task) = async_task::Builder::new()
        .propagate_panic(true)
        .spawn(|()| work, drop::<Runnable>);
    let refused = blocking::with(|pool| match pool {
        Some(pool) => pool.submit(job),
        None => on_own_thread(job),
    });
    let found = match refused {
        Ok(()) => task.fallible().await,
        Err(_job) => None,
    };
    let no_thread = || Err(io::Error::other("no thread is there to look it up"));
    match found.unwrap_or_else(no_thread) {
        Ok(addresses) => Ok(addresses),
        Err(error) => Err(named(format!("cannot look up {name}"), error)),
    }
}

/// The thread of this process that looks names up, with the fork generation it belongs to.
static THREAD: Mutex<Option<(u32, Sender<Runnable>)>> = Mutex::new(None);

fn on_own_thread(job: Runnable) -> Result<(), Runnable> {
    let mut thread = THREAD.lock().unwrap_or_else(PoisonError::into_inner);
    let generation = fork_generation();
    if thread.as_ref().is_none_or(|(started, _)| *started != generation) {
        let (sender, jobs) = channel::<Runnable>();
        let started = std::thread::Builder::new()
            .name("asyncio-resolver".to_owned())
            .spawn(move || {
                for job in jobs {
                    job.run();
                }
            });
        if started.is_err() {
            return Err(job);
        }
        *thread = Some((generation, sender));
    }
    match &*thread {
        Some((_, sender)) => sender.send(job).map_err(|refused| refused.0),
        None => Err(job),
    }
}
