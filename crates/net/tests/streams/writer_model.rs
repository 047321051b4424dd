//! A `Transport` beside a model of it: any bytes are a program of writing, draining and ending, over a wire that takes
//! as much as the program says, and both must agree about what was sent, what waits, and who is told.
//!
//! Used by the tests, where the bytes come from proptest and from the seeds, and by the fuzz target.

use std::future::Future;
use std::io::{self, ErrorKind, IoSlice};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use asyncio_net::{StreamReader, StreamWriter, stream};
use futures_io::AsyncWrite;

use crate::script::Script;

/// Runs the program that `data` is.
///
/// # Panics
///
/// When the transport and the model disagree.
pub(crate) fn run(data: &[u8]) {
    let wire = Script::default();
    let (reader, writer) = stream(wire.clone());
    let mut both = Both {
        wire,
        _reader: reader,
        writer,
        model: Model::default(),
        next: 0,
    };
    let mut program = data.iter().copied();
    while let Some(step) = program.next() {
        both.step(step % 16, usize::from(program.next().unwrap_or(0)));
    }
    both.settle();
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Open,
    Closing,
    Closed,
}

/// What must hold.
struct Model {
    /// All that the wire must see, in order; so much of it has gone.
    accepted: Vec<u8>,
    sent: usize,
    room: usize,
    low: usize,
    high: usize,
    hard: Option<usize>,
    paused: bool,
    phase: Phase,
    /// The direction is to end, and whether it has.
    eof: Option<bool>,
    error: Option<ErrorKind>,
    /// Something was thrown away.
    cut: bool,
}

impl Default for Model {
    fn default() -> Model {
        Model {
            accepted: Vec::new(),
            sent: 0,
            room: 0,
            low: 16 * 1024,
            high: 64 * 1024,
            hard: None,
            paused: false,
            phase: Phase::Open,
            eof: None,
            error: None,
            cut: false,
        }
    }
}

type Done = Result<(), ErrorKind>;

impl Model {
    fn queued(&self) -> usize {
        self.accepted.len() - self.sent
    }

    fn check(&self, more: usize) -> Done {
        if let Some(kind) = self.error {
            return Err(kind);
        }
        match (self.phase, self.eof, self.hard) {
            (Phase::Closing | Phase::Closed, ..) => Err(ErrorKind::ConnectionReset),
            (_, Some(_), _) => Err(ErrorKind::BrokenPipe),
            (.., Some(hard)) if self.queued() + more > hard => Err(ErrorKind::StorageFull),
            _ => Ok(()),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Done {
        self.check(bytes.len())?;
        self.accepted.extend(bytes);
        self.send();
        Ok(())
    }

    /// As much as the wire takes at once, or what brings the queue above the mark. `None`: it waits.
    fn write_some(&mut self, bytes: &[u8]) -> Option<Result<usize, ErrorKind>> {
        let full = self.hard.is_some_and(|hard| self.queued() >= hard);
        if self.phase == Phase::Open && (self.paused || full) {
            return None;
        }
        if let Err(kind) = self
            .check(0)
            .and_then(|()| self.check(usize::from(!bytes.is_empty())))
        {
            return Some(Err(kind));
        }
        let most = (self.high + 1).min(self.hard.unwrap_or(usize::MAX));
        let count = match (self.queued(), self.room) {
            (0, 1..) => bytes.len().min(self.room),
            (queued, _) => bytes.len().min(most.saturating_sub(queued).max(1)),
        };
        self.accepted.extend(&bytes[..count]);
        self.send();
        Some(Ok(count))
    }

    /// The wire takes what it has room for; then the marks count, and the end if all has gone.
    fn send(&mut self) {
        let count = self.queued().min(self.room);
        self.sent += count;
        self.room -= count;
        self.paused |= self.queued() > self.high;
        self.resume();
        match self.phase {
            Phase::Open if self.queued() == 0 && self.eof.is_some() => self.eof = Some(true),
            Phase::Closing if self.queued() == 0 => self.end(None),
            _ => {}
        }
    }

    fn resume(&mut self) {
        self.paused &= self.queued() > self.low;
    }

    fn end(&mut self, error: Option<ErrorKind>) {
        if self.phase != Phase::Closed {
            (self.phase, self.error, self.paused) = (Phase::Closed, error, false);
            self.cut = self.queued() > 0;
            self.accepted.truncate(self.sent);
        }
    }

    fn drain(&self) -> Option<Done> {
        match (self.error, self.phase) {
            (Some(kind), _) => Some(Err(kind)),
            (None, Phase::Closed) => Some(Err(ErrorKind::ConnectionReset)),
            _ => (!self.paused).then_some(Ok(())),
        }
    }

    fn wait_closed(&self) -> Option<Done> {
        (self.phase == Phase::Closed).then_some(self.error.map_or(Ok(()), Err))
    }

    fn flush(&self) -> Option<Done> {
        match (self.error, self.cut) {
            (Some(kind), _) => Some(Err(kind)),
            (None, true) => Some(Err(ErrorKind::ConnectionReset)),
            _ if self.phase == Phase::Closed => Some(Ok(())),
            _ => (self.queued() == 0 && self.eof != Some(false)).then_some(Ok(())),
        }
    }
}

struct Both {
    wire: Script,
    _reader: StreamReader,
    writer: StreamWriter,
    model: Model,
    next: u8,
}

impl Both {
    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count);
        for _ in 0..count {
            self.next = self.next.wrapping_add(1);
            bytes.push(self.next);
        }
        bytes
    }

    fn step(&mut self, step: u8, number: usize) {
        let bytes = match step {
            0 | 1 => self.bytes(number),
            2..=4 | 12 => self.bytes(number * 20),
            _ => Vec::new(),
        };
        let (writer, model) = (&mut self.writer, &mut self.model);
        match step {
            0 | 2 => assert_eq!(kind(writer.write(&bytes)), model.write(&bytes)),
            1 | 3 => {
                let pieces = bytes.chunks(number % 7 + 1);
                assert_eq!(kind(writer.writelines(pieces)), model.write(&bytes));
            }
            4 => assert_eq!(
                kind(writer.write_owned(bytes.clone().into())),
                model.write(&bytes)
            ),
            5 | 6 => {
                let room = if step == 5 { number } else { number * 50 };
                if model.phase != Phase::Closed {
                    model.room += room;
                    model.send();
                    self.wire.takes(room);
                }
            }
            7 => {
                let (high, low) = (number * 10, number * number % (number * 10 + 1));
                writer
                    .set_write_buffer_limits(Some(high), Some(low))
                    .expect("low is below high");
                (model.high, model.low) = (high, low);
                if model.phase != Phase::Closed {
                    model.paused |= model.queued() > high;
                    model.resume();
                }
            }
            8 => {
                model.hard = (number > 0).then_some(number * 40);
                writer.set_hard_limit(model.hard);
            }
            9 if number < 60 => {
                writer.write_eof().expect("this wire can");
                if model.phase == Phase::Open && model.eof.is_none() {
                    model.eof = Some(false);
                    model.send();
                }
            }
            10 if number < 60 => {
                writer.close();
                if model.phase == Phase::Open {
                    model.phase = Phase::Closing;
                    model.send();
                }
            }
            10 if number > 240 => {
                writer.abort();
                model.end(None);
            }
            // It is found by a write that waits, or else by the next one.
            11 if number < 30 && model.queued() > 0 => {
                model.end(Some(ErrorKind::ConnectionAborted));
                self.wire.breaks(ErrorKind::ConnectionAborted);
            }
            12 => {
                let mut io = pin!(writer.io());
                let slice = [IoSlice::new(&bytes)];
                let cx = &mut Context::from_waker(Waker::noop());
                let wrote = match number % 2 {
                    0 => io.as_mut().poll_write(cx, &bytes),
                    _ => io.as_mut().poll_write_vectored(cx, &slice),
                };
                let wrote = match wrote {
                    Poll::Ready(done) => Some(done.map_err(|error| error.kind())),
                    Poll::Pending => None,
                };
                assert_eq!(wrote, model.write_some(&bytes));
            }
            _ => {}
        }
        self.compare();
    }

    fn compare(&mut self) {
        let (writer, model) = (&mut self.writer, &self.model);
        assert_eq!(writer.get_write_buffer_size(), model.queued());
        assert_eq!(writer.get_write_buffer_limits(), (model.low, model.high));
        assert_eq!(writer.is_closing(), model.phase != Phase::Open);
        assert_eq!(now(writer.drain()), model.drain(), "drain");
        assert_eq!(now(writer.wait_closed()), model.wait_closed(), "wait_closed");
        let flush = std::future::poll_fn(|cx| pin!(writer.io()).poll_flush(cx));
        assert_eq!(now(flush), model.flush(), "flush");
        self.wire.with(|state| {
            assert!(
                state.sent == model.accepted[..model.sent],
                "what was sent, and its order"
            );
            assert_eq!(state.eof_sent, model.eof == Some(true));
            assert_eq!(state.closed > 0, model.phase == Phase::Closed);
        });
    }

    /// Once the wire takes all, all is sent, and nobody waits.
    fn settle(&mut self) {
        self.model.room += self.model.queued();
        self.model.send();
        self.wire.takes(usize::MAX / 2);
        self.compare();
        assert_eq!(self.model.queued(), 0);
    }
}

fn kind(done: io::Result<()>) -> Done {
    done.map_err(|error| error.kind())
}

/// Polls once; the wait, if it is one, is dropped.
fn now(wait: impl Future<Output = io::Result<()>>) -> Option<Done> {
    match pin!(wait).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Some(kind(done)),
        Poll::Pending => None,
    }
}
