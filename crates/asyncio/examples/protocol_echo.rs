//! An echo server of protocols, over TCP and UDP: `cargo run --example protocol_echo -- 127.0.0.1:7777`.
//!
//! No task belongs to a connection. A client that does not read what it gets back is not read from. Ctrl-C ends it.

use std::io;
use std::net::SocketAddr;

use asyncio::net::{
    BaseProtocol, DatagramProtocol, DatagramTransport, Protocol, Transport, create_datagram_endpoint,
    create_server,
};

#[derive(Default)]
struct Echo {
    transport: Option<Transport>,
}

impl BaseProtocol for Echo {
    fn connection_made(&mut self, transport: Transport) {
        self.transport = Some(transport);
    }

    fn pause_writing(&mut self) {
        if let Some(transport) = &self.transport {
            transport.pause_reading();
        }
    }

    fn resume_writing(&mut self) {
        if let Some(transport) = &self.transport {
            transport.resume_reading();
        }
    }
}

impl Protocol for Echo {
    fn data_received(&mut self, data: &[u8]) {
        if let Some(transport) = &self.transport {
            // A client that has gone needs no answer.
            let _ = transport.write(data);
        }
    }

    /// What was read is sent back before the connection closes.
    fn eof_received(&mut self) -> bool {
        false
    }
}

#[derive(Default)]
struct EchoDatagrams {
    transport: Option<DatagramTransport>,
}

impl BaseProtocol<DatagramTransport> for EchoDatagrams {
    fn connection_made(&mut self, transport: DatagramTransport) {
        self.transport = Some(transport);
    }
}

impl DatagramProtocol for EchoDatagrams {
    fn datagram_received(&mut self, data: &[u8], from: SocketAddr) {
        if let Some(transport) = &self.transport {
            let _ = transport.send_to(data, Some(from));
        }
    }
}

async fn serve(address: &str) -> io::Result<()> {
    let server = create_server(Echo::default, address).await?;
    let address = server.sockets()[0];
    let _endpoint = create_datagram_endpoint(EchoDatagrams::default)
        .local_addr(address)
        .await?;
    println!("serving on {address}");
    server.serve_forever().await
}

fn main() -> io::Result<()> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:7777".to_owned());
    asyncio::run(serve(&address))
}
