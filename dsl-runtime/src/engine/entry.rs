//! Epoch entries: what a pipeline keeps in the log of each committed epoch.
//!
//! The bytes are laid out in `docs/formats/engine.md`.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::Epoch;
use super::binding::PartitionRange;

/// The first byte of an entry: the version of its layout. Those of version 1 have no digests and no code.
const ENTRY_VERSION: u8 = 2;

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
    /// Of the rows that entered each keyed operator, in the order of their numbers; none in entries of version 1.
    pub(crate) digests: Vec<u64>,
    /// The code that the epoch was computed with, as JSON, where it is not that of the epoch before, and with every epoch that
    /// begins a checkpoint, so that no entry that is needed depends on one that is deleted.
    pub(crate) code: Option<String>,
}

/// The layout of an entry before there were digests and code in it.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
struct EntryOfVersion1 {
    epoch: Epoch,
    clock_ms: i64,
    close: bool,
    ranges: Vec<PartitionRange>,
    outputs: Vec<OutputDigest>,
    totals: Totals,
}

impl EpochEntry {
    pub(crate) fn encode(&self) -> Vec<u8> {
        encode_as(ENTRY_VERSION, self)
    }

    /// Reads an entry of this version or an earlier one.
    pub(crate) fn decode(bytes: &[u8]) -> Result<EpochEntry, String> {
        if bytes.first() != Some(&1) {
            return decode_as(ENTRY_VERSION, bytes);
        }
        let EntryOfVersion1 { epoch, clock_ms, close, ranges, outputs, totals } = decode_as(1, bytes)?;
        let (digests, code) = (Vec::new(), None);
        Ok(EpochEntry { epoch, clock_ms, close, ranges, outputs, totals, digests, code })
    }
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

fn encode_as<T: Serialize>(version: u8, record: &T) -> Vec<u8> {
    postcard::to_extend(record, vec![version]).expect("plain data is written to memory")
}

fn decode_as<T: DeserializeOwned>(known: u8, bytes: &[u8]) -> Result<T, String> {
    match bytes.split_first() {
        Some((version, rest)) if *version == known => decode_plain(rest),
        Some((version, _)) => {
            Err(format!("its layout has version {version}, and this program knows up to {known}"))
        }
        None => Err("it is empty".to_owned()),
    }
}

/// Reads all of the bytes as one value.
pub(super) fn decode_plain<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    let (value, rest) = postcard::take_from_bytes(bytes).map_err(|error| error.to_string())?;
    if rest.is_empty() { Ok(value) } else { Err(format!("{} bytes are left over", rest.len())) }
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
        let (digests, code) = (vec![u64::MAX, 5], Some("{}".to_owned()));
        EpochEntry {
            epoch: 7,
            clock_ms: -1,
            close: true,
            ranges: vec![range],
            outputs,
            totals,
            digests,
            code,
        }
    }

    #[test]
    fn records_are_read_as_they_were_written() {
        assert_eq!(EpochEntry::decode(&entry().encode()), Ok(entry()));
    }

    #[test]
    fn records_that_cannot_be_read_say_why() {
        let why = |bytes: &[u8]| EpochEntry::decode(bytes).unwrap_err();
        assert_eq!(why(&[]), "it is empty");
        assert_eq!(why(&[3, 0]), "its layout has version 3, and this program knows up to 2");
        let mut long = entry().encode();
        long.push(0);
        assert_eq!(why(&long), "1 bytes are left over");
        let whole = entry().encode();
        for end in 1..whole.len() {
            assert!(EpochEntry::decode(&whole[..end]).is_err(), "cut off after {end} bytes");
        }
    }

    fn hexadecimal(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn entries_of_version_1_are_read_without_digests_and_code() {
        let EpochEntry { epoch, clock_ms, close, ranges, outputs, totals, .. } = entry();
        let bytes = encode_as(1, &EntryOfVersion1 { epoch, clock_ms, close, ranges, outputs, totals });
        let golden = "010701010101 02ac02900302 03ffffffffffffffffff01 0000 640201";
        assert_eq!(hexadecimal(&bytes), golden.replace(' ', ""));
        let expected = EpochEntry { digests: Vec::new(), code: None, ..entry() };
        assert_eq!(EpochEntry::decode(&bytes), Ok(expected));
    }

    #[test]
    fn entries_of_version_2_have_these_bytes() {
        let golden =
            "020701010101 02ac02900302 03ffffffffffffffffff01 0000 640201 02ffffffffffffffffff0105 01027b7d";
        assert_eq!(hexadecimal(&entry().encode()), golden.replace(' ', ""));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200), known in any::<bool>()) {
            if let Some(first) = bytes.first_mut().filter(|_| known) {
                *first = 1 + *first % ENTRY_VERSION;
            }
            let _ = EpochEntry::decode(&bytes);
        }
    }
}
