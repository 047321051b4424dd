//! The C library's `getaddrinfo` and `getnameinfo`. Run on Linux; written for the others, never run there.
//!
//! Invariant: a list of answers is freed once, and nothing of it is used after that: everything is copied out.

#![expect(
    unsafe_code,
    reason = "no safe crate of ours has these two calls, and std gives neither types, flags nor reasons"
)]

use std::ffi::{CStr, CString, c_char, c_int};
use std::io;
use std::mem::size_of;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::ptr;

use super::NameFlags;
use crate::resolve::error::{GaiError, Reason};
use crate::resolve::query::{AddrInfo, Family, Question, Service, SockType};

/// `NI_MAXHOST` and `NI_MAXSERV`, which not every system's headers show.
const MAX_HOST: usize = 1025;
const MAX_SERVICE: usize = 32;

pub(in crate::resolve) fn getaddrinfo(question: &Question) -> io::Result<Vec<AddrInfo>> {
    let host = question.host.0.as_deref().map(CString::new).transpose()?;
    let service = match &question.service {
        Service::Port(port) => CString::new(port.to_string())?,
        Service::Name(name) => CString::new(name.as_str())?,
    };
    let mut flags = question.flags;
    let by_number = matches!(question.service, Service::Port(_)) && question.socktype != Some(SockType::Raw);
    for (wanted, flag) in [
        (question.passive, libc::AI_PASSIVE),
        (question.canonname, libc::AI_CANONNAME),
        (question.numeric_host, libc::AI_NUMERICHOST),
        (question.numeric_service || by_number, libc::AI_NUMERICSERV),
        (question.addr_config, libc::AI_ADDRCONFIG),
    ] {
        if wanted {
            flags |= flag;
        }
    }
    // SAFETY: an addrinfo is integers and pointers; zeros and nulls are what the standard asks of hints.
    let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
    hints.ai_flags = flags;
    hints.ai_family = match question.family {
        None => libc::AF_UNSPEC,
        Some(Family::V4) => libc::AF_INET,
        Some(Family::V6) => libc::AF_INET6,
    };
    hints.ai_socktype = match question.socktype {
        None => 0,
        Some(SockType::Stream) => libc::SOCK_STREAM,
        Some(SockType::Datagram) => libc::SOCK_DGRAM,
        Some(SockType::Raw) => libc::SOCK_RAW,
    };
    hints.ai_protocol = question.proto;
    let mut list = ptr::null_mut();
    let host = host.as_deref().map_or(ptr::null(), CStr::as_ptr);
    // SAFETY: `host` is null or, as `service`, a string with its zero that outlives the call; `hints` and `list` are
    // ours. The call keeps none of them.
    let code = unsafe { libc::getaddrinfo(host, service.as_ptr(), &hints, &mut list) };
    if code != 0 {
        return Err(failed(code));
    }
    let list = List(list);
    Ok(list.answers())
}

/// The answers of the C library.
struct List(*mut libc::addrinfo);

impl List {
    fn answers(&self) -> Vec<AddrInfo> {
        let mut answers = Vec::new();
        let mut next = self.0.cast_const();
        // SAFETY: `next` is null or an entry of the list, which lives as long as `self`.
        while let Some(entry) = unsafe { next.as_ref() } {
            answers.extend(answer(entry));
            next = entry.ai_next;
        }
        answers
    }
}

impl Drop for List {
    fn drop(&mut self) {
        // SAFETY: the list came from `getaddrinfo` and is freed only here; nobody borrows from it.
        unsafe { libc::freeaddrinfo(self.0) }
    }
}

fn answer(entry: &libc::addrinfo) -> Option<AddrInfo> {
    let length = usize::try_from(entry.ai_addrlen).ok()?;
    let addr = match entry.ai_family {
        libc::AF_INET if length >= size_of::<libc::sockaddr_in>() => {
            // SAFETY: the family says that it is a sockaddr_in, and it is long enough; it may be unaligned.
            let v4 = unsafe { entry.ai_addr.cast::<libc::sockaddr_in>().read_unaligned() };
            let ip = Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr));
            SocketAddr::V4(SocketAddrV4::new(ip, u16::from_be(v4.sin_port)))
        }
        libc::AF_INET6 if length >= size_of::<libc::sockaddr_in6>() => {
            // SAFETY: as above, with sockaddr_in6.
            let v6 = unsafe { entry.ai_addr.cast::<libc::sockaddr_in6>().read_unaligned() };
            let ip = Ipv6Addr::from(v6.sin6_addr.s6_addr);
            let port = u16::from_be(v6.sin6_port);
            SocketAddr::V6(SocketAddrV6::new(ip, port, v6.sin6_flowinfo, v6.sin6_scope_id))
        }
        _ => return None,
    };
    let socktype = match entry.ai_socktype {
        libc::SOCK_STREAM => SockType::Stream,
        libc::SOCK_DGRAM => SockType::Datagram,
        libc::SOCK_RAW => SockType::Raw,
        _ => return None,
    };
    let canonname = (!entry.ai_canonname.is_null()).then(|| {
        // SAFETY: it is not null, so it is a string with its zero that belongs to the list.
        let name = unsafe { CStr::from_ptr(entry.ai_canonname) };
        name.to_string_lossy().into_owned()
    });
    Some(AddrInfo {
        socktype,
        proto: entry.ai_protocol,
        canonname,
        addr,
    })
}

pub(in crate::resolve) fn getnameinfo(addr: &SocketAddr, flags: NameFlags) -> io::Result<(String, String)> {
    let addr = socket2::SockAddr::from(*addr);
    let mut bits = 0;
    for (wanted, flag) in [
        (flags.numeric_host, libc::NI_NUMERICHOST),
        (flags.numeric_service, libc::NI_NUMERICSERV),
        (flags.name_required, libc::NI_NAMEREQD),
        (flags.datagram, libc::NI_DGRAM),
    ] {
        if wanted {
            bits |= flag;
        }
    }
    let mut host = [0; MAX_HOST];
    let mut service = [0; MAX_SERVICE];
    // SAFETY: the address is one of socket2's, with its length; the buffers are ours, with theirs (which fit every
    // integer type that systems have there). The call keeps none of them.
    let code = unsafe {
        libc::getnameinfo(
            addr.as_ptr().cast(),
            addr.len(),
            host.as_mut_ptr(),
            MAX_HOST as _,
            service.as_mut_ptr(),
            MAX_SERVICE as _,
            bits,
        )
    };
    match code {
        0 => Ok((text(&host), text(&service))),
        code => Err(failed(code)),
    }
}

/// The text before the first zero.
fn text(buffer: &[c_char]) -> String {
    let bytes = buffer.iter().map(|&byte| byte as u8);
    let bytes: Vec<u8> = bytes.take_while(|&byte| byte != 0).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(not(any(target_os = "freebsd", target_os = "dragonfly")))]
const NO_DATA: Option<c_int> = Some(libc::EAI_NODATA);
/// These say `EAI_NONAME` for it.
#[cfg(any(target_os = "freebsd", target_os = "dragonfly"))]
const NO_DATA: Option<c_int> = None;

/// `EAI_ADDRFAMILY` of glibc: the host has addresses, but not of the wanted family.
const ADDR_FAMILY: Option<c_int> = if cfg!(target_env = "gnu") { Some(-9) } else { None };

fn failed(code: c_int) -> io::Error {
    let reason = match code {
        libc::EAI_SYSTEM => return io::Error::last_os_error(),
        libc::EAI_NONAME => Reason::NoName,
        libc::EAI_AGAIN => Reason::Again,
        libc::EAI_FAIL => Reason::Fail,
        libc::EAI_SERVICE => Reason::Service,
        libc::EAI_FAMILY => Reason::Family,
        libc::EAI_SOCKTYPE => Reason::SockType,
        libc::EAI_BADFLAGS => Reason::BadFlags,
        libc::EAI_MEMORY => Reason::Memory,
        libc::EAI_OVERFLOW => Reason::Overflow,
        code if Some(code) == NO_DATA || Some(code) == ADDR_FAMILY => Reason::NoData,
        _ => Reason::Unknown,
    };
    GaiError { code, reason }.into_io()
}
