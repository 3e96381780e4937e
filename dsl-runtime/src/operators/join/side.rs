//! One side of a join: its rows that the other side's may still meet.

use std::marker::PhantomData;
use std::mem;
use std::ops::Bound;

use super::reach::Reach;
use crate::flow::{Blame, KeptWhole, KeyedRow, LateRows, Packet, RowsByKey};
use crate::key::{Key, KeyGroup};
use crate::place::{Place, Position};
use crate::record::{KeptRow, Record};
use crate::state::Table;
use crate::time::Timestamp;

/// The rows of one side.
///
/// # Contract
/// Rows of the epoch at hand are taken by `packet` and wait until `meet`. A row that is kept has met all rows of the other side that
/// were kept before it, and is met by those that come behind it.
pub(super) struct Side<K: Key, T: Record> {
    reach: Reach,
    pub(super) rows: Table<RowsByKey<K, T>>,
    pending: Vec<KeyedRow<K, T>>,
}

/// A row of a side, with its place.
pub(super) struct SideRow<T> {
    pub(super) place: Place,
    pub(super) kept: KeptWhole<T>,
}

/// A row that meets more rows than it may.
pub(super) struct MeetsTooMany {
    key: String,
    time: Timestamp,
    rows: u64,
    at_most: u64,
}

impl MeetsTooMany {
    /// What is said of it, given its side in a word.
    pub(super) fn blame(self, side: &str) -> Blame {
        let MeetsTooMany { key, time, rows, at_most } = self;
        let message = format!(
            "it would meet {rows} rows, and a row of this join meets at most {at_most}: leave a key that stands for no key out by a \
             `.filter(..)` in front of the join, or take a shorter range; if so many belong together, allow it with `.at_most({rows})`"
        );
        Blame { message, at: Some(format!("key {key}, {side} row of {time}")) }
    }
}

impl<K: Key, T: Record> Side<K, T> {
    pub(super) fn new(reach: Reach) -> Self {
        let keeps = RowsByKey { due_after: reach.kept_for(), marker: PhantomData };
        Side { reach, rows: Table::new(keeps), pending: Vec::new() }
    }

    /// Takes what the side's router has sent.
    pub(super) fn packet(&mut self, packet: Packet) {
        let Ok(rows) = packet.downcast::<Vec<KeyedRow<K, T>>>() else {
            unreachable!("a join's halves come from one node of the plan")
        };
        self.pending.extend(*rows);
    }

    /// Gives `found` the rows of the epoch at hand, each with what it meets of the other side, if it meets any; then keeps them. `before`
    /// is the side's watermark before the epoch: a row at or before it counts as if it had come under this watermark at least, for if it was
    /// not waited for, what it could have met may be gone. Stops at a row that meets more than `at_most`.
    pub(super) fn meet<O: Record>(
        &mut self,
        other: &Side<K, O>,
        before: Timestamp,
        at_most: u64,
        late: &mut LateRows,
        mut found: impl FnMut(&K, SideRow<T>, Vec<SideRow<O>>),
    ) -> Result<(), MeetsTooMany> {
        for KeyedRow { group, key, meta, value } in mem::take(&mut self.pending) {
            let (place, mut watermark_before) = (meta.place, meta.watermark_before);
            if place.time <= before {
                watermark_before = watermark_before.max(before);
            }
            if place.time + self.reach.late_after() <= watermark_before {
                // Its router would have dropped it by its own watermark.
                late.drop_unwaited();
                continue;
            }
            let kept = KeptWhole { watermark_before, row: KeptRow::new(value) };
            let (met, rows) = other.met_by(group, &key, (self.reach, place.time, watermark_before), at_most);
            if rows > at_most {
                return Err(MeetsTooMany { key: format!("{key:?}"), time: place.time, rows, at_most });
            }
            if !met.is_empty() {
                found(&key, SideRow { place, kept: kept.clone() }, met);
            }
            self.keep(group, &key, place, kept);
        }
        Ok(())
    }

    /// The rows that one of the other side meets, whose reach, time and watermark these are, the first `at_most` of them; and how many
    /// they are.
    fn met_by(
        &self,
        group: KeyGroup,
        key: &K,
        (reach, time, watermark_before): (Reach, Timestamp, Timestamp),
        at_most: u64,
    ) -> (Vec<SideRow<T>>, u64) {
        let ((from, to), behind) = (reach.times(time), reach.before(watermark_before));
        let start = match behind < from {
            true => Bound::Included(first_of(from)),
            false => Bound::Excluded(last_of(behind)),
        };
        let rows = self.rows.range(group, key, (start, Bound::Included(last_of(to))));
        let is_met = |kept: &KeptWhole<T>| time > self.reach.before(kept.watermark_before);
        let (mut met, mut number) = (Vec::new(), 0);
        for ((place, _), kept) in rows.filter(|(_, kept)| is_met(kept)) {
            number += 1;
            if number <= at_most {
                met.push(SideRow { place: *place, kept: kept.clone() });
            }
        }
        (met, number)
    }

    fn keep(&mut self, group: KeyGroup, key: &K, place: Place, kept: KeptWhole<T>) {
        // Another row may have the same place, where a stream was united with itself.
        let (mut row, mut copy) = (kept, 0);
        while let Some(displaced) = self.rows.insert(group, key, &(place, copy), row) {
            (row, copy) = (displaced, copy + 1);
        }
    }

    /// Drops the rows that none of the other side will meet, as its watermark says.
    pub(super) fn drop_passed(&mut self, other: Timestamp) {
        self.rows.drop_due(other);
    }
}

/// The first that a row of this time can be found by.
fn first_of(time: Timestamp) -> (Place, u32) {
    (Place { time, position: Position::FIRST }, 0)
}

/// The last one.
fn last_of(time: Timestamp) -> (Place, u32) {
    (Place { time, position: Position::LAST }, u32::MAX)
}
