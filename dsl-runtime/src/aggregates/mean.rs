//! `mean`: the arithmetic mean of a group's values.

use super::{Aggregate, Input, Number, Place, Total};

/// Averages; made by [`mean`].
#[derive(Debug, Clone, Copy)]
pub struct Mean;

/// The arithmetic mean of the group's values as an `f64`; for an `Option`, of those that are there, and `None` if none is. Of a `Decimal` it is a `Decimal`, to 28 places.
///
/// It is exact up to one rounding at the end: the nearest `f64` to the true quotient, in any order of the rows. Values
/// are added up as [`sum`](super::sum()) does, but a large sum is no error. Its state is that of `sum` and a count.
pub fn mean() -> Mean {
    Mean
}

/// The state, by way of the total: where the values are no numbers there is none, and the compiler complains once.
#[doc(hidden)]
pub trait Counted {
    /// The total and the number of values.
    type State;
}

#[diagnostic::do_not_recommend]
impl<T> Counted for T {
    type State = (T, u64);
}

#[diagnostic::do_not_recommend]
impl<I: Input> Aggregate<I> for Mean
where
    I::Value: Number,
{
    const NAME: &'static str = "mean";
    type State = <<I::Value as Number>::Total as Counted>::State;
    type Output = I::Of<<I::Value as Number>::Mean>;

    fn init(&self) -> Self::State {
        Self::State::default()
    }

    #[inline]
    fn add(&self, (total, count): &mut Self::State, value: I, _: Place) {
        if let Some(value) = value.present() {
            value.add_to(total);
            *count = count.saturating_add(1);
        }
    }

    fn merge(&self, (total, count): &mut Self::State, other: Self::State) {
        total.merge(other.0);
        *count = count.saturating_add(other.1);
    }

    fn finish(&self, (total, count): Self::State) -> Self::Output {
        I::of((count > 0).then(|| <I::Value as Number>::mean(&total, count)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::check::{check, place};
    use super::*;

    #[test]
    fn integers() {
        check(mean(), &[1_i16, 2], 1.5);
        check(mean(), &[i64::MIN, i64::MIN, i64::MIN], i64::MIN as f64);
        // Rounding the sum first would give 6004799503160661.
        check(mean(), &[18014398509481985_u64, 0, 0], 6004799503160662.0);
    }

    #[test]
    fn floats() {
        check(mean(), &[0.1; 3], 0.1);
        check(mean(), &[f64::MAX, f64::MAX, -0.0, 0.0], f64::MAX / 2.0);
        check(mean(), &[0.25_f32, 0.75], 0.5);
        check(mean(), &[f64::NEG_INFINITY, 1.0], f64::NEG_INFINITY);
    }

    /// No rows reach it, bytes of a damaged disk may.
    #[test]
    fn the_greatest_count_stays_what_it_is() {
        let mut state = Aggregate::<i64>::init(&mean());
        state.1 = u64::MAX;
        Aggregate::<i64>::add(&mean(), &mut state, 8, place(0, 0));
        Aggregate::<i64>::merge(&mean(), &mut state, (Default::default(), 2));
        assert_eq!(state.1, u64::MAX);
        assert!(Aggregate::<i64>::finish(&mean(), state) < 1e-18);
    }

    #[test]
    fn a_mean_of_values_that_may_be_missing_may_be_missing() {
        check(mean(), &[Some(1_u8), None, Some(2)], Some(1.5));
        check(mean(), &[None::<f64>, None], None);
    }
}
