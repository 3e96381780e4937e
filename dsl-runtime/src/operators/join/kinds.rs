//! `left_join`, `right_join`, `full_join`, `semi_join` and `anti_join`: joins in which it matters that a row meets none.

use super::{KeptByJoin, StreamToJoin};
use crate::handles::{
    Anti, EventTime, FullOuter, HasEventTime, Join, KnowsLatePolicy, KnowsLateness, LeftOuter, RightOuter,
    Semi, Stream,
};

impl<T: Clone + Send + 'static, E: EventTime> Stream<T, E> {
    /// As [`join`](Stream::join), and a left row that meets no right one makes a row, too: `.on(..)`, `.between(..)` and `.select(|l, r| ..)`
    /// follow, and in the last of these the right row may be missing.
    ///
    /// A row that meets none leaves once none is yet to come: when the right side's watermark has passed its range of time. A silent right side
    /// holds it back, unless the source says `.idle(..)`.
    pub fn left_join<L, S: StreamToJoin>(
        self,
        right: S,
    ) -> Join<L::Kept, <S::Row as KeptByJoin>::Kept, LeftOuter>
    where
        Self: StreamToJoin<Row = L>,
        E: HasEventTime + KnowsLateness + KnowsLatePolicy,
        S::Time: HasEventTime + KnowsLateness + KnowsLatePolicy,
        L: KeptByJoin,
        S::Row: KeptByJoin,
    {
        Join::of(self.node(), right.rows().node())
    }

    /// As [`join`](Stream::join), and a right row that meets no left one makes a row, too: `.on(..)`, `.between(..)` and `.select(|l, r| ..)`
    /// follow, and in the last of these the left row may be missing.
    ///
    /// It is [`left_join`](Stream::left_join) with the sides exchanged.
    pub fn right_join<L, S: StreamToJoin>(
        self,
        right: S,
    ) -> Join<L::Kept, <S::Row as KeptByJoin>::Kept, RightOuter>
    where
        Self: StreamToJoin<Row = L>,
        E: HasEventTime + KnowsLateness + KnowsLatePolicy,
        S::Time: HasEventTime + KnowsLateness + KnowsLatePolicy,
        L: KeptByJoin,
        S::Row: KeptByJoin,
    {
        Join::of(self.node(), right.rows().node())
    }

    /// As [`join`](Stream::join), and a row of either side that meets none makes a row, too: `.on(..)`, `.between(..)` and `.select(|l, r| ..)`
    /// follow, and in the last of these either row may be missing.
    ///
    /// It is [`left_join`](Stream::left_join) and [`right_join`](Stream::right_join) in one.
    pub fn full_join<L, S: StreamToJoin>(
        self,
        right: S,
    ) -> Join<L::Kept, <S::Row as KeptByJoin>::Kept, FullOuter>
    where
        Self: StreamToJoin<Row = L>,
        E: HasEventTime + KnowsLateness + KnowsLatePolicy,
        S::Time: HasEventTime + KnowsLateness + KnowsLatePolicy,
        L: KeptByJoin,
        S::Row: KeptByJoin,
    {
        Join::of(self.node(), right.rows().node())
    }

    /// The left rows that meet at least one right row, each once, as they are: a filter by another stream. `.on(..)` and `.between(..)` follow,
    /// and no `.select(..)`: nothing of the right rows is known behind it.
    pub fn semi_join<L, S: StreamToJoin>(self, right: S) -> Join<L::Kept, <S::Row as KeptByJoin>::Kept, Semi>
    where
        Self: StreamToJoin<Row = L>,
        E: HasEventTime + KnowsLateness + KnowsLatePolicy,
        S::Time: HasEventTime + KnowsLateness + KnowsLatePolicy,
        L: KeptByJoin,
        S::Row: KeptByJoin,
    {
        Join::of(self.node(), right.rows().node())
    }

    /// The left rows that meet no right row, as they are: what should have happened, and did not. `.on(..)` and `.between(..)` follow, and no
    /// `.select(..)`.
    pub fn anti_join<L, S: StreamToJoin>(self, right: S) -> Join<L::Kept, <S::Row as KeptByJoin>::Kept, Anti>
    where
        Self: StreamToJoin<Row = L>,
        E: HasEventTime + KnowsLateness + KnowsLatePolicy,
        S::Time: HasEventTime + KnowsLateness + KnowsLatePolicy,
        L: KeptByJoin,
        S::Row: KeptByJoin,
    {
        Join::of(self.node(), right.rows().node())
    }
}
