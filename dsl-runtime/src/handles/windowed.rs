//! A grouped stream cut into windows: what makes one row of each stands behind it.

use std::marker::PhantomData;

use super::{NodeId, Timed};

/// A grouped stream cut into windows. It has no rows before its `.select(..)`. `E` says what is known of the event time of these.
#[must_use = "a window goes nowhere until a row is made of it: `.select(|w, p| ..)`"]
pub struct Windowed<K, T, W, E = Timed> {
    group: NodeId,
    windows: W,
    #[expect(clippy::type_complexity, reason = "a marker, which holds nothing")]
    marker: PhantomData<fn() -> (K, T, E)>,
}

impl<K, T, W: Copy, E> Clone for Windowed<K, T, W, E> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, T, W: Copy, E> Copy for Windowed<K, T, W, E> {}

impl<K, T, W: Copy, E> Windowed<K, T, W, E> {
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
