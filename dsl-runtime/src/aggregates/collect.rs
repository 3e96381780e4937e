//! `collect`: all values of a group, up to a cap.

use std::cmp::Ordering;

use super::value::encoded;
use super::{Aggregate, Input, Place, Stop, Value};

/// Collects values; made by [`collect`].
#[derive(Debug, Clone, Copy)]
pub struct Collect {
    cap: u64,
}

/// The group's values, as a `Vec`: `collect(p.shop, 100)`, of at most 100 rows.
///
/// They stand in the order of their rows: by event time, and those of one time in the order of the input ([`Place`]), whenever a row
/// arrived. It takes every [`Value`]; missing values are skipped, and of none the `Vec` is empty.
///
/// # Errors
/// The second argument is the cap, from 1 on. A group with more values stops the pipeline with an error that names the key and the
/// window: the `Vec` is never cut off. A cap of 0 is refused before anything is read.
///
/// # State
/// **Each value** with its place, of 40 bytes, for each key and open window. This is the one aggregate that keeps rows, so the cap is
/// what bounds the memory: cap × windows that are open at a time.
///
/// ```
/// use waterwheel::prelude::*;
/// # use waterwheel_samples::*;
/// #
/// # #[derive(Debug, Clone, PartialEq, Record)]
/// # struct Amounts { card: u64, cents: Vec<i64> }
/// # topics! { AllAmounts("amounts"): Amounts { key: card } }
///
/// #[pipeline]
/// fn amounts() {
///     let payments = source(Payments).lateness(10s).late_drop();
///     let amounts = payments
///         .group_by(|p| p.card)
///         .window(tumbling(1m))
///         .select(|w, p| Amounts { card: w.key(), cents: collect(p.cents, 100) });
///     amounts.sink(AllAmounts);
/// }
///
/// let mut t = amounts().test();
/// t.push_all(Payments, [payment(1, 250, 7), payment(1, 100, 6), payment(1, 300, 8)]);
/// t.close();
/// assert_eq!(t.rows(AllAmounts), [Amounts { card: 1, cents: vec![100, 250, 300] }]);
/// ```
pub fn collect(cap: u64) -> Collect {
    Collect { cap }
}

impl Collect {
    fn stop(self) -> ! {
        Stop(format!(
            "more than {cap} values came for `collect(.., {cap})`: raise the cap, make the window shorter, or take an aggregate that \
             keeps no values",
            cap = self.cap
        ))
        .raise()
    }

    fn is_beyond(self, len: usize) -> bool {
        len as u64 > self.cap
    }
}

#[diagnostic::do_not_recommend]
impl<I: Input> Aggregate<I> for Collect {
    const NAME: &'static str = "collect";
    /// In the order of the rows. Before the exchange, where a stop could not name the key, there may be one more than the cap.
    type State = Vec<(Place, I::Value)>;
    type Output = Vec<I::Value>;

    fn refused(&self) -> Option<String> {
        (self.cap == 0)
            .then(|| "takes a cap from 1 on, and is given 0: nothing could be collected".to_owned())
    }

    fn init(&self) -> Self::State {
        Vec::new()
    }

    fn add(&self, state: &mut Self::State, value: I, place: Place) {
        let Some(value) = value.present() else { return };
        if self.is_beyond(state.len()) {
            return;
        }
        let row = (place, value);
        let at = match state.last() {
            Some(last) if compare(&row, last) == Ordering::Less => {
                state.partition_point(|kept| compare(kept, &row) != Ordering::Greater)
            }
            _ => state.len(),
        };
        state.insert(at, row);
    }

    fn merge(&self, state: &mut Self::State, other: Self::State) {
        if self.is_beyond(state.len() + other.len()) {
            self.stop();
        }
        state.extend(other);
        // Two runs that are in order, which a stable sort merges.
        state.sort_by(compare);
    }

    fn finish(&self, state: Self::State) -> Self::Output {
        if self.is_beyond(state.len()) {
            self.stop();
        }
        state.into_iter().map(|(_, value)| value).collect()
    }
}

/// By place; rows that an operator made may share one, and go by the encoding of their values.
#[inline]
fn compare<V: Value>(left: &(Place, V), right: &(Place, V)) -> Ordering {
    left.0.cmp(&right.0).then_with(|| encoded(&left.1).cmp(&encoded(&right.1)))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::check::{check, check_in_any_tree, check_rows, place};
    use super::*;

    #[test]
    fn values_stand_in_the_order_of_their_rows() {
        let rows =
            [(place(5, 0), "late"), (place(2, 9), "second"), (place(2, 3), "first"), (place(5, 1), "last")]
                .map(|(place, name)| (place, name.to_owned()));
        check_rows(collect(4), &rows, ["first", "second", "late", "last"].map(str::to_owned).to_vec());
        let alike = [(place(1, 1), 30_u32), (place(1, 1), 10), (place(1, 1), 10)];
        check_rows(collect(9), &alike, vec![10, 10, 30]);
    }

    #[test]
    fn missing_values_are_skipped() {
        check(collect(2), &[None, Some(0.25), Some(0.75)], vec![0.25, 0.75]);
        check(collect(1), &[None::<bool>], vec![]);
    }

    #[test]
    fn more_than_the_cap_stops_however_they_come() {
        let stopped = |parts: &[usize]| {
            let result = std::panic::catch_unwind(|| {
                let aggregate = collect(3);
                let mut state = Aggregate::<u64>::init(&aggregate);
                for &part in parts {
                    let mut rows = Aggregate::<u64>::init(&aggregate);
                    (0..part).for_each(|at| aggregate.add(&mut rows, 7_u64, place(0, at as u64)));
                    Aggregate::<u64>::merge(&aggregate, &mut state, rows);
                }
                Aggregate::<u64>::finish(&aggregate, state)
            });
            result.map(|values| values.len()).map_err(|stop| stop.downcast::<Stop>().unwrap().0)
        };
        assert_eq!(stopped(&[3]), Ok(3));
        assert_eq!(stopped(&[1, 1, 1]), Ok(3));
        for parts in [&[4][..], &[1, 3], &[3, 1], &[1, 1, 1, 1], &[0, 100]] {
            let text = stopped(parts).unwrap_err();
            assert!(
                text.starts_with("more than 3 values came for `collect(.., 3)`: raise the cap"),
                "{text}"
            );
        }
        let aggregate = collect(3);
        let mut state = Aggregate::<u64>::init(&aggregate);
        (0..100).for_each(|at| aggregate.add(&mut state, 7_u64, place(0, at)));
        assert_eq!(state.len(), 4, "no more is kept than shows that there are too many");
        assert!(std::panic::catch_unwind(|| Aggregate::<u64>::finish(&aggregate, state)).is_err());
    }

    #[test]
    fn a_cap_of_none_is_refused() {
        assert!(Aggregate::<u64>::refused(&collect(0)).unwrap().contains("from 1 on"));
        assert_eq!(Aggregate::<u64>::refused(&collect(1)), None);
    }

    proptest! {
        #[test]
        fn the_list_is_that_of_the_rows_in_any_tree(values in vec(any::<u16>(), 0..40), seed in any::<u64>()) {
            check_in_any_tree(collect(40), &values, seed, values.clone());
        }
    }
}
