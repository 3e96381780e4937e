//! `semi_join` and `anti_join`: left rows that meet a right one, or none, as they are.
//!
//! # Contract
//! - A left row leaves once, whatever number of rows it meets: of a semi join when it has met one, of an anti join once the right side's
//!   watermark has come to the end of its reach and it has met none.
//! - It leaves with its own event time, under the watermark before it or the instant before it, whichever is later; so nothing behind the join
//!   depends on which of its partners was read first. Its place is made of its own: rows do not leave in the order of their log.
//! - The output's watermark is held to 1 ms before the earliest left row that may still leave.
//! - Kept in state: left rows that have met none, and right rows, each until the other side's watermark has come to the end of its reach.

use std::collections::VecDeque;
use std::mem;
use std::ops::RangeInclusive;

use super::node::{JoinWords, register};
use super::reach::Meeting;
use super::side::{Side, SideRow};
use crate::flow::{Asks, Blame, DUE_ROWS, Now, Owner, Packet, Ports, Row, emit};
use crate::handles::{Anti, KeyedJoin, NodeId, Semi, Stream, Timed};
use crate::key::Key;
use crate::record::Record;
use crate::state::StateTable;
use crate::time::Duration;

impl<K: Key, L: Record, R: Record> KeyedJoin<K, L, R, Semi> {
    /// How far apart the times of two rows may lie that meet, as in [`between`](KeyedJoin::between) of a `join`: the right row's time less the left
    /// row's, both ends included. What follows is a stream of the left rows that meet at least one: each leaves once, as it is, when the first
    /// of them is there.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # topics! {
    /// #     Refunds("refunds"): Payment { key: card, time: at }
    /// # }
    /// /// Payments that were paid back within a day.
    /// #[pipeline]
    /// fn paid_back() {
    ///     let payments = source(Payments).lateness(10s).late_drop();
    ///     let refunds = source(Refunds).lateness(10s).late_drop();
    ///     let paid_back =
    ///         payments.semi_join(refunds).on(|p| (p.card, p.cents), |r| (r.card, -r.cents)).between(0s..=1d);
    ///     paid_back.sink(Large);
    /// }
    ///
    /// let mut t = paid_back().test();
    /// t.push_all(Payments, [payment(1, 250, 0), payment(1, 100, 5)]);
    /// t.push_all(Refunds, [payment(1, -100, 60), payment(1, -100, 61)]);
    /// assert_eq!(t.rows(Large), [payment(1, 100, 5)], "once, though it was paid back twice");
    /// ```
    ///
    /// A row keeps its event time. For what stands behind, such as a window, it comes under the watermark before it or under the instant
    /// before it, whichever is later. The watermark of what stands behind waits for left rows that may still leave.
    ///
    /// # State
    /// Left rows that have met none, whole, until the right side's watermark reaches their time and `hi`, and right ones until the left side's
    /// reaches their time less `lo`.
    pub fn between(self, range: RangeInclusive<Duration>) -> Stream<L, Timed> {
        let meeting = Meeting::between((*range.start(), *range.end()));
        Stream::at(pass::<K, L, R>("semi_join", self.groups(), meeting, Passes::Met))
    }
}

impl<K: Key, L: Record, R: Record> KeyedJoin<K, L, R, Anti> {
    /// How far apart the times of two rows may lie that meet, as in [`between`](KeyedJoin::between) of a `join`: the right row's time less the left
    /// row's, both ends included. What follows is a stream of the left rows that meet none: each leaves as it is, once the right side's
    /// watermark says that none is yet to come.
    ///
    /// ```
    /// use waterwheel::prelude::*;
    /// # use waterwheel_samples::*;
    /// # topics! {
    /// #     Refunds("refunds"): Payment { key: card, time: at }
    /// # }
    /// /// Payments that were not paid back within a minute.
    /// #[pipeline]
    /// fn kept() {
    ///     let payments = source(Payments).lateness(0s).late_drop();
    ///     let refunds = source(Refunds).lateness(0s).late_drop();
    ///     let kept =
    ///         payments.anti_join(refunds).on(|p| (p.card, p.cents), |r| (r.card, -r.cents)).between(0s..=1m);
    ///     kept.sink(Large);
    /// }
    ///
    /// let mut t = kept().test();
    /// t.push_all(Payments, [payment(1, 250, 0), payment(1, 100, 5)]);
    /// t.push(Refunds, payment(1, -100, 59));
    /// assert_eq!(t.rows(Large), [], "the first one may still be paid back");
    /// t.push(Refunds, payment(2, -70, 60));
    /// assert_eq!(t.rows(Large), [payment(1, 250, 0)]);
    /// ```
    ///
    /// A row keeps its event time. For what stands behind, such as a window, it comes under the watermark before it or under the instant
    /// before it, whichever is later. The watermark of what stands behind waits for left rows that may still leave.
    ///
    /// # State
    /// Left rows that have met none, whole, until the right side's watermark reaches their time and `hi`, and right ones until the left side's
    /// reaches their time less `lo`.
    pub fn between(self, range: RangeInclusive<Duration>) -> Stream<L, Timed> {
        let meeting = Meeting::between((*range.start(), *range.end()));
        Stream::at(pass::<K, L, R>("anti_join", self.groups(), meeting, Passes::Unmet))
    }
}

/// Which left rows are passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passes {
    /// Those that meet a right one.
    Met,
    /// Those that meet none.
    Unmet,
}

/// Adds a join to the plan that passes left rows on.
pub(super) fn pass<K: Key, L: Record, R: Record>(
    kind: &'static str,
    groups: (NodeId, NodeId),
    meeting: Meeting,
    passes: Passes,
) -> NodeId {
    let lines = vec![match passes {
        Passes::Met => "passes each left row on that meets a right one, once".to_owned(),
        Passes::Unmet => "passes each left row on that meets no right one".to_owned(),
    }];
    let words =
        JoinWords { kind, lines, keeps: "; of the left ones those that have met none", refused: None };
    let (left, right) = (meeting.left, meeting.right);
    register::<K, L, R>(words, groups, meeting, move |setup| {
        let (left, right) = (Side::<K, L>::new(left), Side::<K, R>::new(right));
        Box::new(PassOwner { left, right, leaving: VecDeque::new(), passes, maker: setup.maker })
    })
}

/// The half after the exchange.
struct PassOwner<K: Key, L: Record, R: Record> {
    /// Of the left side's rows those that have met none.
    left: Side<K, L>,
    right: Side<K, R>,
    /// What is still to be emitted.
    leaving: VecDeque<SideRow<L>>,
    passes: Passes,
    maker: u32,
}

impl<K: Key, L: Record, R: Record> Owner for PassOwner<K, L, R> {
    fn packet(&mut self, input: usize, packet: Packet) -> Result<(), Blame> {
        match input {
            0 => self.left.packet(packet),
            _ => self.right.packet(packet),
        }
        Ok(())
    }

    fn end_epoch(&mut self, now: &Now<'_>, out: &mut Ports) -> Result<(), Blame> {
        let PassOwner { left, right, leaving, passes, .. } = self;
        for arrived in left.arrived(now.inputs_before[0]).in_time(out.late()) {
            match (right.has_any_for(left, &arrived), *passes) {
                (false, _) => _ = left.keep_arrived(&arrived),
                (true, Passes::Met) => leaving.push_back(SideRow::of_arrived(&arrived)),
                (true, Passes::Unmet) => {}
            }
        }
        for arrived in right.arrived(now.inputs_before[1]).in_time(out.late()) {
            left.take_met_by(right, &arrived, |place, kept| {
                if *passes == Passes::Met {
                    leaving.push_back(SideRow::of_kept(place, &kept));
                }
            });
            right.keep_unless_passed(&arrived, now.inputs[0]);
        }
        left.drop_passed_unmet(now.inputs[1], |place, kept| {
            if *passes == Passes::Unmet {
                leaving.push_back(SideRow::of_kept(place, &kept));
            }
        });
        right.drop_passed_unmet(now.inputs[0], |_, _| {});
        Ok(())
    }

    fn emit(&mut self, out: &mut Ports) -> Result<bool, Blame> {
        let mut made: Vec<Row<L>> = Vec::new();
        let number = self.leaving.len().min(DUE_ROWS);
        for row in self.leaving.drain(..number) {
            let meta = row.meta_alone(self.maker);
            // As in other joins.
            if made.last().is_some_and(|last| last.meta.place == meta.place) {
                emit(mem::take(&mut made), Ports::MAIN, out);
            }
            made.push(Row { meta, value: row.into_row() });
        }
        emit(made, Ports::MAIN, out);
        Ok(!self.leaving.is_empty())
    }

    fn asks(&self) -> Asks {
        Asks { hold_at: self.left.hold_at_all(), ..Asks::default() }
    }

    fn tables(&mut self) -> Vec<&mut dyn StateTable> {
        vec![self.left.rows_table(), self.right.rows_table()]
    }
}
