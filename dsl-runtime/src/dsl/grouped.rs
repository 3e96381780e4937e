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
    /// Cuts each group into windows of event time: [`tumbling(1h)`](super::tumbling). What follows is a `select`, which
    /// makes one row of each window.
    ///
    /// A window emits once, when the least watermark of all partitions of its sources has passed its end; a partition
    /// that has no row yet holds it back. A row is *late* for a window if its own partition's watermark, as of the row
    /// before it, had reached the window's last millisecond. Late rows are dropped and counted
    /// ([`Summary::rows_late`](crate::Summary::rows_late)). Whether a row is late follows from the log alone, never from
    /// timing.
    ///
    /// ```
    /// # extern crate dsl_runtime as waterwheel;
    /// # use dsl_macros::{Record, pipeline, topics};
    /// # use dsl_runtime::{Timestamp, aggregates::*, dsl::*};
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Payment { card: u64, cents: i64, at: Timestamp }
    /// # fn payment(card: u64, cents: i64, second: i64) -> Payment {
    /// #     Payment { card, cents, at: Timestamp::from_millis(second * 1000) }
    /// # }
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct CardMinute { card: u64, from: Timestamp, total: i64, n: u64 }
    /// # fn minute(card: u64, second: i64, total: i64, n: u64) -> CardMinute {
    /// #     CardMinute { card, from: Timestamp::from_millis(second * 1000), total, n }
    /// # }
    /// # topics! {
    /// #     Payments("payments"): Payment { key: card, time: at }
    /// #     CardMinutes("card-minutes"): CardMinute { key: card, time: from }
    /// # }
    /// #[pipeline]
    /// fn card_minutes() {
    ///     let payments = source(Payments).lateness(10s).late_drop();
    ///     let per_minute = payments
    ///         .group_by(|p| p.card)
    ///         .window(tumbling(1m))
    ///         .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.cents), n: count() });
    ///     per_minute.sink(CardMinutes);
    /// }
    ///
    /// let mut t = card_minutes().test();
    /// t.push_all(Payments, [payment(1, 250, 5), payment(1, 100, 69), payment(1, 50, 59)]);
    /// assert_eq!(t.rows(CardMinutes), [], "the watermark is at 59 s, and the first minute ends at 60 s");
    /// t.push(Payments, payment(1, 500, 70));
    /// assert_eq!(t.rows(CardMinutes), [minute(1, 0, 300, 2)]);
    /// t.push(Payments, payment(1, 999, 58));
    /// assert_eq!(t.late(), 1, "the first minute has been told");
    /// ```
    ///
    /// # State
    /// See `select`.
    pub fn window(self, window: Tumbling) -> Windowed<K, T>
    where
        E: HasEventTime + KnowsLateness + KnowsLatePolicy,
    {
        Windowed::new(self.node, window.size())
    }
}
