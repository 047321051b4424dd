//! Protocols over datagrams.

#[path = "kit/recorder.rs"]
mod recorder;

use std::cell::RefCell;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::rc::Rc;

use asyncio_net::{
    BaseProtocol, DatagramProtocol, DatagramTransport, Family, UdpSocket, create_datagram_endpoint,
};
use asyncio_tasks::yield_now;

use recorder::{run, run_reported};

static_assertions::assert_impl_all!(DatagramTransport: Send, Sync, Unpin, Clone);

#[derive(Debug, PartialEq, Clone)]
enum Told {
    Made,
    Data(Vec<u8>, SocketAddr),
    Error(ErrorKind),
    Pause,
    Resume,
    Lost(Option<ErrorKind>),
}

#[derive(Clone, Default)]
struct Log(Rc<RefCell<Vec<Told>>>);

impl Log {
    fn add(&self, told: Told) {
        self.0.borrow_mut().push(told);
    }

    fn told(&self) -> Vec<Told> {
        self.0.borrow().clone()
    }

    async fn until(&self, done: impl Fn(&[Told]) -> bool) {
        while !done(&self.0.borrow()) {
            yield_now().await;
        }
    }
}

impl BaseProtocol<DatagramTransport> for Log {
    fn connection_made(&mut self, _: DatagramTransport) {
        self.add(Told::Made);
    }

    fn connection_lost(&mut self, error: Option<io::Error>) {
        self.add(Told::Lost(error.map(|error| error.kind())));
    }

    fn pause_writing(&mut self) {
        self.add(Told::Pause);
    }

    fn resume_writing(&mut self) {
        self.add(Told::Resume);
    }
}

impl DatagramProtocol for Log {
    fn datagram_received(&mut self, data: &[u8], from: SocketAddr) {
        assert!(data != b"panic", "on purpose");
        self.add(Told::Data(data.to_vec(), from));
    }

    fn error_received(&mut self, error: io::Error) {
        self.add(Told::Error(error.kind()));
    }
}

async fn endpoint(log: &Log) -> io::Result<DatagramTransport> {
    let log = log.clone();
    create_datagram_endpoint(move || log)
        .local_addr("127.0.0.1:0")
        .await
}

// LOP-32, TRP-18, TRP-38
#[test]
fn datagrams_come_and_go_whole_also_empty_ones() {
    run(async {
        let log = Log::default();
        let transport = endpoint(&log).await?;
        assert_eq!(log.told(), [Told::Made]);
        let other = UdpSocket::bind("127.0.0.1:0").await?;
        let from = other.local_addr()?;
        other.send_to(b"one", transport.local_addr()?).await?;
        other.send_to(b"", transport.local_addr()?).await?;
        log.until(|told| told.len() == 3).await;
        let two = [Told::Data(b"one".to_vec(), from), Told::Data(Vec::new(), from)];
        assert_eq!(log.told()[1..], two);
        let mut buffer = [0; 16];
        for data in [&b"answer"[..], b""] {
            transport.send_to(data, Some(from))?;
            assert_eq!(other.recv(&mut buffer).await?, data.len());
        }
        assert_eq!(
            transport.send_to(b"x", None).unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
        transport.close();
        assert_eq!(
            transport.send_to(b"x", Some(from)).unwrap_err().kind(),
            ErrorKind::NotConnected
        );
        log.until(|told| told.last() == Some(&Told::Lost(None))).await;
        Ok(())
    });
}

// LOP-32
#[test]
fn endpoints_may_share_a_port_and_keep_to_a_family() {
    run(async {
        let make = || create_datagram_endpoint(Log::default);
        #[cfg(unix)]
        {
            let one = make().local_addr("127.0.0.1:0").reuse_port(true).await?;
            let address = one.local_addr()?;
            let other = make().local_addr(address).reuse_port(true).await?;
            assert_eq!(other.local_addr()?, address);
            assert!(make().local_addr(address).await.is_err());
        }
        if UdpSocket::bind("[::]:0").await.is_ok() {
            assert!(make().family(Family::V6).await?.local_addr()?.is_ipv6());
        }
        assert!(make().await?.local_addr()?.is_ipv4());
        let named = make().local_addr(("localhost", 0)).family(Family::V4).await?;
        assert!(named.local_addr()?.is_ipv4());
        let broadcasts = make().allow_broadcast(true).await?;
        assert!(broadcasts.socket().broadcast()?);
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        let refused = [
            make().local_addr("127.0.0.1:0").family(Family::V6).await,
            make().local_addr("[::1]:0").remote_addr("127.0.0.1:9").await,
            make().sock(socket).allow_broadcast(true).await,
        ];
        for refused in refused {
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidInput);
        }
        Ok(())
    });
}

// TRP-18, TRP-39
#[test]
fn a_peer_that_is_not_there_is_told_and_the_endpoint_goes_on() {
    run(async {
        let log = Log::default();
        let peer = UdpSocket::bind("127.0.0.1:0").await?;
        let address = peer.local_addr()?;
        let inner = log.clone();
        let transport = create_datagram_endpoint(move || inner)
            .remote_addr(address)
            .await?;
        assert_eq!(transport.peer_addr(), Some(address));
        let stranger = "127.0.0.1:9".parse().unwrap();
        assert_eq!(
            transport.send_to(b"x", Some(stranger)).unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
        drop(peer);
        transport.send_to(b"nobody hears this", None)?;
        log.until(|told| told.contains(&Told::Error(ErrorKind::ConnectionRefused)))
            .await;
        let peer = UdpSocket::bind(address).await?;
        transport.send_to(b"again", Some(address))?;
        let mut buffer = [0; 16];
        assert_eq!(peer.recv(&mut buffer).await?, 5);
        assert!(!transport.is_closing());
        Ok(())
    });
}

// TRP-19
#[test]
fn the_marks_are_those_of_streams_and_an_abort_is_told_in_its_turn() {
    run(async {
        let log = Log::default();
        let transport = endpoint(&log).await?;
        assert_eq!(transport.get_write_buffer_limits(), (16 << 10, 64 << 10));
        assert!(transport.set_write_buffer_limits(Some(1), Some(2)).is_err());
        transport.set_write_buffer_limits(Some(100), None).unwrap();
        assert_eq!(transport.get_write_buffer_limits(), (25, 100));
        assert_eq!(transport.get_write_buffer_size(), 0);
        transport.abort();
        assert_eq!(log.told(), [Told::Made], "not inside of the call");
        log.until(|told| told.last() == Some(&Told::Lost(None))).await;
        Ok(())
    });
}

#[test]
fn a_panic_is_reported_and_ends_the_endpoint() {
    let ((), reports) = run_reported(async {
        let log = Log::default();
        let transport = endpoint(&log).await?;
        let other = UdpSocket::bind("127.0.0.1:0").await?;
        other.send_to(b"panic", transport.local_addr()?).await?;
        log.until(|told| told.last() == Some(&Told::Lost(Some(ErrorKind::Other))))
            .await;
        Ok(())
    });
    assert!(reports[0].contains("datagram_received"), "{reports:?}");
}
