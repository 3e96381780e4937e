//! `min_by` and `max_by`: the value of the row that has the smallest or the greatest of something else.

use std::cmp::Ordering;

use super::value::encoded;
use super::{Aggregate, Input, Order, Place, Value};

/// Finds the value of the row with the smallest of something else; made by [`min_by`].
#[derive(Debug, Clone, Copy)]
pub struct MinBy;

/// Finds the value of the row with the greatest of something else; made by [`max_by`].
#[derive(Debug, Clone, Copy)]
pub struct MaxBy;

/// The first argument's value in the row whose second one is the smallest: `min_by(p.shop, p.cents)` is the shop of the smallest
/// payment. Other systems call it `arg_min`.
///
/// Of several rows with the smallest, the earliest: by event time, and those of one time in the order of the input ([`Place`]), as
/// [`first`](super::first()) has it. The second argument is a [`Value`] that has an order, as [`min`](super::min()) takes it; the
/// first is any. A row that lacks either is skipped; if either is an `Option`, so is the result, which is `None` if no row has both.
///
/// Its state is the two values and the place of that row.
///
/// ```
/// use waterwheel::prelude::*;
/// # use waterwheel_samples::*;
/// #
/// # #[derive(Debug, Clone, PartialEq, Record)]
/// # struct Ends { card: u64, smallest: Timestamp, greatest: Timestamp }
/// # topics! { EndsOfMinutes("ends"): Ends { key: card } }
///
/// #[pipeline]
/// fn ends() {
///     let payments = source(Payments).lateness(10s).late_drop();
///     let ends = payments.group_by(|p| p.card).window(tumbling(1m)).select(|w, p| Ends {
///         card: w.key(),
///         smallest: min_by(p.at, p.cents),
///         greatest: max_by(p.at, p.cents),
///     });
///     ends.sink(EndsOfMinutes);
/// }
///
/// let mut t = ends().test();
/// t.push_all(Payments, [payment(1, 250, 5), payment(1, 100, 6), payment(1, 250, 7)]);
/// t.close();
/// let (smallest, greatest) = (Timestamp::from_secs(6), Timestamp::from_secs(5));
/// assert_eq!(t.rows(EndsOfMinutes), [Ends { card: 1, smallest, greatest }]);
/// ```
pub fn min_by() -> MinBy {
    MinBy
}

/// The first argument's value in the row whose second one is the greatest: `max_by(p.shop, p.cents)` is the shop of the greatest
/// payment. Other systems call it `arg_max`.
///
/// As [`min_by`] otherwise: of several rows with the greatest, the earliest.
pub fn max_by() -> MaxBy {
    MaxBy
}

/// The state, by way of the order: where the values have none there is none, and the compiler complains once.
#[doc(hidden)]
pub trait BestBy<V, B> {
    /// What the best row goes by, its place, and its value.
    type State;
}

#[diagnostic::do_not_recommend]
impl<V, B, O: Order<B>> BestBy<V, B> for O {
    type State = Option<(B, Place, V)>;
}

macro_rules! extreme {
    ($name:ident, $text:literal, $wanted:expr) => {
        #[diagnostic::do_not_recommend]
        impl<I: Input, B: Input> Aggregate<(I, B)> for $name
        where
            <B::Value as Value>::Order: Order<B::Value>,
        {
            const NAME: &'static str = $text;
            type State = <<B::Value as Value>::Order as BestBy<I::Value, B::Value>>::State;
            type Output = I::OfBoth<B, I::Value>;

            fn init(&self) -> Self::State {
                None
            }

            #[inline]
            fn add(&self, state: &mut Self::State, (value, by): (I, B), place: Place) {
                if let (Some(value), Some(by)) = (value.present(), by.present()) {
                    keep(state, (by, place, value), $wanted);
                }
            }

            fn merge(&self, state: &mut Self::State, other: Self::State) {
                if let Some(other) = other {
                    keep(state, other, $wanted);
                }
            }

            fn finish(&self, state: Self::State) -> Self::Output {
                I::of_both::<B, _>(state.map(|(_, _, value)| value))
            }
        }
    };
}

extreme!(MinBy, "min_by", Ordering::Less);
extreme!(MaxBy, "max_by", Ordering::Greater);

/// Puts `candidate` into `kept` if it compares as `wanted` to what is there, or is as good and stands before it.
#[inline]
fn keep<V: Value, B: Value>(kept: &mut Option<(B, Place, V)>, candidate: (B, Place, V), wanted: Ordering)
where
    B::Order: Order<B>,
{
    if kept.as_ref().is_none_or(|kept| goes_before(&candidate, kept, wanted)) {
        *kept = Some(candidate);
    }
}

#[inline]
fn goes_before<V: Value, B: Value>(left: &(B, Place, V), right: &(B, Place, V), wanted: Ordering) -> bool
where
    B::Order: Order<B>,
{
    match B::Order::compare(&left.0, &right.0) {
        Ordering::Equal => {}
        order => return order == wanted,
    }
    // Rows that an operator made may share a place: these go by the encoding of their values.
    left.1.cmp(&right.1).then_with(|| encoded(&left.2).cmp(&encoded(&right.2))) == Ordering::Less
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::check::{check, check_in_any_tree, check_rows, place};
    use super::*;

    #[test]
    fn the_value_is_that_of_the_row_with_the_extreme() {
        let rows = [("b", 3), ("c", 1), ("a", 2)].map(|(name, by)| (name.to_owned(), by));
        check(min_by(), &rows, "c".to_owned());
        check(max_by(), &rows, "b".to_owned());
        // What has no order may be the value.
        check(max_by(), &[(0.25, 1.5), (0.5, -1.5)], 0.25);
    }

    #[test]
    fn ties_go_to_the_earliest_row() {
        let rows = [
            (place(5, 0), ('a', 7)),
            (place(2, 9), ('b', 7)),
            (place(2, 3), ('c', 7)),
            (place(1, 0), ('d', 8)),
        ];
        check_rows(min_by(), &rows, 'c');
        check_rows(max_by(), &[rows[0], rows[1], rows[2]], 'c');
    }

    #[test]
    fn rows_of_one_place_go_by_their_encoding() {
        let rows = [(place(1, 1), (30_u32, 0)), (place(1, 1), (10, 0)), (place(1, 1), (20, 0))];
        check_rows(max_by(), &rows, 10);
    }

    #[test]
    fn a_row_that_lacks_either_is_skipped() {
        check(min_by(), &[(Some('a'), None), (None, Some(1)), (Some('b'), Some(2))], Some('b'));
        check(max_by(), &[('a', None::<f64>)], None);
        check(max_by(), &[(None, 7), (Some('b'), 2)], Some('b'));
    }

    proptest! {
        #[test]
        fn the_row_is_that_of_a_stable_sort_in_any_tree(rows in vec((any::<u16>(), 0_u8..4), 1..24), seed in any::<u64>()) {
            let mut sorted = rows.clone();
            sorted.sort_by_key(|(_, by)| *by);
            check_in_any_tree(min_by(), &rows, seed, sorted[0].0);
            let greatest = sorted[sorted.len() - 1].1;
            let first = rows.iter().find(|(_, by)| *by == greatest).unwrap();
            check_in_any_tree(max_by(), &rows, seed, first.0);
        }
    }
}
