//! A topic as a source of rows, with the settings it is still given.

use std::marker::PhantomData;
use std::ops::Deref;

use super::{NodeId, Stream, Topic};

/// A topic as a source of rows, before it becomes a stream. `E` says what is known of its event time, `T` what it gives of each record:
/// as a rule the row.
#[must_use = "a stream goes nowhere until it is written to a topic: `.sink(Topic)`"]
pub struct Source<P: Topic, E, T = <P as Topic>::Row> {
    rows: Stream<T, E>,
    marker: PhantomData<fn() -> P>,
}

impl<P: Topic, E, T> Clone for Source<P, E, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<P: Topic, E, T> Copy for Source<P, E, T> {}

impl<P: Topic, E, T> Source<P, E, T> {
    pub(crate) fn at(node: NodeId) -> Self {
        Source { rows: Stream::at(node), marker: PhantomData }
    }

    pub(crate) fn node(self) -> NodeId {
        self.rows.node()
    }

    pub(crate) fn cast<F>(self) -> Source<P, F, T> {
        Source::at(self.node())
    }

    pub(crate) fn rows(self) -> Stream<T, E> {
        self.rows
    }
}

/// A source has all operators of its stream, so that an editor offers them right behind `source(..)`, too.
impl<P: Topic, E, T> Deref for Source<P, E, T> {
    type Target = Stream<T, E>;

    fn deref(&self) -> &Self::Target {
        &self.rows
    }
}
