//! `select` behind an interval join: the row that each pair makes.

use std::collections::VecDeque;
use std::mem;
use std::rc::Rc;

use super::reach::Reach;
use super::side::{Side, SideRow};
use crate::flow::{Blame, DUE_ROWS, KeyOf, Meta, Now, Owner, Packet, Ports, Row, RowRouter, catch, emit};
use crate::handles::{IntervalJoin, NodeId, Stream, Timed};
use crate::key::Key;
use crate::place::{Place, Position};
use crate::plan::{EntryWords, KeyedNode, Lowering, Node, Reads, registry};
use crate::record::{OwnedSchema, Record};
use crate::state::StateTable;
use crate::time::Duration;

impl<K, L, R> IntervalJoin<K, L, R> {
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
        let (left, right) = self.groups();
        Stream::at(register::<K, L, R, O, _>((left, right), self.range(), self.met_max(), Rc::new(row)))
    }
}

fn register<K: Key, L: Record, R: Record, O, G>(
    (left, right): (NodeId, NodeId),
    range: (Duration, Duration),
    at_most: u64,
    row: Rc<G>,
) -> NodeId
where
    O: Clone + Send + 'static,
    G: Fn(&L, &R) -> O + 'static,
{
    let ((left_key, left_text), (right_key, right_text)) =
        (registry::key_of::<L, K>(left), registry::key_of::<R, K>(right));
    let (lo, hi) = range;
    let mut facts = vec![("between", format!("{lo}..={hi}")), ("key type", K::type_name())];
    facts.extend(left_text.iter().flat_map(|text| text.facts("left key", "left key constants")));
    facts.extend(right_text.iter().flat_map(|text| text.facts("right key", "right key constants")));
    let mut lines = vec![
        "before the exchange: drops and counts late rows".to_owned(),
        "exchange: by key group (256 of them, spread over the workers)".to_owned(),
    ];
    lines.extend(facts.iter().map(|(name, value)| format!("{name}: {value}")));
    lines.push(format!("a row meets at most {at_most} rows; one that would meet more stops the run"));
    let (left_reach, right_reach) = Reach::of(range);
    let keyed = KeyedNode {
        entries: EntryWords {
            one: "row of a join",
            many: "rows of joins",
            emits: "a row of a join stays until no row of the other side can meet it",
        },
        routers: vec![router(left_key, left_reach), router(right_key, right_reach)],
        owner: Box::new(move |setup| {
            Box::new(PairOwner {
                left: Side::<K, L>::new(left_reach),
                right: Side::<K, R>::new(right_reach),
                found: VecDeque::new(),
                at_most,
                row: row.clone(),
                maker: setup.maker,
            })
        }),
        side_ports: &[],
    };
    let keeps = format!(
        "rows of both sides: a left one until the right side's watermark reaches its time{}, a right one until the left side's \
         reaches its time{}",
        signed(left_reach.kept_for()),
        signed(right_reach.kept_for())
    );
    let node = Node::new("join", vec![left, right], Lowering::Keyed(keyed));
    let refused = match (lo > hi, at_most) {
        (true, _) => Some(format!(
            "join `{}` is between {lo} and {hi}, and the first is the later one: nothing lies between them",
            node.name
        )),
        (false, 0) => {
            Some(format!("join `{}` lets each row meet at most 0 rows, so that it makes none", node.name))
        }
        _ => None,
    };
    let kept_rows =
        vec![("left row", OwnedSchema::from(L::SCHEMA)), ("right row", OwnedSchema::from(R::SCHEMA))];
    let reads = Reads::Whole(Some("a join keeps its rows whole"));
    registry::add(Node { lines, facts, keeps, refused, kept_rows, reads, ..node })
}

fn router<K: Key, T: Record>(
    key: KeyOf<T, K>,
    reach: Reach,
) -> Box<dyn Fn(crate::flow::RouterSetup) -> Box<dyn crate::flow::Router>> {
    Box::new(move |setup| Box::new(RowRouter::new(key.clone(), reach.late_after(), setup)))
}

/// A length of time as what is added to another: ` + 4h`, ` - 2h`, or nothing.
fn signed(length: Duration) -> String {
    match length.millis() {
        0 => String::new(),
        1.. => format!(" + {length}"),
        _ => format!(" - {}", -length),
    }
}

/// The half after the exchange: keeps the rows of both sides of its key groups, and makes a row of each pair.
struct PairOwner<K: Key, L: Record, R: Record, G> {
    left: Side<K, L>,
    right: Side<K, R>,
    /// What is still to be emitted.
    found: VecDeque<Found<K, L, R>>,
    /// How many rows one row may meet.
    at_most: u64,
    row: Rc<G>,
    maker: u32,
}

/// Pairs of one key: each of the left rows with each of the right ones. One of the sides is a single row.
struct Found<K, L, R> {
    key: K,
    left: Vec<SideRow<L>>,
    right: Vec<SideRow<R>>,
    /// How many of them have been emitted.
    emitted: usize,
}

impl<K, L, R> Found<K, L, R> {
    fn next(&mut self) -> Option<(&K, &SideRow<L>, &SideRow<R>)> {
        let (at, width) = (self.emitted, self.right.len());
        let left = self.left.get(at.checked_div(width)?)?;
        self.emitted += 1;
        Some((&self.key, left, &self.right[at % width]))
    }
}

impl<K: Key, L: Record, R: Record, O, G> Owner for PairOwner<K, L, R, G>
where
    O: Clone + Send + 'static,
    G: Fn(&L, &R) -> O + 'static,
{
    fn packet(&mut self, input: usize, packet: Packet) -> Result<(), Blame> {
        match input {
            0 => self.left.packet(packet),
            _ => self.right.packet(packet),
        }
        Ok(())
    }

    fn end_epoch(&mut self, now: &Now<'_>, out: &mut Ports) -> Result<(), Blame> {
        let PairOwner { left, right, found, at_most, .. } = self;
        // The left rows meet what is kept; then the right ones meet these, too. So each pair is found once.
        left.meet(right, now.inputs_before[0], *at_most, out.late(), |key, row, met| {
            found.push_back(Found { key: key.clone(), left: vec![row], right: met, emitted: 0 });
        })
        .map_err(|many| many.blame("left"))?;
        right
            .meet(left, now.inputs_before[1], *at_most, out.late(), |key, row, met| {
                found.push_back(Found { key: key.clone(), left: met, right: vec![row], emitted: 0 });
            })
            .map_err(|many| many.blame("right"))?;
        left.drop_passed(now.inputs[1]);
        right.drop_passed(now.inputs[0]);
        Ok(())
    }

    fn emit(&mut self, out: &mut Ports) -> Result<bool, Blame> {
        let (mut made, mut left): (Vec<Row<O>>, usize) = (Vec::new(), DUE_ROWS);
        while let (1.., Some(found)) = (left, self.found.front_mut()) {
            let Some((key, left_row, right_row)) = found.next() else {
                self.found.pop_front();
                continue;
            };
            let row = joined(self.maker, &*self.row, key, left_row, right_row)?;
            left -= 1;
            // Of rows of one place no two stand side by side: a `flat_map` behind would take them for one record's.
            if made.last().is_some_and(|last| last.meta.place == row.meta.place) {
                emit(mem::take(&mut made), Ports::MAIN, out);
            }
            made.push(row);
        }
        emit(made, Ports::MAIN, out);
        Ok(!self.found.is_empty())
    }

    fn tables(&mut self) -> Vec<&mut dyn StateTable> {
        vec![&mut self.left.rows, &mut self.right.rows]
    }
}

fn joined<K: Key, L, R, O>(
    maker: u32,
    make: &impl Fn(&L, &R) -> O,
    key: &K,
    left: &SideRow<L>,
    right: &SideRow<R>,
) -> Result<Row<O>, Blame> {
    let value = catch(|| make(left.kept.row.row(), right.kept.row.row())).map_err(|blame| {
        let (left, right) = (left.place.time, right.place.time);
        Blame { at: Some(format!("key {key:?}, left row of {left}, right row of {right}")), ..blame }
    })?;
    let position = Position::of_parents(maker, &[left.place, right.place]);
    let place = Place { time: left.place.time.max(right.place.time), position };
    let watermark_before = left.kept.watermark_before.max(right.kept.watermark_before);
    Ok(Row { meta: Meta { place, watermark_before }, value })
}
