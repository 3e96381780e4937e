//! Rows that cross the exchange one by one, for operators that need more of them than what they come to: joins, and what takes rows in order.
//!
//! Before the exchange they are given their key and sent to whom owns it. Behind it they are mostly kept as [`KeptWhole`].

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::blame::in_hand;
use super::keyed::{KeyOf, Packet, Router, RouterSetup, RowsDigest, group_of, owner};
use super::late::LateRows;
use super::open_epochs::{OpenEpoch, OpenEpochs};
use super::rows::{Batch, Meta, Row};
use crate::key::{Key, KeyGroup};
use crate::record::{KeptRow, Record};
use crate::time::Timestamp;

/// A row on its way to whom owns its key.
pub(crate) struct KeyedRow<K, T> {
    pub(crate) group: KeyGroup,
    pub(crate) key: K,
    pub(crate) meta: Meta,
    pub(crate) value: T,
}

/// What is sent of each row.
pub(crate) trait Sends<K, T> {
    /// Rows on their way to one worker.
    type Packet: Default + Send + 'static;
    fn put(&self, row: KeyedRow<K, &T>, packet: &mut Self::Packet);
    fn is_empty(packet: &Self::Packet) -> bool;
}

/// Rows are sent as they are.
pub(crate) struct Whole;

impl<K: Key, T: Clone + Send + 'static> Sends<K, T> for Whole {
    type Packet = Vec<KeyedRow<K, T>>;

    fn put(&self, KeyedRow { group, key, meta, value }: KeyedRow<K, &T>, packet: &mut Self::Packet) {
        packet.push(KeyedRow { group, key, meta, value: value.clone() });
    }

    fn is_empty(packet: &Self::Packet) -> bool {
        packet.is_empty()
    }
}

/// The half before the exchange of an operator that takes rows one by one. A row is late, dropped and counted if its own partition's
/// watermark before it had come to an instant that follows from its time; before the first row there is no watermark.
///
/// # Contract
/// A packet is what `S` makes of rows: by [`Whole`] a `Vec<KeyedRow<K, T>>`, by [`Encoded`](super::Encoded) an
/// [`EncodedRows<K, T>`](super::EncodedRows).
pub(crate) struct RowRouter<K, T, S: Sends<K, T>> {
    key: KeyOf<T, K>,
    late_at: LateAt,
    sends: S,
    workers: usize,
    /// Packets by the worker they are for.
    epochs: OpenEpochs<Vec<S::Packet>>,
}

/// The instant at which a row of a time is late, once the watermark has come to it.
pub(crate) type LateAt = Rc<dyn Fn(Timestamp) -> Timestamp>;

impl<K, T, S: Sends<K, T>> RowRouter<K, T, S> {
    /// Whose rows are late at an instant that follows from their time.
    pub(crate) fn new(key: KeyOf<T, K>, sends: S, late_at: LateAt, setup: RouterSetup) -> Self {
        RowRouter { key, late_at, sends, workers: setup.workers, epochs: OpenEpochs::new(setup) }
    }

    /// Whose rows are late once the watermark has come to their time.
    pub(crate) fn in_order(key: KeyOf<T, K>, sends: S, setup: RouterSetup) -> Self {
        RowRouter::new(key, sends, Rc::new(|time| time), setup)
    }

    /// Whose rows are never late, as they are passed on as they come.
    pub(crate) fn never_late(key: KeyOf<T, K>, sends: S, setup: RouterSetup) -> Self {
        RowRouter::new(key, sends, Rc::new(|_| Timestamp::MAX), setup)
    }
}

impl<K: Key, T: Clone + Send + 'static, S: Sends<K, T>> Router for RowRouter<K, T, S> {
    fn rows(&mut self, epoch: u64, rows: Batch) {
        let RowRouter { key: key_of, late_at, sends, workers, epochs } = self;
        let OpenEpoch { made: packets, late, digest: of_epoch, .. } =
            epochs.of(epoch, || (0..*workers).map(|_| S::Packet::default()).collect());
        let mut bytes = Vec::new();
        for Row { meta, value } in rows.rows::<T>() {
            let watermark = meta.watermark_before;
            if watermark > Timestamp::MIN && late_at(meta.place.time) <= watermark {
                late.drop_row(*meta);
                continue;
            }
            in_hand(meta.position());
            let key = key_of(value);
            let group = group_of(&key, &mut bytes);
            let mut digest = RowsDigest::default();
            digest.add(meta.place);
            of_epoch.add_key(&bytes, digest);
            sends.put(KeyedRow { group, key, meta: *meta, value }, &mut packets[owner(group, *workers)]);
        }
    }

    fn flush(&mut self, epoch: u64, out: &mut Vec<(usize, Packet)>) {
        let packets = self.epochs.flush(epoch, |packets, _| packets).into_iter().flatten();
        let some = packets.enumerate().filter(|(_, packet)| !S::is_empty(packet));
        out.extend(some.map(|(worker, packet)| (worker, Box::new(packet) as Packet)));
    }

    fn take_late(&mut self) -> LateRows {
        self.epochs.take_late()
    }

    fn take_digest(&mut self) -> u64 {
        self.epochs.take_digest()
    }
}

/// A row in the state, beside its place: the watermark of its partition before it, and the row.
#[derive(Serialize, Deserialize)]
#[serde(bound = "T: Record")]
pub(crate) struct KeptWhole<T> {
    pub(crate) watermark_before: Timestamp,
    pub(crate) row: KeptRow<T>,
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::place::{Place, Position};

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_row_is_late_once_its_own_partition_has_passed_it_and_is_counted_with_its_epoch() {
        let setup = RouterSetup { workers: 2, late_wanted: true };
        let mut router = RowRouter::in_order(Rc::new(|row: &u8| u64::from(*row)), Whole, setup);
        let row = |offset, time, watermark_before, sub_index| {
            let position = Position { sub_index, ..Position::of_record(0, 0, offset) };
            let meta =
                Meta { place: Place { time: at(time), position }, watermark_before: at(watermark_before) };
            Row { meta, value: offset as u8 }
        };
        // Of two sources one is an epoch ahead.
        router.rows(2, Batch::of(vec![row(4, 5, 5, 0), row(5, 6, 5, 0)]));
        let rows = vec![row(1, 5, 4, 0), row(2, 5, 5, 0), row(2, 6, 5, 1), row(3, 4, 5, 0)];
        router.rows(1, Batch::of(rows));
        let mut packets = Vec::new();
        router.flush(1, &mut packets);
        let late = router.take_late();
        let late = late.into_batch().unwrap();
        let late: Vec<(u64, u32)> = late
            .rows::<crate::flow::LateRow>()
            .map(|row| (row.meta.position().in_topic().1, row.meta.position().sub_index))
            .collect();
        assert_eq!(late, [(2, 0), (3, 0)]);
        let rows = |packets: Vec<(usize, Packet)>| {
            let of =
                |(_, packet): (usize, Packet)| packet.downcast::<Vec<KeyedRow<u64, u8>>>().unwrap().len();
            packets.into_iter().map(of).sum::<usize>()
        };
        assert_eq!((rows(packets), router.take_late().counts().sum()), (2, 0));
        let mut packets = Vec::new();
        router.flush(2, &mut packets);
        assert_eq!((router.take_late().counts().sum(), rows(packets)), (1, 1));
    }
}
