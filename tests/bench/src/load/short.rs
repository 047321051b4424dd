//! Connections that live for one message: connect, send, receive, close.
//!
//! A closed connection keeps its pair of addresses for a minute. There are more of them than ports, so the client
//! takes its own address from 127.0.1.0/24, another one each time.

#![expect(unsafe_code, reason = "calls of the C library")]

use std::io;
use std::mem::size_of;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::{Duration, Instant};

use super::poller::Poller;
use super::{Load, SERVER, latencies, message};
use crate::measure::Metrics;

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

fn address(ip: Ipv4Addr, port: u16) -> libc::sockaddr_in {
    libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: port.to_be(),
        sin_addr: libc::in_addr {
            s_addr: u32::from(ip).to_be(),
        },
        sin_zero: [0; 8],
    }
}

/// Starts to connect, from the `number`th address.
fn open(port: u16, number: u64) -> io::Result<OwnedFd> {
    let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: no pointers.
    let socket = check(unsafe { libc::socket(libc::AF_INET, kind, 0) })?;
    // SAFETY: the descriptor is new and nobody else's.
    let socket = unsafe { OwnedFd::from_raw_fd(socket) };
    let fd = socket.as_raw_fd();
    let length = size_of::<libc::sockaddr_in>() as libc::socklen_t;
    let on: libc::c_int = 1;
    for (level, option) in [(libc::IPPROTO_IP, libc::IP_BIND_ADDRESS_NO_PORT), (libc::IPPROTO_TCP, libc::TCP_NODELAY)] {
        let on = (&raw const on).cast();
        // SAFETY: the pointer and the length are those of an int that lives.
        check(unsafe { libc::setsockopt(fd, level, option, on, size_of::<libc::c_int>() as libc::socklen_t) })?;
    }
    let from = address(Ipv4Addr::new(127, 0, 1, (1 + number % 250) as u8), 0);
    // SAFETY: the pointer and the length are those of an address that lives.
    check(unsafe { libc::bind(fd, (&raw const from).cast(), length) })?;
    let to = address(SERVER, port);
    // SAFETY: as above.
    match check(unsafe { libc::connect(fd, (&raw const to).cast(), length) }) {
        Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => Err(error),
        _ => Ok(socket),
    }
}

struct Slot {
    socket: OwnedFd,
    sent: bool,
    received: usize,
    begun: Instant,
}

pub(super) fn connect(load: &Load) -> io::Result<Metrics> {
    let mut poller = Poller::new()?;
    let message = message(1, load.bytes);
    let mut reply = vec![0; load.bytes];
    let mut number = u64::from(std::process::id()) * 7;
    let mut start = |poller: &Poller, key: usize| -> io::Result<Slot> {
        number += 1;
        let begun = Instant::now();
        let socket = open(load.ports[0], number)?;
        poller.add(&socket, key)?;
        Ok(Slot { socket, sent: false, received: 0, begun })
    };
    let mut slots = Vec::with_capacity(load.conns);
    for key in 0..load.conns {
        slots.push(start(&poller, key)?);
    }
    let warm_until = Instant::now() + load.warm;
    let until = warm_until + load.time;
    let (mut first, mut taken, mut keys) = (None, Vec::with_capacity(1 << 18), Vec::new());
    loop {
        poller.wait(&mut keys, Duration::from_secs(1))?;
        if keys.is_empty() {
            return Err(io::Error::other("nothing came back for a second"));
        }
        for key in &keys {
            let slot = &mut slots[*key];
            let fd = slot.socket.as_raw_fd();
            if !slot.sent {
                // SAFETY: the pointer and the length are those of the message.
                let sent = unsafe { libc::send(fd, message.as_ptr().cast(), message.len(), libc::MSG_NOSIGNAL) };
                match sent {
                    n if n == message.len() as isize => slot.sent = true,
                    n if n >= 0 => return Err(io::Error::other("a short send")),
                    _ if io::Error::last_os_error().kind() == io::ErrorKind::WouldBlock => continue,
                    _ => return Err(io::Error::last_os_error()),
                }
            }
            let room = &mut reply[slot.received..];
            // SAFETY: the pointer and the length are those of the buffer's rest.
            let got = unsafe { libc::recv(fd, room.as_mut_ptr().cast(), room.len(), 0) };
            match got {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                n if n > 0 => slot.received += n as usize,
                _ if io::Error::last_os_error().kind() == io::ErrorKind::WouldBlock => continue,
                _ => return Err(io::Error::last_os_error()),
            }
            if slot.received < message.len() {
                continue;
            }
            if reply != message {
                return Err(io::Error::other("the echo differs"));
            }
            let (begun, now) = (slot.begun, Instant::now());
            if now >= warm_until {
                first.get_or_insert(now);
                taken.push((now - begun).as_nanos() as f64);
            }
            if now >= until {
                let seconds = first.map_or(f64::NAN, |first| (now - first).as_secs_f64());
                let rate = (taken.len() as f64 - 1.0) / seconds;
                return Ok(latencies(taken).and("rate", rate));
            }
            // The old socket is closed when its slot is overwritten.
            slots[*key] = start(&poller, *key)?;
        }
    }
}
