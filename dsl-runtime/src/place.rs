//! Where a row stands: in its input, and among all rows.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// What a row is, apart from its time: a record of a source, or what an operator made for a key or of other rows; and, where a
/// `flat_map` made several of it, which of them. Rows of a stream that have the same time have different positions, but for those of one
/// record that came by several ways, as by a union of a stream and what was made of it.
///
/// It is the same in every run, with any number of workers, and whatever other operators a pipeline has.
///
/// ```
/// use waterwheel::aggregates::Position;
///
/// assert!(Position::of_record(1, 0, 41) < Position::of_record(1, 0, 42));
/// assert_ne!(Position::of_key(1, b"a long key, of zone 1"), Position::of_key(1, b"a long key, of zone 2"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// A number that stands for the source or the operator.
    pub(crate) maker: u32,
    /// The partition of a record; the first eight bytes of a key; the least event time of parents.
    pub(crate) first: u64,
    /// Of a record: 0 and its offset. Otherwise a hash of 128 bits, its higher half first.
    pub(crate) rest: (u64, u64),
    /// Which of the rows that a `flat_map` made of it.
    pub(crate) sub_index: u32,
}

impl Position {
    /// Before all others, and behind all others.
    pub(crate) const FIRST: Position = Position { maker: 0, first: 0, rest: (0, 0), sub_index: 0 };
    pub(crate) const LAST: Position =
        Position { maker: u32::MAX, first: u64::MAX, rest: (u64::MAX, u64::MAX), sub_index: u32::MAX };

    /// Of a record of the source that this number stands for.
    pub fn of_record(source: u32, partition: u16, offset: u64) -> Position {
        Position { maker: source, first: u64::from(partition), rest: (0, offset), sub_index: 0 }
    }

    /// Of the row that an operator made for a key, given the key's encoding. Such rows of one instant stand in the order of the
    /// first eight bytes of their keys, and where these are the same in that of a hash.
    pub fn of_key(operator: u32, key: &[u8]) -> Position {
        let mut first = [0; 8];
        let taken = key.len().min(first.len());
        first[..taken].copy_from_slice(&key[..taken]);
        Position { maker: operator, first: u64::from_be_bytes(first), rest: hash(key), sub_index: 0 }
    }

    /// Of the row that an operator made of other rows, given their places in an order that the operator defines. Such rows of one
    /// instant stand in the order of their earliest parents' times, and where these are the same in that of a hash.
    pub fn of_parents(operator: u32, parents: &[Place]) -> Position {
        let mut bytes = Vec::with_capacity(parents.len() * 40);
        for Place { time, position } in parents {
            bytes.extend_from_slice(&time.millis().to_le_bytes());
            bytes.extend_from_slice(&position.maker.to_le_bytes());
            bytes.extend_from_slice(&position.first.to_le_bytes());
            bytes.extend_from_slice(&position.rest.0.to_le_bytes());
            bytes.extend_from_slice(&position.rest.1.to_le_bytes());
            bytes.extend_from_slice(&position.sub_index.to_le_bytes());
        }
        let earliest = parents.iter().map(|place| place.time.millis()).min().unwrap_or_default();
        // As an unsigned number in the same order.
        let first = earliest.cast_unsigned() ^ (1 << 63);
        Position { maker: operator, first, rest: hash(&bytes), sub_index: 0 }
    }

    /// Of the record, or of what an operator made, that a `flat_map` has made this row of.
    pub(crate) fn whole(self) -> Position {
        Position { sub_index: 0, ..self }
    }

    /// Whether it is of a record, and not of what an operator made: the hash of such a row has a first half that is not 0, but for one
    /// in 2^64.
    pub(crate) fn is_of_record(self) -> bool {
        self.rest.0 == 0
    }

    /// The partition and offset of a record; of other rows these are numbers without a meaning.
    pub(crate) fn in_topic(self) -> (u16, u64) {
        (self.first as u16, self.rest.1)
    }
}

/// XXH3 in 128 bits, seed 0: part of what is stored, as it decides the order of rows that are kept.
fn hash(bytes: &[u8]) -> (u64, u64) {
    let hash = twox_hash::XxHash3_128::oneshot(bytes);
    ((hash >> 64) as u64, hash as u64)
}

/// The number that stands for a source or an operator in the places of its rows: a hash of its id, so that no other operator
/// has a part in it.
pub(crate) fn maker_of(id: &str) -> u32 {
    hash(id.as_bytes()).1 as u32
}

/// A row's place in the canonical order: event time, then position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The row's event time.
    pub time: Timestamp,
    /// Where it stands among the rows of that time.
    pub position: Position,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn places_are_no_larger_than_they_need_be() {
        assert_eq!((size_of::<Position>(), size_of::<Place>()), (32, 40));
    }

    /// They are kept in the state of `first` and `last`.
    #[test]
    fn hashes_and_numbers_stay_what_they_are() {
        assert_eq!(maker_of("per_hour/window"), MAKER);
        let of_key = Position::of_key(1, b"department a");
        assert_eq!((of_key.first, of_key.rest), (0x6465_7061_7274_6d65, KEY));
        let place = Place { time: Timestamp::from_millis(5), position: of_key };
        let of_parents = Position::of_parents(1, &[place]);
        assert_eq!((of_parents.first, of_parents.rest), (1 << 63 | 5, PARENTS));
    }

    const MAKER: u32 = 2_089_281_588;
    const KEY: (u64, u64) = (2_176_016_577_031_410_649, 13_631_195_690_898_533_788);
    const PARENTS: (u64, u64) = (8797759514903770219, 1490669489475894805);

    proptest! {
        #[test]
        fn keys_that_begin_alike_have_places_of_their_own(
            prefix in prop::collection::vec(any::<u8>(), 0..40),
            left in prop::collection::vec(any::<u8>(), 0..4),
            right in prop::collection::vec(any::<u8>(), 0..4),
        ) {
            let of = |end: &[u8]| Position::of_key(7, &[&prefix[..], end].concat());
            prop_assert_eq!(left == right, of(&left) == of(&right));
            if prefix.is_empty() && !left.contains(&0) && !right.contains(&0) {
                prop_assert_eq!(left.cmp(&right), of(&left).cmp(&of(&right)), "short keys keep their order");
            }
        }

        #[test]
        fn parents_are_told_apart_by_all_that_they_are(
            left in (0..3_i64, 0..3_u32, 0..3_u16, 0..3_u64, 0..3_u32),
            right in (0..3_i64, 0..3_u32, 0..3_u16, 0..3_u64, 0..3_u32),
        ) {
            let place = |(time, source, partition, offset, sub_index)| {
                let position = Position { sub_index, ..Position::of_record(source, partition, offset) };
                Place { time: Timestamp::from_millis(time), position }
            };
            let (one, other) = (place(left), place(right));
            let of = |parents: &[Place]| Position::of_parents(9, parents);
            prop_assert_eq!(left == right, of(&[one]) == of(&[other]));
            prop_assert_eq!(left == right, of(&[one, other]) == of(&[other, one]));
            prop_assert_ne!(of(&[one]), of(&[one, other]));
        }
    }
}
