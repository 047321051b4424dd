//! Names to addresses and back, off the loop.
//!
//! What needs no look-up (addresses in text, ports in numbers) is answered on the spot. The rest blocks in the system's
//! resolver, on `threads` of this crate: a bounded number of them, which nobody waits for at any end.

mod error;
mod future;
mod getaddrinfo;
mod getnameinfo;
mod hold;
mod query;
mod resolver;
mod sys;
mod threads;

use std::io;
use std::net::SocketAddr;

pub use error::GaiError;
pub use future::Lookup;
pub use getaddrinfo::{GetAddrInfo, getaddrinfo};
pub use getnameinfo::{GetNameInfo, getnameinfo};
pub use query::{AddrInfo, Family, Host, Service, SockType};
pub use resolver::{BlockingResolver, Resolver, Resolving};

use crate::error::named;
use hold::Hold;
use query::{Numeric, Question};
use sys::NameFlags;
use threads::Threads;

/// How many look-ups run at once unless something else is said.
const DEFAULT_MAX: usize = 16;

/// The threads of this process that ask the system.
static THREADS: Threads = Threads::new(DEFAULT_MAX);

/// From now on, at most so many look-ups ask the system's resolver at once, in the whole process. The default is 16.
///
/// A resolver that hangs keeps one of them until it answers. Those that run when the number shrinks are not disturbed.
///
/// # Panics
///
/// If `lookups` is 0.
///
/// # Examples
///
/// ```
/// asyncio_net::set_max_lookups(32);
/// assert_eq!(asyncio_net::max_lookups(), 32);
/// ```
pub fn set_max_lookups(lookups: usize) {
    assert!(lookups > 0, "max_lookups must be at least 1");
    THREADS.set_max(lookups);
}

/// How many look-ups may ask the system's resolver at once; see [`set_max_lookups`].
pub fn max_lookups() -> usize {
    THREADS.max()
}

/// The addresses of `host` for connections, each with `port`, in the order in which the system or `resolver` gives
/// them.
pub(crate) async fn lookup(
    host: String,
    port: u16,
    family: Option<Family>,
    resolver: Option<&dyn Resolver>,
) -> io::Result<Vec<SocketAddr>> {
    let mut question = Question::new(host.into(), Service::Port(port));
    question.family = family;
    question.socktype = Some(SockType::Stream);
    let (Some(resolver), Some(host)) = (resolver, &question.host.0) else {
        return Ok(addrs_of(ask(question).await?));
    };
    let name = question.name();
    let found = match question.check().map(|()| on_the_spot(&question)) {
        Err(error) => Err(error),
        Ok(Some(found)) => found.map(addrs_of),
        Ok(None) => resolver.resolve(host, port, family).await,
    };
    found.map_err(|error| cannot(&name, error))
}

fn addrs_of(found: Vec<AddrInfo>) -> Vec<SocketAddr> {
    found.into_iter().map(|info| info.addr).collect()
}

async fn ask(question: Question) -> io::Result<Vec<AddrInfo>> {
    let name = question.name();
    let found = match question.check().map(|()| on_the_spot(&question)) {
        Err(error) => Err(error),
        Ok(Some(found)) => found,
        Ok(None) => {
            let _hold = Hold::new();
            let call = THREADS.call(move || sys::getaddrinfo(&question));
            call.await.and_then(|found| found)
        }
    };
    found.map_err(|error| cannot(&name, error))
}

/// The answer, if nobody has to be asked for it.
fn on_the_spot(question: &Question) -> Option<io::Result<Vec<AddrInfo>>> {
    if let Service::Name(_) = question.service {
        return None;
    }
    if question.numeric_host {
        return Some(sys::getaddrinfo(question));
    }
    let numeric = question.numeric();
    if numeric == Numeric::No {
        return None;
    }
    let mut as_numbers = question.clone();
    as_numbers.numeric_host = question.host.0.is_some();
    match sys::getaddrinfo(&as_numbers) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && numeric == Numeric::Perhaps => None,
        answer => Some(answer),
    }
}

async fn ask_name(address: SocketAddr, flags: NameFlags) -> io::Result<(String, String)> {
    let found = match flags.numeric_host && flags.numeric_service {
        true => sys::getnameinfo(&address, flags),
        false => {
            let _hold = Hold::new();
            let call = THREADS.call(move || sys::getnameinfo(&address, flags));
            call.await.and_then(|found| found)
        }
    };
    found.map_err(|error| cannot(&address.to_string(), error))
}

fn cannot(name: &str, error: io::Error) -> io::Error {
    named(format!("cannot look up {name}"), error)
}
