//! Methods that rows which look back do not have before their `.select(..)`, and `over` where there are no groups: each is refused with
//! the way to go. As in the signposts of other handles, their results are what the user thinks they are.

use super::Frame;
use crate::handles::{Distinct, Framed, Grouped, Stream, Timed, Windowed};
use crate::key::{Key, KeyCode};
use crate::not_there::nowhere;
use crate::operators::names_stream::names_stream;
use crate::operators::signposts::DistinctWithRows;
use crate::operators::window::Windows;

/// A handle whose rows can look back.
#[diagnostic::on_unimplemented(
    message = "a row looks back over the rows of its key, and this stream has no keys",
    label = "the stream is not grouped",
    note = "say whose rows are looked back over: `.group_by(|row| row.key).over(last(5m))`, and `.group_by(|_| ())` for all of them"
)]
pub trait HasKeysToLookBack {}

/// Rows that look back and have been made: none.
#[diagnostic::on_unimplemented(
    message = "`.over(..)` has no rows before its `.select(..)`",
    label = "there are no rows here yet",
    note = "say what is made of each row: `.over(last(5m)).select(|p, w| Row {{ key: p.key, mean: mean(w.amount) }})`; filter or map the stream \
            before `.group_by(..)`, or the new rows behind the `.select(..)`"
)]
pub trait FramedWithRows {}

/// A group that is both cut into windows and looked back over: none.
#[diagnostic::on_unimplemented(
    message = "a group is cut into windows, or each of its rows looks back: here it is both",
    label = "windows and rows that look back do not go together",
    note = "leave one of the two out: `.window(tumbling(1h))` makes one row of many, `.over(last(1h))` one row of each"
)]
pub trait EitherOfTwo {}

names_stream! {
    <K, T, F> Framed<K, T, F>;
}

#[allow(missing_docs)]
impl<T, E> Stream<T, E> {
    #[doc(hidden)]
    pub fn over<F: Frame>(self, _: F) -> Framed<(), T, F::Kind>
    where
        Self: HasKeysToLookBack,
    {
        nowhere()
    }
}

#[allow(missing_docs)]
impl<K, T, W, E> Windowed<K, T, W, E> {
    #[doc(hidden)]
    pub fn over<F: Frame>(self, _: F) -> Framed<K, T, F::Kind>
    where
        Self: EitherOfTwo,
    {
        nowhere()
    }
}

#[allow(missing_docs)]
impl<K, T, E> Distinct<Grouped<K, T, E>> {
    #[doc(hidden)]
    pub fn over<F: Frame>(self, _: F) -> Framed<K, T, F::Kind>
    where
        Self: DistinctWithRows,
    {
        nowhere()
    }
}

#[allow(missing_docs)]
impl<K, T, F> Framed<K, T, F> {
    #[doc(hidden)]
    pub fn filter(self, _: impl Fn(&T) -> bool) -> Stream<T, Timed>
    where
        Self: FramedWithRows,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn map<R>(self, _: impl Fn(&T) -> R) -> Stream<R, Timed>
    where
        Self: FramedWithRows,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn flat_map<I: IntoIterator>(self, _: impl Fn(&T) -> I) -> Stream<I::Item, Timed>
    where
        Self: FramedWithRows,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn union<R>(self, _: R) -> Stream<T, Timed>
    where
        Self: FramedWithRows,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn group_by<R: KeyCode>(self, _: impl Fn(&T) -> R) -> R::Grouped<T, Timed>
    where
        Self: FramedWithRows,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn sink<P>(self, _: P)
    where
        Self: FramedWithRows,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn window<W: Windows>(self, _: W) -> Windowed<K, T, W::Kind>
    where
        K: Key,
        Self: EitherOfTwo,
    {
        nowhere()
    }
}
