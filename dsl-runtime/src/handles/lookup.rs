//! A side table, and a stream on its way to be looked up in one.

use std::marker::PhantomData;

use super::{NodeId, Topic};

/// A topic as a side table: what it holds when the pipeline reads the first row of a stream. It is no stream, and is there to be looked
/// up: `payments.lookup(accounts)`.
#[must_use = "a side table is there to be looked up: `payments.lookup(accounts).on(|p| p.card, |a| a.card).select(|p, a| ..)`"]
pub struct Side<P: Topic> {
    node: NodeId,
    marker: PhantomData<fn() -> P>,
}

impl<P: Topic> Clone for Side<P> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<P: Topic> Copy for Side<P> {}

impl<P: Topic> Side<P> {
    pub(crate) fn at(node: NodeId) -> Self {
        Side { node, marker: PhantomData }
    }

    pub(crate) fn node(self) -> NodeId {
        self.node
    }
}

/// A stream whose rows are to be looked up in a side table. It has no rows before its `.on(..)` and its `.select(..)`. `E` says what is
/// known of the event time of these.
#[must_use = "a lookup goes nowhere until rows are made of it: `.on(|p| p.card, |a| a.card).select(|p, a| ..)`"]
pub struct Lookup<T, A, E> {
    stream: NodeId,
    side: NodeId,
    #[expect(clippy::type_complexity, reason = "a marker, which holds nothing")]
    marker: PhantomData<fn() -> (T, A, E)>,
}

impl<T, A, E> Clone for Lookup<T, A, E> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T, A, E> Copy for Lookup<T, A, E> {}

impl<T, A, E> Lookup<T, A, E> {
    pub(crate) fn of(stream: NodeId, side: NodeId) -> Self {
        Lookup { stream, side, marker: PhantomData }
    }

    pub(crate) fn nodes(self) -> (NodeId, NodeId) {
        (self.stream, self.side)
    }
}

/// A stream whose rows are to be looked up in a side table by a key of type `K`. It has no rows before its `.select(..)`.
#[must_use = "a lookup goes nowhere until a row is made of each row: `.select(|p, a| ..)`"]
pub struct KeyedLookup<K, T, A, E> {
    stream: NodeId,
    side: NodeId,
    #[expect(clippy::type_complexity, reason = "a marker, which holds nothing")]
    marker: PhantomData<fn() -> (K, T, A, E)>,
}

impl<K, T, A, E> Clone for KeyedLookup<K, T, A, E> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K, T, A, E> Copy for KeyedLookup<K, T, A, E> {}

impl<K, T, A, E> KeyedLookup<K, T, A, E> {
    /// Of two groupings by keys of type `K`.
    pub(crate) fn of(stream: NodeId, side: NodeId) -> Self {
        KeyedLookup { stream, side, marker: PhantomData }
    }

    pub(crate) fn groups(self) -> (NodeId, NodeId) {
        (self.stream, self.side)
    }
}
