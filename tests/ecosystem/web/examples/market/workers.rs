//! The workers: they take the most urgent tick, look at it, and write it into the book.

use std::time::Duration;

use asyncio::{TaskGroup, sleep};

use crate::book::Book;
use crate::intake::Intake;
use crate::meter::{Meter, count};
use crate::tick::{Tick, now_micros};
use crate::{Failure, Shared};

/// What workers share.
#[derive(Debug, Clone)]
pub struct Desk {
    /// Where ticks come from.
    pub intake: Shared<Intake>,
    /// Where they go.
    pub book: Shared<Book>,
    /// Where they are counted.
    pub meter: Shared<Meter>,
    /// How long one of them takes: this program knows no better than to wait.
    pub cost: Duration,
}

impl Desk {
    /// One with an empty book.
    pub fn new(intake: Intake, meter: Shared<Meter>, cost: Duration) -> Desk {
        Desk {
            intake: Shared::new(intake),
            book: Shared::new(Book::default()),
            meter,
            cost,
        }
    }

    /// So many workers, in the group.
    pub fn staff<F>(&self, group: &TaskGroup<Failure>, workers: usize, done: F)
    where
        F: AsyncFn(&Tick) -> Result<(), Failure> + Clone + 'static,
    {
        for _ in 0..workers {
            let (desk, done) = (self.clone(), done.clone());
            group.create_task(async move { desk.work(done).await });
        }
    }

    /// Until no more comes. A worker that is cancelled gives back what it has in hand: it counts as left.
    async fn work(&self, done: impl AsyncFn(&Tick) -> Result<(), Failure>) -> Result<(), Failure> {
        while let Ok((tick, in_hand)) = self.intake.get().await {
            if !self.cost.is_zero() {
                sleep(self.cost).await;
            }
            self.book.apply(&tick);
            done(&tick).await?;
            in_hand.finish();
            count(&self.meter.done);
            self.meter.lag(now_micros().saturating_sub(tick.sent));
        }
        Ok(())
    }
}
