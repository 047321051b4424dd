//! Messages at fixed times, whatever the server does.
//!
//! A latency counts from the time at which the message was due, not from when it could be sent: a server that stands
//! still for 100 ms has delayed every message that was due meanwhile (Tene, "coordinated omission").

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use super::poller::{Poller, pause};
use super::steady::Connection;
use super::{Load, latencies};
use crate::measure::Metrics;

pub(super) fn tcp(load: &Load) -> io::Result<Metrics> {
    let mut poller = Poller::new()?;
    let mut connections = Vec::with_capacity(load.conns);
    for number in 0..load.conns {
        let connection = Connection::open(load.ports[0], number, load.bytes)?;
        poller.add(connection.stream(), number)?;
        connections.push((connection, VecDeque::<Instant>::new(), false));
    }
    let start = Instant::now() + Duration::from_millis(10);
    let step = load.interval / load.conns as u32;
    let messages = (load.time.as_secs_f64() / step.as_secs_f64()) as u32;
    let mut taken = Vec::with_capacity(messages as usize);
    let (mut next, mut keys) = (0, Vec::new());
    let give_up = start + load.time + Duration::from_secs(5);
    while taken.len() < messages as usize {
        let now = Instant::now();
        while next < messages && start + step * next <= now {
            let (connection, due, busy) = &mut connections[next as usize % load.conns];
            let at = start + step * next;
            next += 1;
            if std::mem::replace(busy, true) {
                due.push_back(at);
            } else {
                connection.begin(at)?;
            }
        }
        let wait = if next < messages {
            (start + step * next).saturating_duration_since(Instant::now())
        } else {
            Duration::from_millis(100)
        };
        pause(&mut poller, &mut keys, wait)?;
        for key in &keys {
            let (connection, due, busy) = &mut connections[*key];
            if !*busy {
                continue;
            }
            if let Some(took) = connection.advance()? {
                taken.push(took.as_nanos() as f64);
                match due.pop_front() {
                    Some(at) => connection.begin(at)?,
                    None => *busy = false,
                }
            }
        }
        if now > give_up {
            return Err(io::Error::other("the answers did not come"));
        }
    }
    Ok(latencies(taken))
}
