//! `Tick`: one message of a feed, as it travels.
//!
//! Prices are whole hundredths, so that sums of them are exact. A feed numbers its ticks without gaps: who has seen number 17 asks
//! for what follows it with `?from=18`.

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// What happened; in the order of its urgency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Trading in a symbol stops or goes on: to be known before anything else.
    Notice,
    /// A deal was made.
    Trade,
    /// Somebody offers a price. The next one makes it void.
    Quote,
}

/// One message of a feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tick {
    /// Its number in the feed, from 1.
    pub seq: u64,
    /// What happened.
    pub kind: Kind,
    /// To what.
    pub symbol: String,
    /// In hundredths.
    pub price: i64,
    /// How many were dealt in, or are offered.
    pub size: u32,
    /// When the feed sent it, in microseconds since 1970.
    pub sent: u64,
}

/// The time of day, in microseconds since 1970. Between two machines it is as good as their clocks agree.
pub fn now_micros() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}
