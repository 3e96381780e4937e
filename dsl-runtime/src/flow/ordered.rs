//! Rows in canonical order: the half behind the exchange around every operator that depends on the order of rows. Before it stands a
//! [`RowRouter`](super::RowRouter), for which a row is late once the watermark has reached its time.
//!
//! ```text
//! rows come     5  2  9  │  7  3  8  │  12         as they may, epoch by epoch
//! watermark           4  │        8  │  11
//! passed on           2  │  3 5 7 8  │  9          by event time, and then by position
//! waiting          5  9  │        9  │  12         in the table, and so in every checkpoint
//! ```
//!
//! # Contract
//! - A row is late if the watermark of its own partition before it had reached its event time.
//! - A row is passed on when the combined watermark has reached its event time: whatever still comes and stands before it is late.
//!   So the operator gets the rows of each key by event time and then by position, in whatever order partitions are read and
//!   however they are cut into epochs. Rows of one place, of a record that came by two ways, go by their encoding.
//! - What comes of idle partitions by way of another operator was not waited for: if the combined watermark had reached it, it is
//!   late, too.
//! - Rows that are due in the epoch in which they come go past the table: what is kept are the rows behind the watermark and no others.
//! - Of the output: an operator gives its rows event times that are not before that of the row at hand, nor behind the watermark
//!   that has come; they are never late themselves; and the output's watermark is the operator's own, held back by nothing, since
//!   all that waits stands behind it. A row that keeps the place of its record is in no log any more, as the order of the rows of a partition
//!   is another one now: its batch says so.

use std::collections::VecDeque;
use std::marker::PhantomData;
use std::mem;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

use super::blame::Blame;
use super::keyed::{DUE_ROWS, Now, Owner, Packet, Ports};
use super::rows::{Batch, Meta, Row};
use super::whole_rows::KeyedRow;
use crate::key::{Key, KeyGroup};
use crate::place::Place;
use crate::record::{FieldMask, Format, Record, RowCodec, TopicSchemas, varint};
use crate::state::{ByEntry, Keeps, StateTable, Table, Taken};
use crate::time::Timestamp;

/// An operator that is given the rows of each key one after the other, in canonical order.
pub(crate) trait InOrder<K, T> {
    /// The rows that it makes.
    type Made: 'static;
    /// Takes the next row of a key, and emits what it makes of it.
    fn row(
        &mut self,
        group: KeyGroup,
        key: &K,
        row: Row<T>,
        made: &mut VecDeque<Row<Self::Made>>,
    ) -> Result<(), Blame>;
    /// It has been given every row up to this instant: it emits what waited for the last of them, and what is kept for no other row goes.
    fn passed(&mut self, watermark: Timestamp, made: &mut VecDeque<Row<Self::Made>>) -> Result<(), Blame>;
    /// What it keeps, as [`Owner::tables`] has it.
    fn tables(&mut self) -> Vec<&mut dyn StateTable>;
}

/// Whether a watermark has reached an event time; before the first row there is none.
pub(crate) fn has_reached(watermark: Timestamp, time: Timestamp) -> bool {
    watermark > Timestamp::MIN && time <= watermark
}

/// The rows that wait, each an entry of its key under its place.
struct Waiting<K>(PhantomData<fn() -> K>);

impl<K: Key> Keeps for Waiting<K> {
    type Key = K;
    type SubKey = Place;
    type Value = KeptRows;
    type Index = ByEntry;

    fn due(&self, place: &Place, _: &KeptRows) -> Option<Timestamp> {
        Some(place.time)
    }
}

/// Rows of one key and place, hardly ever more than one: each its length, then its encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
struct KeptRows(Vec<u8>);

impl KeptRows {
    fn of(row: &[u8]) -> KeptRows {
        let mut bytes = Vec::with_capacity(row.len() + 2);
        varint::put(row.len() as u64, &mut bytes);
        bytes.extend_from_slice(row);
        KeptRows(bytes)
    }

    fn add(&mut self, other: KeptRows) {
        self.0.extend_from_slice(&other.0);
    }

    /// The encodings, one after the other; `None` in the place of what makes no sense.
    fn rows(&self) -> impl Iterator<Item = Option<&[u8]>> {
        let mut rest = Some(&self.0[..]);
        std::iter::from_fn(move || {
            let bytes = rest.take().filter(|bytes| !bytes.is_empty())?;
            let row = varint::take(bytes)
                .and_then(|(length, bytes)| bytes.split_at_checked(usize::try_from(length).ok()?));
            rest = row.map(|(_, rest)| rest);
            Some(row.map(|(row, _)| row))
        })
    }
}

impl Serialize for KeptRows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for KeptRows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = KeptRows;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the bytes of rows")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<KeptRows, E> {
                Ok(KeptRows(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

/// A row whose turn it is.
struct Due<K, T> {
    group: KeyGroup,
    key: K,
    place: Place,
    value: T,
}

/// The half after the exchange: keeps the rows that have to wait, and gives the others to the operator in order.
pub(crate) struct OrderedOwner<K: Key, T, O: InOrder<K, T>> {
    waiting: Table<Waiting<K>>,
    codec: RowCodec<T>,
    /// Of the epoch at hand.
    arriving: Vec<KeyedRow<K, T>>,
    operator: O,
    /// What is still to be emitted.
    made: VecDeque<Row<O::Made>>,
}

impl<K: Key, T: Record, O: InOrder<K, T>> OrderedOwner<K, T, O> {
    pub(crate) fn new(operator: O) -> Self {
        let codec = RowCodec::new(Format::Native, &mut TopicSchemas::new())
            .expect("a record fits where there are no rows yet");
        let (waiting, arriving) = (Table::new(Waiting(PhantomData)), Vec::new());
        OrderedOwner { waiting, codec, arriving, operator, made: VecDeque::new() }
    }

    fn encoded(&self, row: &T) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.codec.encode(row, &mut bytes).expect("the codec writes the schema that it was made with");
        bytes
    }

    fn wait(&mut self, row: KeyedRow<K, T>) {
        let KeyedRow { group, key, meta: Meta { place, .. }, value } = row;
        let row = KeptRows::of(&self.encoded(&value));
        self.waiting.merge(group, &key, &place, row, KeptRows::add);
    }

    /// Takes the rows that waited up to this instant.
    fn take_waiting(&mut self, watermark: Timestamp, due: &mut Vec<Due<K, T>>) -> Result<(), Blame> {
        while let Some(at) = self.waiting.first_due().filter(|at| has_reached(watermark, *at)) {
            for Taken { group, key, sub_key: place, value } in self.waiting.take_due(at) {
                for row in value.rows() {
                    let value = self.decoded(row).map_err(|reason| Blame {
                        message: format!("a row that waits in its state cannot be decoded: {reason}"),
                        at: Some(format!("key {key:?}")),
                    })?;
                    due.push(Due { group, key: key.clone(), place, value });
                }
            }
        }
        Ok(())
    }

    fn decoded(&self, row: Option<&[u8]>) -> Result<T, String> {
        let row = row.ok_or("its length makes no sense")?;
        self.codec.decode(row, FieldMask::ALL).map_err(|error| error.to_string())
    }

    fn put_in_order(&self, due: &mut [Due<K, T>]) {
        due.sort_unstable_by(|left, right| {
            let encoded = |due: &Due<K, T>| self.encoded(&due.value);
            left.place.cmp(&right.place).then_with(|| encoded(left).cmp(&encoded(right)))
        });
    }
}

impl<K: Key, T: Record, O: InOrder<K, T>> Owner for OrderedOwner<K, T, O> {
    fn packet(&mut self, _input: usize, packet: Packet) -> Result<(), Blame> {
        let Ok(rows) = packet.downcast::<Vec<KeyedRow<K, T>>>() else {
            unreachable!("an operator's two halves come from one node of the plan")
        };
        self.arriving.extend(*rows);
        Ok(())
    }

    fn end_epoch(&mut self, now: &Now<'_>, out: &mut Ports) -> Result<(), Blame> {
        let mut due = Vec::new();
        self.take_waiting(now.combined, &mut due)?;
        for row in mem::take(&mut self.arriving) {
            if has_reached(now.combined_before, row.meta.place.time) {
                out.late().drop_unwaited();
            } else if has_reached(now.combined, row.meta.place.time) {
                let KeyedRow { group, key, meta: Meta { place, .. }, value } = row;
                due.push(Due { group, key, place, value });
            } else {
                self.wait(row);
            }
        }
        self.put_in_order(&mut due);
        for Due { group, key, place, value } in due {
            self.operator.row(group, &key, Row { meta: Meta::when_reached(place), value }, &mut self.made)?;
        }
        self.operator.passed(now.combined, &mut self.made)
    }

    fn emit(&mut self, out: &mut Ports) -> Result<bool, Blame> {
        let made: Vec<Row<O::Made>> = self.made.drain(..self.made.len().min(DUE_ROWS)).collect();
        if !made.is_empty() {
            out.give(Ports::MAIN, Batch::of(made).passed_on());
        }
        Ok(!self.made.is_empty())
    }

    fn tables(&mut self) -> Vec<&mut dyn StateTable> {
        let mut tables: Vec<&mut dyn StateTable> = vec![&mut self.waiting];
        tables.extend(self.operator.tables());
        tables
    }
}

#[cfg(test)]
mod tests {
    use dsl_macros::Record;
    use proptest::prelude::*;

    use super::*;
    use crate::flow::{Emitted, group_of};
    use crate::place::Position;
    use crate::state::Piece;

    #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Record)]
    struct Sample {
        value: u8,
    }

    /// Emits each row as it is given.
    struct PassesOn;

    impl InOrder<u64, Sample> for PassesOn {
        type Made = (u64, Sample);

        fn row(
            &mut self,
            _: KeyGroup,
            key: &u64,
            Row { meta, value }: Row<Sample>,
            made: &mut VecDeque<Row<(u64, Sample)>>,
        ) -> Result<(), Blame> {
            made.push_back(Row { meta, value: (*key, value) });
            Ok(())
        }

        fn passed(&mut self, _: Timestamp, _: &mut VecDeque<Row<(u64, Sample)>>) -> Result<(), Blame> {
            Ok(())
        }

        fn tables(&mut self) -> Vec<&mut dyn StateTable> {
            Vec::new()
        }
    }

    type Owned = OrderedOwner<u64, Sample, PassesOn>;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    /// Few places, so that many rows are of one place.
    fn row() -> impl Strategy<Value = (Place, u64, Sample)> {
        (-3..25_i64, 0..3_u64, 0..4_u64, any::<u8>()).prop_map(|(time, offset, key, value)| {
            let place = Place { time: at(time), position: Position::of_record(0, 0, offset) };
            (place, key, Sample { value })
        })
    }

    #[derive(Debug, Clone)]
    enum Step {
        /// Rows, and how far the watermark moves on.
        Epoch(Vec<(Place, u64, Sample)>, i64),
        Checkpoint,
        Crash,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            6 => (prop::collection::vec(row(), 0..8), 0..4_i64).prop_map(|(rows, on)| Step::Epoch(rows, on)),
            1 => Just(Step::Checkpoint),
            1 => Just(Step::Crash),
        ]
    }

    /// The rows that wait, and the watermark.
    #[derive(Debug, Clone)]
    struct Model {
        waiting: Vec<(Place, Sample, u64)>,
        combined: i64,
    }

    impl Model {
        /// What an epoch gives, in order, and how many of its rows are late.
        fn epoch(&mut self, rows: &[(Place, u64, Sample)], on: i64) -> (Vec<(Place, Sample, u64)>, u64) {
            let (in_time, late): (Vec<_>, Vec<_>) =
                rows.iter().cloned().partition(|(place, ..)| place.time > at(self.combined));
            self.waiting.extend(in_time.into_iter().map(|(place, key, value)| (place, value, key)));
            self.waiting.sort();
            self.combined += on;
            let (due, waiting) =
                self.waiting.iter().cloned().partition(|(place, ..)| place.time <= at(self.combined));
            self.waiting = waiting;
            (due, late.len() as u64)
        }
    }

    fn packet(rows: &[(Place, u64, Sample)]) -> Packet {
        let arriving = rows.iter().map(|(place, key, value)| KeyedRow {
            group: group_of(key, &mut Vec::new()),
            key: *key,
            meta: Meta::when_reached(*place),
            value: value.clone(),
        });
        Box::new(arriving.collect::<Vec<_>>())
    }

    fn ended(owner: &mut Owned, before: i64, now: i64) -> (Vec<(Place, Sample, u64)>, u64) {
        let mut ports = Ports::new(&[true, false]);
        let combined = at(now);
        let time = Now {
            clock: at(0),
            inputs: &[combined],
            inputs_before: &[at(before)],
            combined,
            combined_before: at(before),
            closes: false,
        };
        owner.end_epoch(&time, &mut ports).unwrap();
        while owner.emit(&mut ports).unwrap() {}
        let Emitted { batches, late, .. } = ports.take();
        let rows = batches[0].iter().flat_map(|batch| batch.rows::<(u64, Sample)>());
        let rows = rows.inspect(|row| assert_eq!(row.meta, Meta::when_reached(row.meta.place)));
        (rows.map(|row| (row.meta.place, row.value.1.clone(), row.value.0)).collect(), late.unwaited)
    }

    proptest! {
        #[test]
        fn rows_are_given_in_order_as_the_watermark_passes_them(steps in prop::collection::vec(step(), 1..40)) {
            let new = || Owned::new(PassesOn);
            let (mut owner, mut model) = (new(), Model { waiting: Vec::new(), combined: -5 });
            let (mut pieces, mut kept): (Vec<Piece>, _) = (Vec::new(), model.clone());
            for step in steps {
                match step {
                    Step::Epoch(rows, on) => {
                        let before = model.combined;
                        let expected = model.epoch(&rows, on);
                        let half = rows.len() / 2;
                        owner.packet(0, packet(&rows[half..])).unwrap();
                        owner.packet(0, packet(&rows[..half])).unwrap();
                        let (mut given, late) = ended(&mut owner, before, model.combined);
                        prop_assert!(given.is_sorted_by_key(|(place, value, _)| (*place, value.clone())));
                        given.sort();
                        prop_assert_eq!((given, late), expected);
                    }
                    Step::Checkpoint => {
                        pieces.clear();
                        let mut tables = owner.tables();
                        tables[0].begin_checkpoint(true);
                        prop_assert!(tables[0].pieces(usize::MAX, &mut pieces));
                        kept = model.clone();
                    }
                    Step::Crash => {
                        (owner, model) = (new(), kept.clone());
                        pieces.iter().for_each(|piece| owner.tables()[0].load(piece.group, &piece.entries).unwrap());
                    }
                }
                let places: std::collections::BTreeSet<_> =
                    model.waiting.iter().map(|(place, _, key)| (*place, *key)).collect();
                prop_assert_eq!(owner.tables()[0].entries(), places.len() as u64, "what waits and nothing else");
            }
        }
    }

    #[test]
    fn nothing_is_due_before_there_is_a_watermark() {
        let place = |offset| Place { time: Timestamp::MIN, position: Position::of_record(0, 0, offset) };
        let rows = [2, 1].map(|offset| (place(offset), 7, Sample { value: 0 }));
        let mut owner = Owned::new(PassesOn);
        owner.packet(0, packet(&rows)).unwrap();
        assert_eq!(ended(&mut owner, i64::MIN, i64::MIN), (Vec::new(), 0));
        let (given, late) = ended(&mut owner, i64::MIN, 0);
        assert_eq!((given.iter().map(|row| row.0).collect::<Vec<_>>(), late), (vec![place(1), place(2)], 0));
    }

    #[test]
    fn bytes_of_kept_rows_that_make_no_sense_are_told_and_not_followed() {
        let mut rows = KeptRows::of(b"one");
        rows.add(KeptRows::of(b""));
        assert_eq!(rows.rows().collect::<Vec<_>>(), [Some(&b"one"[..]), Some(&b""[..])]);
        assert_eq!(KeptRows(vec![1, 7, 200]).rows().collect::<Vec<_>>(), [Some(&[7][..]), None]);
        assert_eq!(KeptRows(vec![3, 7]).rows().collect::<Vec<_>>(), [None]);
    }
}
