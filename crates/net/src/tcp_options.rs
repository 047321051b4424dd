//! The socket options of a `TcpStream`, and `Keepalive`.
//!
//! A getter asks the system each time; nothing is cached.

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

use crate::TcpStream;

/// When and how often a silent connection is probed; see [`TcpStream::set_keepalive`].
///
/// What is not set is the system's choice.
#[derive(Debug, Clone, Default)]
pub struct Keepalive {
    time: Option<Duration>,
    interval: Option<Duration>,
    retries: Option<u32>,
}

impl Keepalive {
    /// Probes as the system is used to.
    pub fn new() -> Keepalive {
        Keepalive::default()
    }

    /// Sends the first probe after so long a silence.
    ///
    /// # Units
    ///
    /// Systems count whole seconds.
    pub fn time(mut self, silence: Duration) -> Keepalive {
        self.time = Some(silence);
        self
    }

    /// Sends further probes so far apart. OpenBSD and Solaris know no such setting and ignore it.
    ///
    /// # Units
    ///
    /// Systems count whole seconds.
    pub fn interval(mut self, apart: Duration) -> Keepalive {
        self.interval = Some(apart);
        self
    }

    /// Gives the connection up after so many probes without an answer. OpenBSD and Solaris know no such setting and
    /// ignore it; so does Windows before version 10.0.15063.
    pub fn retries(mut self, probes: u32) -> Keepalive {
        self.retries = Some(probes);
        self
    }

    pub(crate) fn to_options(&self) -> TcpKeepalive {
        let mut options = TcpKeepalive::new();
        if let Some(time) = self.time {
            options = options.with_time(time);
        }
        #[cfg(not(any(target_os = "openbsd", target_os = "solaris", target_os = "illumos")))]
        {
            if let Some(interval) = self.interval {
                options = options.with_interval(interval);
            }
            if let Some(retries) = self.retries {
                options = options.with_retries(retries);
            }
        }
        options
    }
}

impl TcpStream {
    /// Decides whether small writes go out at once (`true`) or are gathered first.
    ///
    /// # Errors
    ///
    /// The operating system's.
    ///
    /// # Python
    ///
    /// `TCP_NODELAY`, which asyncio sets on its own transports; here it is left to the caller.
    #[doc(alias = "TCP_NODELAY")]
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.as_async().get_ref().set_nodelay(nodelay)
    }

    /// Do small writes go out at once?
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.as_async().get_ref().nodelay()
    }

    /// Sets the time to live of the packets sent.
    ///
    /// # Units
    ///
    /// Hops.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.as_async().get_ref().set_ttl(ttl)
    }

    /// The time to live of the packets sent.
    ///
    /// # Units
    ///
    /// Hops.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn ttl(&self) -> io::Result<u32> {
        self.as_async().get_ref().ttl()
    }

    /// Sets what the system does at the close with bytes that it has not sent yet: `None`, it goes on sending behind
    /// our back; zero, it throws them away and resets the connection. With any other value the close, and with it
    /// the drop of this stream, may block its thread for so long.
    ///
    /// # Units
    ///
    /// The system counts whole seconds.
    ///
    /// # Errors
    ///
    /// The operating system's.
    #[doc(alias = "SO_LINGER")]
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        self.options().set_linger(linger)
    }

    /// What [`set_linger`](TcpStream::set_linger) has set.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        self.options().linger()
    }

    /// Probes the peer during silence, so that a connection whose other end has vanished fails in the end; `None`
    /// turns that off.
    ///
    /// # Errors
    ///
    /// The operating system's.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use asyncio_net::{Keepalive, TcpListener, TcpStream};
    ///
    /// # futures_lite::future::block_on(async {
    /// let listener = TcpListener::bind("127.0.0.1:0").await?;
    /// let stream = TcpStream::connect(listener.local_addr()?).await?;
    /// let probes = Keepalive::new().time(Duration::from_secs(60)).retries(3);
    /// stream.set_keepalive(Some(&probes))?;
    /// assert!(stream.keepalive()?);
    /// # std::io::Result::Ok(())
    /// # }).unwrap();
    /// ```
    #[doc(alias = "SO_KEEPALIVE")]
    pub fn set_keepalive(&self, probes: Option<&Keepalive>) -> io::Result<()> {
        match probes {
            Some(probes) => self.options().set_tcp_keepalive(&probes.to_options()),
            None => self.options().set_keepalive(false),
        }
    }

    /// Is the peer probed during silence?
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn keepalive(&self) -> io::Result<bool> {
        self.options().keepalive()
    }

    /// Sets the size of the system's buffer for receiving.
    ///
    /// # Units
    ///
    /// Bytes. Linux doubles the number, for its own bookkeeping.
    ///
    /// # Errors
    ///
    /// The operating system's.
    #[doc(alias = "SO_RCVBUF")]
    pub fn set_recv_buffer_size(&self, bytes: usize) -> io::Result<()> {
        self.options().set_recv_buffer_size(bytes)
    }

    /// The size of the system's buffer for receiving.
    ///
    /// # Units
    ///
    /// Bytes.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn recv_buffer_size(&self) -> io::Result<usize> {
        self.options().recv_buffer_size()
    }

    /// Sets the size of the system's buffer for sending.
    ///
    /// # Units
    ///
    /// Bytes. Linux doubles the number, for its own bookkeeping.
    ///
    /// # Errors
    ///
    /// The operating system's.
    #[doc(alias = "SO_SNDBUF")]
    pub fn set_send_buffer_size(&self, bytes: usize) -> io::Result<()> {
        self.options().set_send_buffer_size(bytes)
    }

    /// The size of the system's buffer for sending.
    ///
    /// # Units
    ///
    /// Bytes.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub fn send_buffer_size(&self) -> io::Result<usize> {
        self.options().send_buffer_size()
    }

    /// The error that the socket has stored, if any; it is cleared.
    ///
    /// # Errors
    ///
    /// The operating system's, when it cannot be asked.
    #[doc(alias = "SO_ERROR")]
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.as_async().get_ref().take_error()
    }

    fn options(&self) -> SockRef<'_> {
        SockRef::from(self.as_async().get_ref())
    }
}
