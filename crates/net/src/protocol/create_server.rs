//! `create_server`: a server whose connections have protocols.

#[cfg(unix)]
use std::path::Path;
use std::rc::Rc;

use super::engine::AnyProtocol;
use crate::addr::ToAddrs;
#[cfg(unix)]
use crate::server::StartUnixServer;
use crate::server::{MakeEach, StartServer};

fn make<P: AnyProtocol<Kind>, Kind>(factory: impl Fn() -> P + 'static) -> MakeEach {
    Rc::new(move || factory().into_engine().0)
}

/// Gives each connection to an address a protocol that `factory` makes. All run on the loop of this thread, without a
/// task for each. All addresses that a name stands for are listened on.
///
/// The server is the one of [`start_server`](crate::start_server), with the same options; a limit for readers means
/// nothing here. [`close_clients`](crate::Server::close_clients) closes the connections, and when the server is
/// dropped they are aborted.
///
/// # Errors
///
/// The operating system's, with the address.
///
/// # Panics
///
/// When awaited where no loop runs.
///
/// # Python
///
/// `loop.create_server`.
///
/// # Examples
///
/// ```
/// use asyncio_net::{BaseProtocol, Protocol, Transport, create_server, open_connection};
///
/// #[derive(Default)]
/// struct Echo {
///     transport: Option<Transport>,
/// }
///
/// impl BaseProtocol for Echo {
///     fn connection_made(&mut self, transport: Transport) {
///         self.transport = Some(transport);
///     }
/// }
///
/// impl Protocol for Echo {
///     fn data_received(&mut self, data: &[u8]) {
///         if let Some(transport) = &self.transport {
///             // An error is told by `connection_lost` too.
///             let _ = transport.write(data);
///         }
///     }
/// }
///
/// # asyncio_loop::Runner::new().run(async {
/// let server = create_server(Echo::default, "127.0.0.1:0").await?;
/// let (mut reader, writer) = open_connection(server.sockets()[0]).await?;
/// writer.write(b"hello")?;
/// assert_eq!(reader.readexactly(5).await?, "hello");
/// # Ok::<(), asyncio_net::StreamError>(())
/// # }).unwrap().unwrap();
/// ```
#[track_caller]
pub fn create_server<F, P, Kind>(factory: F, address: impl ToAddrs) -> StartServer
where
    F: Fn() -> P + 'static,
    P: AnyProtocol<Kind>,
{
    StartServer::with_protocols(address.named(), make(factory))
}

/// As [`create_server`], on a Unix socket. A socket that an earlier server left at `path` is replaced. Unix only.
///
/// # Errors
///
/// The operating system's, with the path.
///
/// # Panics
///
/// When awaited where no loop runs.
///
/// # Python
///
/// `loop.create_unix_server`.
#[cfg(unix)]
#[track_caller]
pub fn create_unix_server<F, P, Kind>(factory: F, path: impl AsRef<Path>) -> StartUnixServer
where
    F: Fn() -> P + 'static,
    P: AnyProtocol<Kind>,
{
    StartUnixServer::with_protocols(path.as_ref(), make(factory))
}
