//! The append-only stream, and the operators that keep no state.

use std::marker::PhantomData;
use std::rc::Rc;

use crate::key::Key;
use crate::operators::{filter_stage, flat_map_stage, map_stage};
use crate::plan::{NodeId, builder};

use super::{EventTime, Holds, Meet, Topic};

/// An append-only stream of rows of type `T`: a row, once emitted, stays. `E` says what is known of its event time.
///
/// A handle, free to copy; it holds no rows.
#[must_use = "a stream goes nowhere until it is written to a topic: `.sink(Topic)`"]
pub struct Stream<T, E> {
    node: NodeId,
    marker: PhantomData<fn() -> (T, E)>,
}

impl<T, E> Clone for Stream<T, E> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T, E> Copy for Stream<T, E> {}

impl<T: Clone + Send + 'static, E: EventTime> Stream<T, E> {
    /// Keeps the rows for which `condition` holds. Event time and position stay with the row.
    ///
    /// # State
    /// None.
    pub fn filter(self, condition: impl Fn(&T) -> bool + 'static) -> Stream<T, E> {
        let condition = Rc::new(condition);
        let stage = move || filter_stage::<T, _>(condition.clone());
        Stream::at(builder::stateless("filter", self.node, stage))
    }

    /// Makes one row of each row. Event time and position stay with the row.
    ///
    /// # State
    /// None.
    pub fn map<R: Clone + Send + 'static>(self, make: impl Fn(&T) -> R + 'static) -> Stream<R, E> {
        let make = Rc::new(make);
        let stage = move || map_stage::<T, R, _>(make.clone());
        Stream::at(builder::stateless("map", self.node, stage))
    }

    /// Makes any number of rows of each row, in the order the iterator gives them. They have the row's event time.
    ///
    /// # State
    /// None.
    pub fn flat_map<I>(self, make: impl Fn(&T) -> I + 'static) -> Stream<I::Item, E>
    where
        I: IntoIterator + 'static,
        I::Item: Clone + Send + 'static,
    {
        let make = Rc::new(make);
        let stage = move || flat_map_stage::<T, I, _>(make.clone());
        Stream::at(builder::stateless("flat_map", self.node, stage))
    }

    /// The rows of both streams. The union knows of event time what both streams know.
    ///
    /// # State
    /// None.
    pub fn union<F: EventTime>(self, other: Stream<T, F>) -> Stream<T, E::Both>
    where
        E: Meet<F>,
    {
        Stream::at(builder::union(self.node, other.node))
    }

    /// Passes the stream through a function of streams: `payments.through(clean)`.
    pub fn through<R>(self, function: impl FnOnce(Self) -> R) -> R {
        function(self)
    }

    /// Groups the rows by a key: `|p| p.card`, or several fields as a tuple, `|p| (p.card, p.country)`.
    pub fn group_by<K: Key>(self, key: impl Fn(&T) -> K + 'static) -> K::Grouped<T, E> {
        builder::group_by::<T, K>(self.node, key).into()
    }

    /// Writes every row to the topic, in the epoch's commit. Key and partition come from the topic.
    ///
    /// # State
    /// None.
    pub fn sink<P: Topic + Holds<T>>(self, topic: P) {
        let _ = topic;
        builder::sink::<P>(self.node);
    }
}

impl<T, E> Stream<T, E> {
    pub(crate) fn at(node: NodeId) -> Self {
        Stream { node, marker: PhantomData }
    }

    pub(super) fn node(self) -> NodeId {
        self.node
    }

    pub(super) fn cast<F>(self) -> Stream<T, F> {
        Stream::at(self.node)
    }
}
