//! The records of the state topic: pieces of checkpoints, and the record that completes one.
//!
//! The bytes are laid out in `docs/formats/engine.md`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::CheckpointKind;
use crate::engine::Epoch;
use crate::engine::entry::{Totals, decode_plain};
use crate::engine::input::InputProgress;
use crate::record::varint;
use crate::time::Timestamp;

/// The first byte of every record's value: the version of its layout. In version 1 each entry was a record.
pub(super) const VERSION: u8 = 2;

/// The key of a record that completes a checkpoint. That of a piece begins with the length of an operator's id, and so with a
/// byte that is 0.
const COMPLETE_KEY: &[u8] = b"complete";

/// The second byte of a value.
const PIECE: u8 = 0;
const COMPLETE: u8 = 1;

/// A checkpoint whose pieces are all in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CompleteCheckpoint {
    /// The checkpoint holds the state after this epoch.
    pub(crate) epoch: Epoch,
    /// It holds everything; otherwise what changed since the one before.
    pub(crate) full: bool,
    pub(crate) progress: InputProgress,
    pub(crate) totals: Totals,
    pub(crate) closed: bool,
    /// Of each keyed operator, by its id: its combined watermark, then that of each of its inputs.
    pub(crate) watermarks: BTreeMap<String, Vec<Timestamp>>,
}

/// A table of an operator.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct TableOf {
    /// The operator's id.
    pub(crate) operator: Arc<str>,
    /// The table's place among the operator's.
    pub(crate) table: u8,
}

/// Where a piece belongs: the key of its record, by which the topic can be compacted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct PieceKey<'a> {
    pub(super) operator: &'a str,
    pub(super) table: u8,
    pub(super) group: u8,
    /// Counts the key group's pieces since the last full checkpoint began: a full one takes the place of what was before it.
    pub(super) number: u32,
}

/// A record of the state topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StateRecord<'a> {
    /// Entries of the checkpoint of that epoch.
    Piece { key: PieceKey<'a>, epoch: Epoch, entries: &'a [u8] },
    /// All entries of a checkpoint are written.
    Complete(CompleteCheckpoint),
}

impl CompleteCheckpoint {
    pub(crate) fn kind(&self) -> CheckpointKind {
        if self.full { CheckpointKind::Full } else { CheckpointKind::Changes }
    }
}

impl StateRecord<'_> {
    /// Appends the record's key and its value.
    pub(super) fn encode(&self, key: &mut Vec<u8>, value: &mut Vec<u8>) {
        value.push(VERSION);
        match self {
            StateRecord::Complete(complete) => {
                key.extend_from_slice(COMPLETE_KEY);
                value.push(COMPLETE);
                let plain = postcard::to_allocvec(complete).expect("plain data is written to memory");
                value.extend_from_slice(&plain);
            }
            StateRecord::Piece { key: PieceKey { operator, table, group, number }, epoch, entries } => {
                key.extend_from_slice(&(operator.len() as u32).to_be_bytes());
                key.extend_from_slice(operator.as_bytes());
                key.extend_from_slice(&[*table, *group]);
                key.extend_from_slice(&number.to_be_bytes());
                value.push(PIECE);
                varint::put(*epoch, value);
                value.extend_from_slice(entries);
            }
        }
    }
}

impl<'a> StateRecord<'a> {
    /// Reads what [`StateRecord::encode`] wrote.
    ///
    /// # Errors
    /// What makes no sense.
    pub(super) fn decode(key: &'a [u8], value: &'a [u8]) -> Result<StateRecord<'a>, String> {
        let value = match value.split_first() {
            None => return Err("it is empty".to_owned()),
            Some((&VERSION, value)) => value,
            Some((version, _)) => {
                return Err(format!(
                    "its layout has version {version}, and this program knows version {VERSION}"
                ));
            }
        };
        match value.split_first() {
            Some((&PIECE, value)) => {
                let key = PieceKey::decode(key).ok_or("its key is not that of a piece")?;
                let (epoch, entries) = varint::take(value).ok_or("its epoch is cut off")?;
                Ok(StateRecord::Piece { key, epoch, entries })
            }
            Some((&COMPLETE, value)) => decode_plain(value).map(StateRecord::Complete),
            Some((kind, _)) => Err(format!("it is of the unknown kind {kind}")),
            None => Err("it is cut off".to_owned()),
        }
    }
}

impl<'a> PieceKey<'a> {
    fn decode(bytes: &'a [u8]) -> Option<PieceKey<'a>> {
        let (length, bytes) = bytes.split_first_chunk::<4>()?;
        let (operator, bytes) = bytes.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        let (&[table, group], bytes) = bytes.split_first_chunk::<2>()?;
        let number = u32::from_be_bytes(bytes.try_into().ok()?);
        Some(PieceKey { operator: std::str::from_utf8(operator).ok()?, table, group, number })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::input::{PartitionProgress, SourcePartition};

    fn complete() -> StateRecord<'static> {
        let mut progress = InputProgress::default();
        let at = SourcePartition { source: 0, partition: 1 };
        progress.set(at, PartitionProgress { next_offset: 5, greatest: Some(-3), ..Default::default() });
        let totals = Totals { rows: 5, late: 0, skipped: 0 };
        let watermarks = [("a/window".to_owned(), vec![Timestamp::from_millis(-9); 2])].into();
        StateRecord::Complete(CompleteCheckpoint {
            epoch: 7,
            full: true,
            progress,
            totals,
            closed: false,
            watermarks,
        })
    }

    fn piece(operator: &str, (table, group, number): (u8, u8, u32)) -> StateRecord<'_> {
        let key = PieceKey { operator, table, group, number };
        StateRecord::Piece { key, epoch: 300, entries: &[1, 2, 3] }
    }

    fn encoded(record: &StateRecord<'_>) -> (Vec<u8>, Vec<u8>) {
        let (mut key, mut value) = (Vec::new(), Vec::new());
        record.encode(&mut key, &mut value);
        (key, value)
    }

    #[test]
    fn records_are_read_as_they_were_written() {
        for record in [complete(), piece("a/window", (1, 255, 70_000)), piece("", (0, 0, 0))] {
            let (key, value) = encoded(&record);
            assert_eq!(StateRecord::decode(&key, &value), Ok(record));
        }
    }

    #[test]
    fn records_have_these_bytes() {
        let (key, value) = encoded(&piece("a/b", (1, 9, 258)));
        assert_eq!(key, [&[0, 0, 0, 3][..], b"a/b", &[1, 9, 0, 0, 1, 2]].concat());
        assert_eq!(value, [2, 0, 0xac, 2, 1, 2, 3]);
        let (key, value) = encoded(&complete());
        assert_eq!(key, b"complete");
        let watermarks = [&[1, 8][..], b"a/window", &[2, 17, 17]].concat();
        assert_eq!(value, [&[2, 1, 7, 1, 1, 0, 1, 5, 1, 5, 0, 0, 5, 0, 0, 0][..], &watermarks].concat());
    }

    #[test]
    fn keys_of_different_pieces_differ() {
        let keys =
            [("a", (0, 0, 0)), ("a", (1, 0, 0)), ("a", (0, 1, 0)), ("a", (0, 0, 1)), ("ab", (0, 0, 0))];
        let keys = keys.map(|(operator, place)| encoded(&piece(operator, place)).0);
        for (at, key) in keys.iter().enumerate() {
            assert_eq!(keys.iter().position(|other| other == key), Some(at));
        }
    }

    #[test]
    fn records_that_cannot_be_read_say_why() {
        let (key, value) = encoded(&piece("a", (0, 0, 0)));
        let why = |key: &[u8], value: &[u8]| StateRecord::decode(key, value).unwrap_err();
        assert_eq!(why(&key, &[]), "it is empty");
        assert_eq!(why(&key, &[1, 0]), "its layout has version 1, and this program knows version 2");
        assert_eq!(why(&key, &[2]), "it is cut off");
        assert_eq!(why(&key, &[2, 7]), "it is of the unknown kind 7");
        assert_eq!(why(&key, &value[..3]), "its epoch is cut off");
        assert_eq!(why(&key[1..], &value), "its key is not that of a piece");
        assert_eq!(why(b"complete", &value), "its key is not that of a piece");
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(
            key in prop::collection::vec(0..4_u8, 0..20),
            mut value in prop::collection::vec(any::<u8>(), 0..200),
            known in any::<bool>(),
        ) {
            if let Some(first) = value.first_mut().filter(|_| known) {
                *first = VERSION;
            }
            let _ = StateRecord::decode(&key, &value);
        }
    }
}
