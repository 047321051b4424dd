//! The thread that reads a standard input which cannot be watched.
//!
//! It is one per process, started at the first need, and belongs to no loop: a read that nobody waits for any more
//! holds up neither the end of a loop nor that of the process. It reads only when it was asked, so it takes no input
//! that a later program should get; what an abandoned read brings is kept for the next one.

use std::io;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use asyncio_core::{WaitKind, fork_generation, waits_for};

use super::sys;

/// How much it reads at a time, in bytes.
const CHUNK: usize = 8 * 1024;

struct State {
    /// The process that the thread belongs to.
    thread: Option<u32>,
    /// A read was asked for and has not begun.
    asked: bool,
    /// A read is under way, or asked for.
    busy: bool,
    /// What the last read brought.
    read: Option<io::Result<Vec<u8>>>,
    wakers: Vec<Waker>,
}

static STATE: Mutex<State> = Mutex::new(State {
    thread: None,
    asked: false,
    busy: false,
    read: None,
    wakers: Vec::new(),
});
static ASKED: Condvar = Condvar::new();

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The next bytes; none at the end.
pub(crate) fn poll_read(cx: &mut Context<'_>) -> Poll<io::Result<Vec<u8>>> {
    let mut state = state();
    if let Some(read) = state.read.take() {
        return Poll::Ready(read);
    }
    if state.thread != Some(fork_generation()) {
        // The first need, or a child of the process that had the thread.
        std::thread::Builder::new()
            .name("asyncio-stdin".to_owned())
            .spawn(read_for_ever)?;
        state.thread = Some(fork_generation());
        state.busy = false;
    }
    if !state.wakers.iter().any(|waker| waker.will_wake(cx.waker())) {
        state.wakers.push(cx.waker().clone());
    }
    if !state.busy {
        (state.busy, state.asked) = (true, true);
        ASKED.notify_one();
    }
    drop(state);
    waits_for(WaitKind::Thread, 0);
    Poll::Pending
}

fn read_for_ever() {
    loop {
        let mut asked = state();
        while !asked.asked {
            asked = ASKED.wait(asked).unwrap_or_else(PoisonError::into_inner);
        }
        asked.asked = false;
        drop(asked);
        let mut buffer = vec![0; CHUNK];
        let read = sys::read_blocking(&mut buffer).map(|count| {
            buffer.truncate(count);
            buffer
        });
        let mut state = state();
        state.read = Some(read);
        state.busy = false;
        let wakers = std::mem::take(&mut state.wakers);
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }
}
