//! Methods that a lookup does not have, or not yet, for those who look for them: each is refused with the way to go.

use std::ops::RangeInclusive;

use super::SideTable;
use crate::handles::{Grouped, KeyedLookup, Lookup, Stream, Timed, Windowed};
use crate::not_there::not_there;
use crate::operators::names_stream::names_stream;
use crate::operators::without_rows::no_rows_yet;
use crate::time::Duration;

/// A lookup that has its keys.
#[diagnostic::on_unimplemented(
    message = "it is not said by which key rows are looked up",
    label = "the lookup has no keys yet",
    note = "give the key of the stream's rows and that of the table's right behind it: `payments.lookup(side(Accounts)).on(|p| p.card, |a| a.card)`"
)]
pub trait HasKeysToLookUp {}

/// A lookup that has rows before its `select`: none.
#[diagnostic::on_unimplemented(
    message = "a lookup has no rows before its `.select(..)`",
    label = "there are no rows here yet",
    note = "say what row each row makes: `.lookup(side(Accounts)).on(|p| p.card, |a| a.card).select(|p, a| Row {{ card: p.card, owner: a.owner }})`; \
            filter or map the stream before the lookup, or its rows behind the `.select(..)`"
)]
pub trait LookupWithRows {}

/// A lookup that goes by time: none.
#[diagnostic::on_unimplemented(
    message = "a side table has no times: it is whole before the stream begins, and a row is looked up by its key alone",
    label = "leave this out",
    note = "`.lookup(side(Accounts)).on(|p| p.card, |a| a.card)` is followed by `.select(|p, a| Row {{ .. }})`",
    note = "rows of two streams meet by key and time: `payments.left_join(accounts).on(|p| p.card, |a| a.card).between(-30d..=0s)`"
)]
pub trait GoesByTime {}

/// A handle whose rows can be looked up: a stream.
#[diagnostic::on_unimplemented(
    message = "rows of a stream are looked up, and this is none",
    label = "not a stream",
    note = "the keys of a lookup are given behind it: leave the grouping out, and write \
            `payments.lookup(side(Accounts)).on(|p| p.card, |a| a.card).select(|p, a| Row {{ .. }})`; windows come before it with their \
            `.select(..)`, or behind it"
)]
pub trait StreamToLookUp {}

names_stream! {
    <T, A, E> Lookup<T, A, E>;
    <K, T, A, E> KeyedLookup<K, T, A, E>;
}

not_there! {
    [K, T, E] Grouped<K, T, E>:
    [<S: SideTable>(self, _: S) -> Lookup<T, S::Row, E>] where [Self: StreamToLookUp]: lookup;
}

not_there! {
    [K, T, W, E] Windowed<K, T, W, E>:
    [<S: SideTable>(self, _: S) -> Lookup<T, S::Row, E>] where [Self: StreamToLookUp]: lookup;
}

not_there! {
    [T, A, E] Lookup<T, A, E>:
    [<O>(self, _: impl Fn(&T, Option<&A>) -> O) -> Stream<O, Timed>] where [Self: HasKeysToLookUp]: select;
}

not_there! {
    [K, T, A, E] KeyedLookup<K, T, A, E>:
    [(self, _: RangeInclusive<Duration>) -> Self] where [Self: GoesByTime]: between;
    [<W>(self, _: W) -> Self] where [Self: GoesByTime]: window;
    [(self, _: u64) -> Self] where [Self: GoesByTime]: at_most;
}

no_rows_yet! {
    [T, A, E] Lookup<T, A, E>: LookupWithRows;
    [K, T, A, E] KeyedLookup<K, T, A, E>: LookupWithRows;
}
