//! Epoch entries: what a pipeline keeps in the log of each committed epoch; and how records of its own are encoded.
//!
//! The bytes are laid out in `docs/formats/engine.md`.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::Epoch;
use super::binding::PartitionRange;

/// The first byte of every record: the version of its layout.
pub(super) const VERSION: u8 = 1;

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
    use crate::engine::input::SourcePartition;

    fn entry() -> EpochEntry {
        let at = SourcePartition { source: 1, partition: 2 };
        let range = PartitionRange { at, from: 300, until: 400 };
        let outputs = vec![OutputDigest { rows: 3, hash: u64::MAX }, OutputDigest::default()];
        let totals = Totals { rows: 100, late: 2, skipped: 1 };
        EpochEntry { epoch: 7, clock_ms: -1, close: true, ranges: vec![range], outputs, totals }
    }

    #[test]
    fn records_are_read_as_they_were_written() {
        assert_eq!(decode(&encode(&entry())), Ok(entry()));
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

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200), known in any::<bool>()) {
            if let Some(first) = bytes.first_mut().filter(|_| known) {
                *first = VERSION;
            }
            let _ = decode::<EpochEntry>(&bytes);
        }
    }
}
