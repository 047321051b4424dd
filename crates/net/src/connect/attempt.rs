//! One attempt to connect to one address, with the options that a socket needs before that.

use std::io;
use std::net::SocketAddr;

use asyncio_reactor::Async;
use socket2::{Domain, Protocol, Socket, Type};

use crate::error::named;
use crate::resolve::Family;
use crate::{Keepalive, TcpStream};

/// The options of a socket that is to connect.
#[derive(Clone, Debug)]
pub(super) struct SocketOptions {
    pub(super) nodelay: Option<bool>,
    pub(super) keepalive: Option<Keepalive>,
    pub(super) recv_buffer_size: Option<usize>,
    pub(super) send_buffer_size: Option<usize>,
}

impl SocketOptions {
    pub(super) const NONE: SocketOptions = SocketOptions {
        nodelay: None,
        keepalive: None,
        recv_buffer_size: None,
        send_buffer_size: None,
    };
}

/// Connects to `address`, from the first address of `locals` that has its family and can be had. Dropping the future
/// closes the socket.
pub(super) async fn attempt(
    options: &SocketOptions,
    locals: Option<&[SocketAddr]>,
    address: SocketAddr,
) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    if let Some(locals) = locals {
        bind(&socket, locals, Family::of(&address))?;
    }
    // The size of the window is agreed upon with the first packet.
    if let Some(bytes) = options.recv_buffer_size {
        socket.set_recv_buffer_size(bytes)?;
    }
    if let Some(bytes) = options.send_buffer_size {
        socket.set_send_buffer_size(bytes)?;
    }
    match socket.connect(&address.into()) {
        Err(error) if !is_under_way(&error) => return Err(error),
        _ => {}
    }
    let stream = TcpStream::from_async(Async::new_nonblocking(socket.into())?);
    if let Some(nodelay) = options.nodelay {
        stream.set_nodelay(nodelay)?;
    }
    if let Some(keepalive) = &options.keepalive {
        stream.set_keepalive(Some(keepalive))?;
    }
    stream.as_async().writable().await?;
    match stream.take_error()? {
        Some(error) => Err(error),
        None => Ok(stream),
    }
}

fn bind(socket: &Socket, locals: &[SocketAddr], family: Family) -> io::Result<()> {
    let mut last = None;
    for local in locals.iter().filter(|local| Family::of(local) == family) {
        match socket.bind(&(*local).into()) {
            Ok(()) => return Ok(()),
            Err(error) => last = Some(named(format!("cannot bind to {local}"), error)),
        }
    }
    let none = || {
        let message = format!("no local address for {} was given", family.name());
        io::Error::new(io::ErrorKind::AddrNotAvailable, message)
    };
    Err(last.unwrap_or_else(none))
}

#[cfg(unix)]
fn is_under_way(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EINPROGRESS)
}

#[cfg(not(unix))]
fn is_under_way(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}
