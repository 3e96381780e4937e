//! Rows that cross the exchange encoded, for operators that keep most of them so, or need none of most of them.
//!
//! A row costs no memory of its own on its way, however many texts are in it: rows lie one behind the other in stretches.

use std::marker::PhantomData;

use super::whole_rows::{KeyedRow, Sends};
use crate::key::Key;
use crate::record::{EncodedRow, Record};

/// A stretch is begun with room for so many bytes.
const STRETCH_BYTES: usize = 64 << 10;
/// With so many it takes no more rows: few rows are so long that it has to grow for its last one.
const FULL_BYTES: usize = STRETCH_BYTES - (4 << 10);

/// Encoded rows on their way to one worker.
pub(crate) struct EncodedRows<K, T> {
    stretches: Vec<Stretch<K>>,
    marker: PhantomData<fn() -> T>,
}

struct Stretch<K> {
    /// Of each row what stands beside it, and where it ends.
    rows: Vec<KeyedRow<K, usize>>,
    bytes: Vec<u8>,
}

impl<K, T> Default for EncodedRows<K, T> {
    fn default() -> Self {
        EncodedRows { stretches: Vec::new(), marker: PhantomData }
    }
}

/// Rows are sent encoded.
pub(crate) struct Encoded;

impl<K: Key, T: Record> Sends<K, T> for Encoded {
    type Packet = EncodedRows<K, T>;

    #[inline]
    fn put(&self, row: KeyedRow<K, &T>, packet: &mut EncodedRows<K, T>) {
        packet.push(row);
    }

    fn is_empty(packet: &EncodedRows<K, T>) -> bool {
        packet.stretches.is_empty()
    }
}

impl<K, T: Record> EncodedRows<K, T> {
    #[inline]
    fn push(&mut self, KeyedRow { group, key, meta, value }: KeyedRow<K, &T>) {
        if self.stretches.last().is_none_or(|last| last.bytes.len() >= FULL_BYTES) {
            self.begin();
        }
        let Stretch { rows, bytes } = self.stretches.last_mut().expect("one was begun if none takes more");
        value.encode(bytes);
        rows.push(KeyedRow { group, key, meta, value: bytes.len() });
    }
}

impl<K, T> EncodedRows<K, T> {
    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.stretches.iter().map(|stretch| stretch.rows.len()).sum()
    }

    /// Begins a stretch. The first one grows: of most epochs there is little.
    fn begin(&mut self) {
        let (rows, bytes) = match self.stretches.last() {
            None => (Vec::new(), Vec::new()),
            Some(last) => (Vec::with_capacity(last.rows.len()), Vec::with_capacity(STRETCH_BYTES)),
        };
        self.stretches.push(Stretch { rows, bytes });
    }
}

impl<K, T: Record> EncodedRows<K, T> {
    /// The rows, in the order in which they were put there.
    pub(crate) fn iter(&self) -> impl Iterator<Item = KeyedRow<&K, EncodedRow<'_, T>>> {
        self.stretches.iter().flat_map(|Stretch { rows, bytes }| {
            let mut begin = 0;
            rows.iter().map(move |KeyedRow { group, key, meta, value: end }| {
                let value = EncodedRow::new(&bytes[begin..*end]);
                begin = *end;
                KeyedRow { group: *group, key, meta: *meta, value }
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use dsl_macros::Record;

    use super::*;
    use crate::flow::Meta;
    use crate::key::KeyGroup;
    use crate::place::{Place, Position};
    use crate::time::Timestamp;

    #[derive(Debug, Clone, PartialEq, Record)]
    struct Note {
        number: u64,
        text: String,
    }

    #[test]
    fn rows_come_out_as_they_went_in_however_long_they_are() {
        let mut packet = EncodedRows::<u64, Note>::default();
        assert!(Encoded::is_empty(&packet) && packet.iter().next().is_none());
        let note = |number: u64| {
            let length = [0, 5, 300, 5_000, 3 * STRETCH_BYTES][number as usize * 7 % 5];
            Note { number, text: "x".repeat(length) }
        };
        let meta = |number: u64| {
            let place = Place {
                time: Timestamp::from_millis(number as i64),
                position: Position::of_record(0, 0, number),
            };
            Meta { place, watermark_before: Timestamp::from_millis(number as i64 - 3) }
        };
        for number in 0..200 {
            let value = &note(number);
            packet.push(KeyedRow { group: KeyGroup(number as u8), key: number, meta: meta(number), value });
        }
        assert!(packet.stretches.len() > 40, "a long row is followed by another stretch");
        assert_eq!((packet.len(), Encoded::is_empty(&packet)), (200, false));
        for (number, KeyedRow { group, key, meta: found, value }) in (0..).zip(packet.iter()) {
            assert_eq!((group, *key, found), (KeyGroup(number as u8), number, meta(number)));
            assert_eq!(value.decoded(), note(number));
            let kept = value.kept();
            assert_eq!(*kept.row(), note(number));
            assert!(std::rc::Rc::ptr_eq(&kept.row(), &kept.row()), "it is decoded once");
        }
    }
}
