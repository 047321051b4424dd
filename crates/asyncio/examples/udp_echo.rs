//! A UDP server that sends back what it gets: `cargo run --example udp_echo -- 127.0.0.1:7777`.
//!
//! A datagram that cannot be sent back is reported and given up, as the network would. Ctrl-C ends it.

use std::io;

use asyncio::net::UdpSocket;

/// No datagram is larger.
const LARGEST: usize = 64 * 1024;

async fn serve(address: &str) -> io::Result<()> {
    let socket = UdpSocket::bind(address).await?;
    println!("serving on {}", socket.local_addr()?);
    let mut buffer = vec![0; LARGEST];
    loop {
        // An error here tells of an earlier datagram that did not arrive: the socket goes on.
        match socket.recv_from(&mut buffer).await {
            Ok((count, peer)) => {
                if let Err(error) = socket.send_to(&buffer[..count], peer).await {
                    eprintln!("{peer}: {error}");
                }
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => eprintln!("{error}"),
            Err(error) => return Err(error),
        }
    }
}

fn main() -> io::Result<()> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:7777".to_owned());
    asyncio::run(serve(&address))
}
