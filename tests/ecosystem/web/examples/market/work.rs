//! `market work`: takes ticks out of the broker's stream and works on them, beside any number of others who do.
//!
//! Each tick is worked on **at least once**. It is given to one worker, who has it until it says that it is done; the results are
//! written down before that. What a worker had that was killed is claimed by another one after `--idle`; what a
//! worker had that comes back under the same name, it reads again first. So a result may be there twice, with the tick's
//! number to tell, and none is missing.

use std::cell::RefCell;
use std::collections::HashSet;
use std::time::Duration;

use asyncio::reactor::signals::{Signal, Signals};
use asyncio::{LoopHandle, Queue, TaskGroup, create_task, get_running_loop, task_group, timeout};

use crate::backoff::Backoff;
use crate::broker::Broker;
use crate::intake::Intake;
use crate::meter::Meter;
use crate::options::Options;
use crate::reconnect::{Session, keep_up};
use crate::record::Record;
use crate::screen::{Screen, View};
use crate::shutdown::Pipeline;
use crate::tick::Tick;
use crate::workers::Desk;
use crate::{Failure, Shared};

/// How many ticks are acknowledged at once.
const BATCH: usize = 256;

/// What the reading and the confirming side share.
#[derive(Debug)]
struct Consumer {
    redis: String,
    stream: String,
    name: String,
    idle: Duration,
    desk: Desk,
    /// Ticks that were taken and not confirmed: one that comes a second time meanwhile is not taken again.
    in_hand: RefCell<HashSet<u64>>,
    finished: Queue<u64>,
}

/// Works until a signal comes.
pub async fn run(options: &Options) -> Result<(), Failure> {
    let mut signals = Signals::new([Signal::Int, Signal::Term])?;
    let meter = Shared::new(Meter::default());
    let intake = Intake::new(options.get("queue", 256)?, meter.clone()).patient();
    let desk = Desk::new(intake, meter.clone(), options.seconds("cost", 0.001)?);
    let consumer = Shared::new(Consumer {
        redis: options.text("redis").unwrap_or("127.0.0.1:6379").to_owned(),
        stream: options.text("stream").unwrap_or("ticks").to_owned(),
        name: options.text("name").unwrap_or("worker").to_owned(),
        idle: options.seconds("idle", 30.0)?,
        desk: desk.clone(),
        in_hand: RefCell::default(),
        finished: Queue::bounded(4 * BATCH),
    });
    let record = Record::open(options.text("record")).await?;
    let view = View::new(&desk, "work", 0, options.get("count", 0)?);
    let phase = view.phase.clone();
    let painting = create_task(Screen::open(options.seconds("every", 1.0)?).paint(view));
    let confirming = create_task({
        let consumer = consumer.clone();
        async move { consumer.confirm(record).await }
    });

    let (hands, workers) = (desk.clone(), options.get("workers", 4)?);
    let finished = consumer.clone();
    let working = task_group(async move |group: TaskGroup<Failure>| {
        let done = async move |tick: &Tick| {
            Ok(finished
                .finished
                .put(tick.seq)
                .await
                .map_err(|_| asyncio::QueueShutDown(()))?)
        };
        hands.staff(&group, workers, done);
        Ok(())
    });
    let reader = consumer.clone();
    let incoming = task_group(async move |group: TaskGroup<Failure>| {
        group.create_task(async move {
            reader.take().await;
            Ok(())
        });
        Ok(())
    });
    let pipeline = Pipeline {
        incoming: create_task(incoming.into_future()),
        working: create_task(working.into_future()),
        intake: desk.intake,
        drain: options.seconds("drain", 5.0)?,
        phase,
    };
    let outcome = pipeline.conduct(&mut signals).await;
    // What is done is confirmed, if the broker is there: what is not comes again, here or elsewhere.
    consumer.finished.shutdown();
    drop(timeout(Duration::from_secs(5), confirming).await);
    painting.cancel();
    drop(painting.await);
    println!("{}", meter.summary());
    outcome.map(drop)
}

fn backoff() -> Backoff {
    Backoff::new(Duration::from_millis(50), Duration::from_secs(2))
}

impl Consumer {
    /// Takes ticks from the broker, whatever happens to the connection.
    async fn take(&self) {
        let this = get_running_loop();
        keep_up(backoff(), async || {
            let before = self.desk.meter.received.get();
            match self.session(&this).await {
                Ok(()) => Session::Over,
                Err(error) => {
                    self.desk.meter.set_trouble(Some(format!("the broker: {error}")));
                    Session::Lost {
                        was_good: self.desk.meter.received.get() > before,
                    }
                }
            }
        })
        .await;
    }

    /// One connection: what we had, then what is new, and now and then what others have left.
    async fn session(&self, this: &LoopHandle) -> Result<(), Failure> {
        let mut broker = Broker::connect(&self.redis, &self.stream).await?;
        broker.make_group().await?;
        self.desk.meter.set_trouble(None);
        self.desk
            .meter
            .connections
            .set(self.desk.meter.connections.get() + 1);
        let mut after = 0;
        loop {
            let own = broker.read_own(&self.name, after).await?;
            let Some(last) = own.last() else { break };
            after = last.seq;
            self.hand_on(own).await?;
        }
        let mut look = this.time();
        loop {
            if this.time() >= look {
                let left = broker.claim(&self.name, self.idle).await?;
                if left.is_empty() {
                    look = this.time() + self.idle / 4;
                }
                self.hand_on(left).await?;
            }
            let new = broker.read_new(&self.name).await?;
            self.hand_on(new).await?;
        }
    }

    /// Waits for room: until there is, the broker keeps the rest.
    async fn hand_on(&self, ticks: Vec<Tick>) -> Result<(), Failure> {
        for tick in ticks {
            if self.in_hand.borrow_mut().insert(tick.seq) {
                self.desk.intake.put(tick).await?;
            }
        }
        Ok(())
    }

    /// Writes down what is done, and then tells the broker, whatever happens to the connection.
    async fn confirm(&self, mut record: Record) -> std::io::Result<()> {
        let mut broker = None;
        while let Ok(first) = self.finished.get().await {
            let mut batch = vec![first];
            while batch.len() < BATCH
                && let Ok(number) = self.finished.get_nowait()
            {
                batch.push(number);
            }
            record.add(&batch).await?;
            keep_up(backoff(), async || match self.tell(&mut broker, &batch).await {
                Ok(()) => Session::Over,
                Err(_) => {
                    broker = None;
                    Session::Lost { was_good: false }
                }
            })
            .await;
            let mut in_hand = self.in_hand.borrow_mut();
            for number in &batch {
                in_hand.remove(number);
            }
        }
        Ok(())
    }

    async fn tell(&self, broker: &mut Option<Broker>, batch: &[u64]) -> Result<(), Failure> {
        let broker = match broker {
            Some(broker) => broker,
            none => none.insert(Broker::connect(&self.redis, &self.stream).await?),
        };
        broker.acknowledge(batch).await
    }
}
