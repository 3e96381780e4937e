//! A stream grouped by a key: what windows are built on.

use std::marker::PhantomData;

use crate::key::Key;
use crate::plan::NodeId;

use super::{EventTime, HasEventTime, KnowsLatePolicy, KnowsLateness, Tumbling, Windowed};

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

impl<K: Key, T: Clone + Send + 'static, E: EventTime> Grouped<K, T, E> {
    /// Cuts each group into windows of event time, aligned to the Unix epoch.
    ///
    /// A window emits once, when the watermark has passed its end. A row is late for a window whose end - 1 ms its own
    /// partition's watermark had reached before it.
    pub fn window(self, window: Tumbling) -> Windowed<K, T>
    where
        E: HasEventTime + KnowsLateness + KnowsLatePolicy,
    {
        Windowed::new(self.node, window.size())
    }
}
