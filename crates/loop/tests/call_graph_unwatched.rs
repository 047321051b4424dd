//! The call graph where nobody looks: what still shows, and what does not.
//!
//! One test, for a loop in debug mode on any thread of the process lets more be seen.

#[path = "kit/ways.rs"]
mod ways;

use asyncio_loop::{Runner, get_running_loop};
use ways::{PLAIN, WATCHED, rest, waiters};

/// What shows when nobody may look.
async fn only_plain_waits_show() {
    for how in PLAIN {
        assert_eq!(waiters(how).await, [how], "{how}");
    }
    for how in WATCHED {
        assert!(waiters(how).await.is_empty(), "{how}");
    }
}

// GRA-08
#[test]
fn without_debug_mode_plain_waits_show_and_the_others_only_from_when_it_is_on_to_the_end_of_its_loop() {
    let ran = Runner::new().debug(false).run(async {
        only_plain_waits_show().await;
        get_running_loop().set_debug(true);
        rest().await;
        for how in PLAIN.into_iter().chain(WATCHED) {
            assert_eq!(waiters(how).await, [how], "{how}");
        }
    });
    ran.expect("it runs");
    let ran = Runner::new().debug(false).run(only_plain_waits_show());
    ran.expect("it runs");
}
