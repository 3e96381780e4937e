//! Joins of two streams: rows with equal keys whose times lie close together meet.
//!
//! ```text
//! left ── join(right) ──► Join ── on(|l| .., |r| ..) ──► KeyedJoin ── between(lo..=hi) ──► IntervalJoin ── select(|l, r| ..) ──► Stream
//! .. KeyedJoin ── window(tumbling(10s)) ──► WindowJoin ── select(|w, l, r| ..) ──► Stream
//! left ── semi_join(right) ──► Join ── on(|l| .., |r| ..) ──► KeyedJoin ── between(lo..=hi) ──► Stream
//! ```
//!
//! Which rows meet is said by [`reach`], what is kept of a side by [`side`]. What becomes of pairs, and of rows that meet none, is said by
//! [`pairs`], with what users write of it in [`interval`], [`outer`] and [`window`]; of joins that pass left rows on by [`pass`].

mod interval;
mod kinds;
mod node;
mod outer;
mod pairs;
mod pass;
mod reach;
mod side;
mod signposts;
mod window;

use std::convert::Infallible;
use std::marker::PhantomData;
use std::ops::RangeInclusive;
use std::rc::Rc;

use crate::flow::KeyOf;
use crate::handles::{
    EventTime, FullOuter, GroupedBy, HasEventTime, Inner, IntervalJoin, Join, KeyedJoin, KnowsLatePolicy,
    KnowsLateness, LeftOuter, NodeId, RightOuter, Stream, Timed,
};
use crate::key::KeyCode;
use crate::plan::{Lowering, Node, registry};
use crate::record::Record;
use crate::time::Duration;

pub use signposts::{HasKeys, HasRange, IsJoin, JoinWithRows};
pub use window::WindowsOfJoin;

/// A row that a join can keep: a record.
#[diagnostic::on_unimplemented(
    message = "a join keeps rows of both sides, and `{Self}` is no record that can be kept",
    label = "rows of this side are no records",
    note = "make records of them before the join: `.map(|row| Row {{ .. }})`, with `#[derive(Clone, Record)]` on `Row`"
)]
pub trait KeptByJoin {
    /// The row itself. As a projection it ends the compiler's errors at `join` when it is no record.
    #[doc(hidden)]
    type Kept: Record;
}

#[diagnostic::do_not_recommend]
impl<T: Record> KeptByJoin for T {
    type Kept = T;
}

/// A key that can be equal to one of the other side: one of the same type.
#[diagnostic::on_unimplemented(
    message = "the keys of a join are of one type, and here the left one is `{Self}` and the right one `{Other}`",
    label = "a `{Self}` is never equal to a `{Other}`",
    note = "make one of the other in a closure, for example `.on(|l| l.id as u64, |r| r.id)` of two integers, and `.on(|l| l.id, |r| Some(r.id))` where one side may have none"
)]
pub trait JoinsWith<Other>: Sized {
    /// The other key, which is of this type.
    #[doc(hidden)]
    fn from_other(other: Other) -> Self;
}

#[diagnostic::do_not_recommend]
impl<K> JoinsWith<K> for K {
    fn from_other(other: K) -> K {
        other
    }
}

/// No key. That it seems to join with `K` keeps the compiler from taking the left key's type for the right one's before it has looked
/// at the right closure, so that two different ones are seen.
#[doc(hidden)]
#[derive(Debug)]
pub struct NoKey<K>(Infallible, PhantomData<K>);

#[diagnostic::do_not_recommend]
impl<K> JoinsWith<NoKey<K>> for K {
    fn from_other(other: NoKey<K>) -> K {
        match other.0 {}
    }
}

/// What can be joined: a stream.
#[diagnostic::on_unimplemented(
    message = "a join takes streams, and this is none: its keys are given behind it",
    label = "not a stream",
    note = "leave a grouping out, and name the key of each side: `left.join(right).on(|l| l.id, |r| r.id).between(0s..=4h)`"
)]
pub trait StreamToJoin {
    /// Its rows.
    #[doc(hidden)]
    type Row;
    /// What is known of its event time.
    #[doc(hidden)]
    type Time: EventTime;
    #[doc(hidden)]
    fn rows(self) -> Stream<Self::Row, Self::Time>;
}

#[diagnostic::do_not_recommend]
impl<T, E: EventTime> StreamToJoin for Stream<T, E> {
    type Row = T;
    type Time = E;
    fn rows(self) -> Stream<T, E> {
        self
    }
}

impl<T: Clone + Send + 'static, E: EventTime> Stream<T, E> {
    /// Joins two streams: each pair of a left and a right row with equal keys, whose times lie close enough together, makes a
    /// row. What follows is the key of each side, how far apart the times may lie, and the row:
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Order { id: u64, item: String, at: Timestamp }
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Shipment { order: u64, at: Timestamp }
    /// # #[derive(Debug, Clone, PartialEq, Record)]
    /// # struct Shipped { order: u64, item: String, within: Duration }
    /// # topics! {
    /// #     Orders("orders"): Order { key: id, time: at }
    /// #     Shipments("shipments"): Shipment { key: order, time: at }
    /// #     ShippedOrders("shipped-orders"): Shipped { key: order }
    /// # }
    /// #[pipeline]
    /// fn shipped() {
    ///     let orders = source(Orders).lateness(1m).late_drop();
    ///     let shipments = source(Shipments).lateness(1m).late_drop();
    ///     let shipped = orders
    ///         .join(shipments)
    ///         .on(|o| o.id, |s| s.order)
    ///         .between(0s..=4h)
    ///         .select(|o, s| Shipped { order: o.id, item: o.item, within: s.at - o.at });
    ///     shipped.sink(ShippedOrders);
    /// }
    ///
    /// let minute = |minute: i64| Timestamp::from_millis(minute * 60_000);
    /// let mut t = shipped().test();
    /// t.push(Orders, Order { id: 1, item: "wheel".to_owned(), at: minute(0) });
    /// t.push(Shipments, Shipment { order: 2, at: minute(30) });
    /// t.push(Shipments, Shipment { order: 1, at: minute(90) });
    /// let within = Duration::from_mins(90);
    /// assert_eq!(t.rows(ShippedOrders), [Shipped { order: 1, item: "wheel".to_owned(), within }]);
    /// t.push(Shipments, Shipment { order: 1, at: minute(241) });
    /// assert_eq!(t.rows(ShippedOrders).len(), 1, "more than four hours later");
    /// ```
    ///
    /// A stream can be joined with itself, and either side may be what windows or joins have made.
    ///
    /// Rows that meet none make no row: see [`left_join`](Stream::left_join) and [`full_join`](Stream::full_join). Where it only matters whether a
    /// row meets any, see [`semi_join`](Stream::semi_join) and [`anti_join`](Stream::anti_join).
    pub fn join<L, S: StreamToJoin>(self, right: S) -> Join<L::Kept, <S::Row as KeptByJoin>::Kept>
    where
        Self: StreamToJoin<Row = L>,
        E: HasEventTime + KnowsLateness + KnowsLatePolicy,
        S::Time: HasEventTime + KnowsLateness + KnowsLatePolicy,
        L: KeptByJoin,
        S::Row: KeptByJoin,
    {
        Join::of(self.node(), right.rows().node())
    }
}

impl<L: 'static, R: 'static, J> Join<L, R, J> {
    /// The key of each side: rows meet whose keys are equal. Keys are as in [`group_by`](Stream::group_by), several fields a tuple;
    /// both are of one type.
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
    ///         .on(|p| (p.card, p.cents), |r| (r.card, -r.cents))
    ///         .between(0s..=30d)
    ///         .select(|p, r| Payment { card: p.card, cents: r.cents, at: p.at });
    ///     paid_back.sink(Large);
    /// }
    ///
    /// let mut t = paid_back().test();
    /// t.push_all(Payments, [payment(1, 250, 0), payment(1, 100, 5)]);
    /// t.push(Refunds, payment(1, -100, 60));
    /// assert_eq!(t.rows(Large), [payment(1, -100, 5)]);
    /// ```
    ///
    /// # Errors
    /// A panic in a closure stops the run with [`Error::UserCode`](crate::Error::UserCode), which names the operator and the row's
    /// topic, partition and offset; nothing is lost, and the next run meets the same row again.
    pub fn on<K, Q>(
        self,
        left: impl Fn(&L) -> K + 'static,
        right: impl Fn(&R) -> Q + 'static,
    ) -> KeyedJoin<<K::Grouped<L, Timed> as GroupedBy>::Key, L, R, J>
    where
        K: KeyCode + JoinsWith<Q>,
    {
        let (left_rows, right_rows) = self.sides();
        let of = |side: &str| format!("the key of the join's {side} side");
        let left = key_of_side(of("left"), left_rows, Rc::new(left));
        let right = key_of_side(of("right"), right_rows, Rc::new(move |row: &R| K::from_other(right(row))));
        KeyedJoin::of(left, right)
    }
}

/// Registers the key of a side, as a `group_by` does. `what` says which key it is.
pub(super) fn key_of_side<T: 'static, K: 'static>(what: String, rows: NodeId, key: KeyOf<T, K>) -> NodeId {
    let text = registry::take_text("key");
    let mut lines = vec![what];
    lines.extend(text.iter().map(|written| format!("key: {}", written.text)));
    let lowering = Lowering::GroupBy { key: Box::new(key), text };
    let node = Node::new("on", vec![rows], lowering);
    registry::add(Node { lines, passes_on: true, ..node })
}

/// A join that makes rows of pairs.
#[doc(hidden)]
pub trait MakesPairs {}

impl MakesPairs for Inner {}
impl MakesPairs for LeftOuter {}
impl MakesPairs for RightOuter {}
impl MakesPairs for FullOuter {}

impl<K, L, R, J: MakesPairs> KeyedJoin<K, L, R, J> {
    /// How far apart the times of two rows may lie that meet: `.between(lo..=hi)` is for right rows whose time less the left row's is
    /// `lo` or more and `hi` or less. So `0s..=4h` is for what follows within four hours, and `-5m..=5m` for what is about as old.
    ///
    /// Without it every row would have to be kept for ever, so that there is no join without it. What is kept, and for how long,
    /// follows from it: see `select`.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// /// Two payments of a card within a minute: the later one, and the sum of both.
    /// #[pipeline]
    /// fn quick() {
    ///     let payments = source(Payments).lateness(10s).late_drop();
    ///     let quick = payments
    ///         .join(payments)
    ///         .on(|one| one.card, |next| next.card)
    ///         .between(1ms..=1m)
    ///         .select(|one, next| Payment { card: one.card, cents: one.cents + next.cents, at: next.at });
    ///     quick.sink(Large);
    /// }
    ///
    /// let mut t = quick().test();
    /// t.push_all(Payments, [payment(1, 250, 0), payment(1, 100, 59), payment(1, 30, 60), payment(2, 70, 61)]);
    /// assert_eq!(t.rows(Large), [payment(1, 350, 59), payment(1, 280, 60), payment(1, 130, 60)]);
    /// ```
    pub fn between(self, range: RangeInclusive<Duration>) -> IntervalJoin<K, L, R, J> {
        IntervalJoin::of(self, (*range.start(), *range.end()))
    }
}
