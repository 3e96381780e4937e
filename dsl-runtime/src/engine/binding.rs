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

/// A partition becomes idle, or active again, with an epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Flip {
    pub(crate) at: SourcePartition,
    /// Nobody waits for it from this epoch on. Otherwise it is back, with rows in this epoch.
    pub(crate) idle: bool,
    /// The partition's watermark is here at least, in ms: when it comes back, where the operators have come without it.
    pub(crate) floor: i64,
}

/// A bound epoch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Binding {
    pub(crate) epoch: Epoch,
    pub(crate) ranges: Vec<PartitionRange>,
    /// The wall clock, in milliseconds since the Unix epoch.
    pub(crate) clock_ms: i64,
    /// They take effect before the epoch's rows are read.
    pub(crate) flips: Vec<Flip>,
    /// The instant of the clock, in ms, at which an operator is to be woken with this epoch; `None` if that is not why it is bound.
    pub(crate) woken: Option<i64>,
    /// For whatever is to be random in the epoch and the same on replay.
    pub(crate) seed: u64,
    /// Event time closes with this epoch: every watermark moves past every event.
    pub(crate) close: bool,
    /// A checkpoint of the state after this epoch begins.
    pub(crate) checkpoint: Option<CheckpointKind>,
    /// How many bytes of checkpoint pieces each operator writes with this epoch.
    pub(crate) piece_bytes: usize,
    /// The epoch was committed before: nothing is appended, and what it gives is compared.
    pub(crate) replay: bool,
}

/// A seed for an epoch: other numbers for every epoch and every reading of the clock.
pub(crate) fn seed_of(epoch: Epoch, clock_ms: i64) -> u64 {
    let mut seed = epoch.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ (clock_ms as u64).rotate_left(32);
    for multiplier in [0xBF58_476D_1CE4_E5B9, 0x94D0_49BB_1331_11EB] {
        seed = (seed ^ seed >> 30).wrapping_mul(multiplier);
    }
    seed ^ seed >> 31
}
