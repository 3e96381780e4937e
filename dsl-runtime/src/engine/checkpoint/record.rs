//! The records of the state topic: pieces of checkpoints, and the record that completes one.
//!
//! The bytes are laid out in `docs/formats/engine.md`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::CheckpointKind;
use crate::engine::Epoch;
use crate::engine::entry::Totals;
use crate::engine::input::InputProgress;
use crate::state::Piece;
use crate::time::Timestamp;

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

/// A record of the state topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum StateRecord {
    /// An entry of the checkpoint of that epoch; a `None` value is a tombstone.
    Piece {
        epoch: Epoch,
        operator: String,
        group: u8,
        key: Vec<u8>,
        sub_key: Vec<u8>,
        value: Option<Vec<u8>>,
    },
    /// All entries of a checkpoint are written.
    Complete(CompleteCheckpoint),
}

impl CompleteCheckpoint {
    pub(crate) fn kind(&self) -> CheckpointKind {
        if self.full { CheckpointKind::Full } else { CheckpointKind::Changes }
    }
}

impl StateRecord {
    pub(crate) fn piece(epoch: Epoch, operator: &str, piece: Piece) -> StateRecord {
        let Piece { group, key, sub_key, value } = piece;
        StateRecord::Piece { epoch, operator: operator.to_owned(), group, key, sub_key, value }
    }

    /// The key of the record, by which the topic can be compacted: operator, key group, key, sub-key.
    pub(crate) fn key(&self) -> Vec<u8> {
        match self {
            StateRecord::Complete(_) => b"complete".to_vec(),
            StateRecord::Piece { operator, group, key, sub_key, .. } => {
                let mut bytes = Vec::with_capacity(operator.len() + key.len() + sub_key.len() + 10);
                bytes.extend_from_slice(&(operator.len() as u32).to_be_bytes());
                bytes.extend_from_slice(operator.as_bytes());
                bytes.push(*group);
                bytes.extend_from_slice(&(key.len() as u32).to_be_bytes());
                bytes.extend_from_slice(key);
                bytes.extend_from_slice(sub_key);
                bytes
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::entry::{VERSION, decode, encode};
    use crate::engine::input::{PartitionProgress, SourcePartition};

    fn complete() -> StateRecord {
        let mut progress = InputProgress::default();
        let at = SourcePartition { source: 0, partition: 1 };
        progress.set(at, PartitionProgress { next_offset: 5, greatest: Some(-3) });
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

    fn piece(operator: &str, key: &[u8], sub_key: &[u8], value: Option<Vec<u8>>) -> StateRecord {
        let piece = Piece { group: 9, key: key.to_vec(), sub_key: sub_key.to_vec(), value };
        StateRecord::piece(7, operator, piece)
    }

    #[test]
    fn records_are_read_as_they_were_written() {
        for record in
            [complete(), piece("a/window", b"k", b"s", Some(vec![1, 2])), piece("a/window", b"", b"", None)]
        {
            assert_eq!(decode(&encode(&record)), Ok(record));
        }
    }

    #[test]
    fn keys_of_different_entries_differ() {
        let keys = [
            piece("a", b"bc", b"d", None),
            piece("a", b"b", b"cd", None),
            piece("ab", b"c", b"d", None),
            piece("a", b"bcd", b"", None),
            complete(),
        ]
        .map(|record| record.key());
        for (at, key) in keys.iter().enumerate() {
            assert_eq!(keys.iter().position(|other| other == key), Some(at));
        }
        assert_eq!(
            piece("a", b"b", b"c", None).key(),
            piece("a", b"b", b"c", Some(vec![1])).key(),
            "so that it can be compacted"
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200), known in any::<bool>()) {
            if let Some(first) = bytes.first_mut().filter(|_| known) {
                *first = VERSION;
            }
            let _ = decode::<StateRecord>(&bytes);
        }
    }
}
