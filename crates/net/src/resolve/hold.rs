//! `Hold`: keeps a mock clock from jumping while a name is looked up.
//!
//! A loop with a mock clock counts the work on its blocking pool as awaited, and knows nothing of our threads. So,
//! under a mock clock only, a job on that pool stands for the look-up. It ends when the hold is dropped, and so cannot
//! hold up the end of the loop, which drops the tasks before it waits for the pool.

use std::sync::mpsc::{Sender, channel};
use std::time::Instant;

use async_task::Runnable;
use asyncio_core::blocking;

pub(super) struct Hold {
    /// Dropping it ends the job.
    _release: Option<Sender<()>>,
}

impl Hold {
    pub(super) fn new() -> Hold {
        if clock_is_the_systems() {
            return Hold { _release: None };
        }
        let (release, released) = channel::<()>();
        let (job, task) = async_task::spawn(
            async move {
                // The error is the signal.
                let _ = released.recv();
            },
            drop::<Runnable>,
        );
        task.detach();
        // Without a pool, or when it is full, there is nobody to be held.
        let refused = blocking::with(|pool| match pool {
            Some(pool) => pool.submit(job).err(),
            None => Some(job),
        });
        drop(refused);
        Hold {
            _release: Some(release),
        }
    }
}

/// A mock clock stands still, so it is never within two readings of the system's.
fn clock_is_the_systems() -> bool {
    let before = Instant::now();
    let now = asyncio_timers::now();
    before <= now && now <= Instant::now()
}
