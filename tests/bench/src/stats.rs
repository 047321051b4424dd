//! Medians, quantiles, and the interval of a paired ratio.
//!
//! A round gives one ratio, of two measurements made close together. The logarithms of the ratios are taken as
//! normal: the interval is Student's t on their mean, which is symmetric for a/b and b/a. With few rounds it is wide,
//! and says so.

/// The median; the values are sorted on the way. NaN of nothing.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => (values[n / 2 - 1] + values[n / 2]) / 2.0,
    }
}

/// The `q` quantile of values that are sorted, by the nearest rank.
pub fn quantile(sorted: &[f64], q: f64) -> f64 {
    match sorted.len() {
        0 => f64::NAN,
        n => sorted[((q * n as f64).ceil() as usize).clamp(1, n) - 1],
    }
}

/// A ratio over the rounds.
#[derive(Clone, Copy, Debug)]
pub struct Ratio {
    pub median: f64,
    /// The 95 % interval. Both ends are the median when there is one round only.
    pub low: f64,
    pub high: f64,
    pub rounds: usize,
}

impl Ratio {
    /// From one ratio per round. `None` of nothing.
    pub fn of(ratios: &[f64]) -> Option<Ratio> {
        let mut sorted: Vec<f64> = ratios.iter().copied().filter(|r| r.is_finite() && *r > 0.0).collect();
        let n = sorted.len();
        if n == 0 {
            return None;
        }
        let logs: Vec<f64> = sorted.iter().map(|r| r.ln()).collect();
        let mean = logs.iter().sum::<f64>() / n as f64;
        let median = median(&mut sorted);
        if n == 1 {
            return Some(Ratio { median, low: median, high: median, rounds: n });
        }
        let variance = logs.iter().map(|l| (l - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
        let half = student(n - 1) * (variance / n as f64).sqrt();
        Some(Ratio {
            median,
            low: (mean - half).exp(),
            high: (mean + half).exp(),
            rounds: n,
        })
    }
}

/// The two-sided 95 % quantile of Student's t.
fn student(freedom: usize) -> f64 {
    const TABLE: [f64; 20] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
        2.120, 2.110, 2.101, 2.093, 2.086,
    ];
    TABLE.get(freedom.saturating_sub(1)).copied().unwrap_or(2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_is_the_middle() {
        assert_eq!(median(&mut [4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
    }

    #[test]
    fn a_quantile_is_one_of_the_values() {
        let sorted: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(quantile(&sorted, 0.5), 50.0);
        assert_eq!(quantile(&sorted, 0.99), 99.0);
        assert_eq!(quantile(&sorted, 1.0), 100.0);
    }

    #[test]
    fn an_interval_holds_the_ratio_and_is_symmetric_in_logarithms() {
        let ratio = Ratio::of(&[0.5, 1.0, 2.0]).expect("there are ratios");
        assert_eq!(ratio.median, 1.0);
        assert!(ratio.low < 1.0 && ratio.high > 1.0);
        assert!((ratio.low * ratio.high - 1.0).abs() < 1e-9);
        // The standard error of ln 2 * (-1, 0, 1) is ln 2 / sqrt 3, and t(2) is 4.303.
        assert!((ratio.high.ln() - 4.303 * 2f64.ln() / 3f64.sqrt()).abs() < 1e-9);
    }

    #[test]
    fn one_round_has_no_spread() {
        let ratio = Ratio::of(&[0.8]).expect("there is a ratio");
        assert_eq!((ratio.low, ratio.high), (0.8, 0.8));
        assert!(Ratio::of(&[]).is_none());
    }
}
