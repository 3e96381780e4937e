//! Reading back what a pipeline left in the log: the last complete checkpoint, and the epochs since.

use std::collections::{BTreeMap, HashMap};

use log_store::{Offset, Partition};

use super::Epoch;
use super::entry::{CompleteCheckpoint, EpochEntry, PartitionProgress, StateRecord, Totals, decode};
use super::storage::Storage;
use crate::error::{Error, Result};

pub(crate) use super::storage::reset;

/// Bytes of one read.
const READ_BYTES: usize = 1 << 20;

/// Where a pipeline goes on.
#[derive(Debug, Default)]
pub(crate) struct Recovered {
    /// The epoch that the state is of; 0 without a checkpoint.
    pub(crate) checkpoint_epoch: Epoch,
    /// As of the checkpoint.
    pub(crate) progress: Vec<PartitionProgress>,
    pub(crate) totals: Totals,
    /// The state's entries.
    pub(crate) state: Vec<StateEntry>,
    /// The epochs since the checkpoint, oldest first.
    pub(crate) replay: Vec<EpochEntry>,
    /// Event time is closed, by the checkpoint's epoch or one since.
    pub(crate) closed: bool,
    /// Where in the state topic the last full checkpoint begins.
    pub(crate) full_from: Option<Offset>,
    /// What the state topic holds from there on, and how much of it is live, in bytes.
    pub(crate) state_written: u64,
    pub(crate) state_live: u64,
}

/// One entry of the state.
#[derive(Debug, Clone)]
pub(crate) struct StateEntry {
    pub(crate) operator: String,
    pub(crate) group: u8,
    pub(crate) key: Vec<u8>,
    pub(crate) sub_key: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

impl Recovered {
    /// Reads the pipeline's own topics.
    pub(crate) fn read(storage: &Storage, pipeline: &str) -> Result<Recovered> {
        let damaged = |what: &'static str| move |reason: String| Error::Damaged { pipeline: pipeline.to_owned(), what, reason };
        let mut recovered = Recovered::default();
        recovered.read_state(&storage.state, damaged("state"))?;
        recovered.read_epochs(&storage.epochs, damaged("epoch entries"))?;
        Ok(recovered)
    }

    /// Counters as of the last epoch.
    pub(crate) fn last_totals(&self) -> Totals {
        self.replay.last().map_or(self.totals, |entry| entry.totals)
    }

    /// The first offset that no epoch has, by source and partition.
    pub(crate) fn next_offsets(&self) -> HashMap<(u16, u16), u64> {
        let mut next: HashMap<(u16, u16), u64> =
            self.progress.iter().map(|at| ((at.source, at.partition), at.next_offset)).collect();
        for range in self.replay.iter().flat_map(|entry| &entry.ranges) {
            next.insert((range.source, range.partition), range.until);
        }
        next
    }

    fn read_state(&mut self, state: &Partition, damaged: impl Fn(String) -> Error) -> Result<()> {
        type Id = (String, u8, Vec<u8>, Vec<u8>);
        type Entries = BTreeMap<Id, Option<Vec<u8>>>;
        let mut live: Entries = BTreeMap::new();
        let mut open: BTreeMap<Epoch, (Offset, u64, Entries)> = BTreeMap::new();
        let mut complete: Option<CompleteCheckpoint> = None;
        for_each_record(state, |offset, bytes| {
            let size = bytes.len() as u64;
            match decode(bytes).map_err(|reason| damaged(format!("offset {offset}: {reason}")))? {
                StateRecord::Piece { epoch, operator, group, key, sub_key, value } => {
                    let (_, written, entries) = open.entry(epoch).or_insert_with(|| (offset, 0, Entries::new()));
                    *written += size;
                    entries.insert((operator, group, key, sub_key), value);
                }
                StateRecord::Complete(checkpoint) => {
                    let (from, written, entries) = open.remove(&checkpoint.epoch).unwrap_or((offset, 0, Entries::new()));
                    if checkpoint.full {
                        live.clear();
                        self.full_from = Some(from);
                        self.state_live = written;
                        self.state_written = 0;
                    } else if complete.is_none() {
                        return Err(damaged(format!("offset {offset}: a checkpoint of changes follows no full one")));
                    }
                    self.state_written += written;
                    live.extend(entries);
                    live.retain(|_, value| value.is_some());
                    // Pieces of a checkpoint that a crash cut short are of no use to any later one.
                    open.clear();
                    complete = Some(checkpoint);
                }
            }
            Ok(())
        })?;
        let Some(CompleteCheckpoint { epoch, progress, totals, closed, .. }) = complete else { return Ok(()) };
        (self.checkpoint_epoch, self.progress, self.totals, self.closed) = (epoch, progress, totals, closed);
        let entry = |((operator, group, key, sub_key), value): (Id, Option<Vec<u8>>)| {
            Some(StateEntry { operator, group, key, sub_key, value: value? })
        };
        self.state = live.into_iter().filter_map(entry).collect();
        Ok(())
    }

    fn read_epochs(&mut self, epochs: &Partition, damaged: impl Fn(String) -> Error) -> Result<()> {
        let mut expected = None;
        for_each_record(epochs, |offset, bytes| {
            let entry: EpochEntry = decode(bytes).map_err(|reason| damaged(format!("offset {offset}: {reason}")))?;
            if expected.is_some_and(|expected| expected != entry.epoch) {
                return Err(damaged(format!("offset {offset}: epoch {} does not follow the one before it", entry.epoch)));
            }
            expected = Some(entry.epoch + 1);
            if entry.epoch > self.checkpoint_epoch {
                self.closed |= entry.close;
                self.replay.push(entry);
            }
            Ok(())
        })?;
        match self.replay.first() {
            Some(first) if first.epoch != self.checkpoint_epoch + 1 => Err(damaged(format!(
                "the checkpoint is of epoch {}, and the epochs after it begin with {}",
                self.checkpoint_epoch, first.epoch
            ))),
            _ => Ok(()),
        }
    }
}

fn for_each_record(partition: &Partition, mut act: impl FnMut(Offset, &[u8]) -> Result<()>) -> Result<()> {
    let mut from = partition.log_start_offset();
    let end = partition.last_stable_offset();
    while from < end {
        let fetched = partition.read(from, READ_BYTES)?;
        for record in fetched.records() {
            act(record.offset, record.value.unwrap_or_default())?;
        }
        if fetched.next_offset() <= from {
            break;
        }
        from = fetched.next_offset();
    }
    Ok(())
}
