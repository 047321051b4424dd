//! `Feed`: follows one feed over a WebSocket, whatever happens to the connection.
//!
//! Invariant: ticks are handed on in their order and each once. After a break the feed is asked for what follows the last one
//! that was handed on.

use std::cell::Cell;
use std::io;
use std::time::Duration;

use async_tungstenite::tungstenite::http::Uri;
use async_tungstenite::tungstenite::protocol::CloseFrame;
use async_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use async_tungstenite::tungstenite::{Error as WebSocketError, Message};
use async_tungstenite::{WebSocketStream, client_async};
use asyncio::net::TcpStream;
use asyncio::{QueueShutDown, on_cancel, timeout};
use futures_util::StreamExt;

use crate::backoff::Backoff;
use crate::meter::{Meter, count};
use crate::reconnect::{Session, keep_up};
use crate::tick::Tick;
use crate::{Failure, Shared};

/// How long a connection may take, and how long a feed may say nothing: then it is asked, and then it is given up.
const CONNECT: Duration = Duration::from_secs(10);
const QUIET: Duration = Duration::from_secs(10);
/// How long its answer to our goodbye may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// A feed, and how far it was followed.
#[derive(Debug)]
pub struct Feed {
    url: String,
    next: Cell<u64>,
    meter: Shared<Meter>,
}

impl Feed {
    /// The feed at `ws://HOST:PORT/`, from that number on.
    pub fn new(url: &str, from: u64, meter: Shared<Meter>) -> Feed {
        Feed {
            url: url.trim_end_matches('/').to_owned(),
            next: Cell::new(from),
            meter,
        }
    }

    /// Hands on tick after tick, until the tape is at its end or nobody takes them any more.
    ///
    /// Cancelled, it says goodbye to the feed.
    pub async fn follow(&self, put: impl AsyncFn(Tick) -> Result<(), QueueShutDown>) {
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(10));
        keep_up(backoff, async || {
            let before = self.next.get();
            match self.session(&put).await {
                Ok(()) => Session::Over,
                Err(error) => {
                    self.meter.set_trouble(Some(format!("{error} ({})", self.url)));
                    Session::Lost {
                        was_good: self.next.get() > before,
                    }
                }
            }
        })
        .await;
    }

    /// One connection: `Ok` when there is no more to come.
    async fn session(&self, put: &impl AsyncFn(Tick) -> Result<(), QueueShutDown>) -> Result<(), Failure> {
        let mut socket = timeout(CONNECT, self.connect()).await??;
        count(&self.meter.connections);
        self.meter.set_trouble(None);
        let _up = Up::new(&self.meter.up);
        on_cancel!({ self.read(&mut socket, put).await }, {
            drop(timeout(FAREWELL, say_goodbye(&mut socket)).await);
        })
    }

    async fn connect(&self) -> Result<WebSocketStream<TcpStream>, Failure> {
        let url = format!("{}/?from={}", self.url, self.next.get());
        let uri: Uri = url.parse()?;
        let host = uri.host().ok_or("the address names no host")?;
        let stream = TcpStream::connect((host, uri.port_u16().unwrap_or(80))).await?;
        let (socket, _response) = client_async(url.as_str(), stream).await?;
        Ok(socket)
    }

    async fn read(
        &self,
        socket: &mut WebSocketStream<TcpStream>,
        put: &impl AsyncFn(Tick) -> Result<(), QueueShutDown>,
    ) -> Result<(), Failure> {
        let mut asked = false;
        loop {
            let Ok(message) = timeout(QUIET, socket.next()).await else {
                // A feed may be quiet, and a cable may be unplugged: only an answer tells.
                if asked {
                    return Err(io::Error::from(io::ErrorKind::TimedOut).into());
                }
                asked = true;
                socket.send(Message::Ping("there?".into())).await?;
                continue;
            };
            asked = false;
            match message.ok_or(WebSocketError::ConnectionClosed)?? {
                Message::Text(text) => {
                    let tick: Tick = serde_json::from_str(&text)?;
                    if !self.expects(tick.seq) {
                        continue;
                    }
                    let after = tick.seq + 1;
                    if put(tick).await.is_err() {
                        return Ok(());
                    }
                    self.next.set(after);
                }
                Message::Close(Some(frame)) if frame.code == CloseCode::Normal => {
                    // The answer to it goes out with the next look.
                    while let Some(Ok(_)) = socket.next().await {}
                    return Ok(());
                }
                _ => {}
            }
        }
    }

    /// Whether a tick is new; numbers that were skipped are counted.
    fn expects(&self, seq: u64) -> bool {
        let next = self.next.get();
        let skipped = seq.saturating_sub(next);
        self.meter.gaps.set(self.meter.gaps.get() + skipped);
        seq >= next
    }
}

async fn say_goodbye(socket: &mut WebSocketStream<TcpStream>) -> Result<(), WebSocketError> {
    let reason = CloseFrame {
        code: CloseCode::Away,
        reason: "the pipeline ends".into(),
    };
    socket.close(Some(reason)).await?;
    while socket.next().await.transpose()?.is_some() {}
    Ok(())
}

/// A feed that is connected, as long as this lives.
struct Up<'a>(&'a Cell<usize>);

impl<'a> Up<'a> {
    fn new(count: &'a Cell<usize>) -> Up<'a> {
        count.set(count.get() + 1);
        Up(count)
    }
}

impl Drop for Up<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
