//! Two streams on their way to one: a join before it has a key, a range of time, and a row.

use std::marker::PhantomData;

use super::NodeId;
use crate::time::Duration;

/// A join that makes a row of each pair: `join`.
#[derive(Debug)]
pub enum Inner {}

/// A join that makes a row of each pair, and of each left row that meets none: `left_join`.
#[derive(Debug)]
pub enum LeftOuter {}

/// A join that makes a row of each pair, and of each right row that meets none: `right_join`.
#[derive(Debug)]
pub enum RightOuter {}

/// A join that makes a row of each pair, and of each row of either side that meets none: `full_join`.
#[derive(Debug)]
pub enum FullOuter {}

/// A join that passes left rows on that meet at least one: `semi_join`.
#[derive(Debug)]
pub enum Semi {}

/// A join that passes left rows on that meet none: `anti_join`.
#[derive(Debug)]
pub enum Anti {}

/// Two streams that are to be joined; `J` is the kind of the join. It has no rows before its `.on(..)`, its `.between(..)` and its `.select(..)`.
#[must_use = "a join goes nowhere until rows are made of it: `.on(|l| l.id, |r| r.id).between(0s..=1h).select(|l, r| ..)`"]
pub struct Join<L, R, J = Inner> {
    left: NodeId,
    right: NodeId,
    #[expect(clippy::type_complexity, reason = "a marker, which holds nothing")]
    marker: PhantomData<fn() -> (L, R, J)>,
}

impl<L, R, J> Clone for Join<L, R, J> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<L, R, J> Copy for Join<L, R, J> {}

impl<L, R, J> Join<L, R, J> {
    pub(crate) fn of(left: NodeId, right: NodeId) -> Self {
        Join { left, right, marker: PhantomData }
    }

    pub(crate) fn sides(self) -> (NodeId, NodeId) {
        (self.left, self.right)
    }
}

/// Two streams that are to be joined where their keys, of type `K`, are equal. It has no rows before its `.between(..)` and its
/// `.select(..)`.
#[must_use = "a join goes nowhere until rows are made of it: `.between(0s..=1h).select(|l, r| ..)`"]
pub struct KeyedJoin<K, L, R, J = Inner> {
    left: NodeId,
    right: NodeId,
    #[expect(clippy::type_complexity, reason = "a marker, which holds nothing")]
    marker: PhantomData<fn() -> (K, L, R, J)>,
}

impl<K, L, R, J> Clone for KeyedJoin<K, L, R, J> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, L, R, J> Copy for KeyedJoin<K, L, R, J> {}

impl<K, L, R, J> KeyedJoin<K, L, R, J> {
    /// Of two groupings by keys of type `K`.
    pub(crate) fn of(left: NodeId, right: NodeId) -> Self {
        KeyedJoin { left, right, marker: PhantomData }
    }

    pub(crate) fn groups(self) -> (NodeId, NodeId) {
        (self.left, self.right)
    }
}

/// Two streams that are joined where their keys are equal and their times lie so far apart. It has no rows before its
/// `.select(..)`.
#[must_use = "a join goes nowhere until a row is made of each pair: `.select(|l, r| ..)`"]
pub struct IntervalJoin<K, L, R, J = Inner> {
    join: KeyedJoin<K, L, R, J>,
    /// The least and the greatest of the right row's time less the left row's.
    range: (Duration, Duration),
    /// How many rows of the other side one row may meet.
    at_most: u64,
}

/// Two streams that are joined where their keys are equal and their rows lie in the same window. It has no rows before its
/// `.select(..)`.
#[must_use = "a join goes nowhere until a row is made of each pair: `.select(|w, l, r| ..)`"]
pub struct WindowJoin<K, L, R, W, J = Inner> {
    join: KeyedJoin<K, L, R, J>,
    windows: W,
    /// How many rows of the other side one row may meet.
    at_most: u64,
}

impl<K, L, R, W: Copy, J> Clone for WindowJoin<K, L, R, W, J> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, L, R, W: Copy, J> Copy for WindowJoin<K, L, R, W, J> {}

impl<K, L, R, W: Copy, J> WindowJoin<K, L, R, W, J> {
    pub(crate) fn of(join: KeyedJoin<K, L, R, J>, windows: W) -> Self {
        WindowJoin { join, windows, at_most: MET_MAX }
    }

    pub(crate) fn groups(self) -> (NodeId, NodeId) {
        self.join.groups()
    }

    pub(crate) fn windows(self) -> W {
        self.windows
    }

    pub(crate) fn with_at_most(self, at_most: u64) -> Self {
        WindowJoin { at_most, ..self }
    }

    pub(crate) fn met_max(self) -> u64 {
        self.at_most
    }
}

/// How many rows of the other side one row may meet, unless `at_most` says otherwise.
const MET_MAX: u64 = 100_000;

impl<K, L, R, J> Clone for IntervalJoin<K, L, R, J> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, L, R, J> Copy for IntervalJoin<K, L, R, J> {}

impl<K, L, R, J> IntervalJoin<K, L, R, J> {
    pub(crate) fn of(join: KeyedJoin<K, L, R, J>, range: (Duration, Duration)) -> Self {
        IntervalJoin { join, range, at_most: MET_MAX }
    }

    pub(crate) fn groups(self) -> (NodeId, NodeId) {
        self.join.groups()
    }

    pub(crate) fn range(self) -> (Duration, Duration) {
        self.range
    }

    pub(crate) fn with_at_most(self, at_most: u64) -> Self {
        IntervalJoin { at_most, ..self }
    }

    pub(crate) fn met_max(self) -> u64 {
        self.at_most
    }
}
