//! The race of RFC 8305, section 5: attempts begin one after the other, a delay apart, and the first to succeed wins.
//!
//! Invariant: an attempt begins when the latest one has had its delay, or at once when any has failed. All are polled
//! inside one future, so that this needs no executor, and dropping it ends them all.

use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use asyncio_timers::{Sleep, sleep};

/// Each address that was tried with its error, in the order of the addresses.
pub(super) type Failures = Vec<(SocketAddr, io::Error)>;

/// The value of the first attempt to succeed. Without a delay there is one attempt at a time.
pub(super) async fn race<T, F: Future<Output = io::Result<T>>>(
    addresses: Vec<SocketAddr>,
    delay: Option<Duration>,
    mut begin: impl FnMut(SocketAddr) -> F,
) -> Result<T, Failures> {
    if let [address] = addresses[..] {
        // Most often there is one, which needs neither a timer nor a box.
        return begin(address).await.map_err(|error| vec![(address, error)]);
    }
    let mut race = Race {
        waiting: addresses.into_iter().enumerate(),
        running: Vec::new(),
        failed: Vec::new(),
        delay,
        timer: None,
        due: true,
    };
    poll_fn(|cx| race.poll(cx, &mut begin)).await
}

struct Race<F> {
    waiting: std::iter::Enumerate<std::vec::IntoIter<SocketAddr>>,
    running: Vec<Attempt<F>>,
    failed: Vec<(usize, SocketAddr, io::Error)>,
    delay: Option<Duration>,
    /// Runs out when the next attempt is due.
    timer: Option<Pin<Box<Sleep>>>,
    /// The next attempt is due now.
    due: bool,
}

struct Attempt<F> {
    index: usize,
    address: SocketAddr,
    future: Pin<Box<F>>,
}

impl<T, F: Future<Output = io::Result<T>>> Race<F> {
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        begin: &mut impl FnMut(SocketAddr) -> F,
    ) -> Poll<Result<T, Failures>> {
        loop {
            if self.due {
                self.begin(begin);
            }
            if let Some(value) = self.poll_running(cx) {
                return Poll::Ready(Ok(value));
            }
            if self.waiting.len() == 0 {
                self.timer = None;
                if self.running.is_empty() {
                    self.failed.sort_by_key(|(index, ..)| *index);
                    let failed = self.failed.drain(..);
                    return Poll::Ready(Err(failed.map(|(_, address, error)| (address, error)).collect()));
                }
                return Poll::Pending;
            }
            if !self.due {
                match &mut self.timer {
                    Some(timer) => ready!(timer.as_mut().poll(cx)),
                    None => return Poll::Pending,
                }
                self.due = true;
            }
        }
    }

    fn begin(&mut self, begin: &mut impl FnMut(SocketAddr) -> F) {
        self.due = self.delay == Some(Duration::ZERO);
        if let Some((index, address)) = self.waiting.next() {
            let future = Box::pin(begin(address));
            self.running.push(Attempt {
                index,
                address,
                future,
            });
            self.timer = self.delay.map(|delay| Box::pin(sleep(delay)));
        }
    }

    /// The value of an attempt that has succeeded. Those that have failed are dropped, and make the next one due.
    fn poll_running(&mut self, cx: &mut Context<'_>) -> Option<T> {
        let mut position = 0;
        while let Some(attempt) = self.running.get_mut(position) {
            match attempt.future.as_mut().poll(cx) {
                Poll::Pending => position += 1,
                Poll::Ready(Ok(value)) => return Some(value),
                Poll::Ready(Err(error)) => {
                    let Attempt { index, address, .. } = self.running.remove(position);
                    self.failed.push((index, address, error));
                    self.due = true;
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::pin::pin;
    use std::task::Waker;

    use asyncio_timers::{Clock, LocalTimers, MockClock};

    use super::*;

    const DELAY: Duration = Duration::from_millis(250);

    /// What becomes of an attempt, after so many milliseconds.
    #[derive(Clone, Copy)]
    enum Fate {
        Answers(u64),
        Fails(u64),
        Hangs,
    }

    use Fate::{Answers, Fails, Hangs};

    /// What happened, with the time.
    type Log = Vec<(u64, String)>;

    struct Open<'a>(&'a Cell<usize>);

    impl Drop for Open<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() - 1);
        }
    }

    /// Runs a race on a mock clock until nothing more can come: the beginnings with their times, and the outcome.
    fn run(delay: Option<Duration>, fates: &[Fate]) -> (Log, Option<Result<u16, Vec<u16>>>) {
        let clock = MockClock::new();
        let mut timers = LocalTimers::with_clock(Clock::from(clock.clone()));
        let _entered = timers.enter();
        let log = RefCell::new(Log::new());
        let open = Cell::new(0);
        let note = |what: String| log.borrow_mut().push((clock.elapsed().as_millis() as u64, what));
        let begin = |address: SocketAddr| {
            let number = address.port();
            note(format!("begin {number}"));
            open.set(open.get() + 1);
            let open = Open(&open);
            let fate = fates[usize::from(number)];
            async move {
                let _open = open;
                match fate {
                    Answers(after) => {
                        sleep(Duration::from_millis(after)).await;
                        Ok(number)
                    }
                    Fails(0) => Err(io::ErrorKind::ConnectionRefused.into()),
                    Fails(after) => {
                        sleep(Duration::from_millis(after)).await;
                        Err(io::ErrorKind::ConnectionRefused.into())
                    }
                    Hangs => std::future::pending().await,
                }
            }
        };
        let addresses = (0..fates.len()).map(|number| SocketAddr::from(([0; 4], number as u16)));
        let outcome = {
            let mut race = pin!(race(addresses.collect(), delay, begin));
            let mut cx = Context::from_waker(Waker::noop());
            loop {
                if let Poll::Ready(outcome) = race.as_mut().poll(&mut cx) {
                    // The losers are gone, although the future itself is still there.
                    assert_eq!(open.get(), 0, "an attempt was left open");
                    break Some(outcome);
                }
                let Some(next) = timers.next_deadline() else {
                    break None;
                };
                clock.advance_to(next);
                timers.fire(clock.now());
            }
        };
        assert_eq!(open.get(), 0, "dropping the race left an attempt open");
        let ports = |failures: Failures| failures.iter().map(|(address, _)| address.port()).collect();
        if let Some(Ok(winner)) = &outcome {
            note(format!("win {winner}"));
        }
        (log.into_inner(), outcome.map(|outcome| outcome.map_err(ports)))
    }

    fn log(entries: &[(u64, &str)]) -> Log {
        entries
            .iter()
            .map(|(time, what)| (*time, (*what).to_owned()))
            .collect()
    }

    #[test]
    fn attempts_begin_a_delay_apart_and_the_first_to_answer_wins() {
        let (seen, outcome) = run(Some(DELAY), &[Hangs, Answers(400), Answers(100), Hangs]);
        assert_eq!(outcome, Some(Ok(2)));
        let expected = [(0, "begin 0"), (250, "begin 1"), (500, "begin 2"), (600, "win 2")];
        assert_eq!(seen, log(&expected));
    }

    #[test]
    fn a_failure_begins_the_next_attempt_at_once_and_its_delay_anew() {
        let (seen, outcome) = run(Some(DELAY), &[Fails(100), Fails(0), Hangs, Answers(10)]);
        assert_eq!(outcome, Some(Ok(3)));
        let expected = [
            (0, "begin 0"),
            (100, "begin 1"),
            (100, "begin 2"),
            (350, "begin 3"),
            (360, "win 3"),
        ];
        assert_eq!(seen, log(&expected));
    }

    #[test]
    fn an_old_attempt_that_fails_begins_the_next_one_too() {
        let (seen, _) = run(Some(DELAY), &[Fails(300), Hangs, Answers(1)]);
        let expected = [(0, "begin 0"), (250, "begin 1"), (300, "begin 2"), (301, "win 2")];
        assert_eq!(seen, log(&expected));
    }

    #[test]
    fn without_a_delay_there_is_one_attempt_at_a_time() {
        let (seen, outcome) = run(None, &[Fails(5000), Answers(1000), Answers(0)]);
        assert_eq!(outcome, Some(Ok(1)));
        assert_eq!(seen, log(&[(0, "begin 0"), (5000, "begin 1"), (6000, "win 1")]));
        let (seen, outcome) = run(None, &[Hangs, Answers(0)]);
        assert_eq!((seen, outcome), (log(&[(0, "begin 0")]), None));
    }

    #[test]
    fn a_delay_of_zero_begins_all_at_once() {
        let (seen, outcome) = run(Some(Duration::ZERO), &[Hangs, Hangs, Answers(7)]);
        assert_eq!(outcome, Some(Ok(2)));
        assert_eq!(
            seen,
            log(&[(0, "begin 0"), (0, "begin 1"), (0, "begin 2"), (7, "win 2")])
        );
    }

    #[test]
    fn the_longest_delay_is_never_over() {
        let (_, outcome) = run(Some(Duration::MAX), &[Answers(1_000_000), Answers(0)]);
        assert_eq!(outcome, Some(Ok(0)));
    }

    #[test]
    fn failures_come_in_the_order_of_the_addresses() {
        let (_, outcome) = run(Some(DELAY), &[Fails(900), Fails(10), Fails(600)]);
        assert_eq!(outcome, Some(Err(vec![0, 1, 2])));
        let (_, outcome) = run(Some(DELAY), &[Fails(1)]);
        assert_eq!(outcome, Some(Err(vec![0])));
    }

    #[test]
    fn a_lone_attempt_needs_no_timer() {
        let (seen, outcome) = run(Some(DELAY), &[Hangs]);
        // Nothing was due ever: the mock clock has not moved.
        assert_eq!((seen, outcome), (log(&[(0, "begin 0")]), None));
    }
}
