//! Methods that are not there, for those who look for them: each is refused with the way to go.
//!
//! A method that a handle does not have is answered by the compiler with "method not found" at best. These have a bound that
//! nothing meets, whose message says what is missing. Their results are what the user thinks they are, so that nothing that
//! follows is blamed as well.

use std::marker::PhantomData;
use std::ops::Deref;

use crate::aggregates::{Aggregates, Sample};
use crate::handles::{Distinct, Framed, Grouped, Stream, Timed, Windowed};
use crate::key::KeyCode;
use crate::not_there::nowhere;

use super::{Window, Windows};

/// A group that has rows: none.
#[diagnostic::on_unimplemented(
    message = "a group has no rows of its own: `.group_by(..)` is followed by a window",
    label = "there are no rows here yet",
    note = "make rows of the group with `.window(tumbling(1h)).select(|w, row| ..)`; filter or map the stream before `.group_by(..)`, and leave `.group_by(..)` out where what follows has a key of its own, \
            `rows.distinct_by(|row| row.id).within(1h)`"
)]
pub trait GroupWithRows {}

/// A window that has rows before its `select`: none.
#[diagnostic::on_unimplemented(
    message = "a window has no rows before its `.select(..)`",
    label = "there are no rows here yet",
    note = "say what row each window makes: `.select(|w, p| Row {{ key: w.key(), start: w.start(), total: sum(p.amount) }})`",
    note = "the stream is filtered or mapped before `.group_by(..)`, and the windows' rows behind the `.select(..)`; an aggregate over some of the rows is `sum_if(p.amount, p.paid)` or `count_if(p.paid)`"
)]
pub trait WindowWithRows {}

/// Distinct rows without a time for which they count: none.
#[diagnostic::on_unimplemented(
    message = "`.distinct_by(..)` has no rows before it is said for how long a row counts",
    label = "there are no rows here yet",
    note = "say it right behind: `.distinct_by(|row| row.id).within(1h)` leaves out what is like a row of the hour before; what has been seen is then forgotten, so that state does not grow for ever"
)]
pub trait DistinctWithRows {}

/// A handle of which rows can be left out.
#[diagnostic::on_unimplemented(
    message = "`.within(..)` says for how long rows are told apart, and nothing tells them apart here",
    label = "no `distinct_by` in front",
    note = "say what makes rows alike: `.distinct_by(|row| row.id).within(1h)`"
)]
pub trait TellsRowsApart {}

/// A window that is aggregated by a method of its own: none.
#[diagnostic::on_unimplemented(
    message = "a window is aggregated in its `.select(..)`, not by a method of its own",
    label = "this aggregate belongs in a `.select(..)`",
    note = "`.select(|w, p| Row {{ key: w.key(), n: count(), total: sum(p.amount) }})` makes a row of any number of aggregates"
)]
pub trait AggregatedByMethod {}

/// A handle that can be cut into windows.
#[diagnostic::on_unimplemented(
    message = "a window needs groups, and this is a stream",
    label = "the stream is not grouped",
    note = "say what the windows are kept for: `.group_by(|row| row.key).window(tumbling(1h))`; windows over all rows are those of one group, `.group_by(|_| ())`"
)]
pub trait HasGroups {}

/// A handle whose rows can be aggregated.
#[diagnostic::on_unimplemented(
    message = "`.select(..)` makes one row of each window, and there is no window here",
    label = "no window to make a row of",
    note = "put `.group_by(|row| row.key).window(tumbling(1h))` before it; one row of each row is made by `.map(|row| ..)`"
)]
pub trait HasWindows {}

/// A handle that still takes a source's settings.
#[diagnostic::on_unimplemented(
    message = "this setting belongs to a source, and this is already a stream",
    label = "too late for a source's setting",
    note = "put it right behind the source, before any operator: `source(Payments).lateness(10s).late_drop().filter(..)`"
)]
pub trait TakesSettings {}

/// A handle that calls `group_by` by another name.
#[diagnostic::on_unimplemented(
    message = "there is no `.key_by(..)`: grouping is called `.group_by(..)`",
    label = "write `group_by`",
    note = "`.group_by(|row| row.key)`, or `.group_by(|row| (row.key, row.other))` for several fields"
)]
pub trait KeyedByAnotherName {}

/// A place where a `select` is taken apart into its aggregates.
#[diagnostic::on_unimplemented(
    message = "a `.select(..)` stands in a `#[pipeline]` function, and this function is none",
    label = "its aggregates are not known here",
    note = "if the function is a pipeline, write `#[pipeline]` above it; durations such as `10s` are read there, too",
    note = "if it is a function of streams, let it end before the window, and write `.group_by(..).window(..).select(..)` in the pipeline that calls it"
)]
pub trait InsidePipeline {}

#[allow(missing_docs)]
impl<K, T, E> Grouped<K, T, E> {
    #[doc(hidden)]
    pub fn filter(self, _: impl Fn(&T) -> bool) -> Self
    where
        Self: GroupWithRows,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn map<R>(self, _: impl Fn(&T) -> R) -> Grouped<K, R, E>
    where
        Self: GroupWithRows,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn flat_map<I: IntoIterator>(self, _: impl Fn(&T) -> I) -> Grouped<K, I::Item, E>
    where
        Self: GroupWithRows,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn union<R>(self, _: R) -> Self
    where
        Self: GroupWithRows,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn group_by<R: KeyCode>(self, _: impl Fn(&T) -> R) -> R::Grouped<T, Timed>
    where
        Self: GroupWithRows,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn distinct_by<R: KeyCode>(self, _: impl Fn(&T) -> R) -> Distinct<R::Grouped<T, Timed>>
    where
        Self: GroupWithRows,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn sink<P>(self, _: P)
    where
        Self: GroupWithRows,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn within<R>(self, _: R) -> Stream<T, Timed>
    where
        Self: TellsRowsApart,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn aggregates<A>(self, _: impl Fn(Sample<T>) -> A) -> WithoutWindow<Self, T, A> {
        WithoutWindow(PhantomData)
    }
}

/// The settings of a source that people give a group or a window.
macro_rules! settings_too_late {
    ($($handle:ident<$($of:ident),*>)*) => {$(
        #[allow(missing_docs)]
        impl<$($of),*> $handle<$($of),*> {
            #[doc(hidden)]
            pub fn lateness<R>(self, _: R) -> Self
            where
                Self: TakesSettings,
            {
                nowhere()
            }
            #[doc(hidden)]
            pub fn idle<R>(self, _: R) -> Self
            where
                Self: TakesSettings,
            {
                nowhere()
            }
            #[doc(hidden)]
            pub fn ahead<R>(self, _: R) -> Self
            where
                Self: TakesSettings,
            {
                nowhere()
            }
            #[doc(hidden)]
            pub fn late_drop(self) -> Self
            where
                Self: TakesSettings,
            {
                nowhere()
            }
            #[doc(hidden)]
            pub fn late_to<R>(self, _: R) -> Self
            where
                Self: TakesSettings,
            {
                nowhere()
            }
        }
    )*};
}

settings_too_late! {
    Framed<K, T, F>
    Grouped<K, T, E>
    Windowed<K, T, W, E>
}

#[allow(missing_docs)]
impl<K, T, W, E> Windowed<K, T, W, E> {
    // What the macro says of an operator's closure.
    #[doc(hidden)]
    pub fn reads(self, _: &'static [&'static str]) -> Self {
        self
    }
    #[doc(hidden)]
    pub fn reads_whole(self, _: &'static str) -> Self {
        self
    }
    #[doc(hidden)]
    pub fn filter(self, _: impl Fn(&T) -> bool) -> Self
    where
        Self: WindowWithRows,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn map<R>(self, _: impl Fn(&T) -> R) -> Windowed<K, R, W>
    where
        Self: WindowWithRows,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn flat_map<I: IntoIterator>(self, _: impl Fn(&T) -> I) -> Windowed<K, I::Item, W>
    where
        Self: WindowWithRows,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn union<R>(self, _: R) -> Self
    where
        Self: WindowWithRows,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn group_by<R: KeyCode>(self, _: impl Fn(&T) -> R) -> R::Grouped<T, Timed>
    where
        Self: WindowWithRows,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn sink<P>(self, _: P)
    where
        Self: WindowWithRows,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn window<N: Windows>(self, _: N) -> Windowed<K, T, N::Kind>
    where
        Self: HasGroups,
    {
        nowhere()
    }
}

#[allow(missing_docs)]
impl<K, T, E> Distinct<Grouped<K, T, E>> {
    #[doc(hidden)]
    pub fn filter(self, _: impl Fn(&T) -> bool) -> Stream<T, Timed>
    where
        Self: DistinctWithRows,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn map<R>(self, _: impl Fn(&T) -> R) -> Stream<R, Timed>
    where
        Self: DistinctWithRows,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn flat_map<I: IntoIterator>(self, _: impl Fn(&T) -> I) -> Stream<I::Item, Timed>
    where
        Self: DistinctWithRows,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn union<R>(self, _: R) -> Stream<T, Timed>
    where
        Self: DistinctWithRows,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn group_by<R: KeyCode>(self, _: impl Fn(&T) -> R) -> R::Grouped<T, Timed>
    where
        Self: DistinctWithRows,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn window<W: Windows>(self, _: W) -> Windowed<K, T, W::Kind>
    where
        Self: DistinctWithRows,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn sink<P>(self, _: P)
    where
        Self: DistinctWithRows,
    {
        nowhere()
    }
}

/// The aggregates that other systems have as methods of a window. Their rows are whatever the sink behind them takes.
macro_rules! aggregates_of_a_window {
    ($($name:ident($($of_row:ident)?)),*) => {
        #[allow(missing_docs)]
        impl<K, T, W, E> Windowed<K, T, W, E> {$(
            #[doc(hidden)]
            pub fn $name<O $(, $of_row)?>(self $(, _: impl Fn(&T) -> $of_row)?) -> Stream<O, Timed>
            where
                Self: AggregatedByMethod,
            {
                nowhere()
            }
        )*}
    };
}

aggregates_of_a_window!(count(), sum(R), mean(R), min(R), max(R), first(R), last(R));

#[allow(missing_docs)]
impl<T, E> Stream<T, E> {
    #[doc(hidden)]
    pub fn window<K, W: Windows>(self, _: W) -> Windowed<K, T, W::Kind>
    where
        Self: HasGroups,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn aggregates<A>(self, _: impl Fn(Sample<T>) -> A) -> WithoutWindow<Self, T, A> {
        WithoutWindow(PhantomData)
    }
    #[doc(hidden)]
    pub fn within<R>(self, _: R) -> Stream<T, Timed>
    where
        Self: TellsRowsApart,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn key_by<R: KeyCode>(self, _: impl Fn(&T) -> R) -> R::Grouped<T, E>
    where
        Self: KeyedByAnotherName,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn lateness<R>(self, _: R) -> SetTooLate<T>
    where
        Self: TakesSettings,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn idle<R>(self, _: R) -> SetTooLate<T>
    where
        Self: TakesSettings,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn ahead<R>(self, _: R) -> SetTooLate<T>
    where
        Self: TakesSettings,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn late_drop(self) -> SetTooLate<T>
    where
        Self: TakesSettings,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn late_to<R>(self, _: R) -> SetTooLate<T>
    where
        Self: TakesSettings,
    {
        nowhere()
    }
    #[doc(hidden)]
    pub fn undecodable<R>(self, _: R) -> SetTooLate<T>
    where
        Self: TakesSettings,
    {
        nowhere()
    }
}

/// What the first half of a `select` makes where there is no window; the second half, the user's own word, is refused.
#[doc(hidden)]
#[expect(clippy::type_complexity, reason = "a marker, which holds nothing")]
pub struct WithoutWindow<H, T, A>(PhantomData<fn() -> (H, T, A)>);

#[allow(missing_docs)]
impl<H, T, A> WithoutWindow<H, T, A> {
    #[doc(hidden)]
    pub fn select<K, R>(self, _: impl Fn(Window<K>, A::Output) -> R) -> Stream<R, Timed>
    where
        A: Aggregates<T>,
        H: HasWindows,
    {
        nowhere()
    }
}

/// A stream that was given a source's setting: it takes more of them, since one complaint is enough.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct SetTooLate<T>(Stream<T, Timed>);

#[allow(missing_docs)]
impl<T> SetTooLate<T> {
    #[doc(hidden)]
    pub fn lateness<R>(self, _: R) -> Self {
        self
    }
    #[doc(hidden)]
    pub fn idle<R>(self, _: R) -> Self {
        self
    }
    #[doc(hidden)]
    pub fn ahead<R>(self, _: R) -> Self {
        self
    }
    #[doc(hidden)]
    pub fn late_drop(self) -> Self {
        self
    }
    #[doc(hidden)]
    pub fn late_to<R>(self, _: R) -> Self {
        self
    }
    #[doc(hidden)]
    pub fn undecodable<R>(self, _: R) -> Self {
        self
    }
}

impl<T> Deref for SetTooLate<T> {
    type Target = Stream<T, Timed>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
