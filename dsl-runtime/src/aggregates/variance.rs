//! `variance`, `stddev` and their `_pop` forms: how far a group's values are spread.

use serde::{Deserialize, Serialize};

use super::big::Big;
use super::real::Keeping;
use super::{Aggregate, ExactTotal, Input, Number, Place, Real};

/// Gives the variance of a sample; made by [`variance`].
#[derive(Debug, Clone, Copy)]
pub struct Variance;

/// Gives the variance of a population; made by [`variance_pop`].
#[derive(Debug, Clone, Copy)]
pub struct VariancePop;

/// Gives the standard deviation of a sample; made by [`stddev`].
#[derive(Debug, Clone, Copy)]
pub struct Stddev;

/// Gives the standard deviation of a population; made by [`stddev_pop`].
#[derive(Debug, Clone, Copy)]
pub struct StddevPop;

/// The variance of the group's values, taken as a *sample*: SQL's `VAR_SAMP`, which divides by one less than their number.
///
/// An `Option<f64>`, and `None` for fewer than two values. It takes what [`mean`](super::mean()) takes, in units of the values
/// squared; of `Duration`s these are milliseconds. Missing values are skipped.
///
/// The sums of the values and of their squares are exact, and the result is rounded once: it is the `f64` nearest to the true
/// variance, in any order of the rows. It is an infinity where it is beyond an `f64`'s range, and NaN if a value was not finite.
///
/// Its state is 72 bytes for integers; floats take as many limbs of 32 bits as their range and twice that need beside it.
///
/// ```
/// use waterwheel::prelude::*;
/// # use waterwheel_samples::*;
/// #
/// # #[derive(Debug, Clone, PartialEq, Record)]
/// # struct Spread { card: u64, variance: Option<f64>, stddev: f64 }
/// # topics! { Spreads("spreads"): Spread { key: card } }
///
/// #[pipeline]
/// fn spreads() {
///     let payments = source(Payments).lateness(10s).late_drop();
///     let spreads = payments.group_by(|p| p.card).window(tumbling(1m)).select(|w, p| Spread {
///         card: w.key(),
///         variance: variance(p.cents),
///         stddev: stddev_pop(p.cents),
///     });
///     spreads.sink(Spreads);
/// }
///
/// let mut t = spreads().test();
/// t.push_all(Payments, [payment(1, 100, 5), payment(1, 104, 6), payment(2, 50, 7)]);
/// t.close();
/// let spread = |card, variance, stddev| Spread { card, variance, stddev };
/// assert_eq!(t.rows(Spreads), [spread(1, Some(8.0), 2.0), spread(2, None, 0.0)]);
/// ```
pub fn variance() -> Variance {
    Variance
}

/// The variance of the group's values, taken as the whole *population*: SQL's `VAR_POP`, which divides by their number.
///
/// An `f64`; for an `Option`, that of the values that are there, and `None` if none is. As [`variance`] otherwise.
pub fn variance_pop() -> VariancePop {
    VariancePop
}

/// The standard deviation of the group's values, taken as a *sample*: SQL's `STDDEV_SAMP`, the square root of [`variance`].
///
/// An `Option<f64>`, and `None` for fewer than two values. As the root of a rounded quotient is rounded once more, it may be
/// off by one in its last place, and is the same in any order of the rows. It keeps what `variance` keeps.
pub fn stddev() -> Stddev {
    Stddev
}

/// The standard deviation of the group's values, taken as the whole *population*: SQL's `STDDEV_POP`, the square root of
/// [`variance_pop`].
///
/// An `f64`; for an `Option`, that of the values that are there, and `None` if none is. As [`stddev`] otherwise.
pub fn stddev_pop() -> StddevPop {
    StddevPop
}

/// How many values there are, their sum, and the sum of their squares.
#[doc(hidden)]
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Moments {
    count: u64,
    sum: ExactTotal,
    squares: ExactTotal,
}

impl Moments {
    #[inline]
    fn add(&mut self, value: impl Real) {
        let value = value.exact();
        self.count = self.count.saturating_add(1);
        self.sum.add(value);
        self.squares.add_product(value, value);
    }

    fn merge(&mut self, other: Moments) {
        self.count = self.count.saturating_add(other.count);
        self.sum.merge(other.sum);
        self.squares.merge(other.squares);
    }

    /// What `of` makes of the sum of the squared distances from the mean, times `count`, and of `count * (count - less)`;
    /// `None` if that is 0.
    fn spread(&self, less: u64, of: impl Fn(&Big, &Big) -> f64) -> Option<f64> {
        if self.count <= less {
            return None;
        }
        let (Ok(sum), Ok(squares)) = (self.sum.value(), self.squares.value()) else { return Some(f64::NAN) };
        let count = Big::whole(self.count);
        let distances = count.times(&squares).minus(&sum.times(&sum));
        Some(of(&distances, &count.times(&Big::whole(self.count - less))))
    }
}

macro_rules! spread {
    ($name:ident, $text:literal, $output:ty, $less:literal, $of:expr, $result:expr) => {
        #[diagnostic::do_not_recommend]
        impl<I: Input> Aggregate<I> for $name
        where
            I::Value: Number + Real,
        {
            const NAME: &'static str = $text;
            type State = <<I::Value as Number>::Total as Keeping<Moments>>::State;
            type Output = $output;

            fn init(&self) -> Self::State {
                Moments::default()
            }

            #[inline]
            fn add(&self, state: &mut Self::State, value: I, _: Place) {
                if let Some(value) = value.present() {
                    state.add(value);
                }
            }

            fn merge(&self, state: &mut Self::State, other: Self::State) {
                state.merge(other);
            }

            fn finish(&self, state: Self::State) -> Self::Output {
                $result(state.spread($less, $of))
            }
        }
    };
}

spread!(Variance, "variance", Option<f64>, 1, Big::divided_by, |result| result);
spread!(VariancePop, "variance_pop", I::Of<f64>, 0, Big::divided_by, I::of);
spread!(Stddev, "stddev", Option<f64>, 1, Big::root_of_quotient, |result| result);
spread!(StddevPop, "stddev_pop", I::Of<f64>, 0, Big::root_of_quotient, I::of);

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::check::{check, check_in_any_tree};
    use super::*;
    use crate::time::Duration;

    /// No rows reach it, bytes of a damaged disk may.
    #[test]
    fn the_greatest_count_stays_what_it_is() {
        let mut moments = Moments { count: u64::MAX, ..Moments::default() };
        moments.add(8_i64);
        moments.merge(Moments { count: 2, ..Moments::default() });
        assert_eq!(moments.count, u64::MAX);
        assert!(moments.spread(1, |_, _| 1.0).is_some());
    }

    #[test]
    fn integers() {
        check(variance(), &[2_i32, 4, 4, 4, 5, 5, 7, 9], Some(32.0 / 7.0));
        check(variance_pop(), &[2_u8, 4, 4, 4, 5, 5, 7, 9], 4.0);
        check(stddev_pop(), &[2_u8, 4, 4, 4, 5, 5, 7, 9], 2.0);
        check(stddev(), &[Duration::from_secs(1), Duration::from_secs(3)], Some(2_f64.sqrt() * 1000.0));
        // As floats these squares would be one number.
        check(variance(), &[i64::MAX, i64::MAX - 1, i64::MAX - 2], Some(1.0));
        check(stddev_pop(), &[i64::MIN, i64::MAX], u64::MAX as f64 / 2.0);
    }

    #[test]
    fn floats() {
        check(variance(), &[1e9 + 1.0, 1e9 + 2.0, 1e9 + 3.0], Some(1.0));
        check(variance_pop(), &[0.1; 7], 0.0);
        check(stddev_pop(), &[-1e200, 1e200], 1e200);
        check(variance_pop(), &[-1e200, 1e200], f64::INFINITY);
        check(stddev_pop(), &[-3e-200, 3e-200], 3e-200);
        check(stddev_pop(), &[0.5_f32, 1.5], 0.5);
    }

    #[test]
    fn what_is_not_finite_has_no_variance() {
        for value in [f64::INFINITY, f64::NAN] {
            let mut state = Moments::default();
            [1.0, value].into_iter().for_each(|value| state.add(value));
            assert!(state.spread(1, Big::divided_by).unwrap().is_nan());
        }
    }

    #[test]
    fn too_few_values_have_none() {
        check(variance(), &[7_i64], None);
        check(stddev(), &[Some(7_i64), None], None);
        check(variance_pop(), &[7_i64], 0.0);
        check(stddev_pop(), &[Some(7.5), None], Some(0.0));
        check(variance_pop(), &[None::<f64>], None);
        check(variance(), &[None::<i64>, Some(1), Some(3)], Some(2.0));
    }

    /// `n * sum(x^2) - sum(x)^2`, over `n * (n - less)`, in 128 bits.
    fn plainly(values: &[i32], less: i128) -> f64 {
        let count = values.len() as i128;
        let sum: i128 = values.iter().map(|&value| i128::from(value)).sum();
        let squares: i128 = values.iter().map(|&value| i128::from(value) * i128::from(value)).sum();
        super::super::quotient::mean_of_integers(count * squares - sum * sum, (count * (count - less)) as u64)
    }

    proptest! {
        #[test]
        fn the_result_is_that_of_integers_and_the_same_in_any_tree(values in vec(any::<i32>(), 2..24), seed in any::<u64>()) {
            check_in_any_tree(variance(), &values, seed, Some(plainly(&values, 1)));
            check_in_any_tree(variance_pop(), &values, seed, plainly(&values, 0));
            // The same numbers, by a power of two smaller.
            let small: Vec<f64> = values.iter().map(|&value| f64::from(value) * 2_f64.powi(-400)).collect();
            check_in_any_tree(stddev_pop(), &small, seed, plainly(&values, 0).sqrt() * 2_f64.powi(-400));
            let shifted: Vec<i64> = values.iter().map(|&value| i64::from(value) + (1 << 60)).collect();
            check_in_any_tree(variance(), &shifted, seed, Some(plainly(&values, 1)));
        }

        #[test]
        fn floats_of_every_size_give_the_same_in_any_tree(values in vec(any::<f64>(), 0..24), seed in any::<u64>()) {
            let values: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
            let mut state = Moments::default();
            values.iter().for_each(|&value| state.add(value));
            check_in_any_tree(variance(), &values, seed, state.spread(1, Big::divided_by));
        }
    }
}
