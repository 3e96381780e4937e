//! The records that a pipeline keeps in the log for itself: epoch entries, checkpoint pieces, completed checkpoints.
//!
//! The bytes are laid out in `docs/formats/engine.md`.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::Epoch;
use super::binding::PartitionRange;
use super::input::InputProgress;
use crate::state::Piece;

/// The first byte of every record: the version of its layout.
const VERSION: u8 = 1;

/// What replay needs of an epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EpochEntry {
    pub(crate) epoch: Epoch,
    pub(crate) clock_ms: i64,
    pub(crate) close: bool,
    pub(crate) ranges: Vec<PartitionRange>,
    /// By the number of the sink.
    pub(crate) outputs: Vec<OutputDigest>,
    /// Totals since the pipeline's first epoch.
    pub(crate) totals: Totals,
}

/// What an epoch wrote to one topic.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OutputDigest {
    pub(crate) rows: u64,
    /// A hash of partition, key and value of every row, in order.
    pub(crate) hash: u64,
}

/// Counters since a pipeline's first epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Totals {
    /// Rows read.
    pub(crate) rows: u64,
    /// Rows dropped as late, by each operator that dropped them.
    pub(crate) late: u64,
    /// Records skipped because they could not be decoded.
    pub(crate) skipped: u64,
}

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
}

/// What completing a checkpoint takes in the state topic besides its records, in bytes, about: batch header, control batch.
pub(crate) const COMPLETING_BYTES: u64 = 140;

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

/// The bytes of a record: the layout's version, then the record.
pub(crate) fn encode<T: Serialize>(record: &T) -> Vec<u8> {
    postcard::to_extend(record, vec![VERSION]).expect("plain data is written to memory")
}

/// Reads what [`encode`] wrote.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    match bytes.split_first() {
        Some((&VERSION, rest)) => {
            let (record, rest) = postcard::take_from_bytes(rest).map_err(|error| error.to_string())?;
            if rest.is_empty() { Ok(record) } else { Err(format!("{} bytes are left over", rest.len())) }
        }
        Some((version, _)) => {
            Err(format!("its layout has version {version}, and this program knows up to {VERSION}"))
        }
        None => Err("it is empty".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::input::{PartitionProgress, SourcePartition};

    fn entry() -> EpochEntry {
        let at = SourcePartition { source: 1, partition: 2 };
        let range = PartitionRange { at, from: 300, until: 400 };
        let outputs = vec![OutputDigest { rows: 3, hash: u64::MAX }, OutputDigest::default()];
        let totals = Totals { rows: 100, late: 2, skipped: 1 };
        EpochEntry { epoch: 7, clock_ms: -1, close: true, ranges: vec![range], outputs, totals }
    }

    fn complete() -> StateRecord {
        let mut progress = InputProgress::default();
        let at = SourcePartition { source: 0, partition: 1 };
        progress.set(at, PartitionProgress { next_offset: 5, greatest: Some(-3) });
        let totals = Totals { rows: 5, late: 0, skipped: 0 };
        StateRecord::Complete(CompleteCheckpoint { epoch: 7, full: true, progress, totals, closed: false })
    }

    fn piece(operator: &str, key: &[u8], sub_key: &[u8], value: Option<Vec<u8>>) -> StateRecord {
        let piece = Piece { group: 9, key: key.to_vec(), sub_key: sub_key.to_vec(), value };
        StateRecord::piece(7, operator, piece)
    }

    #[test]
    fn records_are_read_as_they_were_written() {
        assert_eq!(decode(&encode(&entry())), Ok(entry()));
        for record in
            [complete(), piece("a/window", b"k", b"s", Some(vec![1, 2])), piece("a/window", b"", b"", None)]
        {
            assert_eq!(decode(&encode(&record)), Ok(record));
        }
    }

    #[test]
    fn records_that_cannot_be_read_say_why() {
        let why = |bytes: &[u8]| decode::<EpochEntry>(bytes).unwrap_err();
        assert_eq!(why(&[]), "it is empty");
        assert_eq!(why(&[2, 0]), "its layout has version 2, and this program knows up to 1");
        let mut long = encode(&entry());
        long.push(0);
        assert_eq!(why(&long), "1 bytes are left over");
        let whole = encode(&entry());
        for end in 1..whole.len() {
            assert!(decode::<EpochEntry>(&whole[..end]).is_err(), "cut off after {end} bytes");
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
            let _ = decode::<EpochEntry>(&bytes);
            let _ = decode::<StateRecord>(&bytes);
        }
    }
}
