//! Protocols over the datagrams of Unix sockets, and what waits when a peer takes none. Unix only.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

#[path = "kit/recorder.rs"]
mod recorder;

use std::cell::RefCell;
use std::io::{self, ErrorKind};
use std::os::unix::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;

use asyncio_net::{
    BaseProtocol, DatagramProtocol, DatagramTransport, UnixDatagram, create_unix_datagram_endpoint,
};
use asyncio_tasks::yield_now;

use recorder::run;

static_assertions::assert_impl_all!(DatagramTransport<UnixDatagram>: Send, Sync, Unpin, Clone);
static_assertions::assert_not_impl_any!(asyncio_net::CreateUnixDatagramEndpoint: Send, Sync);

type Transport = DatagramTransport<UnixDatagram>;

#[derive(Debug, PartialEq, Clone)]
enum Told {
    Made,
    /// With the path of the sender, if it has one.
    Data(Vec<u8>, Option<PathBuf>),
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

    fn has(&self, told: &Told) -> bool {
        self.0.borrow().contains(told)
    }

    async fn until(&self, done: impl Fn(&[Told]) -> bool) {
        while !done(&self.0.borrow()) {
            yield_now().await;
        }
    }
}

impl BaseProtocol<Transport> for Log {
    fn connection_made(&mut self, _: Transport) {
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

impl DatagramProtocol<UnixDatagram> for Log {
    fn datagram_received(&mut self, data: &[u8], from: SocketAddr) {
        self.add(Told::Data(data.to_vec(), from.as_pathname().map(Into::into)));
    }

    fn error_received(&mut self, error: io::Error) {
        self.add(Told::Error(error.kind()));
    }
}

/// A path that nobody else uses, without a file at the end.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        Place(std::env::temp_dir().join(format!("asyncio-datagrams-{name}-{}", std::process::id())))
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::from_pathname(&self.0).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

// LOP-32, TRP-18, TRP-38
#[test]
fn endpoints_on_paths_hear_and_answer_each_other() {
    run(async {
        let (here, there) = (Place::new("here"), Place::new("there"));
        let (heard, answered) = (Log::default(), Log::default());
        let (log, other) = (heard.clone(), answered.clone());
        // What somebody left there is replaced.
        drop(UnixDatagram::bind(&here.0)?);
        let server = create_unix_datagram_endpoint(move || log)
            .local_path(&here.0)
            .await?;
        assert_eq!(server.local_addr()?.as_pathname(), Some(&*here.0));
        let client = create_unix_datagram_endpoint(move || other)
            .local_path(&there.0)
            .remote_path(&here.0)
            .await?;
        assert_eq!(client.peer_addr().unwrap().as_pathname(), Some(&*here.0));
        client.send_to(b"one", None)?;
        client.send_to(b"", Some(here.address()))?;
        let from = Some(there.0.clone());
        let all = [
            Told::Made,
            Told::Data(b"one".to_vec(), from.clone()),
            Told::Data(Vec::new(), from),
        ];
        heard.until(|told| told == all).await;
        server.send_to(b"answer", Some(there.address()))?;
        let answer = Told::Data(b"answer".to_vec(), Some(here.0.clone()));
        answered.until(|told| told.contains(&answer)).await;
        let refused = client.send_to(b"x", Some(there.address())).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput);
        assert_eq!(
            server.send_to(b"x", None).unwrap_err().kind(),
            ErrorKind::InvalidInput
        );
        server.close();
        heard.until(|told| told.last() == Some(&Told::Lost(None))).await;
        assert!(here.0.exists(), "the file stays, as in Python");
        Ok(())
    });
}

// LOP-32, TRP-39
#[test]
fn what_cannot_be_is_refused_and_a_peer_that_is_gone_is_told() {
    run(async {
        let place = Place::new("gone");
        let (one, _other) = UnixDatagram::pair()?;
        let both = create_unix_datagram_endpoint(Log::default)
            .sock(one)
            .local_path(&place.0);
        assert_eq!(both.await.unwrap_err().kind(), ErrorKind::InvalidInput);
        let nobody = create_unix_datagram_endpoint(Log::default)
            .remote_path(&place.0)
            .await;
        let nobody = nobody.unwrap_err().to_string();
        assert!(nobody.contains(&*place.0.to_string_lossy()), "{nobody}");
        let log = Log::default();
        let inner = log.clone();
        let endpoint = create_unix_datagram_endpoint(move || inner).await?;
        assert!(endpoint.local_addr()?.is_unnamed() && endpoint.peer_addr().is_none());
        endpoint.send_to(b"x", Some(place.address()))?;
        log.until(|told| told.contains(&Told::Error(ErrorKind::NotFound)))
            .await;
        assert!(!endpoint.is_closing());
        Ok(())
    });
}

/// Sends to a peer that takes nothing until something waits, and then lets it take all.
async fn fill(
    endpoint: &Transport,
    log: &Log,
    to: Option<SocketAddr>,
    peer: &UnixDatagram,
) -> io::Result<()> {
    let mut sent = 0_u32;
    endpoint.set_write_buffer_limits(Some(1000), Some(100)).unwrap();
    let send = |sent: &mut u32| {
        let mut data = [7; 200];
        data[..4].copy_from_slice(&sent.to_le_bytes());
        *sent += 1;
        endpoint.send_to(&data, to.clone())
    };
    while endpoint.get_write_buffer_size() == 0 {
        send(&mut sent)?;
    }
    // Each counts for eight bytes more than it has.
    assert_eq!(endpoint.get_write_buffer_size(), 208);
    while !log.has(&Told::Pause) {
        send(&mut sent)?;
    }
    assert_eq!(endpoint.get_write_buffer_size(), 5 * 208);
    endpoint.close();
    assert_eq!(
        endpoint.send_to(b"x", to.clone()).unwrap_err().kind(),
        ErrorKind::NotConnected
    );
    let mut buffer = [0; 256];
    for number in 0..sent {
        assert_eq!(peer.recv(&mut buffer).await?, 200);
        assert_eq!(buffer[..4], number.to_le_bytes());
    }
    log.until(|told| told.last() == Some(&Told::Lost(None))).await;
    assert!(log.has(&Told::Resume));
    Ok(())
}

// LOP-32, TRP-14, TRP-31, TRP-32
#[test]
fn datagrams_wait_for_a_peer_that_is_full_and_arrive_in_order() {
    run(async {
        let (one, other) = UnixDatagram::pair()?;
        let log = Log::default();
        let inner = log.clone();
        let endpoint = create_unix_datagram_endpoint(move || inner).sock(one).await?;
        fill(&endpoint, &log, None, &other).await
    });
}

// LOP-32, TRP-14: nobody tells when this peer has room.
#[test]
fn datagrams_to_a_full_peer_that_is_named_each_time_arrive_in_order() {
    run(async {
        let place = Place::new("named");
        let peer = UnixDatagram::bind(&place.0)?;
        let log = Log::default();
        let inner = log.clone();
        let endpoint = create_unix_datagram_endpoint(move || inner).await?;
        fill(&endpoint, &log, Some(place.address()), &peer).await
    });
}

// TRP-19
#[test]
fn an_abort_forgets_what_waits() {
    run(async {
        let (one, other) = UnixDatagram::pair()?;
        let log = Log::default();
        let inner = log.clone();
        let endpoint = create_unix_datagram_endpoint(move || inner).sock(one).await?;
        let mut sent = 0;
        while endpoint.get_write_buffer_size() < 1000 {
            endpoint.send_to(&[7; 200], None)?;
            sent += 1;
        }
        endpoint.abort();
        assert_eq!(endpoint.get_write_buffer_size(), 0);
        log.until(|told| told.last() == Some(&Told::Lost(None))).await;
        drop(endpoint);
        let mut buffer = [0; 256];
        let mut came = 0;
        while other.try_recv(&mut buffer).is_ok_and(|count| count > 0) {
            came += 1;
        }
        assert_eq!(came, sent - 5);
        Ok(())
    });
}
