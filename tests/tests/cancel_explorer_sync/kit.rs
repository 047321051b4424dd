//! What the cases share: a thing with rivals around it, and every way in which an operation on it is cancelled.
//!
//! Rivals are tasks that come at known turns. Rival 0 holds the thing up and lets it go after a pause; the operation
//! gets in line in front of the other rivals, or between them. A pause is counted in turns, or it ends at the very
//! moment at which a timeout around the operation does.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use asyncio::testing::{Case, Ended, Explored, explore_cancel};
use asyncio::{
    Runner, TaskGroup, all_tasks, catch_cancelled, create_task, sleep, task_group, timeout, yield_now,
};

/// The operation comes before all rivals but 0, or between 1 and 2.
const LEADS: [usize; 2] = [0, 4];
/// When rival 0 lets go: all others are in line by then.
const PAUSE: usize = 12;
const DEADLINE: Duration = Duration::from_millis(5);
/// On the mock clock, what has not happened by then never will.
const FOR_EVER: Duration = Duration::from_secs(3600);

/// That many turns of the loop.
pub(crate) async fn turns(count: usize) {
    for _ in 0..count {
        yield_now().await;
    }
}

/// A thing, the rivals that had their turn, and the numbers that were seen.
pub(crate) struct World<P> {
    pub(crate) thing: P,
    order: RefCell<Vec<usize>>,
    /// What went in, came out, or was made; what it means is the case's.
    pub(crate) seen: RefCell<Vec<u32>>,
    /// The operation waits no longer: it has ended or was cancelled.
    pub(crate) gone: Cell<bool>,
    by_clock: bool,
}

impl<P: 'static> World<P> {
    /// A task that comes at the third turn of its number, and is counted when it has ended.
    pub(crate) fn rival<F>(self: &Rc<Self>, number: usize, body: impl FnOnce(Rc<Self>) -> F + 'static)
    where
        F: Future<Output = ()> + 'static,
    {
        let world = self.clone();
        drop(create_task(async move {
            turns(3 * number).await;
            body(world.clone()).await;
            world.order.borrow_mut().push(number);
        }));
    }

    /// Until all are in line.
    pub(crate) async fn pause(&self) {
        if self.by_clock {
            sleep(DEADLINE).await;
        } else {
            turns(PAUSE).await;
        }
    }

    pub(crate) fn see(&self, number: u32) {
        self.seen.borrow_mut().push(number);
    }

    /// What was seen, sorted.
    pub(crate) fn sorted(&self) -> Vec<u32> {
        let mut seen = self.seen.borrow().clone();
        seen.sort_unstable();
        seen
    }

    /// The rivals in the order in which they ended.
    pub(crate) fn order(&self) -> Vec<usize> {
        self.order.borrow().clone()
    }
}

/// Dropped with the operation, it says that it is gone.
struct Going<P>(Rc<World<P>>);

impl<P> Drop for Going<P> {
    fn drop(&mut self) {
        self.0.gone.set(true);
    }
}

/// A future that, once woken, lets a turn go by before it looks: so it is also cancelled when it has been given what
/// it waits for and has not seen it.
struct Sluggish<F> {
    future: Pin<Box<F>>,
    dozes: bool,
}

impl<F: Future> Future for Sluggish<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        if std::mem::take(&mut self.dozes) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let polled = self.future.as_mut().poll(cx);
        self.dozes = polled.is_pending();
        polled
    }
}

fn sluggish<F: Future>(future: F) -> Sluggish<F> {
    Sluggish {
        future: Box::pin(future),
        dozes: false,
    }
}

/// Waits until no task but this one is left.
async fn alone() {
    for _ in 0..1000 {
        if all_tasks().len() <= 1 {
            return;
        }
        sleep(Duration::from_millis(1)).await;
    }
    panic!("somebody waits for ever: {:?}", all_tasks());
}

/// Cancels an operation at each of its suspension points, softly and hard, in every surrounding. `make` makes what it is
/// about, `rivals` are the others that use it, and `check` says what must hold when all have ended.
pub(crate) fn explore<P: 'static, F: Future<Output = ()> + 'static>(
    make: impl Fn() -> P,
    rivals: impl Fn(&Rc<World<P>>),
    operation: impl Fn(Rc<World<P>>) -> F,
    check: impl AsyncFn(&World<P>),
) {
    let scene = Scene {
        make,
        rivals,
        operation,
        check,
    };
    let mut runner = Runner::new().mock_clock(true);
    let explored = runner.run(async {
        for lead in LEADS {
            for explored in [
                scene.within(false, lead, |operation| operation).await,
                scene.within(false, lead, sluggish).await,
            ] {
                assert!(
                    explored.suspension_points > lead,
                    "the operation itself never waited"
                );
            }
            scene.under_catch(lead).await;
            scene.in_time(lead).await;
            scene.in_a_group(lead).await;
        }
    });
    explored.expect("the exploration ends");
}

struct Scene<M, R, O, C> {
    make: M,
    rivals: R,
    operation: O,
    check: C,
}

impl<P, M, R, O, C, F> Scene<M, R, O, C>
where
    P: 'static,
    M: Fn() -> P,
    R: Fn(&Rc<World<P>>),
    O: Fn(Rc<World<P>>) -> F,
    F: Future<Output = ()> + 'static,
    C: AsyncFn(&World<P>),
{
    fn world(&self, by_clock: bool) -> Rc<World<P>> {
        let world = Rc::new(World {
            thing: (self.make)(),
            order: RefCell::default(),
            seen: RefCell::default(),
            gone: Cell::new(false),
            by_clock,
        });
        (self.rivals)(&world);
        world
    }

    /// Explores the operation within `around`, which gets its future.
    async fn within<A, G>(&self, by_clock: bool, lead: usize, around: A) -> Explored
    where
        A: Fn(Pin<Box<dyn Future<Output = ()>>>) -> G,
        G: Future<Output = ()>,
    {
        let undisturbed = Cell::new(0);
        let exploring = explore_cancel(|| {
            let world = self.world(by_clock);
            let operation = (self.operation)(world.clone());
            let going = Going(world.clone());
            let operation = async move {
                let _going = going;
                turns(lead).await;
                operation.await;
            };
            let (check, undisturbed) = (&self.check, &undisturbed);
            Case::new(around(Box::pin(operation)), async move |ended| {
                if let Ended::Value(()) = ended {
                    undisturbed.set(undisturbed.get() + 1);
                }
                alone().await;
                let checked = timeout(FOR_EVER, check(&world)).await;
                assert!(checked.is_ok(), "the check waits for ever");
            })
        });
        let explored = timeout(FOR_EVER, exploring).await;
        let explored = explored.expect("the operation waits for ever");
        assert!(explored.suspension_points > 0, "it never waited");
        assert!(explored.runs > explored.suspension_points, "{explored:?}");
        assert!(
            undisturbed.get() >= 2,
            "softly and hard, the last run is undisturbed"
        );
        explored
    }

    /// The request is caught, and turned down.
    async fn under_catch(&self, lead: usize) {
        let catching = |operation| async {
            if let Err(token) = catch_cancelled(sluggish(operation)).await {
                yield_now().await;
                token.uncancel();
            }
        };
        self.within(false, lead, catching).await;
    }

    /// What it waits for and the deadline come in the same turn.
    async fn in_time(&self, lead: usize) {
        let in_time = |operation| async {
            // Late or not: both are fine, and nothing is lost.
            let _ = timeout(DEADLINE, operation).await;
        };
        self.within(true, lead, in_time).await;
        self.within(true, lead, |operation| in_time(Box::pin(sluggish(operation))))
            .await;
    }

    /// Its task is one of a group that is cancelled before it waits, while it waits, and when it was given something.
    async fn in_a_group(&self, lead: usize) {
        for after in [1, 2].into_iter().chain(PAUSE..PAUSE + 6) {
            let group = |operation| async move {
                let body = async move |group: TaskGroup<String>| {
                    drop(group.start(sluggish(operation)));
                    turns(after).await;
                    group.cancel();
                    yield_now().await;
                    Ok(())
                };
                // That it was cancelled is no news.
                drop(task_group(body).await);
            };
            self.within(false, lead, group).await;
        }
    }
}
