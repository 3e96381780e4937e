//! A stream grouped by a key: what windows are built on.

use std::marker::PhantomData;

use super::NodeId;

/// A stream's rows grouped by a key of type `K`. A handle, free to copy: one grouping may carry several windows.
#[must_use = "a group goes nowhere until a window is made of it: `.window(tumbling(1h))`"]
pub struct Grouped<K, T, E> {
    node: NodeId,
    #[expect(clippy::type_complexity, reason = "a marker, which holds nothing")]
    marker: PhantomData<fn() -> (K, T, E)>,
}

impl<K, T, E> Clone for Grouped<K, T, E> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, T, E> Copy for Grouped<K, T, E> {}

impl<K, T, E> From<NodeId> for Grouped<K, T, E> {
    fn from(node: NodeId) -> Self {
        Grouped { node, marker: PhantomData }
    }
}

impl<K, T, E> Grouped<K, T, E> {
    pub(crate) fn node(self) -> NodeId {
        self.node
    }
}

/// The key of a grouping.
#[doc(hidden)]
pub trait GroupedBy {
    /// Its type. As a projection of what a key names as its groups, it ends the compiler's errors where a type is no key.
    type Key;
}

impl<K, T, E> GroupedBy for Grouped<K, T, E> {
    type Key = K;
}
