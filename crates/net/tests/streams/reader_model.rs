//! A `StreamReader` beside a model of it: any bytes are a program of feeding and reading, and both must agree about
//! each result, each error, what stays in the buffer and whether something waits.
//!
//! Used by the tests, where the bytes come from proptest and from the seeds, and by the fuzz target.

use std::future::Future;
use std::io::ErrorKind;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use asyncio_net::{Feeder, StreamError, StreamReader};
use futures_core::Stream;
use futures_io::{AsyncBufRead, AsyncRead};

/// Runs the program that `data` is.
///
/// # Panics
///
/// When the reader and the model disagree.
pub(crate) fn run(data: &[u8]) {
    let mut program = Program { data };
    let (feeder, reader) = StreamReader::pipe();
    let mut both = Both {
        reader,
        feeder: Some(feeder),
        model: Model::default(),
        limit: 64 * 1024,
        next: 0,
    };
    while let Some(step) = program.byte() {
        both.step(step, &mut program);
    }
}

struct Program<'a> {
    data: &'a [u8],
}

impl Program<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.data.split_first()?;
        self.data = rest;
        Some(*first)
    }

    fn number(&mut self) -> usize {
        usize::from(self.byte().unwrap_or(0))
    }
}

/// What must hold: bytes that the reader has looked at, bytes that it has not, and how the stream ends.
#[derive(Default)]
struct Model {
    looked_at: Vec<u8>,
    fed: Vec<u8>,
    ended: bool,
    failed: bool,
}

/// What a read must give.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Bytes(Vec<u8>),
    Nothing,
    Waits,
    Incomplete(Vec<u8>, Option<usize>),
    Overrun { consumed: usize, found: bool },
    Failed,
}

/// Whether there is more.
enum More {
    Some,
    End,
    Not(Answer),
}

impl Model {
    /// The reader looks at all that was fed, or learns how the stream ends.
    fn look(&mut self) -> More {
        if !self.fed.is_empty() {
            self.looked_at.append(&mut self.fed);
            More::Some
        } else if self.failed {
            More::Not(Answer::Failed)
        } else if self.ended {
            More::End
        } else {
            More::Not(Answer::Waits)
        }
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        self.looked_at.drain(..count).collect()
    }

    fn take_all(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.looked_at)
    }

    fn read(&mut self, most: usize) -> Answer {
        if most > 0 && self.looked_at.is_empty() {
            if let More::Not(answer) = self.look() {
                return answer;
            }
        }
        let count = most.min(self.looked_at.len());
        Answer::Bytes(self.take(count))
    }

    fn read_to_end(&mut self) -> Answer {
        loop {
            match self.look() {
                More::Some => {}
                More::End => return Answer::Bytes(self.take_all()),
                More::Not(answer) => return answer,
            }
        }
    }

    fn exactly(&mut self, count: usize) -> Answer {
        while self.looked_at.len() < count {
            match self.look() {
                More::Some => {}
                More::End => return Answer::Incomplete(self.take_all(), Some(count)),
                More::Not(answer) => return answer,
            }
        }
        Answer::Bytes(self.take(count))
    }

    /// Tries every place for every separator: the first end wins, and of those that end there the longest.
    fn until(&mut self, separators: &[&[u8]], limit: usize) -> Answer {
        let longest = separators.iter().map(|separator| separator.len()).max();
        loop {
            let bytes = &self.looked_at;
            let found = (1..=bytes.len()).find_map(|end| {
                let ends_here = |separator: &&&[u8]| bytes[..end].ends_with(separator);
                let length = separators
                    .iter()
                    .filter(ends_here)
                    .map(|separator| separator.len())
                    .max()?;
                Some((end - length, end))
            });
            if let Some((at, end)) = found {
                if at > limit {
                    return Answer::Overrun {
                        consumed: at,
                        found: true,
                    };
                }
                return Answer::Bytes(self.take(end));
            }
            let searched = (bytes.len() + 1).saturating_sub(longest.unwrap_or(0));
            if searched > limit {
                return Answer::Overrun {
                    consumed: searched,
                    found: false,
                };
            }
            match self.look() {
                More::Some => {}
                More::End => return Answer::Incomplete(self.take_all(), None),
                More::Not(answer) => return answer,
            }
        }
    }

    fn line(&mut self, limit: usize) -> Answer {
        match self.until(&[b"\n"], limit) {
            Answer::Incomplete(partial, None) => Answer::Bytes(partial),
            answer => answer,
        }
    }
}

struct Both {
    reader: StreamReader,
    feeder: Option<Feeder>,
    model: Model,
    limit: usize,
    /// Makes the bytes that are fed: a few kinds only, so that separators occur.
    next: u32,
}

const SEPARATORS: [&[&[u8]]; 6] = [
    &[b"\n"],
    &[b"\r\n"],
    &[b"\n", b"\r\n"],
    &[b"aba", b"b"],
    &[b"abab", b"ba", b"\r\n\r\n"],
    &[b"aa", b"aaa"],
];

impl Both {
    fn feed(&mut self, count: usize) {
        let bytes: Vec<u8> = (0..count)
            .map(|_| {
                self.next = self.next.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                b"aabb\r\n"[(self.next >> 24) as usize % 6]
            })
            .collect();
        if let Some(feeder) = &mut self.feeder {
            feeder.feed_data(&bytes);
            self.model.fed.extend(bytes);
        }
    }

    fn step(&mut self, step: u8, program: &mut Program<'_>) {
        let (reader, model) = (&mut self.reader, &mut self.model);
        match step % 16 {
            0 | 1 => self.feed(usize::from(step / 16)),
            2 => self.feed(program.number() * 16),
            3 => {
                let most = program.number();
                assert_eq!(now(reader.read(most)), model.read(most));
            }
            4 => assert_eq!(now(reader.read_to_end()), model.read_to_end()),
            5 => assert_eq!(now(reader.readline()), model.line(self.limit)),
            6 => {
                let limit = program.number();
                assert_eq!(now(reader.readline().limit(limit)), model.line(limit));
            }
            7 => {
                let expected = match model.line(self.limit) {
                    Answer::Bytes(bytes) if bytes.is_empty() => Answer::Nothing,
                    answer => answer,
                };
                let mut lines = pin!(reader.lines());
                let line = std::future::poll_fn(|cx| lines.as_mut().poll_next(cx));
                assert_eq!(now(async { line.await.transpose() }), expected);
            }
            8 => {
                let expected = match model.line(self.limit) {
                    Answer::Bytes(bytes) if bytes.is_empty() => Answer::Nothing,
                    answer => answer,
                };
                assert_eq!(now(reader.next_line()), expected);
            }
            9 => {
                let count = program.number();
                assert_eq!(now(reader.readexactly(count)), model.exactly(count));
            }
            10 | 11 => {
                let separators = SEPARATORS[usize::from(step / 16) % SEPARATORS.len()];
                let limit = program.number() * 4;
                let read = reader.readuntil_any(separators).limit(limit);
                assert_eq!(now(read), model.until(separators, limit));
            }
            12 => {
                let separator = SEPARATORS[usize::from(step / 16) % SEPARATORS.len()][0];
                assert_eq!(
                    now(reader.readuntil(separator)),
                    model.until(&[separator], self.limit)
                );
            }
            13 => self.view(program),
            14 => {
                let limit = NonZeroUsize::MIN.saturating_add(program.number() * 2);
                reader.set_limit(limit);
                self.limit = limit.get();
            }
            _ => self.end(step / 16),
        }
        assert_eq!(
            self.reader.buffered(),
            self.model.looked_at,
            "what stays in the buffer"
        );
        let unseen = self
            .feeder
            .as_ref()
            .map_or(self.model.fed.len(), Feeder::buffered);
        assert_eq!(unseen, self.model.fed.len());
        let Model {
            looked_at,
            fed,
            ended,
            failed,
        } = &self.model;
        let at_eof = looked_at.is_empty() && fed.is_empty() && *ended && !failed;
        assert_eq!(self.reader.at_eof(), at_eof);
        assert!(self.reader.exception().is_none() || *failed);
    }

    /// The traits of futures-io.
    fn view(&mut self, program: &mut Program<'_>) {
        let most = program.number();
        let mut io = pin!(self.reader.io());
        let cx = &mut Context::from_waker(Waker::noop());
        let mut buffer = vec![0; most];
        let read = if most % 2 == 0 {
            io.as_mut()
                .poll_read(cx, &mut buffer)
                .map_ok(|count| buffer[..count].to_vec())
        } else {
            let filled = io
                .as_mut()
                .poll_fill_buf(cx)
                .map_ok(|bytes| bytes[..most.min(bytes.len())].to_vec());
            if let Poll::Ready(Ok(bytes)) = &filled {
                io.consume(bytes.len());
            }
            filled
        };
        assert_eq!(answer(read), self.model.read(most));
    }

    /// The stream ends, now and then with an error.
    fn end(&mut self, kind: u8) {
        match (kind, self.feeder.take()) {
            (0, Some(feeder)) => {
                feeder.set_exception(ErrorKind::TimedOut.into());
                (self.model.ended, self.model.failed) = (true, true);
            }
            (1, Some(feeder)) => {
                feeder.feed_eof();
                self.model.ended = true;
            }
            (_, feeder) => self.feeder = feeder,
        }
    }
}

trait Bytes {
    fn answer(self) -> Answer;
}

impl Bytes for bytes::Bytes {
    fn answer(self) -> Answer {
        Answer::Bytes(self.to_vec())
    }
}

impl Bytes for Vec<u8> {
    fn answer(self) -> Answer {
        Answer::Bytes(self)
    }
}

impl Bytes for Option<bytes::Bytes> {
    fn answer(self) -> Answer {
        self.map_or(Answer::Nothing, Bytes::answer)
    }
}

/// Polls once; the wait, if it is one, is dropped.
fn now<T: Bytes, E: Into<StreamError>>(read: impl Future<Output = Result<T, E>>) -> Answer {
    answer(pin!(read).poll(&mut Context::from_waker(Waker::noop())))
}

fn answer<T: Bytes, E: Into<StreamError>>(read: Poll<Result<T, E>>) -> Answer {
    match read.map_err(Into::into) {
        Poll::Pending => Answer::Waits,
        Poll::Ready(Ok(bytes)) => bytes.answer(),
        Poll::Ready(Err(StreamError::IncompleteRead(error))) => {
            Answer::Incomplete(error.partial.to_vec(), error.expected)
        }
        Poll::Ready(Err(StreamError::LimitOverrun(error))) => Answer::Overrun {
            consumed: error.consumed,
            found: error.found,
        },
        Poll::Ready(Err(error)) => {
            assert!(
                matches!(&error, StreamError::Io(error) if error.kind() == ErrorKind::TimedOut),
                "{error}"
            );
            Answer::Failed
        }
    }
}
