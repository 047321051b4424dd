//! What `std` offers: names and ports, no names of services, no way back from an address. Never run.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

use super::NameFlags;
use crate::resolve::query::{AddrInfo, Family, Question, Service, SockType};

pub(in crate::resolve) fn getaddrinfo(question: &Question) -> io::Result<Vec<AddrInfo>> {
    let port = match &question.service {
        Service::Port(port) => *port,
        Service::Name(name) => return Err(unsupported(format!("the port {name:?} must be a number"))),
    };
    if question.canonname || question.flags != 0 {
        return Err(unsupported("this flag is not there on this system".to_owned()));
    }
    let found: Vec<SocketAddr> = match (&question.host.0, question.passive) {
        (None, true) => vec![([0; 8], port).into(), ([0; 4], port).into()],
        (None, false) => vec![
            ([0, 0, 0, 0, 0, 0, 0, 1], port).into(),
            ([127, 0, 0, 1], port).into(),
        ],
        (Some(host), _) if question.numeric_host => match host.parse() {
            Ok(ip) => vec![SocketAddr::new(ip, port)],
            Err(_) => return Err(io::Error::new(io::ErrorKind::NotFound, "it is not an address")),
        },
        (Some(host), _) => (host.as_str(), port).to_socket_addrs()?.collect(),
    };
    let socktype = question.socktype.unwrap_or(SockType::Stream);
    let proto = match (question.proto, socktype) {
        (0, SockType::Stream) => 6,
        (0, SockType::Datagram) => 17,
        (proto, _) => proto,
    };
    let wanted = |addr: &SocketAddr| question.family.is_none_or(|family| family == Family::of(addr));
    let answer = |addr| AddrInfo {
        socktype,
        proto,
        canonname: None,
        addr,
    };
    Ok(found.into_iter().filter(wanted).map(answer).collect())
}

pub(in crate::resolve) fn getnameinfo(addr: &SocketAddr, flags: NameFlags) -> io::Result<(String, String)> {
    if !(flags.numeric_host && flags.numeric_service) {
        return Err(unsupported(
            "on this system only numeric_host and numeric_service are there".to_owned(),
        ));
    }
    Ok((addr.ip().to_string(), addr.port().to_string()))
}

fn unsupported(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::Unsupported, message)
}
