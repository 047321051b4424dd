//! A clock of one's own: for the loop, time runs ten times as fast as for everybody else.
//!
//! A simulation of something slow may want that, or the other way round. Sleeps, timeouts and `loop.time()` follow the
//! clock; the loop asks it how long it has to wait in fact.

use std::time::{Duration, Instant};

use asyncio::time::{Clock, TimeSource};
use asyncio::{Runner, get_running_loop, sleep, timeout};

/// Time since the start, ten times over.
struct Tenfold {
    start: Instant,
}

const SPEED: u32 = 10;

impl TimeSource for Tenfold {
    fn now(&self) -> Instant {
        self.start + self.start.elapsed() * SPEED
    }

    fn real(&self, deadline: Instant) -> Instant {
        self.start + deadline.saturating_duration_since(self.start) / SPEED
    }
}

fn main() -> Result<(), asyncio::RunError> {
    let real = Instant::now();
    let clock = Clock::custom(Tenfold { start: real });
    let slept = Runner::new().clock(clock).run(async {
        let this = get_running_loop();
        let before = this.time();
        sleep(Duration::from_millis(300)).await;
        let late = timeout(Duration::from_millis(200), std::future::pending::<()>()).await;
        assert!(late.is_err());
        this.time() - before
    })?;
    let ratio = slept.as_secs_f64() / real.elapsed().as_secs_f64();
    println!("at least 500 ms: {}", slept >= Duration::from_millis(500));
    println!("faster than real time: {}", ratio > 2.0);
    Ok(())
}
