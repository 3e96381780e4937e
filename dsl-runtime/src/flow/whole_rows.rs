//! Rows that cross the exchange whole, for operators that need more of them than what they come to: joins, and what takes rows in order.
//!
//! Before the exchange they are given their key and sent to whom owns it. Behind it they are kept as [`KeptWhole`].

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::blame::in_hand;
use super::encoded_rows::EncodedRows;
use super::keyed::{KeyOf, Packet, Router, RouterSetup, RowsDigest, group_of, owner};
use super::late::LateRows;
use super::rows::{Batch, Meta, Row};
use crate::key::{Key, KeyGroup};
use crate::record::{KeptRow, Record};
use crate::time::{Duration, Timestamp};

/// A row on its way to whom owns its key.
pub(crate) struct KeyedRow<K, T> {
    pub(crate) group: KeyGroup,
    pub(crate) key: K,
    pub(crate) meta: Meta,
    pub(crate) value: T,
}

/// Rows on their way to one worker.
pub(crate) trait RowPacket<K, T>: Default + Send + 'static {
    fn push(&mut self, row: KeyedRow<K, &T>);
    fn is_empty(&self) -> bool;
}

impl<K: Key, T: Clone + Send + 'static> RowPacket<K, T> for Vec<KeyedRow<K, T>> {
    fn push(&mut self, KeyedRow { group, key, meta, value }: KeyedRow<K, &T>) {
        self.push(KeyedRow { group, key, meta, value: value.clone() });
    }

    fn is_empty(&self) -> bool {
        self.is_empty()
    }
}

/// The half before the exchange of an operator that takes rows whole. A row is late, dropped and counted if its own partition's
/// watermark before it had come to an instant that follows from its time; before the first row there is no watermark.
///
/// # Contract
/// A packet is a `P`: a `Vec<KeyedRow<K, T>>`, or [`EncodedRows<K, T>`](EncodedRows).
pub(crate) struct RowRouter<K, T, P = Vec<KeyedRow<K, T>>> {
    key: KeyOf<T, K>,
    late_at: LateAt,
    setup: RouterSetup,
    epochs: Vec<OpenEpoch<P>>,
    /// Of the epochs that are flushed.
    late: LateRows,
    digest: RowsDigest,
}

/// The instant at which a row of a time is late, once the watermark has come to it.
pub(crate) type LateAt = Rc<dyn Fn(Timestamp) -> Timestamp>;

/// What has come of an epoch that is not flushed yet. Two sources can be an epoch apart.
struct OpenEpoch<P> {
    epoch: u64,
    /// By the worker they are for.
    packets: Vec<P>,
    late: LateRows,
    digest: RowsDigest,
}

impl<K, T> RowRouter<K, T> {
    /// Whose rows are late once the watermark has come so far behind them.
    pub(crate) fn new(key: KeyOf<T, K>, late_after: Duration, setup: RouterSetup) -> Self {
        RowRouter::with_late_at(key, Rc::new(move |time| time + late_after), setup)
    }

    /// Whose rows are never late, as they are passed on as they come.
    pub(crate) fn never_late(key: KeyOf<T, K>, setup: RouterSetup) -> Self {
        RowRouter::with_late_at(key, Rc::new(|_| Timestamp::MAX), setup)
    }
}

impl<K, T> RowRouter<K, T, EncodedRows<K, T>> {
    /// Whose rows are late at an instant that follows from their time; they are sent encoded.
    pub(crate) fn encoding(key: KeyOf<T, K>, late_at: LateAt, setup: RouterSetup) -> Self {
        RowRouter::with_late_at(key, late_at, setup)
    }
}

impl<K, T, P> RowRouter<K, T, P> {
    /// Whose rows are late at an instant that follows from their time.
    fn with_late_at(key: KeyOf<T, K>, late_at: LateAt, setup: RouterSetup) -> Self {
        let late = LateRows::new(setup.late_wanted);
        RowRouter { key, late_at, setup, epochs: Vec::new(), late, digest: RowsDigest::default() }
    }
}

impl<K: Key, T, P: RowPacket<K, T>> RowRouter<K, T, P> {
    fn open(&mut self, epoch: u64) -> &mut OpenEpoch<P> {
        // Few epochs are in flight, and mostly one has rows here.
        let at = match self.epochs.iter().position(|open| open.epoch == epoch) {
            Some(at) => at,
            None => {
                let packets = (0..self.setup.workers).map(|_| P::default()).collect();
                let (late, digest) = (LateRows::new(self.setup.late_wanted), RowsDigest::default());
                self.epochs.push(OpenEpoch { epoch, packets, late, digest });
                self.epochs.len() - 1
            }
        };
        &mut self.epochs[at]
    }
}

impl<K: Key, T: Clone + Send + 'static, P: RowPacket<K, T>> Router for RowRouter<K, T, P> {
    fn rows(&mut self, epoch: u64, rows: Batch) {
        let (key_of, late_at, workers) = (self.key.clone(), self.late_at.clone(), self.setup.workers);
        let open = self.open(epoch);
        let mut bytes = Vec::new();
        for Row { meta, value } in rows.rows::<T>() {
            let watermark = meta.watermark_before;
            if watermark > Timestamp::MIN && late_at(meta.place.time) <= watermark {
                open.late.drop_row(*meta);
                continue;
            }
            in_hand(meta.position());
            let key = key_of(value);
            let group = group_of(&key, &mut bytes);
            let mut digest = RowsDigest::default();
            digest.add(meta.place);
            open.digest.add_key(&bytes, digest);
            open.packets[owner(group, workers)].push(KeyedRow { group, key, meta: *meta, value });
        }
    }

    fn flush(&mut self, epoch: u64, out: &mut Vec<(usize, Packet)>) {
        let Some(at) = self.epochs.iter().position(|open| open.epoch == epoch) else { return };
        let OpenEpoch { packets, late, digest, .. } = self.epochs.swap_remove(at);
        self.late.append(late);
        self.digest.add_rows(digest);
        let some = packets.into_iter().enumerate().filter(|(_, packet)| !packet.is_empty());
        out.extend(some.map(|(worker, packet)| (worker, Box::new(packet) as Packet)));
    }

    fn take_late(&mut self) -> LateRows {
        self.late.take()
    }

    fn take_digest(&mut self) -> u64 {
        self.digest.take()
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
        let mut router = RowRouter::new(Rc::new(|row: &u8| u64::from(*row)), Duration::ZERO, setup);
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
