//! A market-data pipeline: feeds over WebSockets, a bounded priority queue, workers in a task group, a live table, and an end in
//! order. In one process, or in two with Redis between them, so that it grows past one machine.
//!
//! ```sh
//! cargo run --example market_feed -- 127.0.0.1:9001 --rate 2000 --flaky 20   # a feed; another terminal, or another machine
//! cargo run --example market -- run ws://127.0.0.1:9001/
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | [tick.rs](tick.rs) | a message of a feed |
//! | [feed.rs](feed.rs), [reconnect.rs](reconnect.rs), [backoff.rs](backoff.rs) | following a feed whatever happens |
//! | [intake.rs](intake.rs) | the queue, and what happens when it is full |
//! | [workers.rs](workers.rs), [book.rs](book.rs) | what is done with a tick |
//! | [pipeline.rs](pipeline.rs), [shutdown.rs](shutdown.rs) | all of it together, from the start to the end |
//! | [meter.rs](meter.rs), [screen.rs](screen.rs), [table.rs](table.rs), [line.rs](line.rs) | what is counted and shown |

mod backoff;
mod book;
mod feed;
mod intake;
mod line;
mod meter;
mod options;
mod pipeline;
mod reconnect;
mod screen;
mod shutdown;
mod table;
mod tick;
mod workers;

use std::error::Error;
use std::process::ExitCode;
use std::rc::Rc;

use options::Options;

/// What can go wrong, anywhere.
type Failure = Box<dyn Error + Send + Sync>;

/// All of it runs on one loop, so nothing is shared between threads.
type Shared<T> = Rc<T>;

const USAGE: &str = "market run ws://HOST:PORT/ ... [--workers 4] [--queue 256] [--cost 0.001] [--drain 5] [--every 1] [--count 0]

  run     follows feeds, works on what they send, and shows it until Ctrl-C

  --workers N   how many work at once            --cost SECONDS    what one tick costs them
  --queue N     ticks that may wait              --drain SECONDS   time to work them off at the end
  --count N     ticks expected, for the progress --every SECONDS   between lines, where there is no terminal";

const OPTIONS: [&str; 6] = ["workers", "queue", "cost", "drain", "every", "count"];

async fn main_task(options: Options) -> Result<(), Failure> {
    match options.words().first().map(String::as_str) {
        Some("run") if options.words().len() > 1 => pipeline::run(&options).await,
        _ => Err(USAGE.into()),
    }
}

fn main() -> ExitCode {
    let done = Options::parse(&OPTIONS, std::env::args().skip(1)).map_err(Failure::from);
    match done.and_then(|options| asyncio::run(main_task(options))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("market: {error}");
            ExitCode::FAILURE
        }
    }
}
