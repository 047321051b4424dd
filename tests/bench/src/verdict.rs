//! From the figures of all rounds to what a row says: the best peer, the ratios, pass or miss.

use std::collections::BTreeMap;

use crate::rows::{Bar, Better, PYTHON, Row};
use crate::stats::{Ratio, median};

/// The figures of one row: by peer, by round.
pub type Figures = BTreeMap<String, BTreeMap<usize, f64>>;

/// What a row says.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// The best peer, us aside.
    pub best: Option<String>,
    /// Each peer's median.
    pub medians: BTreeMap<String, f64>,
    /// Each peer against the best; more than 1 is better.
    pub ratios: BTreeMap<String, Ratio>,
    /// Us against the floor.
    pub floor: Option<(String, Ratio)>,
    /// Us against the peer of the bar, where that is not the best.
    pub against: Option<(String, Ratio)>,
    /// Is the bar reached? `None` where there is none, or nothing of ours.
    pub passes: Option<bool>,
    pub above_floor: Option<bool>,
}

/// A row passes when the interval of its ratio reaches this much of the bar.
pub const REACH: f64 = 0.97;

/// A ratio of 1 for two figures that are too small to divide: no allocations of no allocations.
fn ratio(ours: f64, other: f64, better: Better) -> f64 {
    let tiny = 1e-3;
    if ours.abs() < tiny && other.abs() < tiny {
        return 1.0;
    }
    match better {
        Better::More => ours / other.max(tiny),
        Better::Less => other / ours.max(tiny),
    }
}

fn paired(figures: &Figures, one: &str, other: &str, better: Better) -> Option<Ratio> {
    let (one, other) = (figures.get(one)?, figures.get(other)?);
    let ratios: Vec<f64> = one
        .iter()
        .filter_map(|(round, a)| Some(ratio(*a, *other.get(round)?, better)))
        .collect();
    Ratio::of(&ratios)
}

fn best_of<'a>(medians: &'a BTreeMap<String, f64>, better: Better, may: impl Fn(&str) -> bool) -> Option<&'a str> {
    let peers = medians.iter().filter(|(peer, value)| may(peer) && value.is_finite());
    let best = match better {
        Better::More => peers.max_by(|a, b| a.1.total_cmp(b.1)),
        Better::Less => peers.min_by(|a, b| a.1.total_cmp(b.1)),
    };
    best.map(|(peer, _)| peer.as_str())
}

impl Verdict {
    pub fn of(row: &Row, figures: &Figures) -> Verdict {
        let medians: BTreeMap<String, f64> = figures
            .iter()
            .map(|(peer, rounds)| (peer.clone(), median(&mut rounds.values().copied().collect::<Vec<_>>())))
            .collect();
        // What an interpreter holds per connection is no bar; nor can it win a row by chance of few rounds.
        let may = |peer: &str| peer != "ours" && !row.not_same.contains(&peer) && !PYTHON.contains(&peer);
        let best = best_of(&medians, row.better, may).map(str::to_owned);
        let mut ratios = BTreeMap::new();
        if let Some(best) = &best {
            for peer in medians.keys() {
                if let Some(ratio) = paired(figures, peer, best, row.better) {
                    ratios.insert(peer.clone(), ratio);
                }
            }
        }
        let against_peer = |peer: &str| Some((peer.to_owned(), paired(figures, "ours", peer, row.better)?));
        let floor = best_of(&medians, row.better, |peer| row.floor.contains(&peer)).and_then(against_peer);
        let against = match row.bar {
            Bar::Peer(peer, _) => against_peer(peer),
            _ => None,
        };
        let reaches = |ratio: &Ratio, bar: f64| ratio.high >= REACH * bar;
        let passes = match row.bar {
            Bar::Best(bar) => ratios.get("ours").map(|ratio| reaches(ratio, bar)),
            Bar::Peer(_, bar) => against.as_ref().map(|(_, ratio)| reaches(ratio, bar)),
            // A figure that is counted; rounding, and the thousandth call of a growing list, aside.
            Bar::AtMost(limit) => medians.get("ours").map(|value| *value <= limit * 1.005 + 0.005),
            Bar::None => None,
        };
        let above_floor = floor.as_ref().map(|(_, ratio)| reaches(ratio, 1.0));
        Verdict {
            best,
            medians,
            ratios,
            floor,
            against,
            passes,
            above_floor,
        }
    }

    /// Does the row say that we lose to somebody?
    pub fn loses(&self) -> bool {
        self.ratios.get("ours").is_some_and(|ratio| ratio.median < 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::RUNS;

    fn figures(of: &[(&str, &[f64])]) -> Figures {
        let rounds = |values: &[f64]| values.iter().copied().enumerate().collect();
        of.iter().map(|(peer, values)| ((*peer).to_owned(), rounds(values))).collect()
    }

    fn row(id: &str) -> &'static Row {
        RUNS.iter().flat_map(|run| run.rows).find(|row| row.id == id).expect("there is such a row")
    }

    #[test]
    fn every_row_has_a_name_of_its_own() {
        let mut ids: Vec<&str> = RUNS.iter().flat_map(|run| run.rows).map(|row| row.id).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
        assert!(!ids.contains(&""));
    }

    #[test]
    fn a_ratio_is_taken_inside_a_round() {
        // The machine is twice as fast in the second round; we are always 10 % ahead.
        let of = figures(&[("ours", &[110.0, 220.0]), ("tokio-ct", &[100.0, 200.0]), ("smol", &[50.0, 100.0])]);
        let verdict = Verdict::of(row("spawn"), &of);
        assert_eq!(verdict.best.as_deref(), Some("tokio-ct"));
        let ours = verdict.ratios["ours"];
        assert!((ours.median - 1.1).abs() < 1e-9 && (ours.high - ours.low).abs() < 1e-9);
        assert_eq!((verdict.passes, verdict.above_floor), (Some(true), Some(true)));
        assert!(!verdict.loses());
    }

    #[test]
    fn a_peer_that_does_other_work_is_not_the_best() {
        let of = figures(&[("ours", &[80.0]), ("compio", &[100.0]), ("monoio", &[200.0])]);
        let verdict = Verdict::of(row("yield"), &of);
        assert_eq!(verdict.best.as_deref(), Some("compio"));
        // The bar of this row is 0.77 of the best.
        assert_eq!(verdict.passes, Some(true));
        assert!(verdict.loses());
    }

    #[test]
    fn less_is_better_turns_the_ratio_round() {
        let of = figures(&[("ours", &[2.0]), ("tokio-mt", &[10.0]), ("smol-2", &[40.0])]);
        let verdict = Verdict::of(row("stuck-p99"), &of);
        assert_eq!(verdict.against.as_ref().map(|(_, ratio)| ratio.median), Some(5.0));
        assert_eq!(verdict.passes, Some(false), "a tenth of tokio's is asked for");
    }

    #[test]
    fn nothing_of_nothing_is_equal() {
        let of = figures(&[("ours", &[0.0]), ("tokio-ct", &[0.0])]);
        let verdict = Verdict::of(row("yield-allocations"), &of);
        assert_eq!(verdict.passes, Some(true));
        assert_eq!(verdict.ratios["ours"].median, 1.0);
        let of = figures(&[("ours", &[1.0]), ("tokio-ct", &[0.0])]);
        assert_eq!(Verdict::of(row("yield-allocations"), &of).passes, Some(false));
    }

    #[test]
    fn a_row_without_ours_has_no_verdict() {
        let verdict = Verdict::of(row("spawn"), &figures(&[("smol", &[1.0])]));
        assert_eq!((verdict.passes, verdict.above_floor), (None, None));
    }
}
