//! `lookup`: each row of a stream with what a side table says of its key.
//!
//! ```text
//! payments ── lookup(side(Accounts)) ──► Lookup ── on(|p| .., |a| ..) ──► KeyedLookup ── select(|p, a| ..) ──► Stream
//! ```
//!
//! # Contract
//! - The table is whole before the first row of the stream comes ([`side`](super::side()) says which rows are of it). Of the rows of a key
//!   the last one counts, by offset. Rows of a key in two partitions have no order, and stop the run.
//! - Each row of the stream makes one row, also if the table has none of its key. It leaves in its own epoch, with its own event
//!   time, place and watermark: none is held back, and none is late.
//! - Kept in state: the table's rows, the last one of each key, for ever.

mod owner;
mod signposts;

use std::rc::Rc;

use self::owner::LookupOwner;
use super::join::{JoinsWith, key_of_side};
use crate::flow::{KeyOf, Router, RouterSetup, RowRouter, Whole};
use crate::handles::{EventTime, GroupedBy, KeyedLookup, Lookup, NodeId, Side, Stream, Timed, Topic};
use crate::key::{Key, KeyCode};
use crate::plan::{EntryWords, KeyedNode, Lowering, Node, Reads, registry};
use crate::record::{OwnedSchema, Record};

pub use signposts::{GoesByTime, HasKeysToLookUp, LookupWithRows, StreamToLookUp};

/// What rows can be looked up in: a side table, which has an end.
#[diagnostic::on_unimplemented(
    message = "rows are looked up in a side table, which has an end: this has none, and would never be whole",
    label = "not a side table",
    note = "a topic is read as a side table by `side(Accounts)`: `payments.lookup(side(Accounts))`; it is then what the topic holds when the \
            pipeline reads its first row",
    note = "a row of a stream that comes about as late as this one is joined by key and time, which makes a row of each pair: \
            `payments.left_join(accounts).on(|p| p.card, |a| a.card).between(-30d..=0s)`"
)]
pub trait SideTable {
    /// Its rows. As a projection it ends the compiler's errors at `lookup` where it is no side table.
    #[doc(hidden)]
    type Row: Record;
    #[doc(hidden)]
    fn node(self) -> NodeId;
}

#[diagnostic::do_not_recommend]
impl<P: Topic> SideTable for Side<P> {
    type Row = P::Row;
    fn node(self) -> NodeId {
        Side::node(self)
    }
}

impl<T: Clone + Send + 'static, E: EventTime> Stream<T, E> {
    /// Gives each row what a side table says of it: `payments.lookup(side(Accounts)).on(|p| p.card, |a| a.card).select(|p, a| ..)`. What
    /// follows is the key of both, and the row that is made of each row of the stream.
    ///
    /// The table is a topic that is [read to its end](super::side()) before the first row of the stream. For what comes and changes while the
    /// pipeline runs, there is [`left_join`](Stream::left_join).
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// #[derive(Debug, Clone, PartialEq, Record)]
    /// struct Limit { card: u64, cents: i64 }
    ///
    /// topics! { Limits("limits"): Limit { key: card } }
    ///
    /// /// Payments above their card's limit, and those of cards that have none.
    /// #[pipeline]
    /// fn too_large() {
    ///     let too_large = source(Payments)
    ///         .lookup(side(Limits))
    ///         .on(|p| p.card, |l| l.card)
    ///         .select(|p, l| (p.cents > l.cents.unwrap_or(0), p.clone()))
    ///         .filter_map(|(is_too_large, p)| is_too_large.then(|| p.clone()));
    ///     too_large.sink(Large);
    /// }
    ///
    /// let mut t = too_large().test();
    /// t.push_all(Limits, [Limit { card: 1, cents: 200 }]);
    /// t.push_all(Payments, [payment(1, 250, 0), payment(1, 150, 1), payment(2, 10, 2)]);
    /// assert_eq!(t.rows(Large), [payment(1, 250, 0), payment(2, 10, 2)]);
    /// ```
    pub fn lookup<S: SideTable>(self, side: S) -> Lookup<T, S::Row, E> {
        Lookup::of(self.node(), side.node())
    }
}

impl<T: 'static, A: 'static, E> Lookup<T, A, E> {
    /// The keys: a row of the stream is given the table's row whose key is equal to its own. Keys are as in
    /// [`group_by`](Stream::group_by), several fields a tuple; both are of one type.
    ///
    /// A key that the table has several rows of is that of the last one, as in a compacted topic: the one with the greatest offset. So the
    /// table's key here is best the key of its topic, which brings all rows of a key into one partition.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// #[derive(Debug, Clone, PartialEq, Record)]
    /// struct Fee { shop: String, large: bool, cents: i64 }
    ///
    /// topics! { Fees("fees"): Fee { key: |fee| (fee.shop.clone(), fee.large) } }
    ///
    /// #[pipeline]
    /// fn with_fees(shop: String) {
    ///     let with_fees = source(Payments)
    ///         .lookup(side(Fees))
    ///         .on(|p| (shop.clone(), p.cents >= 1_000), |f| (f.shop, f.large))
    ///         .select(|p, f| Payment { card: p.card, cents: p.cents + f.cents.unwrap_or(0), at: p.at });
    ///     with_fees.sink(Large);
    /// }
    ///
    /// let fee = |large, cents| Fee { shop: "mill".to_owned(), large, cents };
    /// let mut t = with_fees("mill".to_owned()).test();
    /// t.push_all(Fees, [fee(true, 90), fee(false, 5), fee(true, 80)]);
    /// t.push_all(Payments, [payment(1, 1_000, 0), payment(1, 100, 1)]);
    /// assert_eq!(t.rows(Large), [payment(1, 1_080, 0), payment(1, 105, 1)]);
    /// ```
    ///
    /// # Errors
    /// A panic in a closure stops the run with [`Error::UserCode`](crate::Error::UserCode), which names the operator and the row's
    /// topic, partition and offset. So do two rows of the table with one key in two partitions, of which nobody can say which
    /// came last.
    pub fn on<K, Q>(
        self,
        stream: impl Fn(&T) -> K + 'static,
        side: impl Fn(&A) -> Q + 'static,
    ) -> KeyedLookup<<K::Grouped<T, Timed> as GroupedBy>::Key, T, A, E>
    where
        K: KeyCode + JoinsWith<Q>,
    {
        let (rows, table) = self.nodes();
        let stream = key_of_side("the key that is looked up".to_owned(), rows, Rc::new(stream));
        let side = move |row: &A| K::from_other(side(row));
        let side = key_of_side("the key of the side table".to_owned(), table, Rc::new(side));
        KeyedLookup::of(stream, side)
    }
}

impl<K: Key, T: Clone + Send + 'static, A: Record, E: EventTime> KeyedLookup<K, T, A, E> {
    /// Makes one row of each row of the stream and what the table says of its key: `|p, a| Named { owner: a.owner, cents: p.cents }`. The
    /// table may have no row of that key: it is an `Option<&A>`, and so is what a field of it gives, `a.owner` is `Some` of the field or
    /// `None`. All else that an `Option` can do stands open: `a.owner.unwrap_or_default()`, `a.is_none()`.
    ///
    /// Where rows without a partner are to be left out, as by SQL's inner join, a [`filter`](Stream::filter) or a
    /// [`filter_map`](Stream::filter_map) behind it does so.
    ///
    /// A row keeps its event time and its place, and leaves at once: for what stands behind, a lookup is as a [`map`](Stream::map).
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// #[derive(Debug, Clone, PartialEq, Record)]
    /// struct Owner { card: u64, owner: u64 }
    ///
    /// topics! { Owners("owners"): Owner { key: card } }
    ///
    /// /// Payments of each owner by the minute, whatever card they use.
    /// #[pipeline]
    /// fn owner_minutes() {
    ///     let payments = source(Payments).lateness(10s).late_drop();
    ///     let per_minute = payments
    ///         .lookup(side(Owners))
    ///         .on(|p| p.card, |o| o.card)
    ///         .select(|p, o| Payment { card: o.owner.unwrap_or(0), cents: p.cents, at: p.at })
    ///         .group_by(|p| p.card)
    ///         .window(tumbling(1m))
    ///         .select(|w, p| CardMinute { card: w.key(), from: w.start(), total: sum(p.cents), n: count() });
    ///     per_minute.sink(CardMinutes);
    /// }
    ///
    /// let mut t = owner_minutes().test();
    /// t.push_all(Owners, [Owner { card: 1, owner: 7 }, Owner { card: 2, owner: 7 }]);
    /// t.push_all(Payments, [payment(1, 250, 0), payment(2, 100, 5), payment(3, 30, 6)]);
    /// t.close();
    /// assert_eq!(t.rows(CardMinutes), [minute(0, 0, 30, 1), minute(7, 0, 350, 2)]);
    /// ```
    ///
    /// # State
    /// The table's rows, whole: the last one of each key, until a `reset`.
    ///
    /// # Errors
    /// A panic in the closure stops the run with [`Error::UserCode`](crate::Error::UserCode), which names the operator and the row's
    /// topic, partition and offset.
    pub fn select<O: Clone + Send + 'static>(
        self,
        row: impl Fn(&T, Option<&A>) -> O + 'static,
    ) -> Stream<O, E::Apart> {
        Stream::at(register::<K, T, A, O, _>(self.groups(), row))
    }
}

fn register<K, T, A, O, F>((stream, side): (NodeId, NodeId), row: F) -> NodeId
where
    K: Key,
    T: Clone + Send + 'static,
    A: Record,
    O: Clone + Send + 'static,
    F: Fn(&T, Option<&A>) -> O + 'static,
{
    let ((stream_key, stream_text), (side_key, side_text)) =
        (registry::key_of::<T, K>(stream), registry::key_of::<A, K>(side));
    let mut facts = vec![("key type", K::type_name())];
    facts.extend(stream_text.iter().flat_map(|text| text.facts("key", "key constants")));
    facts.extend(side_text.iter().flat_map(|text| text.facts("side key", "side key constants")));
    let mut lines = vec!["exchange: by key group (256 of them, spread over the workers)".to_owned()];
    lines.extend(facts.iter().map(|(name, value)| format!("{name}: {value}")));
    lines.push("each row makes one, also if the side table has none of its key".to_owned());
    let row = Rc::new(row);
    let keyed = KeyedNode {
        entries: EntryWords { one: "row of a side table", many: "rows of side tables", emits: "" },
        routers: vec![router(stream_key), router(side_key)],
        owner: Box::new(move |_| Box::new(LookupOwner::<K, T, A, F>::new(row.clone()))),
        side_ports: &[],
    };
    let node = Node::new("lookup", vec![stream, side], Lowering::Keyed(keyed));
    let reads = Reads::Whole(Some("a lookup keeps its rows whole"));
    let kept_rows = vec![("side row", OwnedSchema::from(A::SCHEMA))];
    let keeps = "of the side table the last row of each key, whole, until a `reset`".to_owned();
    registry::add(Node { lines, facts, keeps, kept_rows, reads, keeps_positions: true, ..node })
}

fn router<K: Key, T: Clone + Send + 'static>(
    key: KeyOf<T, K>,
) -> Box<dyn Fn(RouterSetup) -> Box<dyn Router>> {
    Box::new(move |setup| Box::new(RowRouter::never_late(key.clone(), Whole, setup)))
}
