//! `market run`: feeds, queue, workers and screen in one process.

use asyncio::reactor::signals::{Signal, Signals};
use asyncio::{TaskGroup, create_task, task_group};

use crate::feed::Feed;
use crate::intake::Intake;
use crate::meter::Meter;
use crate::options::Options;
use crate::screen::{Screen, View};
use crate::shutdown::Pipeline;
use crate::workers::Desk;
use crate::{Failure, Shared};

/// Runs until a signal comes or all tapes are at their end.
pub async fn run(options: &Options) -> Result<(), Failure> {
    let mut signals = Signals::new([Signal::Int, Signal::Term])?;
    let meter = Shared::new(Meter::default());
    let intake = Intake::new(options.get("queue", 256)?, meter.clone());
    let desk = Desk::new(intake, meter.clone(), options.seconds("cost", 0.001)?);
    let urls = options.words().iter().skip(1);
    let feeds: Vec<Feed> = urls.map(|url| Feed::new(url, 1, meter.clone())).collect();
    let view = View::new(&desk, "market", feeds.len(), options.get("count", 0)?);
    let phase = view.phase.clone();
    let painting = create_task(Screen::open(options.seconds("every", 1.0)?).paint(view));

    let (hands, workers) = (desk.clone(), options.get("workers", 4)?);
    let working = task_group(async move |group: TaskGroup<Failure>| {
        hands.staff(&group, workers, async |_| Ok(()));
        Ok(())
    });
    let inward = desk.intake.clone();
    let incoming = task_group(async move |group: TaskGroup<Failure>| {
        for feed in feeds {
            let intake = inward.clone();
            group.create_task(async move {
                feed.follow(async |tick| intake.put(tick).await).await;
                Ok(())
            });
        }
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
    painting.cancel();
    drop(painting.await);
    println!("{}", meter.summary());
    outcome.map(drop)
}
