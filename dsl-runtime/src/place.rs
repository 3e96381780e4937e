//! Where a row stands: in its input, and among all rows.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// A row's place in its input: source, partition, offset, and sub-index for rows that one record was made into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// The number of the source in the pipeline; rows that an operator made carry the operator's.
    pub source: u16,
    /// The partition the record came from.
    pub partition: u16,
    /// The record's offset.
    pub offset: u64,
    /// Which of the rows made of this record.
    pub sub_index: u32,
}

/// A row's place in the canonical order: event time, then position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Place {
    /// The row's event time.
    pub time: Timestamp,
    /// The row's place in the input.
    pub position: Position,
}
