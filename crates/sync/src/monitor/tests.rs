//! The lists alone: order, notes, and what is refused.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Waker;

use super::*;

static_assertions::assert_impl_all!(Monitor<u32>: Send, Sync, Unpin);
static_assertions::assert_impl_all!(Waiter<'static, std::cell::Cell<u32>>: Send, Sync);
static_assertions::assert_not_impl_any!(Monitor<std::rc::Rc<u32>>: Send, Sync);
static_assertions::assert_not_impl_any!(Waiter<'static, u32>: Unpin);
static_assertions::assert_not_impl_any!(Locked<'static, u32>: Send);

#[test]
fn waiters_come_off_each_list_in_order_with_a_note() {
    let monitor = Monitor::<u32, 2>::new(5);
    let (a, b, c) = (
        pin!(Waiter::new(&monitor)),
        pin!(Waiter::new(&monitor)),
        pin!(Waiter::new(&monitor)),
    );
    let mut state = monitor.lock();
    state.push_back(0, a.as_ref(), 10, Waker::noop().clone());
    state.push_back(1, b.as_ref(), 20, Waker::noop().clone());
    state.push_back(0, c.as_ref(), 30, Waker::noop().clone());
    assert_eq!((state.front(0), state.front(1), *state), (Some(10), Some(20), 5));
    assert!(!state.is_last(0) && state.is_last(1));
    assert!(state.notify_front(0, 1).is_some());
    assert_eq!((a.status(), c.status()), (Status::Notified(1), Status::Waiting));
    let mut wake = WakeList::new();
    state.notify_all(0, 2, &mut wake);
    state.notify_all(1, 3, &mut wake);
    assert_eq!(
        (c.status(), b.status()),
        (Status::Notified(2), Status::Notified(3))
    );
    assert!(state.is_empty(0) && state.notify_front(0, 0).is_none());
    drop(state);
    wake.wake_all();
}

#[test]
fn a_waiter_can_leave_and_come_back_at_the_end() {
    let monitor = Monitor::<()>::new(());
    let (mut a, b) = (pin!(Waiter::new(&monitor)), pin!(Waiter::new(&monitor)));
    let mut state = monitor.lock();
    state.push_back(0, a.as_ref(), 1, Waker::noop().clone());
    state.push_back(0, b.as_ref(), 2, Waker::noop().clone());
    assert!(state.remove(a.as_ref()).is_some());
    assert!(state.remove(a.as_ref()).is_none());
    state.push_back(0, a.as_ref(), 1, Waker::noop().clone());
    assert!(state.notify_front(0, 0).is_some());
    assert_eq!(b.status(), Status::Notified(0));
    a.as_mut().reset();
    assert_eq!(a.status(), Status::Waiting, "only who was notified is reset");
}

#[test]
fn a_dropped_waiter_is_on_no_list() {
    let monitor = Monitor::<()>::new(());
    let last = pin!(Waiter::new(&monitor));
    {
        let first = pin!(Waiter::new(&monitor));
        let mut state = monitor.lock();
        state.push_back(0, first.as_ref(), 1, Waker::noop().clone());
        state.push_back(0, last.as_ref(), 2, Waker::noop().clone());
    }
    assert_eq!(monitor.lock().front(0), Some(2));
}

#[test]
fn a_waiter_of_another_monitor_or_of_a_list_is_refused() {
    let (one, two) = (Monitor::<()>::new(()), Monitor::<()>::new(()));
    let waiter = pin!(Waiter::new(&one));
    let refused = |at: &Monitor<()>| {
        let push = AssertUnwindSafe(|| at.lock().push_back(0, waiter.as_ref(), 0, Waker::noop().clone()));
        catch_unwind(push).is_err()
    };
    assert!(refused(&two));
    assert!(!refused(&one));
    assert!(refused(&one));
}
