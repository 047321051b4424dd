//! asyncio for Rust with protocols: no task for a connection.

use std::future::{Future, pending};
use std::time::Instant;

use asyncio::net::{BaseProtocol, Protocol, Transport, create_server};

use super::{Ours, Peer};

/// As [`Ours`], but the echo is a protocol.
#[derive(Clone, Copy)]
pub struct OursProtocol;

#[derive(Default)]
struct Echo {
    transport: Option<Transport>,
}

impl BaseProtocol for Echo {
    fn connection_made(&mut self, transport: Transport) {
        self.transport = Some(transport);
    }
}

impl Protocol for Echo {
    fn data_received(&mut self, data: &[u8]) {
        if let Some(transport) = &self.transport {
            let _ = transport.write(data);
        }
    }
}

impl Peer for OursProtocol {
    fn run<F: Future>(main: impl FnOnce(Self) -> F) -> F::Output {
        Ours::run(|_| main(OursProtocol))
    }

    fn spawn<F>(self, future: F) -> impl Future + 'static
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        Ours.spawn(future)
    }

    fn sleep_until(self, deadline: Instant) -> impl Future + 'static {
        Ours.sleep_until(deadline)
    }

    fn blocking(self, f: fn()) -> impl Future + 'static {
        Ours.blocking(f)
    }

    async fn tcp_echo(self, _: usize, bound: impl FnOnce(u16) + 'static) {
        let server = create_server(Echo::default, "127.0.0.1:0")
            .backlog(1024)
            .await
            .unwrap();
        bound(server.sockets()[0].port());
        pending::<()>().await;
    }

    async fn udp_echo(self, bound: impl FnOnce(u16) + 'static) {
        Ours.udp_echo(bound).await;
    }
}
