//! Medians of what was measured.

/// The middle one, of an even number the mean of the two in the middle; of none, zero.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

/// The median of the quotients, pair by pair: what else the machine does in a round weighs on both.
pub(crate) fn median_ratio(dividends: &[f64], divisors: &[f64]) -> f64 {
    median(dividends.iter().zip(divisors).map(|(dividend, divisor)| dividend / divisor).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_one_of_the_values() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(Vec::new()), 0.0);
    }

    #[test]
    fn a_ratio_is_taken_round_by_round() {
        assert_eq!(median_ratio(&[1.0, 20.0, 3.0], &[2.0, 10.0, 3.0]), 1.0);
    }
}
