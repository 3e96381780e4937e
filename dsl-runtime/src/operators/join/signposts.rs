//! Methods that a join does not have, or not yet, for those who look for them: each is refused with the way to go. As in the
//! signposts of other handles, their results are what the user thinks they are.

use std::ops::RangeInclusive;

use super::StreamToJoin;
use crate::handles::{
    Anti, FullOuter, Grouped, Inner, IntervalJoin, Join, KeyedJoin, LeftOuter, RightOuter, Semi, Stream,
    Timed, WindowJoin, Windowed,
};
use crate::not_there::not_there;
use crate::operators::names_stream::names_stream;
use crate::operators::without_rows::no_rows_yet;
use crate::time::Duration;

/// A join that has the keys of its sides.
#[diagnostic::on_unimplemented(
    message = "it is not said which rows of this join meet",
    label = "the join has no keys yet",
    note = "give the key of each side right behind the join: `left.join(right).on(|l| l.id, |r| r.id)`"
)]
pub trait HasKeys {}

/// A join that has a range of time.
#[diagnostic::on_unimplemented(
    message = "a join of streams without a range of time would keep its rows for ever",
    label = "it is not said how far apart the times of two rows may lie",
    note = "put it right behind the keys: `.between(0s..=4h)` for right rows up to four hours later than the left row, `.between(-5m..=5m)` \
            for both directions; or `.window(tumbling(10s))` for rows of the same window"
)]
pub trait HasRange {}

/// A join that has rows before its `select`: none.
#[diagnostic::on_unimplemented(
    message = "a join has no rows before its `.select(..)`",
    label = "there are no rows here yet",
    note = "say what row each pair makes: `.on(|l| l.id, |r| r.id).between(0s..=4h).select(|l, r| Row {{ id: l.id, of: r.of }})`; filter or \
            map the streams before the join, or its rows behind the `.select(..)`"
)]
pub trait JoinWithRows {}

/// A handle that takes the steps of a join.
#[diagnostic::on_unimplemented(
    message = "this is a step of a join, and there is no join here",
    label = "nothing is joined yet",
    note = "a join is written `left.join(right).on(|l| l.id, |r| r.id).between(0s..=4h).select(|l, r| Row {{ .. }})`"
)]
pub trait IsJoin {}

names_stream! {
    <L, R, J> Join<L, R, J>;
    <K, L, R, J> KeyedJoin<K, L, R, J>;
    <K, L, R, J> IntervalJoin<K, L, R, J>;
    <K, L, R, W, J> WindowJoin<K, L, R, W, J>;
}

not_there! {
    [T, E] Stream<T, E>:
    [<K, R>(self, _: impl Fn(&T) -> K, _: impl Fn(&R) -> K) -> KeyedJoin<K, T, R>] where [Self: IsJoin]: on;
    [<R>(self, _: RangeInclusive<Duration>) -> IntervalJoin<(), T, R>] where [Self: IsJoin]: between;
    [(self, _: u64) -> Self] where [Self: IsJoin]: at_most;
}

/// Joins of what is grouped already.
macro_rules! joins_of_groups {
    ($($generics:tt $of:ty;)*) => {$(
        not_there! {
            $generics $of:
            [<S: StreamToJoin>(self, _: S) -> Join<T, S::Row, Inner>] where [Self: StreamToJoin]: join;
            [<S: StreamToJoin>(self, _: S) -> Join<T, S::Row, LeftOuter>] where [Self: StreamToJoin]: left_join;
            [<S: StreamToJoin>(self, _: S) -> Join<T, S::Row, RightOuter>] where [Self: StreamToJoin]: right_join;
            [<S: StreamToJoin>(self, _: S) -> Join<T, S::Row, FullOuter>] where [Self: StreamToJoin]: full_join;
            [<S: StreamToJoin>(self, _: S) -> Join<T, S::Row, Semi>] where [Self: StreamToJoin]: semi_join;
            [<S: StreamToJoin>(self, _: S) -> Join<T, S::Row, Anti>] where [Self: StreamToJoin]: anti_join;
        }
    )*};
}

joins_of_groups! {
    [K, T, E] Grouped<K, T, E>;
    [K, T, W, E] Windowed<K, T, W, E>;
}

not_there! {
    [L, R, J] Join<L, R, J>:
    [(self, _: RangeInclusive<Duration>) -> IntervalJoin<(), L, R, J>] where [Self: HasKeys]: between;
}

not_there! {
    [K, L, R, J] KeyedJoin<K, L, R, J>:
    [(self, _: u64) -> IntervalJoin<K, L, R, J>] where [Self: HasRange]: at_most;
}

/// A `select` too early, with the rows that its closure would be given.
macro_rules! selects_too_early {
    ($($kind:ident: $left:ty, $right:ty;)*) => {$(
        not_there! {
            [L, R] Join<L, R, $kind>:
            [<O>(self, _: impl Fn($left, $right) -> O) -> Stream<O, Timed>] where [Self: HasKeys]: select;
        }
        not_there! {
            [K, L, R] KeyedJoin<K, L, R, $kind>:
            [<O>(self, _: impl Fn($left, $right) -> O) -> Stream<O, Timed>] where [Self: HasRange]: select;
        }
    )*};
}

selects_too_early! {
    Inner: &L, &R;
    LeftOuter: &L, Option<&R>;
    RightOuter: Option<&L>, &R;
    FullOuter: Option<&L>, Option<&R>;
}

/// What a stream can do and a join cannot before its `select`.
macro_rules! without_rows {
    ($($generics:tt $of:ty;)*) => {$(
        no_rows_yet! { $generics $of: JoinWithRows; }
        not_there! {
            $generics $of:
            [<O, E>(self, _: Stream<O, E>) -> Join<R, O>] where [Self: JoinWithRows]: join;
        }
    )*};
}

without_rows! {
    [L, R, J] Join<L, R, J>;
    [K, L, R, J] KeyedJoin<K, L, R, J>;
    [K, L, R, J] IntervalJoin<K, L, R, J>;
    [K, L, R, W, J] WindowJoin<K, L, R, W, J>;
}
