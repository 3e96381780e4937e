//! `first` and `last`: the earliest and the latest of a group's values.

use std::cmp::Ordering;

use super::value::encoded;
use super::{Aggregate, Input, Place, Value};

/// Finds the earliest; made by [`first`].
#[derive(Debug, Clone, Copy)]
pub struct First;

/// Finds the latest; made by [`last`].
#[derive(Debug, Clone, Copy)]
pub struct Last;

/// The value of the earliest row; for an `Option`, of the earliest row that has one, and `None` if none has.
///
/// Rows stand in the order of their event times, and those of one time in the order of the input ([`Place`]): when a row
/// arrived makes no difference. Rows with the same place, which only rows that an operator made can have, go by the
/// encoding of their values, so that the result is still one and the same. Its state is one value and its place.
pub fn first() -> First {
    First
}

/// The value of the latest row; for an `Option`, of the latest row that has one, and `None` if none has.
///
/// As [`first`] otherwise.
pub fn last() -> Last {
    Last
}

macro_rules! end {
    ($name:ident, $text:literal, $wanted:expr) => {
        #[diagnostic::do_not_recommend]
        impl<I: Input> Aggregate<I> for $name {
            const NAME: &'static str = $text;
            type State = Option<(Place, I::Value)>;
            type Output = I::Of<I::Value>;

            fn init(&self) -> Self::State {
                None
            }

            #[inline]
            fn add(&self, state: &mut Self::State, value: I, place: Place) {
                keep(state, value.present().map(|value| (place, value)), $wanted);
            }

            fn merge(&self, state: &mut Self::State, other: Self::State) {
                keep(state, other, $wanted);
            }

            fn finish(&self, state: Self::State) -> Self::Output {
                I::of(state.map(|(_, value)| value))
            }
        }
    };
}

end!(First, "first", Ordering::Less);
end!(Last, "last", Ordering::Greater);

/// Puts `candidate` into `kept` if its place compares as `wanted` to that of what is there.
#[inline]
fn keep<V: Value>(kept: &mut Option<(Place, V)>, candidate: Option<(Place, V)>, wanted: Ordering) {
    let Some(candidate) = candidate else { return };
    match kept {
        Some(kept) if compare(&candidate, kept) != wanted => {}
        _ => *kept = Some(candidate),
    }
}

#[inline]
fn compare<V: Value>(left: &(Place, V), right: &(Place, V)) -> Ordering {
    left.0.cmp(&right.0).then_with(|| encoded(&left.1).cmp(&encoded(&right.1)))
}

#[cfg(test)]
mod tests {
    use super::super::check::{check, check_rows, place};
    use super::*;

    #[test]
    fn rows_go_by_time_and_then_by_place_in_the_input() {
        let rows =
            [(place(5, 0), "late"), (place(2, 9), "second"), (place(2, 3), "first"), (place(5, 1), "last")]
                .map(|(place, name)| (place, name.to_owned()));
        check_rows(first(), &rows, "first".to_owned());
        check_rows(last(), &rows, "last".to_owned());
    }

    #[test]
    fn rows_of_one_place_go_by_their_encoding() {
        let rows = [(place(1, 1), 30_u32), (place(1, 1), 10), (place(1, 1), 20)];
        check_rows(first(), &rows, 10);
        check_rows(last(), &rows, 30);
    }

    #[test]
    fn missing_values_are_skipped() {
        check(first(), &[None, Some(0.25), Some(0.75)], Some(0.25));
        check(last(), &[Some(1), Some(2), None], Some(2));
        check(last(), &[None::<bool>], None);
    }
}
