//! `min` and `max`: the smallest and the greatest of a group's values.

use std::cmp::Ordering;

use super::{Aggregate, Input, Order, Place, Value};

/// Finds the smallest; made by [`min`].
#[derive(Debug, Clone, Copy)]
pub struct Min;

/// Finds the greatest; made by [`max`].
#[derive(Debug, Clone, Copy)]
pub struct Max;

/// The smallest of the group's values; for an `Option`, of those that are there, and `None` if none is.
///
/// It takes every [`Value`] that has an order. Floats have `total_cmp`'s, see [`Primitive`](super::Primitive). Its state
/// is one value.
pub fn min() -> Min {
    Min
}

/// The greatest of the group's values; for an `Option`, of those that are there, and `None` if none is.
///
/// As [`min`] otherwise. A group with a NaN has the maximum NaN.
pub fn max() -> Max {
    Max
}

/// The state, by way of the order: where the values have none there is none, and the compiler complains once.
#[doc(hidden)]
pub trait Best<V> {
    /// The value so far.
    type State;
}

#[diagnostic::do_not_recommend]
impl<V, O: Order<V>> Best<V> for O {
    type State = Option<V>;
}

macro_rules! extreme {
    ($name:ident, $text:literal, $wanted:expr) => {
        #[diagnostic::do_not_recommend]
        impl<I: Input> Aggregate<I> for $name
        where
            <I::Value as Value>::Order: Order<I::Value>,
        {
            const NAME: &'static str = $text;
            type State = <<I::Value as Value>::Order as Best<I::Value>>::State;
            type Output = I::Of<I::Value>;

            fn init(&self) -> Self::State {
                None
            }

            #[inline]
            fn add(&self, state: &mut Self::State, value: I, _: Place) {
                keep(state, value.present(), $wanted);
            }

            fn merge(&self, state: &mut Self::State, other: Self::State) {
                keep(state, other, $wanted);
            }

            fn finish(&self, state: Self::State) -> Self::Output {
                I::of(state)
            }
        }
    };
}

extreme!(Min, "min", Ordering::Less);
extreme!(Max, "max", Ordering::Greater);

/// Puts `candidate` into `kept` if it compares as `wanted` to what is there.
#[inline]
fn keep<V: Value>(kept: &mut Option<V>, candidate: Option<V>, wanted: Ordering)
where
    V::Order: Order<V>,
{
    let Some(candidate) = candidate else { return };
    match kept {
        Some(kept) if V::Order::compare(&candidate, kept) != wanted => {}
        _ => *kept = Some(candidate),
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::super::Natural;
    use super::super::check::{check, place};
    use super::*;

    #[test]
    fn values_of_any_ordered_type() {
        check(min(), &[3, -1, 2], -1);
        check(max(), &["b".to_owned(), "c".to_owned(), "a".to_owned()], "c".to_owned());
        check(max(), &[(1, 'a'), (1, 'b')], (1, 'b'));
        check(min(), &[vec![Some(2)], vec![None]], vec![None]);
    }

    #[test]
    fn floats_have_their_total_order() {
        check(min(), &[1.5, -2.0, f64::INFINITY], -2.0);
        assert!(extreme_of(max(), &[1.0, f64::NAN, f64::INFINITY]).is_nan());
        assert_eq!(extreme_of(min(), &[1.0_f64, f64::NAN]), 1.0);
        assert!(extreme_of(min(), &[0.0_f64, -0.0]).is_sign_negative());
        assert_eq!(extreme_of(max(), &[1_f32, 2.0]), 2.0);
    }

    #[test]
    fn missing_values_are_skipped() {
        check(min(), &[None, Some(3), Some(1)], Some(1));
        check(max(), &[Some(0.5), None], Some(0.5));
        check(max(), &[None::<String>], None);
    }

    #[test]
    fn values_that_are_equal_but_not_identical_go_by_their_bytes() {
        #[derive(Debug, Clone, Serialize, Deserialize)]
        struct Bid {
            price: u32,
            bidder: String,
        }
        impl Value for Bid {
            type Order = Natural;
        }
        impl Ord for Bid {
            fn cmp(&self, other: &Bid) -> Ordering {
                self.price.cmp(&other.price)
            }
        }
        impl PartialOrd for Bid {
            fn partial_cmp(&self, other: &Bid) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }
        impl PartialEq for Bid {
            fn eq(&self, other: &Bid) -> bool {
                self.price == other.price
            }
        }
        impl Eq for Bid {}

        let bids = [(5, "eve"), (5, "ada"), (3, "bob")]
            .map(|(price, bidder)| Bid { price, bidder: bidder.to_owned() });
        for bids in [[&bids[0], &bids[1], &bids[2]], [&bids[2], &bids[1], &bids[0]]] {
            assert_eq!(extreme_of(max(), &bids.map(Clone::clone)).bidder, "eve");
        }
    }

    fn extreme_of<V: Clone, A: Aggregate<V>>(aggregate: A, values: &[V]) -> A::Output {
        let mut state = aggregate.init();
        values.iter().for_each(|value| aggregate.add(&mut state, value.clone(), place(0, 0)));
        aggregate.finish(state)
    }
}
