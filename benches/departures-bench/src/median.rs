//! Medians and percentiles of what was measured.

use std::time::Duration;

/// The middle one; of none, zero.
pub(crate) fn median(values: Vec<Duration>) -> Duration {
    percentile(values, 50)
}

/// The least value that so many in a hundred do not exceed; of none, zero.
pub(crate) fn percentile(mut values: Vec<Duration>, percent: usize) -> Duration {
    values.sort_unstable();
    let at = (values.len() * percent).div_ceil(100).saturating_sub(1);
    values.get(at).copied().unwrap_or_default()
}

/// The middle one of the quotients; of none, zero.
pub(crate) fn median_ratio(dividends: &[Duration], divisors: &[Duration]) -> f64 {
    let ratio = |(dividend, divisor): (&Duration, &Duration)| dividend.as_secs_f64() / divisor.as_secs_f64();
    let mut ratios: Vec<f64> = dividends.iter().zip(divisors).map(ratio).collect();
    ratios.sort_unstable_by(f64::total_cmp);
    ratios.get(ratios.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let values: Vec<Duration> = (1..=200).map(Duration::from_millis).rev().collect();
        assert_eq!(percentile(values.clone(), 99), Duration::from_millis(198));
        assert_eq!(median(values), Duration::from_millis(100));
        assert_eq!(median(vec![Duration::from_secs(1)]), Duration::from_secs(1));
        assert_eq!(median(Vec::new()), Duration::ZERO);
    }

    #[test]
    fn a_ratio_is_taken_pair_by_pair() {
        let seconds = |values: [u64; 3]| values.map(Duration::from_secs);
        assert_eq!(median_ratio(&seconds([1, 20, 3]), &seconds([2, 10, 3])), 1.0);
    }
}
