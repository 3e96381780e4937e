//! `weighted_mean`: the mean of a group's values, each of which counts as much as its weight says.

use super::real::Keeping;
use super::{Aggregate, ExactTotal, Input, Number, Place, Real};

/// Averages by weight; made by [`weighted_mean`].
#[derive(Debug, Clone, Copy)]
pub struct WeightedMean;

/// The mean of the group's values by weight, `weighted_mean(t.price, t.pieces)`: the sum of the products of value and weight,
/// divided by the sum of the weights.
///
/// An `Option<f64>`, and `None` if the weights add up to 0, as they do if there are no rows. Value and weight are numbers as
/// [`mean`](super::mean()) takes them, of the same type or of two; a row that lacks either is skipped. Weights may be less than 0.
///
/// Both sums are exact and the result is rounded once: it is the `f64` nearest to the true quotient, in any order of the rows. It is
/// NaN if a weight is not finite, and goes by the rules of floating-point addition if a value is not.
///
/// Its state is 64 bytes for integers; floats take as many limbs of 32 bits as their range and that of the products need beside it.
///
/// ```
/// use waterwheel::prelude::*;
/// # use waterwheel_samples::*;
/// #
/// # #[derive(Debug, Clone, PartialEq, Record)]
/// # struct Typical { card: u64, second: Option<f64> }
/// # topics! { Typicals("typicals"): Typical { key: card } }
///
/// #[pipeline]
/// fn typical_seconds() {
///     let payments = source(Payments).lateness(10s).late_drop();
///     let seconds = payments.group_by(|p| p.card).window(tumbling(1m)).select(|w, p| Typical {
///         card: w.key(),
///         second: weighted_mean(p.at.millis() / 1000, p.cents),
///     });
///     seconds.sink(Typicals);
/// }
///
/// let mut t = typical_seconds().test();
/// t.push_all(Payments, [payment(1, 100, 10), payment(1, 300, 30), payment(2, 0, 7)]);
/// t.close();
/// let typical = |card, second| Typical { card, second };
/// assert_eq!(t.rows(Typicals), [typical(1, Some(25.0)), typical(2, None)]);
/// ```
pub fn weighted_mean() -> WeightedMean {
    WeightedMean
}

/// The state, by way of the weights.
type Totals<W> = <<W as Number>::Total as Keeping<(ExactTotal, ExactTotal)>>::State;

#[diagnostic::do_not_recommend]
impl<I: Input, W: Input> Aggregate<(I, W)> for WeightedMean
where
    I::Value: Number + Real,
    W::Value: Number + Real,
{
    const NAME: &'static str = "weighted_mean";
    type State = <<I::Value as Number>::Total as Keeping<Totals<W::Value>>>::State;
    type Output = Option<f64>;

    fn init(&self) -> Self::State {
        Default::default()
    }

    #[inline]
    fn add(&self, (products, weights): &mut Self::State, (value, weight): (I, W), _: Place) {
        if let (Some(value), Some(weight)) = (value.present(), weight.present()) {
            products.add_product(value.exact(), weight.exact());
            weights.add(weight.exact());
        }
    }

    fn merge(&self, (products, weights): &mut Self::State, other: Self::State) {
        products.merge(other.0);
        weights.merge(other.1);
    }

    fn finish(&self, (products, weights): Self::State) -> Option<f64> {
        let Ok(weights) = weights.value() else { return Some(f64::NAN) };
        if weights.is_zero() {
            return None;
        }
        Some(match products.value() {
            Ok(products) => products.divided_by(&weights),
            Err(special) if weights.is_negative() => -special,
            Err(special) => special,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::check::{check, check_in_any_tree};
    use super::super::quotient::mean_of_integers;
    use super::*;

    #[test]
    fn values_count_as_much_as_their_weights_say() {
        check(weighted_mean(), &[(10_i64, 1_u8), (20, 3)], Some(17.5));
        check(weighted_mean(), &[(10.0, 1_u8), (20.0, 3)], Some(17.5));
        check(weighted_mean(), &[(0.1, 0.7), (0.1, 0.2)], Some(0.1));
        check(weighted_mean(), &[(i64::MAX, u64::MAX), (i64::MAX, u64::MAX)], Some(i64::MAX as f64));
        check(weighted_mean(), &[(1e300, 1e300), (-1e300, 1e300), (1.0, 1e300)], Some(1.0 / 3.0));
        check(weighted_mean(), &[(1_i32, -1_i32), (3, -1)], Some(2.0));
    }

    #[test]
    fn weights_that_add_up_to_nothing_give_none() {
        check(weighted_mean(), &[(10_i64, 0_u32)], None);
        check(weighted_mean(), &[(10.0, 0.5), (20.0, -0.5)], None);
        check(weighted_mean(), &[(None, Some(1.0)), (Some(5_i64), None)], None);
    }

    #[test]
    fn a_row_that_lacks_either_is_skipped() {
        check(weighted_mean(), &[(Some(1.0), Some(2)), (None, Some(100)), (Some(9.0), None)], Some(1.0));
        check(weighted_mean(), &[(Some(1.0), 2), (None, 100)], Some(1.0));
    }

    #[test]
    fn what_is_not_finite_goes_by_the_rules_of_floating_point() {
        check(weighted_mean(), &[(f64::INFINITY, 2), (1.0, 1)], Some(f64::INFINITY));
        check(weighted_mean(), &[(f64::INFINITY, -2), (1.0, 1)], Some(f64::INFINITY));
        let mut state = Aggregate::<(f64, f64)>::init(&weighted_mean());
        let place = super::super::check::place(0, 0);
        weighted_mean().add(&mut state, (1.0, f64::INFINITY), place);
        assert!(Aggregate::<(f64, f64)>::finish(&weighted_mean(), state).unwrap().is_nan());
    }

    proptest! {
        #[test]
        fn the_result_is_that_of_integers_and_the_same_in_any_tree(rows in vec((any::<i32>(), any::<u16>()), 1..24), seed in any::<u64>()) {
            let products: i128 = rows.iter().map(|&(value, weight)| i128::from(value) * i128::from(weight)).sum();
            let weights: u64 = rows.iter().map(|&(_, weight)| u64::from(weight)).sum();
            let expected = (weights > 0).then(|| mean_of_integers(products, weights));
            check_in_any_tree(weighted_mean(), &rows, seed, expected);
            // The same rows as floats, by powers of two.
            let floats: Vec<_> =
                rows.iter().map(|&(value, weight)| (f64::from(value) * 1024.0, f64::from(weight) * 2_f64.powi(-300))).collect();
            check_in_any_tree(weighted_mean(), &floats, seed, expected.map(|mean| mean * 1024.0));
        }
    }
}
