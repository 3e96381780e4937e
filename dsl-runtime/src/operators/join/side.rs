//! One side of a join: its rows that the other side's may still meet.

use std::marker::PhantomData;
use std::mem;
use std::ops::Bound;
use std::rc::Rc;

use super::reach::Reach;
use crate::flow::{Blame, EncodedRows, KeptWhole, KeyedRow, LateRows, Meta, Packet};
use crate::key::{Key, KeyGroup};
use crate::place::{Place, Position};
use crate::record::{EncodedRow, Record};
use crate::state::{ByEntry, ByKey, Keeps, StateTable, Table};
use crate::time::{Duration, Timestamp};

/// The rows of one side.
///
/// # Contract
/// Rows of the epoch at hand are taken by `packet` and wait until the epoch's end. A row that is kept has met all rows of the other side
/// that were kept before it, and is met by those that come behind it.
pub(super) struct Side<K: Key, T: Record> {
    reach: Reach,
    rows: Table<RowsOfSide<K, T>>,
    /// Those of them that have met none yet; `None` where that makes no difference.
    unmet: Option<Table<UnmetRows<K>>>,
    pending: Vec<EncodedRows<K, T>>,
}

/// A row of a side that leaves, alone or in a pair.
pub(super) struct SideRow<T> {
    pub(super) place: Place,
    pub(super) watermark_before: Timestamp,
    row: Rc<T>,
}

impl<T: Record> SideRow<T> {
    /// One that has come in the epoch at hand.
    pub(super) fn of_arrived<K>(arrived: &Arrived<'_, K, T>) -> Self {
        let Meta { place, watermark_before } = arrived.meta;
        SideRow { place, watermark_before, row: Rc::new(arrived.value.decoded()) }
    }

    /// One that was kept.
    pub(super) fn of_kept(place: Place, kept: &KeptWhole<T>) -> Self {
        SideRow { place, watermark_before: kept.watermark_before, row: kept.row.row() }
    }

    /// The row itself, cloned if others hold it, too.
    pub(super) fn into_row(self) -> T {
        Rc::unwrap_or_clone(self.row)
    }
}

impl<T> SideRow<T> {
    pub(super) fn row(&self) -> &T {
        &self.row
    }

    /// What is said of a row that is made of this one alone. Such a row may have to wait: the watermark of what stands behind the join is
    /// held to 1 ms before its time meanwhile.
    pub(super) fn meta_alone(&self, maker: u32) -> Meta {
        let Place { time, .. } = self.place;
        let watermark_before = self.watermark_before.max(time - Duration::from_millis(1));
        let position = Position::of_parents(maker, &[self.place]);
        Meta { place: Place { time, position }, watermark_before }
    }
}

/// A row that has come in the epoch at hand.
pub(super) type Arrived<'p, K, T> = KeyedRow<&'p K, EncodedRow<'p, T>>;

/// The rows of one side that have come in the epoch at hand.
pub(super) struct Arrivals<K, T> {
    packets: Vec<EncodedRows<K, T>>,
    reach: Reach,
    /// The side's watermark before the epoch.
    before: Timestamp,
}

impl<K: Key, T: Record> Arrivals<K, T> {
    /// How many there are, late ones counted.
    pub(super) fn len(&self) -> usize {
        self.packets.iter().map(EncodedRows::len).sum()
    }

    /// Those that are not late. A row at or before the side's watermark which was not waited for counts as if it had come under this watermark,
    /// as what it could have met may be gone.
    pub(super) fn in_time<'p>(&'p self, late: &'p mut LateRows) -> impl Iterator<Item = Arrived<'p, K, T>> {
        self.packets.iter().flat_map(EncodedRows::iter).filter_map(|mut arrived| {
            let Meta { place, watermark_before } = &mut arrived.meta;
            if place.time <= self.before {
                *watermark_before = self.before.max(*watermark_before);
            }
            if self.reach.late_at(place.time) <= *watermark_before {
                // Its router would have dropped it by its own watermark.
                late.drop_unwaited();
                return None;
            }
            Some(arrived)
        })
    }
}

/// What of a row says which ones of the other side it meets.
#[derive(Clone, Copy)]
struct Comer {
    reach: Reach,
    time: Timestamp,
    watermark_before: Timestamp,
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
        let rows = Table::new(RowsOfSide { reach, marker: PhantomData });
        Side { reach, rows, unmet: None, pending: Vec::new() }
    }

    /// Keeps also which of its rows have met none yet.
    pub(super) fn knowing_unmet(self) -> Self {
        let unmet = Table::new(UnmetRows { reach: self.reach, marker: PhantomData });
        Side { unmet: Some(unmet), ..self }
    }

    /// Takes what the side's router has sent.
    pub(super) fn packet(&mut self, packet: Packet) {
        let Ok(rows) = packet.downcast::<EncodedRows<K, T>>() else {
            unreachable!("a join's halves come from one node of the plan")
        };
        self.pending.push(*rows);
    }

    /// The rows of the epoch at hand. `before` is the side's watermark before it.
    pub(super) fn arrived(&mut self, before: Timestamp) -> Arrivals<K, T> {
        Arrivals { packets: mem::take(&mut self.pending), reach: self.reach, before }
    }

    /// Gives `found` those of the rows that have come which meet any, each with what it meets of the other side; then keeps them. Stops at
    /// a row that meets more than `at_most`. Once all rows of the other side have been here up to a watermark, `passed`, a row that none behind it
    /// can meet need not be kept: where a log is read from its beginning, and an epoch is longer than the reach, that is nearly every row.
    pub(super) fn meet<'p, O: Record>(
        &mut self,
        arrived: impl Iterator<Item = Arrived<'p, K, T>>,
        other: &mut Side<K, O>,
        passed: Option<Timestamp>,
        at_most: u64,
        mut found: impl FnMut(&K, SideRow<T>, Vec<SideRow<O>>),
    ) -> Result<(), MeetsTooMany> {
        for arrived in arrived {
            let KeyedRow { group, key, meta, .. } = arrived;
            let (met, rows) = other.met_by(group, key, self.comer(&meta), at_most);
            if rows > at_most {
                return Err(MeetsTooMany { key: format!("{key:?}"), time: meta.place.time, rows, at_most });
            }
            if rows > 0 {
                found(key, SideRow::of_arrived(&arrived), met);
            }
            // One that has met none may leave alone, and does so in its turn.
            let may_leave_alone = rows == 0 && self.unmet.is_some();
            if passed.is_some_and(|passed| !may_leave_alone && !self.stays(&meta, passed)) {
                continue;
            }
            let name = self.keep_arrived(&arrived);
            if let Some(unmet) = self.unmet.as_mut().filter(|_| rows == 0) {
                unmet.insert(group, key, &name, ());
            }
        }
        Ok(())
    }

    /// The rows that one of the other side meets, the first `at_most` of them; and how many they are. They have met one from here on.
    fn met_by(&mut self, group: KeyGroup, key: &K, comer: Comer, at_most: u64) -> (Vec<SideRow<T>>, u64) {
        let (mut met, mut number) = (Vec::new(), 0);
        for (name, kept) in matching(&self.rows, self.reach, group, key, comer) {
            number += 1;
            if number <= at_most {
                met.push(SideRow::of_kept(name.0, kept));
            }
            if let Some(unmet) = &mut self.unmet {
                unmet.remove(group, key, name);
            }
        }
        (met, number)
    }

    /// Whether a row that has come on the other side meets any.
    pub(super) fn has_any_for<O: Record>(&self, other: &Side<K, O>, arrived: &Arrived<'_, K, O>) -> bool {
        let comer = other.comer(&arrived.meta);
        matching(&self.rows, self.reach, arrived.group, arrived.key, comer).next().is_some()
    }

    /// Takes the rows out that one which has come on the other side meets.
    pub(super) fn take_met_by<O: Record>(
        &mut self,
        other: &Side<K, O>,
        arrived: &Arrived<'_, K, O>,
        mut each: impl FnMut(Place, KeptWhole<T>),
    ) {
        let KeyedRow { group, key, meta, .. } = arrived;
        let names: Vec<(Place, u32)> =
            matching(&self.rows, self.reach, *group, key, other.comer(meta)).map(|(name, _)| *name).collect();
        for name in names {
            each(name.0, self.rows.remove(*group, key, &name).expect("it was found in the table"));
        }
    }

    fn comer(&self, meta: &Meta) -> Comer {
        Comer { reach: self.reach, time: meta.place.time, watermark_before: meta.watermark_before }
    }

    /// Whether rows of the other side that come behind its watermark can meet a row of this one.
    fn stays(&self, meta: &Meta, other: Timestamp) -> bool {
        self.reach.kept_until(meta.place.time) > other
    }

    /// Keeps a row that has come, unless it has been passed, as in [`Side::meet`].
    pub(super) fn keep_unless_passed(&mut self, arrived: &Arrived<'_, K, T>, passed: Timestamp) {
        if self.stays(&arrived.meta, passed) {
            self.keep_arrived(arrived);
        }
    }

    /// Keeps a row that has come, and gives what it is known by.
    pub(super) fn keep_arrived(&mut self, arrived: &Arrived<'_, K, T>) -> (Place, u32) {
        let KeyedRow { group, key, meta: Meta { place, watermark_before }, .. } = *arrived;
        let kept = KeptWhole { watermark_before, row: arrived.value.kept() };
        let Some(first) = self.rows.insert(group, key, &(place, 0), kept) else { return (place, 0) };
        // Another row has the same place, where a stream was united with itself: it stays what it is known by.
        let kept = self.rows.insert(group, key, &(place, 0), first).expect("it was put there just now");
        let mut copy = 1;
        while self.rows.get(group, key, &(place, copy)).is_some() {
            copy += 1;
        }
        self.rows.insert(group, key, &(place, copy), kept);
        (place, copy)
    }

    /// Drops the rows that none of the other side will meet, as its watermark says; `unmet` is given those that have met none, where that
    /// makes a difference.
    pub(super) fn drop_passed(&mut self, other: Timestamp, mut unmet: impl FnMut(K, SideRow<T>)) {
        if self.unmet.is_none() {
            return self.rows.drop_due(other);
        }
        self.take_passed(other, |side, group, key, name, kept| {
            let unmet_rows = side.unmet.as_mut();
            if unmet_rows.is_some_and(|rows| rows.remove(group, &key, &name).is_some()) {
                unmet(key, SideRow::of_kept(name.0, &kept));
            }
        });
    }

    /// The same where the rows that are kept are those that have met none.
    pub(super) fn drop_passed_unmet(&mut self, other: Timestamp, mut unmet: impl FnMut(Place, KeptWhole<T>)) {
        self.take_passed(other, |_, _, _, (place, _), kept| unmet(place, kept));
    }

    fn take_passed(
        &mut self,
        other: Timestamp,
        mut each: impl FnMut(&mut Self, KeyGroup, K, (Place, u32), KeptWhole<T>),
    ) {
        while let Some(at) = self.rows.first_due().filter(|at| *at <= other) {
            for entry in self.rows.take_due(at) {
                each(self, entry.group, entry.key, entry.sub_key, entry.value);
            }
        }
    }

    /// How far the watermark of what stands behind the join is held, where rows of this side leave that have met none.
    pub(super) fn hold_at(&self) -> Option<Timestamp> {
        self.hold_before(self.unmet.as_ref()?.first_due()?)
    }

    /// The same where the rows that are kept are those that have met none.
    pub(super) fn hold_at_all(&self) -> Option<Timestamp> {
        self.hold_before(self.rows.first_due()?)
    }

    fn hold_before(&self, until: Timestamp) -> Option<Timestamp> {
        Some(self.reach.earliest_kept(until) - Duration::from_millis(1))
    }

    /// The table of its rows.
    pub(super) fn rows_table(&mut self) -> &mut dyn StateTable {
        &mut self.rows
    }

    /// The table of its rows, and that of those which have met none, if there is one.
    pub(super) fn tables(&mut self) -> (&mut dyn StateTable, Option<&mut dyn StateTable>) {
        (&mut self.rows, self.unmet.as_mut().map(|unmet| unmet as &mut dyn StateTable))
    }
}

/// The rows of a side that one of the other side meets.
fn matching<'r, K: Key, T: Record>(
    rows: &'r Table<RowsOfSide<K, T>>,
    own: Reach,
    group: KeyGroup,
    key: &'r K,
    Comer { reach, time, watermark_before }: Comer,
) -> impl Iterator<Item = (&'r (Place, u32), &'r KeptWhole<T>)> {
    let ((from, to), behind) = (reach.times(time), reach.before(watermark_before));
    let start = match behind < from {
        true => Bound::Included(first_of(from)),
        false => Bound::Excluded(last_of(behind)),
    };
    let rows = rows.range(group, key, (start, Bound::Included(last_of(to))));
    rows.filter(move |(_, kept)| time > own.before(kept.watermark_before))
}

/// The first that a row of this time can be found by.
fn first_of(time: Timestamp) -> (Place, u32) {
    (Place { time, position: Position::FIRST }, 0)
}

/// The last one.
fn last_of(time: Timestamp) -> (Place, u32) {
    (Place { time, position: Position::LAST }, u32::MAX)
}

/// Rows by key and place, until none of the other side can meet them.
struct RowsOfSide<K, T> {
    reach: Reach,
    marker: PhantomData<fn() -> (K, T)>,
}

impl<K: Key, T: Record> Keeps for RowsOfSide<K, T> {
    type Key = K;
    /// The number tells rows of one place apart, as a stream has them that was united with itself.
    type SubKey = (Place, u32);
    type Value = KeptWhole<T>;
    type Index = ByKey;

    fn due(&self, (place, _): &(Place, u32), _: &KeptWhole<T>) -> Option<Timestamp> {
        Some(self.reach.kept_until(place.time))
    }
}

/// The rows among these that have met none yet.
struct UnmetRows<K> {
    reach: Reach,
    marker: PhantomData<fn() -> K>,
}

impl<K: Key> Keeps for UnmetRows<K> {
    type Key = K;
    type SubKey = (Place, u32);
    type Value = ();
    type Index = ByEntry;

    fn due(&self, (place, _): &(Place, u32), (): &()) -> Option<Timestamp> {
        Some(self.reach.kept_until(place.time))
    }
}
