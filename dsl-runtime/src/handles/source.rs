//! A topic as a source of rows, with the settings it is still given.

use std::ops::Deref;

use super::{NodeId, Stream, Topic};

/// A topic as a source of rows, before it becomes a stream. `E` says what is known of its event time.
#[must_use = "a stream goes nowhere until it is written to a topic: `.sink(Topic)`"]
pub struct Source<P: Topic, E> {
    rows: Stream<P::Row, E>,
}

impl<P: Topic, E> Clone for Source<P, E> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<P: Topic, E> Copy for Source<P, E> {}

impl<P: Topic, E> Source<P, E> {
    pub(crate) fn at(node: NodeId) -> Self {
        Source { rows: Stream::at(node) }
    }

    pub(crate) fn node(self) -> NodeId {
        self.rows.node()
    }

    pub(crate) fn cast<F>(self) -> Source<P, F> {
        Source::at(self.node())
    }

    pub(crate) fn rows(self) -> Stream<P::Row, E> {
        self.rows
    }
}

/// A source has all operators of its stream, so that an editor offers them right behind `source(..)`, too.
impl<P: Topic, E> Deref for Source<P, E> {
    type Target = Stream<P::Row, E>;

    fn deref(&self) -> &Self::Target {
        &self.rows
    }
}
