//! A grouped stream cut into windows: what makes one row of each stands behind it.

use std::marker::PhantomData;

use super::NodeId;
use crate::time::Duration;

/// A grouped stream cut into windows. It has no rows before its `.select(..)`.
#[must_use = "a window goes nowhere until a row is made of it: `.select(|w, p| ..)`"]
pub struct Windowed<K, T> {
    group: NodeId,
    size: Duration,
    marker: PhantomData<fn() -> (K, T)>,
}

impl<K, T> Clone for Windowed<K, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, T> Copy for Windowed<K, T> {}

impl<K, T> Windowed<K, T> {
    pub(crate) fn new(group: NodeId, size: Duration) -> Self {
        Windowed { group, size, marker: PhantomData }
    }

    pub(crate) fn group(self) -> NodeId {
        self.group
    }

    pub(crate) fn size(self) -> Duration {
        self.size
    }
}
