//! The parts of the example `market`, each alone: its files are taken in as modules.

#![allow(
    dead_code,
    reason = "what the program uses of its files is more than what is tested alone"
)]

use std::rc::Rc;
use std::time::{Duration, Instant};

use asyncio::{Runner, create_task, get_running_loop};

#[path = "../examples/market/backoff.rs"]
mod backoff;
#[path = "../examples/market/book.rs"]
mod book;
#[path = "../examples/market/intake.rs"]
mod intake;
#[path = "../examples/market/line.rs"]
mod line;
#[path = "../examples/market/meter.rs"]
mod meter;
#[path = "../examples/market/options.rs"]
mod options;
#[path = "../examples/market/reconnect.rs"]
mod reconnect;
#[path = "../examples/market/table.rs"]
mod table;
#[path = "../examples/market/tape.rs"]
mod tape;
#[path = "../examples/market/tick.rs"]
mod tick;

use backoff::Backoff;
use book::Book;
use intake::Intake;
use meter::{Histogram, Meter};
use options::Options;
use reconnect::{Session, keep_up};
use table::Frame;
use tape::Tape;
use tick::{Kind, Tick};

type Shared<T> = Rc<T>;

const FIRST: Duration = Duration::from_millis(100);
const MOST: Duration = Duration::from_secs(10);

fn seeded(seed: u64) -> Backoff {
    Backoff::with_random(FIRST, MOST, fastrand::Rng::with_seed(seed))
}

fn mock<T>(test: impl Future<Output = T>) -> T {
    Runner::new().mock_clock(true).run(test).unwrap()
}

#[test]
fn waits_are_anywhere_below_a_bound_that_doubles_up_to_the_most() {
    let mut longest = [Duration::ZERO; 12];
    let mut shortest = [Duration::MAX; 12];
    for seed in 0..500 {
        let mut backoff = seeded(seed);
        for (longest, shortest) in longest.iter_mut().zip(&mut shortest) {
            let wait = backoff.failed();
            *longest = (*longest).max(wait);
            *shortest = (*shortest).min(wait);
        }
    }
    for failures in 0..12 {
        let bound = FIRST.saturating_mul(1 << failures).min(MOST);
        assert!(longest[failures] <= bound, "after {failures} failures");
        // Chance fills the whole range.
        assert!(longest[failures] > bound.mul_f64(0.9) && shortest[failures] < bound.mul_f64(0.1));
    }
}

#[test]
fn a_wait_never_overflows_and_a_success_makes_it_short_again() {
    let mut backoff = seeded(1);
    for _ in 0..100 {
        assert!(backoff.failed() <= MOST);
    }
    backoff.succeeded();
    assert!(backoff.failed() <= FIRST);
}

/// When sessions began that end as the list says, on the mock clock.
fn begins(ends: &[Session]) -> Vec<Duration> {
    mock(async {
        let this = get_running_loop();
        let begun = this.time();
        let mut times = Vec::new();
        let session = async || {
            times.push(this.time() - begun);
            ends.get(times.len() - 1).copied().unwrap_or(Session::Over)
        };
        keep_up(seeded(7), session).await;
        times
    })
}

#[test]
fn sessions_that_bring_nothing_wait_longer_and_longer() {
    let real = Instant::now();
    let ends = [Session::Lost { was_good: false }; 40];
    let times = begins(&ends);
    assert_eq!(times.len(), 41);
    let mut expected = seeded(7);
    for pair in times.windows(2) {
        // The clock of the loop, to the nanosecond.
        assert_eq!(pair[1] - pair[0], expected.failed());
    }
    assert!(times[40] > Duration::from_secs(60));
    assert!(
        real.elapsed() < times[40] / 2,
        "a minute on the mock clock is none"
    );
}

#[test]
fn a_session_that_brought_something_makes_the_next_wait_short() {
    let lost = |was_good| Session::Lost { was_good };
    let mut ends = vec![lost(false); 10];
    ends.push(lost(true));
    let times = begins(&ends);
    assert!(times[11] - times[10] <= FIRST);
}

fn tick(seq: u64, kind: Kind) -> Tick {
    Tick {
        seq,
        kind,
        symbol: "ACME".to_owned(),
        price: 100,
        size: 1,
        sent: seq,
    }
}

#[test]
fn the_urgent_comes_first_and_what_came_first_before_its_like() {
    mock(async {
        let intake = Intake::new(10, Shared::new(Meter::default()));
        for (seq, kind) in [Kind::Quote, Kind::Trade, Kind::Quote, Kind::Notice, Kind::Trade]
            .into_iter()
            .enumerate()
        {
            intake.put(tick(seq as u64, kind)).await.unwrap();
        }
        intake.close();
        let mut order = Vec::new();
        while let Ok((tick, in_hand)) = intake.get().await {
            order.push(tick.seq);
            in_hand.finish();
        }
        assert_eq!(order, [3, 1, 4, 0, 2]);
    });
}

#[test]
fn when_it_is_full_quotes_are_dropped_and_trades_wait() {
    mock(async {
        let meter = Shared::new(Meter::default());
        let intake = Shared::new(Intake::new(2, meter.clone()));
        for seq in 0..2 {
            intake.put(tick(seq, Kind::Quote)).await.unwrap();
        }
        intake.put(tick(2, Kind::Quote)).await.unwrap();
        assert_eq!((meter.dropped.get(), meter.waited.get()), (1, 0));

        let waiting = create_task({
            let intake = intake.clone();
            async move { intake.put(tick(3, Kind::Trade)).await }
        });
        asyncio::yield_now().await;
        assert_eq!((waiting.done(), meter.waited.get()), (false, 1));
        let (first, in_hand) = intake.get().await.unwrap();
        assert_eq!(first.seq, 0);
        in_hand.finish();
        waiting.await.unwrap().unwrap();
        assert_eq!(
            intake.get().await.unwrap().0.seq,
            3,
            "it came last and goes first"
        );
    });
}

#[test]
fn nothing_is_counted_twice_or_not_at_all() {
    mock(async {
        let meter = Shared::new(Meter::default());
        let intake = Shared::new(Intake::new(2, meter.clone()));
        for seq in 0..2 {
            intake.put(tick(seq, Kind::Trade)).await.unwrap();
        }
        let waiting = create_task({
            let intake = intake.clone();
            async move { intake.put(tick(2, Kind::Trade)).await }
        });
        asyncio::yield_now().await;
        // A feed that is cancelled takes along what it waits with; a worker too; and what is in line is thrown away.
        waiting.cancel();
        assert!(waiting.await.unwrap_err().is_cancelled());
        assert_eq!(meter.left.get(), 1);
        drop(intake.get().await.unwrap());
        assert_eq!(meter.left.get(), 2);
        intake.abandon();
        assert_eq!((meter.left.get(), meter.received.get()), (3, 3));
        assert!(intake.put(tick(9, Kind::Quote)).await.is_err());
        assert_eq!((meter.left.get(), meter.received.get()), (4, 4));
    });
}

#[test]
fn a_percentile_is_a_sixteenth_too_high_at_most() {
    let mut random = fastrand::Rng::with_seed(3);
    let (mut numbers, mut halves) = (Vec::new(), [Histogram::default(), Histogram::default()]);
    for n in 0..20_000 {
        let number = random.u64(..) >> random.u32(20..64);
        numbers.push(number);
        halves[n % 2].add(number);
    }
    numbers.sort_unstable();
    let mut histogram = halves[0].clone();
    histogram.merge(&halves[1]);
    for part in [0.0001, 0.01, 0.5, 0.9, 0.99, 0.999, 1.0] {
        let at = ((numbers.len() as f64 * part).ceil() as usize).max(1) - 1;
        let (exact, found) = (numbers[at], histogram.quantile(part));
        assert!(
            found >= exact && found - exact <= exact / 16,
            "{part}: {exact} {found}"
        );
    }
    assert_eq!(histogram.most(), *numbers.last().unwrap());
    assert_eq!(Histogram::default().quantile(0.5), 0);
}

#[test]
fn a_book_does_not_mind_the_order() {
    let tape = Tape::new(5, 3);
    let ticks: Vec<Tick> = (1..=500)
        .map(|seq| Tick {
            sent: seq,
            ..tape.tick(seq)
        })
        .collect();
    let (straight, mixed) = (Book::default(), Book::default());
    ticks.iter().for_each(|tick| straight.apply(tick));
    // Pairs in the wrong order, as two workers finish; the last of each symbol is not among them.
    for pair in ticks.chunks(2) {
        pair.iter().rev().for_each(|tick| mixed.apply(tick));
    }
    for (name, symbol) in straight.symbols() {
        let other = &mixed.symbols()[&name];
        assert_eq!((symbol.volume, symbol.trades), (other.volume, other.trades));
        assert_eq!((symbol.vwap(), symbol.last), (other.vwap(), other.last));
    }
}

#[test]
fn a_tape_can_be_played_again() {
    let same = |tape: Tape| {
        (1..1000)
            .map(|seq| Tick {
                sent: 0,
                ..tape.tick(seq)
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(same(Tape::new(1, 12)), same(Tape::new(1, 12)));
    assert_ne!(same(Tape::new(1, 12)), same(Tape::new(2, 12)));
}

fn frame() -> Frame {
    let book = Book::default();
    let tape = Tape::new(1, 24);
    (1..5000).for_each(|seq| book.apply(&tape.tick(seq)));
    Frame {
        title: "market",
        phase: "running",
        elapsed: Duration::from_secs(3671),
        feeds: (1, 2),
        received: 123_456_789,
        received_rate: 12_345.6,
        done: 123_000_000,
        done_rate: 12_000.0,
        dropped: 434,
        waited: 12,
        connections: 7,
        depth: 97,
        room: 256,
        lag: [412, 1_100, 23_456, 1_234_567],
        loop_rates: [812.0, 9120.0],
        loop_counts: [14, 9, 4],
        progress: Some((62, 100)),
        symbols: book.symbols().into_iter().collect(),
        trouble: Some("ws://127.0.0.1:9001: Connection refused".to_owned()),
    }
}

#[test]
fn a_picture_fits_into_any_terminal() {
    let frame = frame();
    for width in 0..200 {
        for height in [0, 1, 5, 8, 12, 24, 60] {
            let lines = frame.draw(width, height, false);
            assert!(lines.len() <= height, "{width} by {height}");
            // Below what a symbol's name takes there is nothing to be left out.
            for line in lines.iter().filter(|_| width >= 11) {
                assert!(line.chars().count() <= width, "{width} by {height}: {line}");
            }
        }
    }
}

#[test]
fn a_wide_picture_shows_more_than_a_narrow_one() {
    let (wide, narrow) = (frame().draw(140, 40, false), frame().draw(60, 18, false));
    assert!(wide[0].starts_with("market  running  01:01:11") && wide[0].ends_with("1 of 2 feeds up"));
    assert_eq!(wide[2], "ws://127.0.0.1:9001: Connection refused");
    assert!(wide[3].contains("TRADES") && wide[3].contains("TREND"));
    assert!(narrow[3].contains("VWAP") && !narrow[3].contains("TRADES"));
    assert_eq!(wide.iter().filter(|line| line.contains('▄')).count(), 24);
    assert!(narrow.iter().any(|line| line.ends_with("more")), "{narrow:#?}");
    assert!(
        narrow
            .iter()
            .any(|line| line.starts_with("lag    p50 412 µs  p90 1.1 ms  p99 23.5 ms"))
    );
    let last = wide.last().unwrap();
    assert!(last.contains("█░") && last.contains("62 of 100"), "{last}");
    assert!(frame().draw(140, 40, true)[0].starts_with("\x1b[1mmarket\x1b[0m"));
}

#[test]
fn a_command_line_that_is_wrong_is_told_so() {
    let parse = |line: &str| Options::parse(&["workers", "drain"], line.split(' ').map(str::to_owned));
    let options = parse("run --workers 3 ws://x/ --drain 0.5").unwrap();
    assert_eq!(options.words(), ["run", "ws://x/"]);
    assert_eq!(options.get("workers", 4), Ok(3));
    assert_eq!(options.seconds("drain", 5.0), Ok(Duration::from_millis(500)));
    assert!(parse("--worker 3").unwrap_err().contains("--workers"));
    assert!(parse("--drain").is_err());
    assert!(parse("--drain -1").unwrap().seconds("drain", 5.0).is_err());
    assert!(parse("--workers three").unwrap().get("workers", 4).is_err());
}
