//! A market-data pipeline: feeds over WebSockets, a bounded priority queue, workers in a task group, a live table, and an end in
//! order. In one process, or in two with Redis between them, so that it grows past one machine.
//!
//! ```sh
//! cargo run --example market_feed -- 127.0.0.1:9001 --rate 2000 --flaky 20   # a feed; another terminal, or another machine
//! cargo run --example market -- run ws://127.0.0.1:9001/
//! ```
//!
//! With a broker: `redis-server`, and then on as many machines as one likes
//!
//! ```sh
//! cargo run --example market -- gather ws://127.0.0.1:9001/ --redis 127.0.0.1:6379
//! cargo run --example market -- work --name one --redis 127.0.0.1:6379
//! cargo run --example market -- work --name two --redis 127.0.0.1:6379
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | [tick.rs](tick.rs) | a message of a feed |
//! | [feed.rs](feed.rs), [reconnect.rs](reconnect.rs), [backoff.rs](backoff.rs) | following a feed whatever happens |
//! | [intake.rs](intake.rs) | the queue, and what happens when it is full |
//! | [workers.rs](workers.rs), [book.rs](book.rs) | what is done with a tick |
//! | [pipeline.rs](pipeline.rs), [shutdown.rs](shutdown.rs) | all of it together, from the start to the end |
//! | [gather.rs](gather.rs), [work.rs](work.rs), [broker.rs](broker.rs), [record.rs](record.rs) | the same with Redis in between |
//! | [meter.rs](meter.rs), [screen.rs](screen.rs), [table.rs](table.rs), [line.rs](line.rs) | what is counted and shown |

mod backoff;
mod book;
mod broker;
mod feed;
mod gather;
mod intake;
mod line;
mod meter;
mod options;
mod pipeline;
mod reconnect;
mod record;
mod screen;
mod shutdown;
mod table;
mod tick;
mod work;
mod workers;

use std::error::Error;
use std::process::ExitCode;
use std::rc::Rc;

use options::Options;

/// What can go wrong, anywhere.
type Failure = Box<dyn Error + Send + Sync>;

/// The failure of a group that came first; the others followed from it.
fn first(group: asyncio::ExceptionGroup<Failure>) -> Failure {
    let message = group.message().to_owned();
    group
        .into_errors()
        .into_iter()
        .next()
        .unwrap_or_else(|| message.into())
}

/// All of it runs on one loop, so nothing is shared between threads.
type Shared<T> = Rc<T>;

const USAGE: &str =
    "market run ws://HOST:PORT/ ...     follows feeds, works on what they send, and shows it until Ctrl-C
market gather ws://HOST:PORT/      follows a feed, and puts what it sends into a stream of Redis
market work                        works on what is in the stream, beside others

  --workers N      how many work at once (4)      --redis HOST:PORT  (127.0.0.1:6379)
  --queue N        ticks that may wait (256)      --stream NAME      (ticks)
  --cost SECONDS   what one tick costs (0.001)    --name NAME        of this worker (worker)
  --drain SECONDS  to work off the rest (5)       --idle SECONDS     until another one's are claimed (30)
  --count N        expected, for the progress     --backlog N        entries at which gather waits (100000)
  --every SECONDS  between lines, when it is no   --record FILE      gets the numbers of what was added,
                   terminal (1)                                      or done";

const OPTIONS: [&str; 12] = [
    "workers", "queue", "cost", "drain", "every", "count", "redis", "stream", "name", "idle", "backlog",
    "record",
];

async fn main_task(options: Options) -> Result<(), Failure> {
    match options.words().first().map(String::as_str) {
        Some("run") if options.words().len() > 1 => pipeline::run(&options).await,
        Some("gather") if options.words().len() == 2 => gather::run(&options).await,
        Some("work") if options.words().len() == 1 => work::run(&options).await,
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
