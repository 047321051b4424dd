//! `market gather`: follows one feed and puts its ticks into the broker's stream.
//!
//! It may be killed at any time: the broker knows the newest tick that it has, and the next gatherer asks the feed for those
//! after it. A stream that nobody works off is bounded too: beyond `--backlog` the gatherer, and by TCP the feed, waits.

use std::cell::Cell;
use std::time::Duration;

use asyncio::reactor::signals::{Signal, Signals};
use asyncio::{Queue, TaskGroup, create_task, select, sleep, task_group};

use crate::backoff::Backoff;
use crate::broker::Broker;
use crate::feed::Feed;
use crate::intake::Intake;
use crate::meter::{Meter, count};
use crate::options::Options;
use crate::reconnect::{Session, keep_up};
use crate::record::Record;
use crate::screen::{Screen, View};
use crate::tick::{Tick, now_micros};
use crate::workers::Desk;
use crate::{Failure, Shared, first};

/// How many ticks are added at once.
const BATCH: usize = 256;

/// What a session needs.
#[derive(Debug, Clone)]
struct Gatherer {
    url: String,
    redis: String,
    stream: String,
    /// The backlog at which it waits, and the one that there was last.
    most: usize,
    shown: Shared<Cell<(usize, usize)>>,
    desk: Desk,
}

/// Gathers until a signal comes or the tape is at its end.
pub async fn run(options: &Options) -> Result<(), Failure> {
    let mut signals = Signals::new([Signal::Int, Signal::Term])?;
    let meter = Shared::new(Meter::default());
    let most = options.get("backlog", 100_000)?;
    let gatherer = Gatherer {
        url: options.words()[1].clone(),
        redis: options.text("redis").unwrap_or("127.0.0.1:6379").to_owned(),
        stream: options.text("stream").unwrap_or("ticks").to_owned(),
        most,
        shown: Shared::new(Cell::new((0, most))),
        desk: Desk::new(Intake::new(BATCH, meter.clone()), meter.clone(), Duration::ZERO),
    };
    let mut record = Record::open(options.text("record")).await?;
    let mut view = View::new(&gatherer.desk, "gather", 1, options.get("count", 0)?);
    view.backlog = Some(gatherer.shown.clone());
    let painting = create_task(Screen::open(options.seconds("every", 1.0)?).paint(view));
    let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    let gathering = keep_up(backoff, async || {
        let before = meter.done.get();
        match gatherer.session(&mut record).await {
            Ok(()) => Session::Over,
            Err(error) => {
                meter.set_trouble(Some(format!("the broker: {error}")));
                Session::Lost {
                    was_good: meter.done.get() > before,
                }
            }
        }
    });
    select! {
        () = gathering => {},
        // What the broker has not confirmed is asked for again next time: nothing needs to be drained.
        signal = signals.recv() => drop(signal?),
    }
    painting.cancel();
    drop(painting.await);
    println!("{}", meter.summary());
    Ok(())
}

impl Gatherer {
    /// One connection to the broker: `Ok` at the end of the tape.
    async fn session(&self, record: &mut Record) -> Result<(), Failure> {
        let mut broker = Broker::connect(&self.redis, &self.stream).await?;
        let next = broker.newest().await? + 1;
        let feed = Feed::new(&self.url, next, self.desk.meter.clone());
        // Their order is that of their numbers, whatever their kinds.
        let line = Shared::new(Queue::bounded(BATCH));
        let group = task_group(async |group: TaskGroup<Failure>| {
            let inward = line.clone();
            group.create_task(async move {
                feed.follow(async |tick| inward.put(tick).await.map_err(|_| asyncio::QueueShutDown(())))
                    .await;
                inward.shutdown();
                Ok(())
            });
            self.pass_on(&line, &mut broker, record).await
        });
        group.await.map_err(first)
    }

    /// Adds what comes to the stream, in batches of what is there.
    async fn pass_on(
        &self,
        line: &Queue<Tick>,
        broker: &mut Broker,
        record: &mut Record,
    ) -> Result<(), Failure> {
        let meter = &self.desk.meter;
        while let Ok(first) = line.get().await {
            let mut batch = vec![first];
            while batch.len() < BATCH
                && let Ok(tick) = line.get_nowait()
            {
                batch.push(tick);
            }
            meter.received.set(meter.received.get() + batch.len() as u64);
            broker.add(&batch).await?;
            let numbers: Vec<u64> = batch.iter().map(|tick| tick.seq).collect();
            record.add(&numbers).await?;
            for tick in &batch {
                self.desk.book.apply(tick);
                count(&meter.done);
                meter.lag(now_micros().saturating_sub(tick.sent));
            }
            if self.backlog(broker).await? > self.most {
                count(&meter.waited);
                while self.backlog(broker).await? > self.most {
                    sleep(Duration::from_millis(50)).await;
                }
            }
        }
        Ok(())
    }

    /// What nobody has worked off yet; it is shown, too.
    async fn backlog(&self, broker: &mut Broker) -> Result<usize, Failure> {
        let backlog = broker.backlog().await?;
        self.shown.set((backlog, self.most));
        Ok(backlog)
    }
}
