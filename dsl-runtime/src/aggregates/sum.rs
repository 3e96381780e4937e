//! `sum`: the total of a group's values.

use super::{Aggregate, Input, Number, Place, Stop};

/// Adds up; made by [`sum`].
#[derive(Debug, Clone, Copy)]
pub struct Sum;

/// The sum of the group's values; 0 if there is none.
///
/// Of signed integers it is an `i64`, of unsigned ones a `u64`, of floats an `f64`, of a `Decimal` that, and of a newtype declared with
/// [`number!`](crate::number) that newtype. It takes an `Option` of these too and skips `None`.
///
/// - Integers are added up in 128 bits. A sum that its type cannot hold stops the pipeline, with the key and the window; it
///   never wraps.
/// - Floats are added up exactly (see [`ExactSum`](super::ExactSum)) and rounded once: ten times 0.1 is 1.0, in any order.
///   Opposite infinities, or any NaN, give NaN. A sum of exactly zero is 0.0.
/// - Decimals are added up exactly. A sum that has more digits than one can hold stops the pipeline; it is never rounded.
///
/// Its state is 16 bytes for integers, 32 for decimals, and as many limbs of 32 bits as the values' range needs for floats.
pub fn sum() -> Sum {
    Sum
}

#[diagnostic::do_not_recommend]
impl<I: Input> Aggregate<I> for Sum
where
    I::Value: Number,
{
    const NAME: &'static str = "sum";
    type State = <I::Value as Number>::Total;
    type Output = <I::Value as Number>::Sum;

    fn init(&self) -> Self::State {
        Self::State::default()
    }

    #[inline]
    fn add(&self, state: &mut Self::State, value: I, _: Place) {
        if let Some(value) = value.present() {
            value.add_to(state);
        }
    }

    fn merge(&self, state: &mut Self::State, other: Self::State) {
        super::Total::merge(state, other);
    }

    fn finish(&self, state: Self::State) -> Self::Output {
        <I::Value as Number>::sum(&state).unwrap_or_else(|error| Stop(error.to_string()).raise())
    }
}

#[cfg(test)]
mod tests {
    use crate::time::Duration;

    use super::super::check::check;
    use super::*;

    #[test]
    fn integers_of_every_width_add_up_in_64_bits() {
        check(sum(), &[100_i8, 100, -1], 199_i64);
        check(sum(), &[u8::MAX; 3], 765_u64);
        check(sum(), &[i64::MAX, i64::MAX, i64::MIN, i64::MIN, 7], 5_i64);
        check(sum(), &[usize::MAX - 1, 1], u64::MAX);
        check(sum(), &[Duration::from_secs(1), Duration::from_millis(-1)], Duration::from_millis(999));
    }

    #[test]
    fn floats_add_up_exactly() {
        check(sum(), &[0.1; 10], 1.0);
        check(sum(), &[1e300, 1.0, -1e300], 1.0);
        check(sum(), &[0.5_f32, f32::MAX, f32::MAX], f64::from(f32::MAX) * 2.0 + 0.5);
    }

    #[test]
    fn missing_values_are_skipped_and_no_values_add_up_to_zero() {
        check(sum(), &[Some(2_i32), None, Some(3)], 5);
        check(sum(), &[None::<f64>], 0.0);
        check(sum(), &[] as &[u16], 0);
    }

    #[test]
    fn a_sum_that_does_not_fit_stops_with_its_value() {
        let result = std::panic::catch_unwind(|| check(sum(), &[i64::MAX, 1], 0));
        let stop = *result.unwrap_err().downcast::<Stop>().unwrap();
        assert!(stop.0.starts_with("the sum 9223372036854775808 does not fit into `i64`; "), "{stop:?}");
    }
}
