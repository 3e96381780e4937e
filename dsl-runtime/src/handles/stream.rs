//! The append-only stream.

use std::marker::PhantomData;

use super::{NodeId, Timed, row_types};

/// An append-only stream of rows of type `T`: a row, once emitted, stays. `E` says what is known of its event time: as a rule
/// that windows can be built, so that a function of streams is written `fn clean(rows: Stream<Payment>) -> Stream<Payment>`.
///
/// A handle, free to copy; it holds no rows.
#[must_use = "a stream goes nowhere until it is written to a topic: `.sink(Topic)`"]
pub struct Stream<T, E = Timed> {
    node: NodeId,
    marker: PhantomData<fn() -> (T, E)>,
}

impl<T, E> Clone for Stream<T, E> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T, E> Copy for Stream<T, E> {}

impl<T, E> Stream<T, E> {
    pub(crate) fn at(node: NodeId) -> Self {
        row_types::note::<T>(node);
        Stream { node, marker: PhantomData }
    }

    pub(crate) fn node(self) -> NodeId {
        self.node
    }
}
