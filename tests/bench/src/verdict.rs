//! What a row's values say: who is best, how we compare, and whether the bar is reached.

use crate::rounds::Measured;
use crate::rows::Bar;
use crate::stats::{Ratio, median, ratio};

/// A row passes when the interval of its ratio reaches this part of the bar.
const REACH: f64 = 0.97;

/// A row, judged.
#[derive(Debug)]
pub struct Verdict {
    /// The peer with the best median, ours left out.
    pub best: Option<&'static str>,
    /// Ours against the best peer.
    pub against_best: Option<Ratio>,
    /// Ours against the bar's peer, where that is another than the best one.
    pub against_bar: Option<Ratio>,
    /// `None` when the row has no bar, or ours or its peer no value.
    pub passes: Option<bool>,
    /// Whether the median alone passes; where it does not, only the noise of the run does.
    pub clear: bool,
}

impl Measured {
    /// A peer's median over the rounds.
    pub fn median(&self, peer: &str) -> Option<f64> {
        let values: Vec<f64> = self.values.get(peer)?.iter().flatten().copied().collect();
        (!values.is_empty()).then(|| median(&values))
    }

    /// A peer's median of the ratios to another's value of the same round, above 1 when the peer is the better one.
    pub fn against(&self, peer: &str, other: &str) -> Option<Ratio> {
        let pairs = self.values.get(peer)?.iter().zip(self.values.get(other)?);
        let ratios: Vec<f64> = pairs
            .filter_map(|(ours, theirs)| Some(self.row.advantage((*ours)?, (*theirs)?)))
            .collect();
        ratio(&ratios)
    }

    /// Among those of the row that are wanted, ours left out.
    fn best(&self, wanted: impl Fn(&str) -> bool) -> Option<&'static str> {
        let others = self.values.keys();
        let others = others.filter(|peer| **peer != self.row.ours() && wanted(peer));
        let ranked = others.filter_map(|peer| Some((*peer, self.median(peer)?)));
        let better = |a: &(&str, f64), b: &(&str, f64)| {
            let order = a.1.total_cmp(&b.1);
            if self.row.higher_is_better {
                order
            } else {
                order.reverse()
            }
        };
        ranked.max_by(better).map(|(peer, _)| peer)
    }

    /// Judges the row.
    pub fn verdict(&self) -> Verdict {
        let ours = self.row.ours();
        let best = self.best(|_| true);
        let against_best = best.and_then(|best| self.against(ours, best));
        let mut against_bar = None;
        let judge = |ratio: Option<Ratio>, bar: f64| match ratio {
            Some(ratio) => (Some(ratio.high >= REACH * bar), ratio.median >= REACH * bar),
            None => (None, false),
        };
        let (passes, clear) = match self.row.bar {
            Bar::Best(bar) => judge(against_best, bar),
            Bar::Peer(peer, bar) => {
                against_bar = self.against(ours, peer);
                judge(against_bar, bar)
            }
            Bar::BestOf(peers, bar) => {
                let best = self.best(|peer| peers.contains(&peer));
                against_bar = best.and_then(|best| self.against(ours, best));
                judge(against_bar, bar)
            }
            Bar::AtMost(most) => (self.median(ours).map(|value| value <= most), true),
            Bar::None => (None, false),
        };
        Verdict {
            best,
            against_best,
            against_bar,
            passes,
            clear,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::rounds::Measured;
    use crate::rows::ROWS;

    fn measured(row: &str, values: &[(&'static str, &[f64])]) -> Measured {
        let row = ROWS.iter().find(|known| known.name == row).unwrap();
        let values = values
            .iter()
            .map(|(peer, values)| (*peer, values.iter().copied().map(Some).collect()));
        Measured {
            row,
            values: values.collect(),
        }
    }

    #[test]
    fn the_best_peer_is_never_us_and_a_ratio_above_one_is_good_for_us() {
        let rates = measured(
            "yield",
            &[
                ("ours", &[8.0, 8.0]),
                ("smol", &[2.0, 2.0]),
                ("tokio", &[4.0, 4.0]),
            ],
        );
        let verdict = rates.verdict();
        assert_eq!(verdict.best, Some("tokio"));
        assert!((verdict.against_best.unwrap().median - 2.0).abs() < 1e-9);
        assert_eq!(verdict.passes, Some(true));
    }

    #[test]
    fn less_is_better_where_the_row_says_so() {
        let row = measured(
            "timer_lateness_p50",
            &[("ours", &[50.0]), ("smol", &[25.0]), ("tokio", &[1000.0])],
        );
        let verdict = row.verdict();
        assert_eq!(verdict.best, Some("smol"));
        assert!((verdict.against_bar.unwrap().median - 0.5).abs() < 1e-9);
        assert_eq!(verdict.passes, Some(false));
    }

    #[test]
    fn a_bar_of_some_peers_leaves_the_others_out_even_when_they_are_ahead() {
        let row = measured(
            "lock_contended",
            &[
                ("ours", &[4.0]),
                ("async_lock", &[9.0]),
                ("tokio", &[1.0]),
                ("python", &[2.0]),
            ],
        );
        let verdict = row.verdict();
        assert_eq!(verdict.best, Some("async_lock"));
        assert!((verdict.against_bar.unwrap().median - 2.0).abs() < 1e-9);
        assert_eq!(verdict.passes, Some(true));
    }

    #[test]
    fn a_value_at_its_limit_passes() {
        assert_eq!(
            measured("allocs_per_spawn", &[("ours", &[1.0])]).verdict().passes,
            Some(true)
        );
        assert_eq!(
            measured("allocs_per_spawn", &[("ours", &[1.1])]).verdict().passes,
            Some(false)
        );
    }
}
