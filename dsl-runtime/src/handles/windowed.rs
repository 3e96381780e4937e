//! A grouped stream cut into windows: what makes one row of each stands behind it.

use std::marker::PhantomData;

use super::NodeId;

/// A grouped stream cut into windows. It has no rows before its `.select(..)`.
#[must_use = "a window goes nowhere until a row is made of it: `.select(|w, p| ..)`"]
pub struct Windowed<K, T, W> {
    group: NodeId,
    windows: W,
    marker: PhantomData<fn() -> (K, T)>,
}

impl<K, T, W: Copy> Clone for Windowed<K, T, W> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, T, W: Copy> Copy for Windowed<K, T, W> {}

impl<K, T, W: Copy> Windowed<K, T, W> {
    pub(crate) fn new(group: NodeId, windows: W) -> Self {
        Windowed { group, windows, marker: PhantomData }
    }

    pub(crate) fn group(self) -> NodeId {
        self.group
    }

    pub(crate) fn windows(self) -> W {
        self.windows
    }
}
