//! `Book`: what is known of each symbol.
//!
//! Workers finish in any order, and there may be several feeds: the time at which a tick was sent says whether it is newer than
//! what is known. Sums do not mind.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use crate::tick::{Kind, Tick};

/// How many prices are kept for the trend.
const TREND: usize = 60;

/// What is known of one symbol.
#[derive(Debug, Clone, Default)]
pub struct Symbol {
    newest: u64,
    /// The price that was seen first, and last.
    pub first: i64,
    pub last: i64,
    /// Pieces dealt in, and the sum of price times size.
    pub volume: u64,
    pub turnover: i128,
    /// Deals.
    pub trades: u64,
    /// Whether a notice has stopped trading.
    pub halted: bool,
    /// Prices, the newest last.
    pub trend: VecDeque<i64>,
}

impl Symbol {
    /// How far the price has moved, in hundredths of a per cent.
    pub fn change(&self) -> i64 {
        if self.first == 0 {
            return 0;
        }
        (self.last - self.first) * 10_000 / self.first
    }

    /// The average price of all deals, weighted by their sizes; in hundredths.
    pub fn vwap(&self) -> Option<i64> {
        if self.volume == 0 {
            return None;
        }
        i64::try_from(self.turnover / i128::from(self.volume)).ok()
    }
}

/// All symbols.
#[derive(Debug, Default)]
pub struct Book {
    symbols: RefCell<BTreeMap<String, Symbol>>,
}

impl Book {
    /// Learns of a tick.
    pub fn apply(&self, tick: &Tick) {
        let mut symbols = self.symbols.borrow_mut();
        if !symbols.contains_key(&tick.symbol) {
            symbols.insert(tick.symbol.clone(), Symbol::default());
        }
        let Some(known) = symbols.get_mut(&tick.symbol) else {
            return;
        };
        if tick.kind == Kind::Trade {
            known.trades += 1;
            known.volume += u64::from(tick.size);
            known.turnover += i128::from(tick.price) * i128::from(tick.size);
        }
        if tick.sent < known.newest {
            return;
        }
        known.newest = tick.sent;
        match tick.kind {
            Kind::Notice => known.halted = tick.size == 0,
            Kind::Trade | Kind::Quote => {
                known.last = tick.price;
                if known.first == 0 {
                    known.first = tick.price;
                }
                if known.trend.len() == TREND {
                    known.trend.pop_front();
                }
                known.trend.push_back(tick.price);
            }
        }
    }

    /// A copy, to be drawn.
    pub fn symbols(&self) -> BTreeMap<String, Symbol> {
        self.symbols.borrow().clone()
    }
}
