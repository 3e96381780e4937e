//! What an epoch is: bound before anything of it is read, and the same on replay.

use serde::{Deserialize, Serialize};

use super::Epoch;
use super::checkpoint::CheckpointKind;
use super::input::SourcePartition;

/// One range of offsets of one input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PartitionRange {
    pub(crate) at: SourcePartition,
    /// The first offset.
    pub(crate) from: u64,
    /// The offset after the last.
    pub(crate) until: u64,
}

/// A bound epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Binding {
    pub(crate) epoch: Epoch,
    pub(crate) ranges: Vec<PartitionRange>,
    /// The wall clock, in milliseconds since the Unix epoch.
    pub(crate) clock_ms: i64,
    /// Event time closes with this epoch: every watermark moves past every event.
    pub(crate) close: bool,
    /// A checkpoint of the state after this epoch begins.
    pub(crate) checkpoint: Option<CheckpointKind>,
    /// How many bytes of checkpoint pieces each operator writes with this epoch.
    pub(crate) piece_bytes: usize,
    /// The epoch was committed before: nothing is appended, and what it gives is compared.
    pub(crate) replay: bool,
}
