//! Epoch entries: what a pipeline keeps in the log of each committed epoch.
//!
//! The bytes are laid out in `docs/formats/engine.md`.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::Epoch;
use super::binding::{Flip, PartitionRange};

/// The first byte of an entry: the version of its layout. Others are not read.
const VERSION: u8 = 3;

/// What replay needs of an epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EpochEntry {
    pub(crate) epoch: Epoch,
    pub(crate) clock_ms: i64,
    pub(crate) close: bool,
    pub(crate) ranges: Vec<EntryRange>,
    /// The partitions that became idle with it, or came back.
    pub(crate) flips: Vec<Flip>,
    /// The instant of the clock, in ms, at which an operator asked to be woken, if that is why the epoch was bound.
    pub(crate) woken: Option<i64>,
    /// For whatever is random in it.
    pub(crate) seed: u64,
    /// What outside services have answered in it; nothing asks any so far.
    pub(crate) answers: Vec<Answer>,
    /// By the number of the sink.
    pub(crate) outputs: Vec<OutputDigest>,
    /// Totals since the pipeline's first epoch.
    pub(crate) totals: Totals,
    /// Of the rows that entered each keyed operator, in the order of their numbers.
    pub(crate) digests: Vec<u64>,
    /// The code that the epoch was computed with, as JSON, where it is not that of the epoch before, and with every epoch that
    /// begins a checkpoint, so that no entry that is needed depends on one that is deleted.
    pub(crate) code: Option<String>,
}

/// What an epoch has read of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EntryRange {
    pub(crate) range: PartitionRange,
    /// The least and the greatest event time of its rows, in ms; `None` if it brought none.
    pub(crate) span: Option<(i64, i64)>,
}

/// What an outside service has answered to an operator, so that a replay need not ask again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// The operator's id.
    pub(crate) operator: String,
    /// Which call it answers, as the operator knows it.
    pub(crate) call: Vec<u8>,
    pub(crate) answer: Vec<u8>,
}

impl EpochEntry {
    pub(crate) fn encode(&self) -> Vec<u8> {
        postcard::to_extend(self, vec![VERSION]).expect("plain data is written to memory")
    }

    /// What was read, and how it was cut.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = PartitionRange> {
        self.ranges.iter().map(|read| read.range)
    }

    /// Reads what [`EpochEntry::encode`] wrote.
    pub(crate) fn decode(bytes: &[u8]) -> Result<EpochEntry, String> {
        match bytes.split_first() {
            Some((&VERSION, rest)) => decode_plain(rest),
            Some((version, _)) => {
                Err(format!("its layout has version {version}, and this program knows version {VERSION}"))
            }
            None => Err("it is empty".to_owned()),
        }
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
        EpochEntry {
            epoch: 7,
            clock_ms: -1,
            close: true,
            ranges: vec![EntryRange { range, span: Some((-2, 150)) }],
            flips: vec![Flip { at, idle: true, floor: 3 }],
            woken: Some(-1),
            seed: 300,
            answers: vec![Answer { operator: "a".to_owned(), call: vec![1], answer: vec![2, 3] }],
            outputs: vec![OutputDigest { rows: 3, hash: u64::MAX }, OutputDigest::default()],
            totals: Totals { rows: 100, late: 2, skipped: 1 },
            digests: vec![u64::MAX, 5],
            code: Some("{}".to_owned()),
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
        assert_eq!(why(&[4, 0]), "its layout has version 4, and this program knows version 3");
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
    fn entries_have_these_bytes() {
        let golden = "03070101 01010 2ac029003 0103ac02 01 01 02 01 06 0101 ac02 0101610101020203 \
                      0203ffffffffffffffffff010000 640201 02ffffffffffffffffff0105 01027b7d";
        assert_eq!(hexadecimal(&entry().encode()), golden.replace([' ', '\n'], ""));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200), known in any::<bool>()) {
            if let Some(first) = bytes.first_mut().filter(|_| known) {
                *first = VERSION;
            }
            let _ = EpochEntry::decode(&bytes);
        }
    }
}
