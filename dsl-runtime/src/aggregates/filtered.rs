//! The `_if` forms: aggregates over the rows for which something holds.

use super::{Aggregate, First, Input, Last, Max, Mean, Min, Place, Sum, first, last, max, mean, min, sum};

/// An aggregate over the values beside which a `true` stands; made by [`sum_if`] and its like.
///
/// It hands the others to `A` as missing, so it fits every aggregate that takes an `Option`, and keeps what `A` keeps.
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

#[diagnostic::do_not_recommend]
impl<I: Input, A: Aggregate<Option<I::Value>>> Aggregate<(I, bool)> for If<A> {
    const NAME: &'static str = "if";
    type State = A::State;
    type Output = A::Output;

    fn name(&self) -> String {
        format!("{}_if", self.0.name())
    }

    fn init(&self) -> A::State {
        self.0.init()
    }

    #[inline]
    fn add(&self, state: &mut A::State, (value, holds): (I, bool), place: Place) {
        let value = if holds { value.present() } else { None };
        self.0.add(state, value, place);
    }

    fn merge(&self, state: &mut A::State, other: A::State) {
        self.0.merge(state, other);
    }

    fn finish(&self, state: A::State) -> A::Output {
        self.0.finish(state)
    }
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
