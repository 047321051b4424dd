//! `Listener`: where connections come from.

use std::io;
use std::pin::Pin;

use asyncio_net::{TcpListener, TcpStream};
#[cfg(unix)]
use asyncio_net::{UnixListener, UnixStream};

/// A listener of `asyncio-net`. Sealed.
pub trait Listener: sealed::Sealed<Accepted = Self::Stream> + Send + Sync + 'static {
    /// What it accepts.
    type Stream: sealed::Accepted;
}

pub(crate) mod sealed {
    use super::*;

    /// Connections as they come, without an end.
    pub(crate) type Incoming<'a, S> = Pin<Box<dyn futures_core::Stream<Item = io::Result<S>> + Send + 'a>>;

    pub trait Sealed: Sized {
        type Accepted;

        /// The same listener, registered with the drivers of this thread.
        fn again(self) -> io::Result<Self>;
        fn incoming(&self) -> Incoming<'_, Self::Accepted>;
    }

    /// What comes from a listener.
    pub trait Accepted: crate::Stream + asyncio_net::Wire + Send + 'static {
        fn set_nodelay(&self);
    }
}

impl sealed::Sealed for TcpListener {
    type Accepted = TcpStream;

    fn again(self) -> io::Result<TcpListener> {
        TcpListener::from_std(self.into_std()?)
    }

    fn incoming(&self) -> sealed::Incoming<'_, TcpStream> {
        Box::pin(TcpListener::incoming(self))
    }
}

impl Listener for TcpListener {
    type Stream = TcpStream;
}

impl sealed::Accepted for TcpStream {
    /// A connection that is gone already will tell by itself.
    fn set_nodelay(&self) {
        let _gone = self.as_async().get_ref().set_nodelay(true);
    }
}

#[cfg(unix)]
impl sealed::Sealed for UnixListener {
    type Accepted = UnixStream;

    fn again(self) -> io::Result<UnixListener> {
        UnixListener::from_std(self.into_std()?)
    }

    fn incoming(&self) -> sealed::Incoming<'_, UnixStream> {
        Box::pin(UnixListener::incoming(self))
    }
}

#[cfg(unix)]
impl Listener for UnixListener {
    type Stream = UnixStream;
}

#[cfg(unix)]
impl sealed::Accepted for UnixStream {
    fn set_nodelay(&self) {}
}
