//! Encoded rows: what an epoch's commit writes, and the trait of what encodes them.

use std::ops::Range;

use super::rows::Batch;
use crate::place::Place;

/// Encodes rows for one sink.
pub(crate) trait SinkEncoder {
    fn encode(&mut self, rows: Batch, out: &mut OutRows);
}

/// Encoded rows of one epoch for one topic, with what puts them in order.
#[derive(Debug, Default)]
pub(crate) struct OutRows {
    pub(crate) bytes: Vec<u8>,
    pub(crate) rows: Vec<OutRow>,
}

/// Where a row's key and value lie in the bytes.
#[derive(Debug)]
pub(crate) struct OutRow {
    pub(crate) partition: u32,
    pub(crate) place: Place,
    pub(crate) key: Option<Range<usize>>,
    pub(crate) value: Range<usize>,
}

/// One encoded row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OutRecord<'a> {
    pub(crate) partition: u32,
    pub(crate) place: Place,
    pub(crate) key: Option<&'a [u8]>,
    pub(crate) value: &'a [u8],
}

impl OutRows {
    /// The rows of several workers, by partition and in canonical order; rows of one place by their bytes.
    pub(crate) fn in_order(parts: &[OutRows]) -> Vec<OutRecord<'_>> {
        let mut records: Vec<OutRecord<'_>> = parts.iter().flat_map(OutRows::records).collect();
        records.sort_unstable();
        records
    }

    fn records(&self) -> impl Iterator<Item = OutRecord<'_>> {
        self.rows.iter().map(|row| OutRecord {
            partition: row.partition,
            place: row.place,
            key: row.key.clone().map(|key| &self.bytes[key]),
            value: &self.bytes[row.value.clone()],
        })
    }
}
