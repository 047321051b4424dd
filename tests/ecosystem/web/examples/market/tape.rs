//! `Tape`: a made-up market, as a function of a seed and a number: any tick can be had again, by any process.

use crate::tick::{Kind, Tick, now_micros};

const NAMES: [&str; 24] = [
    "ACME", "BOLT", "CRUX", "DYNE", "ECHO", "FLUX", "GRID", "HELM", "IRIS", "JADE", "KITE", "LYNX", "MICA",
    "NOVA", "ONYX", "PIKE", "QUAY", "RUNE", "SAGE", "TIDE", "ULNA", "VOLT", "WREN", "YOKE",
];

/// A made-up market.
#[derive(Debug, Clone)]
pub struct Tape {
    seed: u64,
    symbols: usize,
}

impl Tape {
    /// One with so many symbols, at most 24.
    pub fn new(seed: u64, symbols: usize) -> Tape {
        let symbols = symbols.clamp(1, NAMES.len());
        Tape { seed, symbols }
    }

    /// The tick of that number. Only the time at which it is sent differs from one look to the next.
    pub fn tick(&self, seq: u64) -> Tick {
        let chance = mix(self.seed ^ mix(seq));
        let at = (chance % self.symbols as u64) as usize;
        let kind = match chance >> 32 & 0x7ff {
            0 => Kind::Notice,
            1..=800 => Kind::Trade,
            _ => Kind::Quote,
        };
        let size = match kind {
            // One in four stops trading, the others say that it goes on.
            Kind::Notice => u32::from(chance >> 48 & 3 != 0),
            _ => 100 * (1 + (chance >> 48 & 15) as u32),
        };
        Tick {
            seq,
            kind,
            symbol: NAMES[at].to_owned(),
            price: self.price(at, seq, chance),
            size,
            sent: now_micros(),
        }
    }

    /// Two slow waves and some noise around what the symbol is worth.
    fn price(&self, at: usize, seq: u64, chance: u64) -> i64 {
        let own = mix(self.seed.wrapping_add(at as u64));
        let worth = 1_000.0 + (own % 40_000) as f64;
        let (slow, slower) = (
            3_000.0 + (own >> 16 & 4095) as f64,
            20_000.0 + (own >> 28 & 16383) as f64,
        );
        let wave = |length: f64| (seq as f64 / length + (own >> 44) as f64).sin();
        let noise = (chance >> 52) as f64 / 4096.0 - 0.5;
        (worth * (1.0 + 0.02 * wave(slow) + 0.05 * wave(slower) + 0.002 * noise)).round() as i64
    }
}

/// A number that looks like chance: the last step of splitmix64 (Steele, Lea, Flood, 2014).
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}
