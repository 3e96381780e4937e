//! Two streams on their way to one: a join before it has a key, a range of time, and a row.

use std::marker::PhantomData;

use super::NodeId;
use crate::time::Duration;

/// Two streams that are to be joined. It has no rows before its `.on(..)`, its `.between(..)` and its `.select(..)`.
#[must_use = "a join goes nowhere until rows are made of it: `.on(|l| l.id, |r| r.id).between(0s..=1h).select(|l, r| ..)`"]
pub struct Join<L, R> {
    left: NodeId,
    right: NodeId,
    marker: PhantomData<fn() -> (L, R)>,
}

impl<L, R> Clone for Join<L, R> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<L, R> Copy for Join<L, R> {}

impl<L, R> Join<L, R> {
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
pub struct KeyedJoin<K, L, R> {
    left: NodeId,
    right: NodeId,
    #[expect(clippy::type_complexity, reason = "a marker, which holds nothing")]
    marker: PhantomData<fn() -> (K, L, R)>,
}

impl<K, L, R> Clone for KeyedJoin<K, L, R> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, L, R> Copy for KeyedJoin<K, L, R> {}

impl<K, L, R> KeyedJoin<K, L, R> {
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
pub struct IntervalJoin<K, L, R> {
    join: KeyedJoin<K, L, R>,
    /// The least and the greatest of the right row's time less the left row's.
    range: (Duration, Duration),
    /// How many rows of the other side one row may meet.
    at_most: u64,
}

/// How many rows of the other side one row may meet, unless `at_most` says otherwise.
const MET_MAX: u64 = 100_000;

impl<K, L, R> Clone for IntervalJoin<K, L, R> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, L, R> Copy for IntervalJoin<K, L, R> {}

impl<K, L, R> IntervalJoin<K, L, R> {
    pub(crate) fn of(join: KeyedJoin<K, L, R>, range: (Duration, Duration)) -> Self {
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
