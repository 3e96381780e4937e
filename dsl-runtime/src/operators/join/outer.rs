//! `select` behind `left_join`, `right_join` and `full_join`: the row that each pair makes, and each row that meets none.

use super::pairs::{Alone, Pairs, there};
use super::reach::Meeting;
use super::side::SideRow;
use crate::handles::{FullOuter, IntervalJoin, LeftOuter, RightOuter, Stream, Timed};
use crate::key::Key;
use crate::record::Record;

impl<K: Key, L: Record, R: Record> IntervalJoin<K, L, R, LeftOuter> {
    /// Makes one row of each pair, and one of each left row that meets none: `|o, s| Shipped { order: o.id, at: s.at }`. The right row may be
    /// missing: it is an `Option<&R>`, and so is what a field of it gives, `s.at` is `Some` of the field or `None`. All else that
    /// an `Option` can do stands open: `s.at.unwrap_or(o.at)`, `s.is_none()`, `s.map(|s| s.at - o.at)`.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Order { id: u64, item: String, at: Timestamp }
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Shipment { order: u64, at: Timestamp }
    /// # topics! {
    /// #     Orders("orders"): Order { key: id, time: at }
    /// #     Shipments("shipments"): Shipment { key: order, time: at }
    /// #     OrderStates("order-states"): OrderState { key: order }
    /// # }
    /// #[derive(Debug, Clone, PartialEq, Record)]
    /// struct OrderState { order: u64, item: String, shipped_at: Option<Timestamp> }
    ///
    /// #[pipeline]
    /// fn states() {
    ///     let orders = source(Orders).lateness(0s).late_drop();
    ///     let shipments = source(Shipments).lateness(0s).late_drop();
    ///     let states = orders
    ///         .left_join(shipments)
    ///         .on(|o| o.id, |s| s.order)
    ///         .between(0s..=4h)
    ///         .select(|o, s| OrderState { order: o.id, item: o.item, shipped_at: s.at });
    ///     states.sink(OrderStates);
    /// }
    ///
    /// let minute = |minute: i64| Timestamp::from_millis(minute * 60_000);
    /// let order = |id| Order { id, item: "wheel".to_owned(), at: minute(0) };
    /// let state = |order, shipped_at| OrderState { order, item: "wheel".to_owned(), shipped_at };
    /// let mut t = states().test();
    /// t.push_all(Orders, [order(1), order(2)]);
    /// t.push(Shipments, Shipment { order: 1, at: minute(90) });
    /// assert_eq!(t.rows(OrderStates), [state(1, Some(minute(90)))], "the other one may still be shipped");
    /// t.push(Shipments, Shipment { order: 3, at: minute(240) });
    /// assert_eq!(t.rows(OrderStates)[1..], [state(2, None)]);
    /// ```
    ///
    /// A pair leaves as with [`join`](Stream::join). A left row that has met none leaves once the right side's watermark has come to its time and
    /// `hi`: from then on no right row can meet it. It keeps its event time; for what stands behind, such as a window, it comes under the
    /// watermark before it or under the instant before it, whichever is later. So the watermark of what stands behind waits for left rows that have
    /// met none. A left row that comes late is dropped and counted, and makes no row.
    ///
    /// Which rows leave follows from the logs, in whatever order they are read.
    ///
    /// # State
    /// As of [`join`](Stream::join), and which left rows have met none.
    ///
    /// # Errors
    /// A panic in the closure stops the run with [`Error::UserCode`](crate::Error::UserCode), which names the operator, the key and the
    /// times of the rows. So does a row that would meet more than [`at_most`](Self::at_most) rows.
    pub fn select<O: Clone + Send + 'static>(
        self,
        row: impl Fn(&L, Option<&R>) -> O + 'static,
    ) -> Stream<O, Timed> {
        let (groups, at_most, meeting) = (self.groups(), self.met_max(), Meeting::between(self.range()));
        let alone = Alone { left: true, right: false };
        let pairs = Pairs { kind: "left_join", groups, meeting, at_most, alone };
        Stream::at(
            pairs.register::<K, L, R, _, _>(move |_, left, right| row(there(left), right.map(SideRow::row))),
        )
    }
}

impl<K: Key, L: Record, R: Record> IntervalJoin<K, L, R, RightOuter> {
    /// Makes one row of each pair, and one of each right row that meets none: `|o, s| Arrival { shipment: s.id, item: o.item }`. The left
    /// row may be missing: it is an `Option<&L>`, and so is what a field of it gives, `o.item` is `Some` of the field or `None`.
    ///
    /// A right row that has met none leaves once the left side's watermark has come to its time less `lo`. All else is as with
    /// [`left_join`](Stream::left_join), with the sides exchanged.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # topics! {
    /// #     Refunds("refunds"): Payment { key: card, time: at }
    /// #     Owed("owed"): Refund { key: card }
    /// # }
    /// #[derive(Debug, Clone, PartialEq, Record)]
    /// struct Refund { card: u64, cents: i64, paid: Option<i64> }
    ///
    /// /// Refunds with what was paid within the 30 days before, if anything was.
    /// #[pipeline]
    /// fn refunded() {
    ///     let payments = source(Payments).lateness(0s).late_drop();
    ///     let refunds = source(Refunds).lateness(0s).late_drop();
    ///     let refunded = payments
    ///         .right_join(refunds)
    ///         .on(|p| p.card, |r| r.card)
    ///         .between(0s..=30d)
    ///         .select(|p, r| Refund { card: r.card, cents: r.cents, paid: p.cents });
    ///     refunded.sink(Owed);
    /// }
    ///
    /// let mut t = refunded().test();
    /// t.push(Payments, payment(1, 250, 0));
    /// t.push_all(Refunds, [payment(1, -250, 60), payment(2, -70, 61)]);
    /// t.close();
    /// let mut rows = t.rows(Owed);
    /// rows.sort_by_key(|row| row.card);
    /// assert_eq!(rows, [
    ///     Refund { card: 1, cents: -250, paid: Some(250) },
    ///     Refund { card: 2, cents: -70, paid: None },
    /// ]);
    /// ```
    ///
    /// # State
    /// As of [`join`](Stream::join), and which right rows have met none.
    ///
    /// # Errors
    /// A panic in the closure stops the run with [`Error::UserCode`](crate::Error::UserCode), which names the operator, the key and the
    /// times of the rows. So does a row that would meet more than [`at_most`](Self::at_most) rows.
    pub fn select<O: Clone + Send + 'static>(
        self,
        row: impl Fn(Option<&L>, &R) -> O + 'static,
    ) -> Stream<O, Timed> {
        let (groups, at_most, meeting) = (self.groups(), self.met_max(), Meeting::between(self.range()));
        let alone = Alone { left: false, right: true };
        let pairs = Pairs { kind: "right_join", groups, meeting, at_most, alone };
        Stream::at(
            pairs.register::<K, L, R, _, _>(move |_, left, right| row(left.map(SideRow::row), there(right))),
        )
    }
}

impl<K: Key, L: Record, R: Record> IntervalJoin<K, L, R, FullOuter> {
    /// Makes one row of each pair, and one of each row of either side that meets none. Either row may be missing, but not both: they are an
    /// `Option<&L>` and an `Option<&R>`, and so is what a field of them gives. The key of both is `l.id.or(r.order)`.
    ///
    /// A left row that has met none leaves once the right side's watermark has come to its time and `hi`, a right one once the left
    /// side's has come to its time less `lo`. All else is as with [`left_join`](Stream::left_join).
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # topics! {
    /// #     Booked("booked"): Payment { key: card, time: at }
    /// #     Differences("differences"): Difference { key: card }
    /// # }
    /// #[derive(Debug, Clone, PartialEq, Record)]
    /// struct Difference { card: Option<u64>, paid: Option<i64>, booked: Option<i64> }
    ///
    /// /// What was paid and not booked within a minute, or booked and not paid, or with another amount.
    /// #[pipeline]
    /// fn differences() {
    ///     let payments = source(Payments).lateness(0s).late_drop();
    ///     let booked = source(Booked).lateness(0s).late_drop();
    ///     let both = payments
    ///         .full_join(booked)
    ///         .on(|p| p.card, |b| b.card)
    ///         .between(0s..=1m)
    ///         .select(|p, b| Difference { card: p.card.or(b.card), paid: p.cents, booked: b.cents });
    ///     let differences = both.filter(|d| d.paid != d.booked);
    ///     differences.sink(Differences);
    /// }
    ///
    /// let mut t = differences().test();
    /// t.push_all(Payments, [payment(1, 250, 0), payment(2, 100, 5)]);
    /// t.push_all(Booked, [payment(1, 250, 1), payment(3, 70, 2)]);
    /// t.close();
    /// let mut rows = t.rows(Differences);
    /// rows.sort_by_key(|row| row.card);
    /// assert_eq!(rows, [
    ///     Difference { card: Some(2), paid: Some(100), booked: None },
    ///     Difference { card: Some(3), paid: None, booked: Some(70) },
    /// ]);
    /// ```
    ///
    /// # State
    /// As of [`join`](Stream::join), and which rows have met none.
    ///
    /// # Errors
    /// A panic in the closure stops the run with [`Error::UserCode`](crate::Error::UserCode), which names the operator, the key and the
    /// times of the rows. So does a row that would meet more than [`at_most`](Self::at_most) rows.
    pub fn select<O: Clone + Send + 'static>(
        self,
        row: impl Fn(Option<&L>, Option<&R>) -> O + 'static,
    ) -> Stream<O, Timed> {
        let (groups, at_most, meeting) = (self.groups(), self.met_max(), Meeting::between(self.range()));
        let alone = Alone { left: true, right: true };
        let pairs = Pairs { kind: "full_join", groups, meeting, at_most, alone };
        Stream::at(pairs.register::<K, L, R, _, _>(move |_, left, right| {
            row(left.map(SideRow::row), right.map(SideRow::row))
        }))
    }
}
