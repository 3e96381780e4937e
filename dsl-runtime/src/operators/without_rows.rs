//! Operators on rows, for those who look for them on a handle that has none yet: each is refused with the way to go. Those that
//! a handle had from the beginning are in [`signposts`](super::signposts).

use crate::handles::{Distinct, Grouped, Stream, Timed, Windowed};
use crate::not_there::nowhere;

use super::signposts::{DistinctWithRows, GroupWithRows, WindowWithRows};

macro_rules! without_rows {
    ($(<$($of:ident),*> $handle:ty: $bound:ident, gives $gives:ty;)*) => {$(
        #[allow(missing_docs)]
        impl<$($of),*> $handle {
            #[doc(hidden)]
            pub fn filter_map<R>(self, _: impl Fn(&T) -> Option<R>) -> $gives
            where
                Self: $bound,
            {
                nowhere()
            }
            #[doc(hidden)]
            pub fn split<P>(self, _: impl Fn(&T) -> P) -> (Stream<T, Timed>, Stream<T, Timed>)
            where
                Self: $bound,
            {
                nowhere()
            }
            #[doc(hidden)]
            pub fn inspect(self, _: impl Fn(&T)) -> Self
            where
                Self: $bound,
            {
                nowhere()
            }
        }
    )*};
}

without_rows! {
    <K, T, E> Grouped<K, T, E>: GroupWithRows, gives Grouped<K, R, E>;
    <K, T, W, E> Windowed<K, T, W, E>: WindowWithRows, gives Windowed<K, R, W>;
    <K, T, E> Distinct<Grouped<K, T, E>>: DistinctWithRows, gives Stream<R, Timed>;
}

/// What a stream can do and a handle cannot before its `select`. Its rows are whatever stands behind takes.
macro_rules! no_rows_yet {
    ($($generics:tt $of:ty: $bound:ident;)*) => {$(
        $crate::not_there::not_there! {
            $generics $of:
            [<Row>(self, _: impl Fn(&Row) -> bool) -> $crate::handles::Stream<Row, $crate::handles::Timed>]
                where [Self: $bound]: filter;
            [<Row, Made>(self, _: impl Fn(&Row) -> Made) -> $crate::handles::Stream<Made, $crate::handles::Timed>]
                where [Self: $bound]: map;
            [<Row, Made: IntoIterator>(self, _: impl Fn(&Row) -> Made) -> $crate::handles::Stream<Made::Item, $crate::handles::Timed>]
                where [Self: $bound]: flat_map;
            [<Row, By: $crate::key::Key>(self, _: impl Fn(&Row) -> By) -> By::Grouped<Row, $crate::handles::Timed>]
                where [Self: $bound]: group_by;
            [<Row, Time>(self, _: $crate::handles::Stream<Row, Time>) -> $crate::handles::Stream<Row, $crate::handles::Timed>]
                where [Self: $bound]: union;
            [<Into>(self, _: Into)] where [Self: $bound]: sink;
        }
    )*};
}
pub(super) use no_rows_yet;
