//! `distinct`: how many different values a group has, exactly.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Aggregate, Input, Order, Place, Value};

/// Counts different values; made by [`distinct`].
#[derive(Debug, Clone, Copy)]
pub struct Distinct;

/// The exact number of different values in the group, as a `u64`: SQL's `COUNT(DISTINCT ..)`.
///
/// It takes every [`Value`] that has an order, as [`min`](super::min()) does, and counts values that compare as equal once; 0.0 and
/// -0.0 are two, and a NaN is as good as another with the same bits. Missing values are skipped: of none the number is 0.
///
/// # State
/// **Each different value**, once, for each key and open window: the memory grows with their number, and so does what a checkpoint
/// writes of a group that has changed. What adds up rows before the exchange sends each value once an epoch; merging two sets takes
/// the values of the smaller one over, one by one. Where there may be millions of values in a window, or many windows, and an error of 1.6 %
/// does no harm, take `approx_distinct`, which needs 4 KB at most.
///
/// ```
/// use waterwheel::prelude::*;
/// # use waterwheel_samples::*;
/// #
/// # #[derive(Debug, Clone, PartialEq, Record)]
/// # struct Shown { card: u64, amounts: u64 }
/// # topics! { Shows("shown"): Shown { key: card } }
///
/// #[pipeline]
/// fn amounts() {
///     let payments = source(Payments).lateness(10s).late_drop();
///     let amounts = payments
///         .group_by(|p| p.card)
///         .window(tumbling(1m))
///         .select(|w, p| Shown { card: w.key(), amounts: distinct(p.cents) });
///     amounts.sink(Shows);
/// }
///
/// let mut t = amounts().test();
/// t.push_all(Payments, [payment(1, 250, 5), payment(1, 100, 6), payment(1, 250, 7)]);
/// t.close();
/// assert_eq!(t.rows(Shows), [Shown { card: 1, amounts: 2 }]);
/// ```
pub fn distinct() -> Distinct {
    Distinct
}

/// The state, by way of the order: where the values have none there is none, and the compiler complains once.
#[doc(hidden)]
pub trait Seen<V> {
    /// The values.
    type State;
}

#[diagnostic::do_not_recommend]
impl<V, O: Order<V>> Seen<V> for O {
    type State = BTreeSet<Ordered<V>>;
}

/// A value, with the order that aggregates go by.
#[doc(hidden)]
#[derive(Clone, Serialize, Deserialize)]
pub struct Ordered<V>(V);

impl<V: Value> Ord for Ordered<V>
where
    V::Order: Order<V>,
{
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        V::Order::compare(&self.0, &other.0)
    }
}

impl<V: Value> PartialOrd for Ordered<V>
where
    V::Order: Order<V>,
{
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<V: Value> PartialEq for Ordered<V>
where
    V::Order: Order<V>,
{
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<V: Value> Eq for Ordered<V> where V::Order: Order<V> {}

#[diagnostic::do_not_recommend]
impl<I: Input> Aggregate<I> for Distinct
where
    <I::Value as Value>::Order: Order<I::Value>,
{
    const NAME: &'static str = "distinct";
    type State = <<I::Value as Value>::Order as Seen<I::Value>>::State;
    type Output = u64;

    fn init(&self) -> Self::State {
        BTreeSet::new()
    }

    #[inline]
    fn add(&self, state: &mut Self::State, value: I, _: Place) {
        if let Some(value) = value.present() {
            state.insert(Ordered(value));
        }
    }

    fn merge(&self, state: &mut Self::State, mut other: Self::State) {
        if other.len() > state.len() {
            std::mem::swap(state, &mut other);
        }
        state.extend(other);
    }

    fn finish(&self, state: Self::State) -> u64 {
        state.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::check::{check, check_in_any_tree};
    use super::*;

    #[test]
    fn values_count_once() {
        check(distinct(), &[3_i64, 1, 3, 3, 2], 3);
        check(distinct(), &["a", "b", "a"].map(str::to_owned), 2);
        check(distinct(), &[(1, 'a'), (1, 'b'), (1, 'a')], 2);
        check(distinct(), &[0.0, -0.0, f64::NAN, f64::NAN, 1.5], 4);
    }

    #[test]
    fn missing_values_are_skipped() {
        check(distinct(), &[None, Some(7_u8), Some(7)], 1);
        check(distinct(), &[None::<String>], 0);
        check(distinct(), &[] as &[u64], 0);
    }

    proptest! {
        #[test]
        fn the_number_is_that_of_a_sorted_list_in_any_tree(values in vec(0_u16..20, 0..40), seed in any::<u64>()) {
            let mut expected = values.clone();
            expected.sort();
            expected.dedup();
            check_in_any_tree(distinct(), &values, seed, expected.len() as u64);
            let texts: Vec<_> = values.iter().map(|value| (*value > 3).then(|| value.to_string())).collect();
            let there = expected.iter().filter(|value| **value > 3).count();
            check_in_any_tree(distinct(), &texts, seed, there as u64);
        }

        #[test]
        fn bytes_from_disk_never_panic(bytes in vec(any::<u8>(), 0..40)) {
            let _ = postcard::from_bytes::<<Distinct as Aggregate<String>>::State>(&bytes);
        }
    }
}
