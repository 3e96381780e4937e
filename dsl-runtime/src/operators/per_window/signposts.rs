//! `per_window` and what belongs to it where they do not stand, and operators on rows that are not there yet: each is refused with the way to go.
//! As in the signposts of other handles, their results are what the user thinks they are.

use super::First;
use crate::handles::{Grouped, OfWindows, PerWindow, Ranked, Stream, WholeWindow, Windowed};
use crate::key::KeyCode;
use crate::not_there::nowhere;
use crate::operators::names_stream::names_stream;
use crate::operators::signposts::WindowWithRows;

/// A handle whose rows are taken together window by window.
#[diagnostic::on_unimplemented(
    message = "this picks rows of each window, and here it is not said that rows are taken window by window",
    label = "no `per_window` in front",
    note = "say it behind the windows' `.select(..)`: `.per_window().top(10, |r| desc(r.total)).select(|rank, r| ..)`, \
            `.per_window().max_by(|r| r.total)`",
    note = "of the rows in one window the greatest value is `max(p.amount)` in its `.select(..)`, and the row that has it `max_by(..)` there"
)]
pub trait IsPerWindow {}

/// A group whose rows are those of windows: none.
#[diagnostic::on_unimplemented(
    message = "`.per_window()` takes the rows of windows together, and a group has no rows",
    label = "there are no rows here yet",
    note = "put it before the group, `.per_window().group_by(|r| r.zone).max_by(|r| r.n)`, behind the `.select(..)` of windows"
)]
pub trait StreamOfWindows {}

/// What is taken window by window and has rows: none.
#[diagnostic::on_unimplemented(
    message = "`.per_window()` has no rows before it is said which of them stay",
    label = "there are no rows here yet",
    note = "say it right behind: `.max_by(|r| r.total)`, `.min_by(|r| r.total)` or `.top(10, |r| desc(r.total)).select(|rank, r| ..)`; filter \
            and map before it or behind that"
)]
pub trait PerWindowWithRows {}

/// The first rows of windows as rows: none.
#[diagnostic::on_unimplemented(
    message = "`.top(..)` has no rows before its `.select(..)`",
    label = "there are no rows here yet",
    note = "say what is made of each of the first rows: `.top(10, |r| desc(r.total)).select(|rank, r| Row {{ rank, name: r.name }})`"
)]
pub trait RankedWithRows {}

names_stream! {
    <G, T> PerWindow<G, T>;
    <G, T, O> Ranked<G, T, O>;
}

macro_rules! per_window_first {
    ($(<$($of:ident),*> $handle:ty;)*) => {$(
        #[allow(missing_docs)]
        impl<$($of),*> $handle {
            #[doc(hidden)]
            pub fn max_by<I>(self, _: impl Fn(&T) -> I) -> Stream<T, OfWindows>
            where
                Self: IsPerWindow,
            {
                nowhere()
            }
            #[doc(hidden)]
            pub fn min_by<I>(self, _: impl Fn(&T) -> I) -> Stream<T, OfWindows>
            where
                Self: IsPerWindow,
            {
                nowhere()
            }
            #[doc(hidden)]
            pub fn top<I, F: Fn(&T) -> I>(self, _: u64, _: F) -> Ranked<WholeWindow, T, First<F, I>>
            where
                Self: IsPerWindow,
            {
                nowhere()
            }
        }
    )*};
}

per_window_first! {
    <T, E> Stream<T, E>;
    <K, T, E> Grouped<K, T, E>;
    <K, T, W, E> Windowed<K, T, W, E>;
}

#[allow(missing_docs)]
impl<K, T, E> Grouped<K, T, E> {
    #[doc(hidden)]
    pub fn per_window(self) -> PerWindow<WholeWindow, T>
    where
        Self: StreamOfWindows,
    {
        nowhere()
    }
}

#[allow(missing_docs)]
impl<K, T, W, E> Windowed<K, T, W, E> {
    #[doc(hidden)]
    pub fn per_window(self) -> PerWindow<WholeWindow, T>
    where
        Self: WindowWithRows,
    {
        nowhere()
    }
}

/// The bound is of a subject without the order, whose type is a closure's and says nothing to the user.
macro_rules! without_rows {
    ($(<$($of:ident),*> $handle:ty: $subject:ty: $bound:ident;)*) => {$(
        #[allow(missing_docs)]
        impl<$($of),*> $handle {
            #[doc(hidden)]
            pub fn filter(self, _: impl Fn(&T) -> bool) -> Stream<T, OfWindows>
            where
                $subject: $bound,
            {
                nowhere()
            }
            #[doc(hidden)]
            pub fn map<R>(self, _: impl Fn(&T) -> R) -> Stream<R, OfWindows>
            where
                $subject: $bound,
            {
                nowhere()
            }
            #[doc(hidden)]
            pub fn union<R>(self, _: R) -> Stream<T, OfWindows>
            where
                $subject: $bound,
            {
                nowhere()
            }
            #[doc(hidden)]
            pub fn sink<P>(self, _: P)
            where
                $subject: $bound,
            {
                nowhere()
            }
        }
    )*};
}

without_rows! {
    <G, T> PerWindow<G, T>: Self: PerWindowWithRows;
    <G, T, O> Ranked<G, T, O>: PerWindow<G, T>: RankedWithRows;
}

#[allow(missing_docs)]
impl<G, T> PerWindow<G, T> {
    #[doc(hidden)]
    pub fn select<R>(self, _: impl Fn(u64, &T) -> R) -> Stream<R, OfWindows>
    where
        Self: PerWindowWithRows,
    {
        nowhere()
    }
}

#[allow(missing_docs)]
impl<G, T, O> Ranked<G, T, O> {
    #[doc(hidden)]
    pub fn group_by<K: KeyCode>(self, _: impl Fn(&T) -> K) -> K::Grouped<T, OfWindows>
    where
        Self: RankedWithRows,
    {
        nowhere()
    }
}
