//! `quantile`: the value below which a part of a group's values lie, within 1 %.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sketches_ddsketch::Config;

use super::real::Keeping;
use super::{Aggregate, Input, Number, Place, Real};

/// Finds a quantile; made by [`quantile`].
#[derive(Debug, Clone, Copy)]
pub struct Quantile {
    q: f64,
    buckets: Config,
}

/// The value that a part of the group's values do not exceed, within 1 %: `quantile(r.millis, 0.99)` is the 99th percentile, and
/// `quantile(r.millis, 0.5)` the median.
///
/// The second argument is the part, from 0.0 to 1.0; another is refused before anything is read, and at compile time where it is written as a
/// number. It is the same for all rows: a number, a constant or a parameter of the pipeline.
///
/// The result is an `f64`; for an `Option`, that of the values that are there, and `None` if none is. It takes what
/// [`mean`](super::mean()) takes; of `Duration`s these are milliseconds.
///
/// # Error
/// Of the values in their order, the one with the number `q * (n - 1)`, rounded down and counted from 0, is met within **1 % of that
/// value**: up to 1.01 times and down to 0.99 times of it. `quantile(x, 0.0)` and `quantile(x, 1.0)` are the least and the greatest value exactly,
/// and so is every quantile of values that are all the same. Infinities are greater than all numbers, and NaN greater than everything. Values
/// nearer to 0 than 2.3e-308 count as 0.
///
/// The result is the same in any order of the rows: values are counted in buckets, those of DDSketch, whose bounds never move.
///
/// # State
/// A count for each bucket that has a value, of about 20 bytes: values from 1 to 1,000,000 lie in at most 692 buckets, and
/// a few values in a few. Each quantile of a `select` keeps buckets of its own.
///
/// ```
/// use waterwheel::prelude::*;
/// # use waterwheel_samples::*;
/// #
/// # #[derive(Debug, Clone, PartialEq, Record)]
/// # struct Middle { card: u64, median: f64, greatest: f64 }
/// # topics! { Middles("middles"): Middle { key: card } }
///
/// #[pipeline]
/// fn middles() {
///     let payments = source(Payments).lateness(10s).late_drop();
///     let middles = payments.group_by(|p| p.card).window(tumbling(1m)).select(|w, p| Middle {
///         card: w.key(),
///         median: quantile(p.cents, 0.5),
///         greatest: quantile(p.cents, 1.0),
///     });
///     middles.sink(Middles);
/// }
///
/// let mut t = middles().test();
/// t.push_all(Payments, (1..=101).map(|cents| payment(1, cents, 5)));
/// t.close();
/// let middles = t.rows(Middles);
/// assert!((50.49..=51.51).contains(&middles[0].median));
/// assert_eq!(middles[0].greatest, 101.0);
/// ```
pub fn quantile(q: f64) -> Quantile {
    Quantile { q, buckets: Config::new(RELATIVE_ERROR, u32::MAX, f64::MIN_POSITIVE) }
}

const RELATIVE_ERROR: f64 = 0.01;

/// How many values there are in each bucket.
///
/// The buckets are the sketch's, their counts are kept here: the sketch's own store has one for every bucket between the least and
/// the greatest, joins buckets if there are too many of these, and has a sum of floats beside it that depends on the order of rows.
#[doc(hidden)]
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Buckets {
    /// Of values below 0, by how far they are from it.
    below: BTreeMap<i32, u64>,
    zero: u64,
    above: BTreeMap<i32, u64>,
    /// NaN, whatever its bits.
    not_a_number: u64,
    /// The least and the greatest number.
    ends: Option<(f64, f64)>,
}

impl Buckets {
    fn add(&mut self, value: f64, config: &Config) {
        if value.is_nan() {
            self.not_a_number = self.not_a_number.saturating_add(1);
            return;
        }
        let count = if value >= f64::MIN_POSITIVE {
            self.above.entry(config.key(value)).or_default()
        } else if value <= -f64::MIN_POSITIVE {
            self.below.entry(config.key(-value)).or_default()
        } else {
            &mut self.zero
        };
        *count = count.saturating_add(1);
        self.reach((value, value));
    }

    fn merge(&mut self, other: Buckets) {
        for (mine, theirs) in [(&mut self.below, other.below), (&mut self.above, other.above)] {
            for (key, count) in theirs {
                let mine = mine.entry(key).or_default();
                *mine = mine.saturating_add(count);
            }
        }
        self.zero = self.zero.saturating_add(other.zero);
        self.not_a_number = self.not_a_number.saturating_add(other.not_a_number);
        if let Some(ends) = other.ends {
            self.reach(ends);
        }
    }

    fn reach(&mut self, (least, greatest): (f64, f64)) {
        let ends = self.ends.get_or_insert((least, greatest));
        if least.total_cmp(&ends.0).is_lt() {
            ends.0 = least;
        }
        if greatest.total_cmp(&ends.1).is_gt() {
            ends.1 = greatest;
        }
    }

    fn quantile(&self, q: f64, config: &Config) -> Option<f64> {
        let below = self.below.iter().rev().map(|(&key, &count)| (-config.value(key), count));
        let above = self.above.iter().map(|(&key, &count)| (config.value(key), count));
        let numbers = below.chain([(0.0, self.zero)]).chain(above);
        let buckets = numbers.clone().chain([(f64::NAN, self.not_a_number)]);
        let count = buckets.clone().fold(0, |sum: u64, (_, count)| sum.saturating_add(count));
        let last = count.checked_sub(1)?;
        let (least, greatest) = self.ends.unwrap_or((f64::NAN, f64::NAN));
        let rank = ((q * last as f64) as u64).min(last);
        let mut before = 0_u64;
        for (value, count) in buckets {
            before = before.saturating_add(count);
            if before > rank {
                return Some(match value.is_nan() {
                    true => value,
                    false if rank == 0 => least,
                    false if rank == last => greatest,
                    // Not `clamp`, which panics if the ends are not in order, as bytes from disk may have them.
                    false => value.max(least).min(greatest),
                });
            }
        }
        None
    }
}

#[diagnostic::do_not_recommend]
impl<I: Input> Aggregate<I> for Quantile
where
    I::Value: Number + Real,
{
    const NAME: &'static str = "quantile";
    type State = <<I::Value as Number>::Total as Keeping<Buckets>>::State;
    type Output = I::Of<f64>;

    fn refused(&self) -> Option<String> {
        (!(0.0..=1.0).contains(&self.q)).then(|| {
            format!(
                "takes a part from 0.0 to 1.0, and is given {}: the 99th percentile is `quantile(r.millis, 0.99)`",
                self.q
            )
        })
    }

    fn init(&self) -> Self::State {
        Buckets::default()
    }

    fn add(&self, state: &mut Self::State, value: I, _: Place) {
        if let Some(value) = value.present() {
            state.add(value.exact().to_f64(), &self.buckets);
        }
    }

    fn merge(&self, state: &mut Self::State, other: Self::State) {
        state.merge(other);
    }

    fn finish(&self, state: Self::State) -> Self::Output {
        I::of(state.quantile(self.q, &self.buckets))
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::check::{check, check_in_any_tree};
    use super::*;
    use crate::time::Duration;

    fn found(values: &[f64], q: f64) -> Option<f64> {
        let quantile = quantile(q);
        let mut buckets = Buckets::default();
        values.iter().for_each(|&value| buckets.add(value, &quantile.buckets));
        buckets.quantile(q, &quantile.buckets)
    }

    /// The value with this number in a sorted list.
    fn exactly(values: &[f64], q: f64) -> f64 {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted[(q * (sorted.len() - 1) as f64) as usize]
    }

    #[test]
    fn the_ends_and_values_that_are_all_the_same_are_exact() {
        check(quantile(0.0), &[3_i64, 1, 2], 1.0);
        check(quantile(1.0), &[3_i64, 1, 2], 3.0);
        check(quantile(0.37), &[1234.5; 4], 1234.5);
        check(quantile(0.5), &[Duration::from_secs(7)], 7000.0);
        check(quantile(0.5), &[-2.0, 0.0, 2.0], 0.0);
    }

    #[test]
    fn missing_values_are_skipped() {
        check(quantile(0.9), &[Some(4_u8), None], Some(4.0));
        check(quantile(0.9), &[None::<f64>], None);
    }

    #[test]
    fn what_is_not_finite_is_at_the_ends() {
        let values = [f64::NEG_INFINITY, -1.0, 1.0, f64::INFINITY, f64::NAN];
        let at = |q| found(&values, q).unwrap();
        assert_eq!(at(0.0), f64::NEG_INFINITY);
        assert!((at(0.5) - 1.0).abs() <= RELATIVE_ERROR + 1e-9);
        assert_eq!(at(0.75), f64::INFINITY);
        assert!(at(1.0).is_nan());
        assert!(found(&[f64::NAN], 0.0).unwrap().is_nan());
        let ends = [f64::MAX, f64::MIN_POSITIVE, -f64::MAX];
        assert_eq!(found(&ends, 1.0), Some(f64::MAX));
        assert!((found(&[f64::MAX, f64::MAX / 2.0, 1.0], 0.5).unwrap() / f64::MAX - 0.5).abs() < 0.005);
    }

    #[test]
    fn a_part_that_is_none_is_refused() {
        for q in [-0.1, 1.01, 99.0, f64::NAN] {
            let reason = Aggregate::<f64>::refused(&quantile(q)).unwrap();
            assert!(reason.contains("from 0.0 to 1.0"), "{reason}");
        }
        assert_eq!(Aggregate::<f64>::refused(&quantile(1.0)), None);
    }

    #[test]
    fn the_bytes_are_what_they_have_been() {
        let mut buckets = Buckets::default();
        for value in [1.0, 1.5, 250.0, -3.0, 0.0, f64::NAN] {
            buckets.add(value, &quantile(0.5).buckets);
        }
        let bytes = postcard::to_stdvec(&buckets).unwrap();
        let ends = [(-3.0_f64).to_le_bytes(), 250.0_f64.to_le_bytes()].concat();
        assert_eq!(bytes, [&[1, 108, 1, 1, 3, 0, 1, 40, 1, 168, 4, 1, 1, 1][..], &ends].concat());
    }

    proptest! {
        #[test]
        fn the_result_is_within_one_percent_in_any_tree(
            values in vec(prop_oneof![-1e6..1e6, -1.0..1.0, -1e300..1e300, Just(0.0)], 1..60), q in 0.0..=1.0, seed in any::<u64>()
        ) {
            let (result, exact) = (found(&values, q).unwrap(), exactly(&values, q));
            prop_assert!((result - exact).abs() <= exact.abs() * (RELATIVE_ERROR + 1e-9), "{result} for {exact}");
            check_in_any_tree(quantile(q), &values, seed, result);
        }

        #[test]
        fn bytes_from_disk_never_panic(bytes in vec(any::<u8>(), 0..60)) {
            if let Ok(mut buckets) = postcard::from_bytes::<Buckets>(&bytes) {
                let config = quantile(0.5).buckets;
                buckets.add(1.5, &config);
                buckets.merge(buckets.clone());
                let _ = buckets.quantile(0.5, &config);
            }
        }
    }
}
