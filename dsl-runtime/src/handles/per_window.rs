//! The rows of windows, window by window: what picks some of them stands behind it.

use std::marker::PhantomData;

use super::NodeId;

/// The rows of windows, taken together window by window. It has no rows before it is said which of them stay:
/// `.top(10, |r| desc(r.total))` or `.max_by(|r| r.total)`. `G` says whether they are grouped once more.
#[must_use = "it is not said which rows of each window stay: `.max_by(|r| r.total)`"]
pub struct PerWindow<G, T> {
    input: NodeId,
    marker: PhantomData<fn() -> (G, T)>,
}

impl<G, T> Clone for PerWindow<G, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<G, T> Copy for PerWindow<G, T> {}

impl<G, T> PerWindow<G, T> {
    pub(crate) fn at(input: NodeId) -> Self {
        PerWindow { input, marker: PhantomData }
    }

    pub(crate) fn input(self) -> NodeId {
        self.input
    }
}

/// All rows of a window are taken together.
#[derive(Debug, Clone, Copy)]
pub enum WholeWindow {}

/// The rows of a window are taken together that have a key of this type in common.
#[derive(Debug)]
pub struct PerKey<K>(PhantomData<fn() -> K>);

/// The first rows of each window by an order. It has no rows before its `.select(..)`.
#[must_use = "the first rows of each window go nowhere until a row is made of each: `.select(|rank, r| ..)`"]
pub struct Ranked<G, T, O> {
    rows: PerWindow<G, T>,
    order: O,
}

impl<G, T, O> Ranked<G, T, O> {
    pub(crate) fn of(rows: PerWindow<G, T>, order: O) -> Self {
        Ranked { rows, order }
    }

    /// What is ranked, and how many of them stay in which order.
    pub(crate) fn parts(self) -> (PerWindow<G, T>, O) {
        (self.rows, self.order)
    }
}
