//! A grouped stream whose rows look back over others: what makes a row of each stands behind it.

use std::marker::PhantomData;

use super::NodeId;

/// A grouped stream whose rows look back over those before them. It has no rows before its `.select(..)`.
#[must_use = "rows that look back go nowhere until a row is made of each: `.select(|p, w| ..)`"]
pub struct Framed<K, T, F> {
    group: NodeId,
    frame: F,
    marker: PhantomData<fn() -> (K, T)>,
}

impl<K, T, F: Copy> Clone for Framed<K, T, F> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, T, F: Copy> Copy for Framed<K, T, F> {}

impl<K, T, F: Copy> Framed<K, T, F> {
    pub(crate) fn new(group: NodeId, frame: F) -> Self {
        Framed { group, frame, marker: PhantomData }
    }

    pub(crate) fn group(self) -> NodeId {
        self.group
    }

    pub(crate) fn frame(self) -> F {
        self.frame
    }
}
