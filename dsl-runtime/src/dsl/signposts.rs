//! Methods that are not there, for those who look for them: each is refused with the way to go.
//!
//! A method that a handle does not have is answered by the compiler with "method not found" at best. These have a bound that
//! nothing meets, whose message says what is missing. Their results are projections of that bound, so that nothing that
//! follows is blamed as well.

use super::{Grouped, Sample, Stream, Tumbling, Windowed};

/// A group that has rows: none.
#[diagnostic::on_unimplemented(
    message = "a group has no rows of its own: `.group_by(..)` is followed by a window",
    label = "there are no rows here yet",
    note = "make rows of the group with `.window(tumbling(1h)).select(|w, row| ..)`; filter or map the stream before `.group_by(..)`"
)]
pub trait GroupWithRows {
    /// What would come of them.
    type Result;
}

/// A window that has rows before its `select`: none.
#[diagnostic::on_unimplemented(
    message = "a window has no rows before its `.select(..)`",
    label = "there are no rows here yet",
    note = "say what row each window makes: `.select(|w, p| Row {{ key: w.key(), start: w.start(), total: sum(p.amount) }})`"
)]
pub trait WindowWithRows {
    /// What would come of them.
    type Result;
}

/// A handle that can be cut into windows.
#[diagnostic::on_unimplemented(
    message = "a window needs groups, and this is a stream",
    label = "the stream is not grouped",
    note = "say what the windows are kept for: `.group_by(|row| row.key).window(tumbling(1h))`"
)]
pub trait HasGroups {
    /// What would come of them.
    type Result;
}

/// A handle whose rows can be aggregated.
#[diagnostic::on_unimplemented(
    message = "`.select(..)` makes one row of each window, and there is no window here",
    label = "no window to make a row of",
    note = "put `.group_by(|row| row.key).window(tumbling(1h))` before it; one row of each row is made by `.map(|row| ..)`"
)]
pub trait HasWindows {
    /// What would come of them.
    type Result;
}

/// A handle that still takes a source's settings.
#[diagnostic::on_unimplemented(
    message = "this setting belongs to a source, and this is already a stream",
    label = "too late for a source's setting",
    note = "put it right behind the source, before any operator: `source(Payments).lateness(10s).late_drop().filter(..)`"
)]
pub trait TakesSettings {
    /// What would come of it.
    type Result;
}

/// A handle that calls `group_by` by another name.
#[diagnostic::on_unimplemented(
    message = "there is no `.key_by(..)`: grouping is called `.group_by(..)`",
    label = "write `group_by`",
    note = "`.group_by(|row| row.key)`, or `.group_by(|row| (row.key, row.other))` for several fields"
)]
pub trait KeyedByAnotherName {
    /// What would come of it.
    type Result;
}

macro_rules! without_rows {
    ($handle:ident<$($parameter:ident),*> of $row:ident: $bound:ident) => {
        #[doc(hidden)]
        #[allow(missing_docs)]
        impl<$($parameter),*> $handle<$($parameter),*> {
            pub fn filter(self, _: impl Fn(&$row) -> bool) -> <Self as $bound>::Result where Self: $bound {
                unreachable!("nothing meets the bound")
            }
            pub fn map<R>(self, _: impl Fn(&$row) -> R) -> <Self as $bound>::Result where Self: $bound {
                unreachable!("nothing meets the bound")
            }
            pub fn flat_map<R>(self, _: impl Fn(&$row) -> R) -> <Self as $bound>::Result where Self: $bound {
                unreachable!("nothing meets the bound")
            }
            pub fn union<R>(self, _: R) -> <Self as $bound>::Result where Self: $bound {
                unreachable!("nothing meets the bound")
            }
            pub fn group_by<R>(self, _: impl Fn(&$row) -> R) -> <Self as $bound>::Result where Self: $bound {
                unreachable!("nothing meets the bound")
            }
            pub fn sink<P>(self, _: P) -> <Self as $bound>::Result where Self: $bound {
                unreachable!("nothing meets the bound")
            }
        }
    };
}
without_rows!(Grouped<K, T, E> of T: GroupWithRows);
without_rows!(Windowed<K, T> of T: WindowWithRows);

#[doc(hidden)]
#[allow(missing_docs)]
impl<K, T, E> Grouped<K, T, E> {
    pub fn aggregates<A>(self, _: impl Fn(Sample<T>) -> A) -> <Self as HasWindows>::Result
    where
        Self: HasWindows,
    {
        unreachable!("nothing meets the bound")
    }
}

#[doc(hidden)]
#[allow(missing_docs)]
impl<K, T> Windowed<K, T> {
    pub fn window(self, _: Tumbling) -> <Self as HasGroups>::Result
    where
        Self: HasGroups,
    {
        unreachable!("nothing meets the bound")
    }
}

#[doc(hidden)]
#[allow(missing_docs)]
impl<T, E> Stream<T, E> {
    pub fn window(self, _: Tumbling) -> <Self as HasGroups>::Result
    where
        Self: HasGroups,
    {
        unreachable!("nothing meets the bound")
    }
    pub fn aggregates<A>(self, _: impl Fn(Sample<T>) -> A) -> <Self as HasWindows>::Result
    where
        Self: HasWindows,
    {
        unreachable!("nothing meets the bound")
    }
    pub fn key_by<R>(self, _: impl Fn(&T) -> R) -> <Self as KeyedByAnotherName>::Result
    where
        Self: KeyedByAnotherName,
    {
        unreachable!("nothing meets the bound")
    }
    pub fn lateness<R>(self, _: R) -> <Self as TakesSettings>::Result
    where
        Self: TakesSettings,
    {
        unreachable!("nothing meets the bound")
    }
    pub fn late_drop(self) -> <Self as TakesSettings>::Result
    where
        Self: TakesSettings,
    {
        unreachable!("nothing meets the bound")
    }
    pub fn undecodable<R>(self, _: R) -> <Self as TakesSettings>::Result
    where
        Self: TakesSettings,
    {
        unreachable!("nothing meets the bound")
    }
}
