//! The `_if` forms: aggregates over the rows for which something holds.

use super::{
    Aggregate, ApproxDistinct, Collect, Distinct, First, Input, Last, Max, MaxBy, Mean, Min, MinBy, Place,
    Quantile, Stddev, StddevPop, Sum, Variance, VariancePop, WeightedMean, approx_distinct, collect,
    distinct, first, last, max, max_by, mean, min, min_by, quantile, stddev, stddev_pop, sum, variance,
    variance_pop, weighted_mean,
};

/// An aggregate over the values beside which a `true` stands; made by [`sum_if`] and its like.
///
/// It hands the others to `A` as missing, so it fits every aggregate that takes an `Option`, or a pair of them, and keeps what `A`
/// keeps.
#[derive(Debug, Clone, Copy)]
pub struct If<A>(pub A);

/// The [`sum`](sum()) of the values of those rows for which the second argument is true: `sum_if(p.amount, p.settled)`.
pub fn sum_if() -> If<Sum> {
    If(sum())
}

/// The [`mean`](mean()) of the values of those rows for which the second argument is true, `None` if there is none.
pub fn mean_if() -> If<Mean> {
    If(mean())
}

/// The [`min`](min()) of the values of those rows for which the second argument is true, `None` if there is none.
pub fn min_if() -> If<Min> {
    If(min())
}

/// The [`max`](max()) of the values of those rows for which the second argument is true, `None` if there is none.
pub fn max_if() -> If<Max> {
    If(max())
}

/// The [`first`](first()) of the values of those rows for which the second argument is true, `None` if there is none.
pub fn first_if() -> If<First> {
    If(first())
}

/// The [`last`](last()) of the values of those rows for which the second argument is true, `None` if there is none.
pub fn last_if() -> If<Last> {
    If(last())
}

/// The [`variance`](variance()) of the values of those rows for which the second argument is true, `None` if there are fewer than two.
pub fn variance_if() -> If<Variance> {
    If(variance())
}

/// The [`variance_pop`](variance_pop()) of the values of those rows for which the second argument is true, `None` if there is none.
pub fn variance_pop_if() -> If<VariancePop> {
    If(variance_pop())
}

/// The [`stddev`](stddev()) of the values of those rows for which the second argument is true, `None` if there are fewer than two.
pub fn stddev_if() -> If<Stddev> {
    If(stddev())
}

/// The [`stddev_pop`](stddev_pop()) of the values of those rows for which the second argument is true, `None` if there is none.
pub fn stddev_pop_if() -> If<StddevPop> {
    If(stddev_pop())
}

/// The [`weighted_mean`](weighted_mean()) of those rows for which the third argument is true.
pub fn weighted_mean_if() -> If<WeightedMean> {
    If(weighted_mean())
}

/// The [`min_by`](min_by()) of those rows for which the third argument is true, `None` if there is none.
pub fn min_by_if() -> If<MinBy> {
    If(min_by())
}

/// The [`max_by`](max_by()) of those rows for which the third argument is true, `None` if there is none.
pub fn max_by_if() -> If<MaxBy> {
    If(max_by())
}

/// The number of [`distinct`](distinct()) values of those rows for which the second argument is true.
pub fn distinct_if() -> If<Distinct> {
    If(distinct())
}

/// About how many different values ([`approx_distinct`](approx_distinct())) there are in those rows for which the second argument is true.
pub fn approx_distinct_if() -> If<ApproxDistinct> {
    If(approx_distinct())
}

/// The [`quantile`](quantile()) of the values of those rows for which the third argument is true, `None` if there is none:
/// `quantile_if(r.millis, 0.99, r.ok)`.
pub fn quantile_if(q: f64) -> If<Quantile> {
    If(quantile(q))
}

/// The values ([`collect`](collect())) of those rows for which the third argument is true: `collect_if(p.shop, 100, p.settled)`.
pub fn collect_if(cap: u64) -> If<Collect> {
    If(collect(cap))
}

/// Implements the filtered form for an aggregate of this many values.
macro_rules! filtered {
    ($(($($input:ident $value:ident),+) of $of:ty;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($input: Input,)+ A: Aggregate<$of>> Aggregate<($($input,)+ bool)> for If<A> {
            const NAME: &'static str = "if";
            type State = A::State;
            type Output = A::Output;

            fn name(&self) -> String {
                format!("{}_if", self.0.name())
            }

            fn refused(&self) -> Option<String> {
                self.0.refused()
            }

            fn init(&self) -> A::State {
                self.0.init()
            }

            #[inline]
            fn add(&self, state: &mut A::State, ($($value,)+ holds): ($($input,)+ bool), place: Place) {
                $(let $value = if holds { $value.present() } else { None };)+
                self.0.add(state, ($($value),+), place);
            }

            fn merge(&self, state: &mut A::State, other: A::State) {
                self.0.merge(state, other);
            }

            fn finish(&self, state: A::State) -> A::Output {
                self.0.finish(state)
            }
        }
    )*};
}

filtered! {
    (I value) of Option<I::Value>;
    (I value, J other) of (Option<I::Value>, Option<J::Value>);
}

#[cfg(test)]
mod tests {
    use super::super::check::check;
    use super::*;

    #[test]
    fn rows_for_which_it_does_not_hold_are_skipped() {
        let rows = [(4_i64, false), (2, true), (3, true), (1, false)];
        check(sum_if(), &rows, 5);
        check(mean_if(), &rows, Some(2.5));
        check(min_if(), &rows, Some(2));
        check(max_if(), &rows, Some(3));
        check(first_if(), &rows, Some(2));
        check(last_if(), &rows, Some(3));
    }

    #[test]
    fn no_rows_left_give_none_and_a_sum_of_zero() {
        check(sum_if(), &[(0.5, false)], 0.0);
        check(mean_if(), &[(0.5, false)], None);
        check(last_if(), &[('a', false)], None);
    }

    #[test]
    fn missing_values_are_skipped_as_well() {
        let rows = [(None, true), (Some(7_i64), false), (Some(8), true)];
        check(sum_if(), &rows, 8);
        check(max_if(), &rows, Some(8));
    }

    #[test]
    fn aggregates_of_two_values_have_a_filtered_form() {
        let rows = [('a', 4_i64, false), ('b', 2, true), ('c', 3, true)];
        check(min_by_if(), &rows, Some('b'));
        check(max_by_if(), &rows, Some('c'));
        check(max_by_if(), &[('a', 4_i64, false)], None);
        check(weighted_mean_if(), &[(8.0, 4, false), (2.0, 1, true), (4.0, 1, true)], Some(3.0));
        check(weighted_mean_if(), &[(Some(8.0), 4, true), (None, 1, true), (Some(4.0), 1, false)], Some(8.0));
    }

    #[test]
    fn spreads_and_distinct_values_have_a_filtered_form() {
        let rows = [(4_i64, false), (2, true), (4, true), (2, true)];
        check(variance_if(), &rows, Some(4.0 / 3.0));
        check(stddev_if(), &rows, Some((4.0_f64 / 3.0).sqrt()));
        check(variance_pop_if(), &[(1_i64, true), (3, true), (9, false)], Some(1.0));
        check(stddev_pop_if(), &[(1_i64, false)], None);
        check(distinct_if(), &rows, 2);
        check(distinct_if(), &[(1_i64, false)], 0);
    }

    #[test]
    fn aggregates_with_a_setting_have_a_filtered_form() {
        let rows = [(4_i64, false), (2, true), (3, true), (2, true)];
        check(quantile_if(1.0), &rows, Some(3.0));
        check(quantile_if(0.5), &[(4_i64, false)], None);
        check(collect_if(3), &rows, vec![2, 3, 2]);
        check(collect_if(3), &[(4_i64, false)], vec![]);
        check(approx_distinct_if(), &rows, 2);
        assert!(Aggregate::<(f64, bool)>::refused(&quantile_if(2.0)).is_some());
    }

    #[test]
    fn an_aggregate_of_ones_own_has_a_filtered_form() {
        struct Longest;
        impl<I: Input<Value = String>> Aggregate<I> for Longest {
            const NAME: &'static str = "longest";
            type State = u64;
            type Output = I::Of<u64>;

            fn init(&self) -> u64 {
                0
            }

            fn add(&self, state: &mut u64, value: I, _: Place) {
                *state = value.present().map_or(0, |value| value.len() as u64).max(*state);
            }

            fn merge(&self, state: &mut u64, other: u64) {
                *state = other.max(*state);
            }

            fn finish(&self, state: u64) -> I::Of<u64> {
                I::of(Some(state))
            }
        }
        let rows = [("ab", true), ("abc", false)].map(|(name, holds)| (name.to_owned(), holds));
        check(If(Longest), &rows, Some(2));
        check(Longest, &rows.map(|(name, _)| name), 3);
    }
}
