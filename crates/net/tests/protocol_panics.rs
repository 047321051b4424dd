//! Protocols that panic, in whichever of their calls: it is reported, the connection ends, and others go on.

#[path = "kit/recorder.rs"]
mod recorder;

use std::cell::RefCell;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::rc::Rc;

use asyncio_net::{
    BaseProtocol, BufferedProtocol, DatagramProtocol, DatagramTransport, Transport, UdpSocket,
    create_datagram_endpoint, create_server, open_connection,
};
use asyncio_tasks::yield_now;

use recorder::run_reported;

/// What was called, with the error of the end.
type Calls = Rc<RefCell<Vec<(&'static str, Option<ErrorKind>)>>>;

/// Panics in the call of this name.
#[derive(Clone)]
struct Panics {
    at: &'static str,
    calls: Calls,
    buffer: Vec<u8>,
}

impl Panics {
    fn new(at: &'static str) -> Panics {
        Panics {
            at,
            calls: Calls::default(),
            buffer: vec![0; 16],
        }
    }

    fn called(&self, name: &'static str, error: Option<ErrorKind>) {
        self.calls.borrow_mut().push((name, error));
        assert!(name != self.at, "on purpose");
    }

    fn has(&self, name: &str) -> bool {
        self.calls.borrow().iter().any(|(called, _)| *called == name)
    }

    async fn until(&self, name: &str) {
        while !self.has(name) {
            yield_now().await;
        }
    }

    /// The connection was lost for this reason, once, and nothing was called after it.
    fn assert_lost(&self) {
        let calls = self.calls.borrow();
        let lost: Vec<_> = calls
            .iter()
            .filter(|(name, _)| *name == "connection_lost")
            .collect();
        assert_eq!(lost, [&("connection_lost", Some(ErrorKind::Other))], "{calls:?}");
        assert_eq!(calls.last(), lost.first().copied());
    }
}

macro_rules! base {
    ($transport:ty) => {
        impl BaseProtocol<$transport> for Panics {
            fn connection_made(&mut self, _: $transport) {
                self.called("connection_made", None);
            }

            fn connection_lost(&mut self, error: Option<io::Error>) {
                self.called("connection_lost", error.map(|error| error.kind()));
            }

            fn pause_writing(&mut self) {
                self.called("pause_writing", None);
            }

            fn resume_writing(&mut self) {
                self.called("resume_writing", None);
            }
        }
    };
}

base!(Transport);
base!(DatagramTransport);

impl BufferedProtocol for Panics {
    fn get_buffer(&mut self, _: Option<usize>) -> &mut [u8] {
        self.called("get_buffer", None);
        &mut self.buffer
    }

    fn buffer_updated(&mut self, _: usize) {
        self.called("buffer_updated", None);
    }
}

impl DatagramProtocol for Panics {
    fn datagram_received(&mut self, _: &[u8], _: SocketAddr) {
        self.called("datagram_received", None);
    }

    fn error_received(&mut self, _: io::Error) {
        self.called("error_received", None);
    }
}

fn assert_reported(reports: &[String], at: &str) {
    assert_eq!(reports.len(), 1, "{reports:?}");
    let expected = format!("Fatal error: protocol.{at}() call failed.");
    assert!(reports[0].starts_with(&expected), "{reports:?}");
}

// TRP-35, TRP-36
#[test]
fn a_panic_over_its_buffer_ends_the_connection_and_not_the_server() {
    for at in ["get_buffer", "buffer_updated"] {
        let ((), reports) = run_reported(async {
            let first = Panics::new(at);
            let others = Panics::new("");
            let (make, rest) = (RefCell::new(Some(first.clone())), others.clone());
            let factory = move || make.take().unwrap_or_else(|| rest.clone());
            let server = create_server(factory, "127.0.0.1:0").await?;
            let (mut reader, writer) = open_connection(server.sockets()[0]).await?;
            writer.write(b"x")?;
            first.until("connection_lost").await;
            first.assert_lost();
            // The peer sees the end, in whatever way.
            let _ = reader.read_to_end().await;
            let (_reader, writer) = open_connection(server.sockets()[0]).await?;
            writer.write(b"x")?;
            others.until("buffer_updated").await;
            Ok(())
        });
        assert_reported(&reports, at);
    }
}

// TRP-31, TRP-32
#[test]
fn a_panic_over_flow_control_ends_the_connection() {
    for at in ["pause_writing", "resume_writing"] {
        let ((), reports) = run_reported(async {
            let protocol = Panics::new(at);
            let made = protocol.clone();
            let listener = asyncio_net::TcpListener::bind("127.0.0.1:0").await?;
            let transport = asyncio_net::create_connection(move || made, listener.local_addr()?).await?;
            let (peer, _) = listener.accept().await?;
            let (mut reader, _writer) = asyncio_net::stream(peer);
            // The one who writes is not harmed.
            transport.write(&vec![7; 16 << 20])?;
            if at == "resume_writing" {
                assert!(protocol.has("pause_writing"));
                let _ = reader.read_to_end().await;
            }
            protocol.until("connection_lost").await;
            protocol.assert_lost();
            assert!(transport.write(b"more").is_err());
            Ok(())
        });
        assert_reported(&reports, at);
    }
}

// TRP-29, TRP-38, TRP-39
#[test]
fn a_panic_ends_an_endpoint_of_datagrams() {
    for at in ["connection_made", "datagram_received", "error_received"] {
        let ((), reports) = run_reported(async {
            let protocol = Panics::new(at);
            let made = protocol.clone();
            let peer = UdpSocket::bind("127.0.0.1:0").await?;
            let address = peer.local_addr()?;
            let endpoint = create_datagram_endpoint(move || made)
                .remote_addr(address)
                .await?;
            match at {
                "datagram_received" => {
                    peer.send_to(b"x", endpoint.local_addr()?).await?;
                }
                "error_received" => {
                    drop(peer);
                    endpoint.send_to(b"nobody hears this", None)?;
                }
                _ => {}
            }
            protocol.until("connection_lost").await;
            protocol.assert_lost();
            assert!(endpoint.is_closing());
            Ok(())
        });
        assert_reported(&reports, at);
    }
}
