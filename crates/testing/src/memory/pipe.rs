//! `Pipe`: what both ends of a connection in memory share.
//!
//! Invariant: no waker is woken or dropped under the lock. An end that is closed wakes the other, and itself.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Who is woken when the lock is free.
pub(super) type Woken = Vec<Waker>;

pub(super) struct Pipe(Mutex<State>);

pub(super) struct State {
    /// What the end of this number has sent.
    pub(super) flows: [Flow; 2],
    /// Whether the end of this number was closed.
    closed: [bool; 2],
    reset: bool,
}

/// One direction.
pub(super) struct Flow {
    pub(super) bytes: VecDeque<u8>,
    pub(super) capacity: usize,
    /// The most that one read gives, and one write takes.
    pub(super) read_chunk: usize,
    pub(super) write_chunk: usize,
    /// Nothing more will be sent.
    ended: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
    /// Who waits for a reset at the end that writes.
    watcher: Option<Waker>,
}

impl Flow {
    fn new(capacity: usize) -> Flow {
        Flow {
            bytes: VecDeque::new(),
            capacity,
            read_chunk: usize::MAX,
            write_chunk: usize::MAX,
            ended: false,
            reader: None,
            writer: None,
            watcher: None,
        }
    }
}

impl Pipe {
    pub(super) fn new(capacity: usize) -> Pipe {
        assert!(capacity > 0, "a connection must hold at least one byte");
        Pipe(Mutex::new(State {
            flows: [Flow::new(capacity), Flow::new(capacity)],
            closed: [false; 2],
            reset: false,
        }))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does something under the lock, and wakes those whom it concerns afterwards.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> (T, Woken)) -> T {
        let (value, woken) = change(&mut self.lock());
        woken.into_iter().for_each(Waker::wake);
        value
    }

    pub(super) fn read(
        &self,
        side: usize,
        cx: &mut Context<'_>,
        buffer: &mut Vec<u8>,
        most: usize,
    ) -> Poll<io::Result<usize>> {
        let mut old = None;
        let polled = self.change(|state| {
            if state.reset {
                return (Poll::Ready(Err(reset())), Woken::default());
            }
            if state.closed[side] {
                return (Poll::Ready(Ok(0)), Woken::default());
            }
            let gone = state.closed[1 - side];
            let flow = &mut state.flows[1 - side];
            let count = flow.bytes.len().min(flow.read_chunk).min(most);
            if count > 0 {
                buffer.extend(flow.bytes.drain(..count));
                return (Poll::Ready(Ok(count)), flow.writer.take().into_iter().collect());
            }
            if flow.ended || gone || most == 0 {
                return (Poll::Ready(Ok(0)), Woken::default());
            }
            old = flow.reader.replace(cx.waker().clone());
            (Poll::Pending, Woken::default())
        });
        drop(old);
        polled
    }

    /// Writes what there is room for. With a context the writer waits if there is none.
    pub(super) fn write(
        &self,
        side: usize,
        cx: Option<&mut Context<'_>>,
        buffers: &[IoSlice<'_>],
    ) -> io::Result<usize> {
        let mut old = None;
        let written = self.change(|state| match state.push(side, buffers) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                let flow = &mut state.flows[side];
                old = cx.and_then(|cx| flow.writer.replace(cx.waker().clone()));
                (Err(error), Woken::default())
            }
            Err(error) => (Err(error), Woken::default()),
            Ok(count) => (Ok(count), state.flows[side].reader.take().into_iter().collect()),
        });
        drop(old);
        written
    }

    /// Ready when the connection was reset.
    pub(super) fn broken(&self, side: usize, cx: &mut Context<'_>) -> Poll<io::Error> {
        let mut state = self.lock();
        if state.reset {
            return Poll::Ready(reset());
        }
        let old = state.flows[side].watcher.replace(cx.waker().clone());
        drop(state);
        drop(old);
        Poll::Pending
    }

    pub(super) fn end(&self, side: usize) {
        self.change(|state| {
            let flow = &mut state.flows[side];
            flow.ended = true;
            ((), flow.reader.take().into_iter().collect())
        });
    }

    pub(super) fn close(&self, side: usize) {
        self.change(|state| {
            state.closed[side] = true;
            // What the other has sent is not read any more.
            state.flows[1 - side].bytes.clear();
            ((), state.all())
        });
    }

    pub(super) fn reset(&self) {
        self.change(|state| {
            // A connection of which an end has gone is nobody's to be reset.
            if state.closed == [false; 2] {
                state.reset = true;
                state.flows.iter_mut().for_each(|flow| flow.bytes.clear());
            }
            ((), state.all())
        });
    }
}

impl State {
    fn all(&mut self) -> Woken {
        let takes = |flow: &mut Flow| [flow.reader.take(), flow.writer.take(), flow.watcher.take()];
        self.flows.iter_mut().flat_map(takes).flatten().collect()
    }

    fn push(&mut self, side: usize, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        if self.reset {
            return Err(reset());
        }
        if self.closed != [false; 2] || self.flows[side].ended {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let flow = &mut self.flows[side];
        let wanted: usize = buffers.iter().map(|buffer| buffer.len()).sum();
        let room = flow.capacity.saturating_sub(flow.bytes.len());
        let count = wanted.min(room).min(flow.write_chunk);
        if count == 0 && wanted > 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        let bytes = buffers.iter().flat_map(|buffer| buffer.iter().copied());
        flow.bytes.extend(bytes.take(count));
        Ok(count)
    }

    /// The one who waits to write in this direction.
    pub(super) fn writer(&mut self, side: usize) -> Woken {
        self.flows[side].writer.take().into_iter().collect()
    }
}

fn reset() -> io::Error {
    ErrorKind::ConnectionReset.into()
}
