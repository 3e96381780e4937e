//! Where rows come in: a topic, and the pipeline's policy for late and for undecodable records.

use std::ops::Deref;

use crate::plan::{OnUndecodablePolicy, builder};
use crate::time::Duration;

use super::{EventTime, Stream, TakesLateness, Topic};

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

/// Reads the topic's committed records, from its log start on, and goes on from the last commit when the pipeline runs again.
///
/// # State
/// For each partition the next offset and the greatest event time seen.
pub fn source<P: Topic>(topic: P) -> Source<P, P::Time> {
    let _ = topic;
    Source { rows: Stream::at(builder::source::<P>()) }
}

impl<P: Topic, E: EventTime> Source<P, E> {
    /// How far a record may lie behind the greatest event time seen before it in its partition. A partition's watermark
    /// is that greatest event time minus the lateness, moved after every record. From 0 on; milliseconds count.
    pub fn lateness(self, lateness: Duration) -> Source<P, E::WithLateness>
    where
        E: TakesLateness,
    {
        builder::set_lateness(self.rows.node(), lateness);
        Source { rows: self.rows.cast() }
    }

    /// Late rows are dropped by the operator they are late for, and counted.
    pub fn late_drop(self) -> Source<P, E::WithLatePolicy>
    where
        E: TakesLateness,
    {
        builder::set_late_drop(self.rows.node());
        Source { rows: self.rows.cast() }
    }

    /// What becomes of a record that cannot be decoded: [`fail`] (the default) stops the run at it and loses nothing;
    /// [`skip`] counts it and goes on.
    pub fn undecodable(self, policy: impl OnUndecodable) -> Source<P, E> {
        builder::set_undecodable(self.rows.node(), policy.policy());
        self
    }

    /// The rows. Inside `#[pipeline]` this call is made for you, after the last of a source's settings.
    pub fn stream(self) -> Stream<P::Row, E> {
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

/// A policy for records that cannot be decoded: [`fail`] or [`skip`], written without a call.
pub trait OnUndecodable {
    /// The policy as the plan keeps it.
    #[doc(hidden)]
    fn policy(self) -> OnUndecodablePolicy;
}

impl<F: FnOnce() -> OnUndecodablePolicy> OnUndecodable for F {
    fn policy(self) -> OnUndecodablePolicy {
        self()
    }
}

/// Stop the run at a record that cannot be decoded, naming topic, partition, offset and reason. The default.
pub fn fail() -> OnUndecodablePolicy {
    OnUndecodablePolicy::Fail
}

/// Skip a record that cannot be decoded, and count it.
pub fn skip() -> OnUndecodablePolicy {
    OnUndecodablePolicy::Skip
}
