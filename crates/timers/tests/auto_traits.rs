//! What may cross threads, and what may move.

use asyncio_timers::{
    Clock, Entered, Interval, LocalTimers, MissedTickBehavior, MockClock, Sleep, Timers, TimersHandle,
};
use static_assertions::{assert_impl_all, assert_not_impl_any};

assert_impl_all!(Clock: Send, Sync, Unpin, Clone);
assert_impl_all!(MockClock: Send, Sync, Unpin, Clone);
assert_impl_all!(Sleep: Send, Sync, Unpin);
assert_impl_all!(Interval: Send, Sync, Unpin);
assert_impl_all!(MissedTickBehavior: Send, Sync, Unpin, Copy);
assert_impl_all!(Timers: Send, Unpin);
assert_impl_all!(TimersHandle: Send, Sync, Unpin, Clone);
assert_not_impl_any!(LocalTimers: Send, Sync);
assert_not_impl_any!(Entered: Send, Sync);

#[test]
#[cfg(target_pointer_width = "64")]
fn a_sleep_is_small() {
    assert!(
        std::mem::size_of::<Sleep>() <= 72,
        "{}",
        std::mem::size_of::<Sleep>()
    );
}
