//! A feed of market data that runs anywhere, for the example `market`:
//! `cargo run --example market_feed -- 127.0.0.1:9001 --rate 2000`.
//!
//! Whoever opens a WebSocket at `ws://ADDRESS/?from=SEQ` gets the ticks from that number on, as JSON. The tape is a function of the
//! seed and the number, so a feed that was killed and started again goes on where it was, and two that have one seed are the same.
//!
//! | option | |
//! |---|---|
//! | `--rate N` | ticks per second (1000) |
//! | `--count N` | so many ticks, and then a close in order; 0: without end (0) |
//! | `--symbols N` | how many are dealt in (12) |
//! | `--seed N` | another market (1) |
//! | `--flaky SECONDS` | breaks each connection after about this time; 0: never (0) |

use std::error::Error;
use std::time::Duration;

use async_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use async_tungstenite::tungstenite::protocol::CloseFrame;
use async_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use async_tungstenite::tungstenite::{Error as WebSocketError, Message};
use async_tungstenite::{WebSocketReceiver, WebSocketSender, accept_hdr_async};
use asyncio::reactor::signals::{Signal, Signals};
use asyncio::{Duplex, StreamReader, StreamWriter, interval, select, sleep, start_server};
use futures_util::{SinkExt, StreamExt};

use options::Options;
use tape::Tape;

#[path = "market/options.rs"]
#[allow(dead_code, reason = "the pipeline uses more of it")]
mod options;
#[path = "market/tape.rs"]
mod tape;
#[path = "market/tick.rs"]
#[allow(dead_code, reason = "the pipeline uses more of it")]
mod tick;

type Failure = Box<dyn Error + Send + Sync>;

/// How the tape is played.
#[derive(Debug, Clone)]
struct Player {
    tape: Tape,
    rate: f64,
    count: u64,
    flaky: Duration,
}

impl Player {
    /// One connection, from the handshake to the end.
    async fn serve(self, reader: StreamReader, writer: StreamWriter) -> Result<(), Failure> {
        let transport = writer.transport().clone();
        let mut from = 1;
        #[expect(clippy::result_large_err, reason = "the type is the library's")]
        let look = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
            let query = request.uri().query().unwrap_or_default();
            let asked = query.split('&').find_map(|part| part.strip_prefix("from="));
            from = asked.and_then(|number| number.parse().ok()).unwrap_or(1);
            Ok(response)
        };
        let socket = accept_hdr_async(Duplex::new(reader, writer), look).await?;
        let (sender, mut receiver) = socket.split();
        select! {
            played = self.play(from, sender) => played?,
            // A client that leaves is nobody's failure.
            () = hear(&mut receiver) => return Ok(()),
            () = self.breakdown() => {
                transport.abort();
                return Ok(());
            }
        }
        hear(&mut receiver).await;
        Ok(())
    }

    /// Sends the tape at its rate; slower, when the client is slow.
    async fn play(&self, from: u64, mut sender: WebSocketSender<Duplex>) -> Result<(), WebSocketError> {
        const STEP: Duration = Duration::from_millis(20);
        let mut clock = interval(STEP);
        let (mut seq, mut due) = (from, 0.0);
        while self.count == 0 || seq <= self.count {
            clock.tick().await;
            due += self.rate * STEP.as_secs_f64();
            while due >= 1.0 && (self.count == 0 || seq <= self.count) {
                let tick = self.tape.tick(seq);
                let text = serde_json::to_string(&tick).expect("a tick is plain data");
                sender.feed(Message::text(text)).await?;
                seq += 1;
                due -= 1.0;
            }
            sender.flush().await?;
        }
        let end = CloseFrame {
            code: CloseCode::Normal,
            reason: "the end of the tape".into(),
        };
        sender.close(Some(end)).await
    }

    /// Ends when it is time to break the connection.
    async fn breakdown(&self) {
        if self.flaky.is_zero() {
            return std::future::pending().await;
        }
        sleep(self.flaky.mul_f64(fastrand::f64() * 2.0)).await;
    }
}

/// Hears the client out; pings are answered meanwhile.
async fn hear(receiver: &mut WebSocketReceiver<Duplex>) {
    while let Some(Ok(_)) = receiver.next().await {}
}

async fn main_task(options: Options) -> Result<(), Failure> {
    let player = Player {
        tape: Tape::new(options.get("seed", 1)?, options.get("symbols", 12)?),
        rate: options.get("rate", 1000.0)?,
        count: options.get("count", 0)?,
        flaky: options.seconds("flaky", 0.0)?,
    };
    let address = options.words().first().map_or("127.0.0.1:9001", String::as_str);
    let mut signals = Signals::new([Signal::Int, Signal::Term])?;
    let serve = move |reader, writer| {
        let player = player.clone();
        async move {
            // Who hangs up in the middle has its reasons.
            drop(player.serve(reader, writer).await);
        }
    };
    let server = start_server(serve, address).await?;
    println!("feed on ws://{}/", server.sockets()[0]);
    signals.recv().await?;
    server.shutdown(Duration::ZERO).await;
    Ok(())
}

fn main() -> Result<(), Failure> {
    let known = ["rate", "count", "symbols", "seed", "flaky"];
    asyncio::run(main_task(Options::parse(&known, std::env::args().skip(1))?))
}
