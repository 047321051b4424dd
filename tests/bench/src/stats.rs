//! Medians, and the interval of a ratio that was measured in several rounds.

/// The middle, or the mean of the two in the middle. Zero of nothing.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

/// The smallest value that `percent` of the values do not exceed.
pub fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = (values.len() * percent).div_ceil(100).max(1);
    values[rank - 1]
}

/// A ratio and its 95 % interval.
#[derive(Clone, Copy, Debug)]
pub struct Ratio {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

/// Student's t at 97.5 % for 1, 2, ... degrees of freedom.
const T: [f64; 20] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086,
];

/// The median of the ratios of the rounds, and an interval around their geometric mean: ratios multiply, so that their
/// logarithms are what scatters evenly. With one round the interval is the ratio itself.
pub fn ratio(ratios: &[f64]) -> Option<Ratio> {
    let middle = median(ratios);
    let logs: Vec<f64> = ratios.iter().map(|ratio| ratio.ln()).collect();
    let n = logs.len() as f64;
    if logs.is_empty() || logs.iter().any(|log| !log.is_finite()) {
        return None;
    }
    let mean = logs.iter().sum::<f64>() / n;
    let half = match logs.len() {
        1 => 0.0,
        len => {
            let variance = logs.iter().map(|log| (log - mean).powi(2)).sum::<f64>() / (n - 1.0);
            T.get(len - 2).unwrap_or(&1.96) * (variance / n).sqrt()
        }
    };
    Some(Ratio {
        median: middle,
        low: (mean - half).exp(),
        high: (mean + half).exp(),
    })
}

#[cfg(test)]
mod tests {
    use super::{median, percentile, ratio};

    #[test]
    fn the_median_of_an_even_number_is_between_the_two_in_the_middle() {
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
    }

    #[test]
    fn the_99th_percentile_of_1_to_100_is_99() {
        let mut values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!(percentile(&mut values, 99), 99.0);
        assert_eq!(percentile(&mut values, 50), 50.0);
    }

    #[test]
    fn the_interval_holds_the_median_and_is_symmetric_in_logarithms() {
        let got = ratio(&[0.5, 1.0, 2.0]).unwrap();
        assert_eq!(got.median, 1.0);
        assert!((got.low * got.high - 1.0).abs() < 1e-9);
        // t(2) = 4.303, s = ln 2, n = 3.
        assert!((got.high.ln() - 4.303 * 2f64.ln() / 3f64.sqrt()).abs() < 1e-3);
    }

    #[test]
    fn equal_rounds_leave_no_doubt() {
        let got = ratio(&[1.5, 1.5, 1.5]).unwrap();
        assert!((got.low - 1.5).abs() < 1e-9 && (got.high - 1.5).abs() < 1e-9);
    }
}
