//! `select` behind an interval join: the row that each pair makes.

use super::pairs::{Alone, Pairs, there};
use super::reach::Meeting;
use crate::handles::{IntervalJoin, Stream, Timed};
use crate::key::Key;
use crate::record::Record;

impl<K, L, R, J> IntervalJoin<K, L, R, J> {
    /// How many rows of the other side one row may meet: 100,000 without it. A row that would meet more stops the run before it has met
    /// any: a key that stands for "unknown", an empty text or a zero, brings together what does not belong together, and would fill the
    /// disk with pairs.
    ///
    /// Only rows that the other side has when a row comes are counted. So no run stops if no row has more than `rows` partners in
    /// all; at which of its rows a run with more of them stops depends on what is read first. The number is no part of what the pipeline is:
    /// another one goes on with the state that there is.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # topics! {
    /// #     Refunds("refunds"): Payment { key: card, time: at }
    /// # }
    /// #[pipeline]
    /// fn paid_back() {
    ///     let payments = source(Payments).lateness(10s).late_drop();
    ///     let refunds = source(Refunds).lateness(10s).late_drop();
    ///     let paid_back = payments
    ///         .join(refunds)
    ///         .on(|p| p.card, |r| r.card)
    ///         .between(0s..=30d)
    ///         .at_most(1_000)
    ///         .select(|p, r| Payment { card: p.card, cents: p.cents + r.cents, at: r.at });
    ///     paid_back.sink(Large);
    /// }
    ///
    /// let mut t = paid_back().test();
    /// t.push(Payments, payment(1, 250, 0));
    /// t.push(Refunds, payment(1, -250, 60));
    /// assert_eq!(t.rows(Large), [payment(1, 0, 60)]);
    /// ```
    ///
    /// # Errors
    /// A row that would meet more stops the run with [`Error::UserCode`](crate::Error::UserCode), which names the operator, the key, the row's
    /// side and time, and how many rows it would meet. Nothing is lost: the next run meets the same row again, and goes on if it may meet so
    /// many.
    pub fn at_most(self, rows: u64) -> Self {
        self.with_at_most(rows)
    }
}

impl<K: Key, L: Record, R: Record> IntervalJoin<K, L, R> {
    /// Makes one row of each pair: `|o, s| Shipped { order: o.id, at: s.at }`, given the left and the right row. A field that it gives
    /// back is cloned for you.
    ///
    /// A pair leaves as soon as both its rows are there. Its event time is the greater of theirs; for what stands behind, such as
    /// a window, it comes under the greater of the two watermarks that they came under. Each side is judged by its own partitions:
    /// two rows meet if the right row's time less `lo` is later than the watermark of the left row's partition before it, and the left
    /// row's time and `hi` later than that of the right one's. A row that can meet none any more, as its own partition's watermark has come
    /// `hi - lo` behind its time, is late: dropped and counted. Which rows meet follows from the logs, in whatever order they are read.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// #[derive(Debug, Clone, PartialEq, Record)]
    /// struct Share { card: u64, cents: i64, of: i64 }
    ///
    /// topics! { Shares("shares"): Share { key: card } }
    ///
    /// /// Each payment with the sum of its minute.
    /// #[pipeline]
    /// fn shares() {
    ///     let payments = source(Payments).lateness(10s).late_drop();
    ///     let minutes = payments
    ///         .group_by(|p| p.card)
    ///         .window(tumbling(1m))
    ///         .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.cents), n: count() });
    ///     let shares = minutes
    ///         .join(payments)
    ///         .on(|m| m.card, |p| p.card)
    ///         .between(-59_999ms..=0s)
    ///         .select(|m, p| Share { card: p.card, cents: p.cents, of: m.total });
    ///     shares.sink(Shares);
    /// }
    ///
    /// let mut t = shares().test();
    /// t.push_all(Payments, [payment(1, 250, 5), payment(1, 750, 59), payment(1, 10, 60)]);
    /// t.close();
    /// let share = |cents, of| Share { card: 1, cents, of };
    /// assert_eq!(t.rows(Shares).len(), 3);
    /// for share in [share(250, 1_000), share(750, 1_000), share(10, 10)] {
    ///     assert!(t.rows(Shares).contains(&share));
    /// }
    /// ```
    ///
    /// # State
    /// The rows of both sides, whole: a left one until the right side's watermark reaches its time and `hi`, a right one until the left
    /// side's reaches its time less `lo`. So a side waits in memory for the other if that is behind. A row that meets many makes as
    /// many rows, up to [`at_most`](Self::at_most).
    ///
    /// # Errors
    /// A panic in the closure stops the run with [`Error::UserCode`](crate::Error::UserCode), which names the operator, the key and the
    /// times of both rows. So does a row that would meet more than [`at_most`](Self::at_most) rows.
    pub fn select<O: Clone + Send + 'static>(self, row: impl Fn(&L, &R) -> O + 'static) -> Stream<O, Timed> {
        let (groups, at_most, meeting) = (self.groups(), self.met_max(), Meeting::between(self.range()));
        let pairs = Pairs { kind: "join", groups, meeting, at_most, alone: Alone::default() };
        Stream::at(pairs.register::<K, L, R, _, _>(move |_, left, right| row(there(left), there(right))))
    }
}
