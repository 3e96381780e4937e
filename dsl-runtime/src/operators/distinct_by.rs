//! `distinct_by`: of the rows that are alike, the first in a while.
//!
//! # Contract
//! - The rows of each key are taken in order, by event time and then by position ([`OrderedOwner`](crate::flow::OrderedOwner)). A row
//!   is passed on, and *kept*, unless it lies less than the span after the last row of its key that was kept.
//! - So what is left out never makes the time longer: of rows each half a span apart every other one stays.
//! - A row that is passed on stays what it was, with its event time and position, and is never late for what stands behind. The output's
//!   watermark is the operator's own.
//! - Kept in state: the rows behind the watermark, and for each key the time of its last row that was kept, until the watermark has
//!   reached the last instant at which a row could be its duplicate.

use std::collections::VecDeque;
use std::marker::PhantomData;

use super::in_order::{self, OrderedWords};
use crate::flow::{Blame, InOrder, Row};
use crate::handles::{
    Distinct, EventTime, Grouped, HasEventTime, KnowsLatePolicy, KnowsLateness, Stream, Timed,
};
use crate::key::{Key, KeyCode, KeyGroup};
use crate::plan::{EntryWords, registry};
use crate::record::Record;
use crate::state::{ByEntry, Keeps, StateTable, Table};
use crate::time::{Duration, Timestamp};

impl<T: Clone + Send + 'static, E: EventTime> Stream<T, E> {
    /// Keeps one of the rows that are alike: `payments.distinct_by(|p| p.id).within(1h)`. The closure says what makes rows alike,
    /// as that of [`group_by`](Stream::group_by) does; [`within`](Distinct::within) says for how long.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    ///
    /// #[pipeline]
    /// fn once() {
    ///     let payments = source(Payments).lateness(10s).late_drop();
    ///     let once = payments.distinct_by(|p| (p.card, p.cents)).within(1m);
    ///     once.sink(Large);
    /// }
    ///
    /// let mut t = once().test();
    /// t.push_all(Payments, [payment(1, 250, 0), payment(1, 250, 3), payment(2, 250, 4), payment(1, 80, 5)]);
    /// t.close();
    /// assert_eq!(t.rows(Large), [payment(1, 250, 0), payment(2, 250, 4), payment(1, 80, 5)]);
    /// ```
    ///
    /// # State
    /// See `within`.
    pub fn distinct_by<K: KeyCode>(self, key: impl Fn(&T) -> K + 'static) -> Distinct<K::Grouped<T, E>> {
        Distinct::of(self.group_by(key))
    }
}

impl<K, T, E: EventTime> Distinct<Grouped<K, T, E>> {
    /// For how long a row counts: one that is like an earlier row, and lies less than this after it, is left out. The earlier one is
    /// one that was kept, so rows that come all the time are not left out for ever.
    ///
    /// Which row is the first goes by event time, and for rows of one instant by their place in the input, never by which
    /// came first: rows wait until the watermark of every partition has passed them, and leave in that order. A row whose event time the
    /// watermark of its own partition had reached before it is late: dropped and counted.
    ///
    /// It is at least 1 ms; less is refused before anything is read, and a zero in the source text does not build.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    ///
    /// #[pipeline]
    /// fn once() {
    ///     let payments = source(Payments).lateness(10s).late_drop();
    ///     let once = payments.distinct_by(|p| p.card).within(1m);
    ///     once.sink(Large);
    /// }
    ///
    /// let mut t = once().test();
    /// t.push_all(Payments, [payment(1, 30, 40), payment(1, 20, 35), payment(1, 40, 94), payment(1, 50, 96)]);
    /// assert_eq!(t.rows(Large), [payment(1, 20, 35)], "the watermark is at 86 s");
    /// t.close();
    /// assert_eq!(t.rows(Large), [payment(1, 20, 35), payment(1, 50, 96)], "96 s is more than a minute after 35 s");
    /// ```
    ///
    /// # State
    /// The rows that the watermark has not passed: all that came in the time of the lateness, or more where partitions are not equally
    /// far. And for each key the time of its last row that was kept, until no row can be its duplicate.
    pub fn within(self, span: Duration) -> Stream<T, Timed>
    where
        K: Key,
        T: Record,
        E: HasEventTime + KnowsLateness + KnowsLatePolicy,
    {
        let words = OrderedWords {
            kind: "distinct_by",
            keeps: "for each key the time of its last row, until no row can be its duplicate".to_owned(),
            entries: EntryWords {
                one: "row or key of `distinct_by`",
                many: "rows and keys of `distinct_by`",
                emits: "a row leaves `distinct_by` when the watermark of every partition has passed it",
            },
            facts: vec![("within", span.to_string())],
            refused: (span < Duration::from_millis(1))
                .then(|| format!("must look back at least 1 ms, and looks back {span}")),
        };
        let node =
            in_order::register::<K, T, _>(self.group().node(), words, move |_| FirstOnly::<K>::new(span));
        registry::edit(node, |node| (node.passes_on, node.keeps_positions) = (true, true));
        Stream::at(node)
    }
}

/// The last rows that were kept: their times, by key.
struct LastKept<K> {
    span: Duration,
    marker: PhantomData<fn() -> K>,
}

impl<K: Key> Keeps for LastKept<K> {
    type Key = K;
    type SubKey = ();
    type Value = Timestamp;
    type Index = ByEntry;

    /// When no row that is still to come can be a duplicate.
    fn due(&self, (): &(), kept: &Timestamp) -> Option<Timestamp> {
        Some(Timestamp::from_millis(kept.millis().saturating_add(self.span.millis() - 1)))
    }
}

/// Passes on the first row of each key in a while.
struct FirstOnly<K: Key> {
    span: Duration,
    last: Table<LastKept<K>>,
}

impl<K: Key> FirstOnly<K> {
    fn new(span: Duration) -> Self {
        FirstOnly { span, last: Table::new(LastKept { span, marker: PhantomData }) }
    }
}

impl<K: Key, T: 'static> InOrder<K, T> for FirstOnly<K> {
    type Made = T;

    fn row(
        &mut self,
        group: KeyGroup,
        key: &K,
        row: Row<T>,
        made: &mut VecDeque<Row<T>>,
    ) -> Result<(), Blame> {
        let at = row.meta.place.time;
        let kept = self.last.get(group, key, &());
        let is_duplicate =
            kept.is_some_and(|kept| at.millis().saturating_sub(kept.millis()) < self.span.millis());
        if !is_duplicate {
            self.last.insert(group, key, &(), at);
            made.push_back(row);
        }
        Ok(())
    }

    fn passed(&mut self, watermark: Timestamp, _: &mut VecDeque<Row<T>>) -> Result<(), Blame> {
        self.last.drop_due(watermark);
        Ok(())
    }

    fn tables(&mut self) -> Vec<&mut dyn StateTable> {
        vec![&mut self.last]
    }
}
