//! Reading back what a pipeline left in the log: the last complete checkpoint, and the epochs since.

use std::collections::BTreeMap;

use log_store::{Offset, Partition};

use super::Epoch;
use super::entry::{COMPLETING_BYTES, CompleteCheckpoint, EpochEntry, StateRecord, Totals, decode};
use super::input::{InputOffsets, InputProgress};
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
    pub(crate) progress: InputProgress,
    pub(crate) totals: Totals,
    /// The state's entries.
    pub(crate) state: Vec<StateEntry>,
    /// The epochs since the checkpoint, oldest first.
    pub(crate) replay: Vec<EpochEntry>,
    /// Event time is closed, by the checkpoint's epoch or one since.
    pub(crate) closed: bool,
    /// Where in the state topic the last full checkpoint begins.
    pub(crate) full_from: Option<Offset>,
    /// Where the entry of the checkpoint's epoch stands, or the first one after it.
    pub(crate) entries_from: Option<Offset>,
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
        let damaged = |what: &'static str| {
            move |reason: String| Error::Damaged { pipeline: pipeline.to_owned(), what, reason }
        };
        let mut recovered = Recovered::default();
        recovered.read_state(&storage.state, damaged("state"))?;
        recovered.read_epochs(&storage.epochs, damaged("epoch entries"))?;
        Ok(recovered)
    }

    /// Counters as of the last epoch.
    pub(crate) fn last_totals(&self) -> Totals {
        self.replay.last().map_or(self.totals, |entry| entry.totals)
    }

    /// The first offset of each input that no epoch has read.
    pub(crate) fn next_offsets(&self) -> InputOffsets {
        let mut next: InputOffsets =
            self.progress.iter().map(|(at, progress)| (at, progress.next_offset)).collect();
        for range in self.replay.iter().flat_map(|entry| &entry.ranges) {
            next.insert(range.at, range.until);
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
                    let (_, written, entries) =
                        open.entry(epoch).or_insert_with(|| (offset, 0, Entries::new()));
                    *written += size;
                    entries.insert((operator, group, key, sub_key), value);
                }
                StateRecord::Complete(checkpoint) => {
                    let (from, written, entries) =
                        open.remove(&checkpoint.epoch).unwrap_or((offset, 0, Entries::new()));
                    let written = written + size + COMPLETING_BYTES;
                    if checkpoint.full {
                        live.clear();
                        self.full_from = Some(from);
                        self.state_live = written;
                        self.state_written = 0;
                    } else if complete.is_none() {
                        return Err(damaged(format!(
                            "offset {offset}: a checkpoint of changes follows no full one"
                        )));
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
        let Some(CompleteCheckpoint { epoch, progress, totals, closed, .. }) = complete else {
            return Ok(());
        };
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
            let entry: EpochEntry =
                decode(bytes).map_err(|reason| damaged(format!("offset {offset}: {reason}")))?;
            if expected.is_some_and(|expected| expected != entry.epoch) {
                return Err(damaged(format!(
                    "offset {offset}: epoch {} does not follow the one before it",
                    entry.epoch
                )));
            }
            expected = Some(entry.epoch + 1);
            if entry.epoch >= self.checkpoint_epoch {
                self.entries_from = self.entries_from.or(Some(offset));
            }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use log_store::{MemDisk, RecordsBuilder, Store, StoreConfig, TopicConfig};

    use super::*;
    use crate::engine::binding::PartitionRange;
    use crate::engine::entry::{OutputDigest, encode};
    use crate::engine::input::SourcePartition;

    fn partition(records: &[Vec<u8>]) -> Partition {
        let store = Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default()).unwrap();
        let partition = store.create_topic("own", TopicConfig::default()).unwrap().partition(0).unwrap();
        for record in records {
            let mut builder = RecordsBuilder::new();
            builder.push(0, None, Some(record));
            partition.append(builder).unwrap();
        }
        partition
    }

    fn damaged(reason: String) -> Error {
        Error::Engine(reason)
    }

    fn piece(epoch: Epoch, key: &str, value: Option<&str>) -> Vec<u8> {
        let (operator, key) = ("o/window".to_owned(), key.as_bytes().to_vec());
        let value = value.map(|value| value.as_bytes().to_vec());
        encode(&StateRecord::Piece { epoch, operator, group: 0, key, sub_key: Vec::new(), value })
    }

    fn complete(epoch: Epoch, full: bool) -> Vec<u8> {
        let (progress, totals) = (InputProgress::default(), Totals { rows: epoch, late: 0, skipped: 0 });
        encode(&StateRecord::Complete(CompleteCheckpoint { epoch, full, progress, totals, closed: false }))
    }

    fn entry(epoch: Epoch, close: bool, until: u64) -> Vec<u8> {
        let at = SourcePartition { source: 0, partition: 0 };
        let ranges = vec![PartitionRange { at, from: until - 1, until }];
        let (outputs, totals) = (vec![OutputDigest::default()], Totals { rows: until, late: 0, skipped: 0 });
        encode(&EpochEntry { epoch, clock_ms: 0, close, ranges, outputs, totals })
    }

    /// Reads a state topic, and gives the checkpoint's epoch, the entries, and the reason of a failure.
    #[track_caller]
    fn check_state(records: &[Vec<u8>], epoch: Epoch, entries: &[(&str, &str)]) -> Recovered {
        let mut recovered = Recovered::default();
        recovered.read_state(&partition(records), damaged).unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let found: Vec<(String, String)> =
            recovered.state.iter().map(|entry| (text(&entry.key), text(&entry.value))).collect();
        let entries: Vec<(String, String)> =
            entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        assert_eq!((recovered.checkpoint_epoch, found), (epoch, entries));
        recovered
    }

    #[test]
    fn the_last_complete_checkpoint_counts() {
        check_state(&[], 0, &[]);
        check_state(&[piece(3, "a", Some("1"))], 0, &[]);
        let mut records = vec![piece(3, "a", Some("1")), piece(3, "b", Some("1")), complete(3, true)];
        check_state(&records, 3, &[("a", "1"), ("b", "1")]);
        records.extend([piece(5, "b", None), piece(5, "c", Some("2")), complete(5, false)]);
        check_state(&records, 5, &[("a", "1"), ("c", "2")]);
        records.extend([piece(6, "a", Some("3")), complete(6, true)]);
        let recovered = check_state(&records, 6, &[("a", "3")]);
        assert_eq!((recovered.full_from, recovered.totals.rows), (Some(Offset(6)), 6));
        assert_eq!(recovered.state_written, recovered.state_live);
    }

    #[test]
    fn pieces_of_a_checkpoint_that_a_crash_cut_short_do_not_count() {
        let first = [piece(3, "a", Some("1")), complete(3, true)];
        let cut_short = [piece(4, "a", Some("2")), piece(4, "b", Some("2"))];
        let next = [piece(6, "c", Some("3")), complete(6, false)];
        check_state(&[&first[..], &cut_short].concat(), 3, &[("a", "1")]);
        check_state(&[&first[..], &cut_short, &next].concat(), 6, &[("a", "1"), ("c", "3")]);
        let late_rest = [complete(9, false)];
        check_state(&[&first[..], &cut_short, &next, &late_rest].concat(), 9, &[("a", "1"), ("c", "3")]);
    }

    #[track_caller]
    fn check_damaged(result: Result<()>, expected: &str) {
        match result {
            Err(Error::Engine(reason)) => assert_eq!(reason, expected),
            other => panic!("{other:?} instead of: {expected}"),
        }
    }

    #[test]
    fn state_that_makes_no_sense_is_refused() {
        let read = |records: &[Vec<u8>]| Recovered::default().read_state(&partition(records), damaged);
        check_damaged(read(&[complete(3, false)]), "offset 0: a checkpoint of changes follows no full one");
        check_damaged(read(&[complete(3, true), vec![]]), "offset 1: it is empty");
        check_damaged(read(&[vec![9]]), "offset 0: its layout has version 9, and this program knows up to 1");
    }

    #[test]
    fn the_epochs_since_the_checkpoint_are_replayed() {
        let mut recovered = Recovered { checkpoint_epoch: 2, ..Recovered::default() };
        let records = [entry(1, false, 1), entry(2, false, 2), entry(3, false, 3), entry(4, true, 4)];
        recovered.read_epochs(&partition(&records), damaged).unwrap();
        assert_eq!(recovered.replay.iter().map(|entry| entry.epoch).collect::<Vec<_>>(), [3, 4]);
        assert!(recovered.closed);
        let at = SourcePartition { source: 0, partition: 0 };
        assert_eq!((recovered.last_totals().rows, recovered.next_offsets()[&at]), (4, 4));
    }

    #[test]
    fn epochs_that_are_missing_are_refused() {
        let read = |checkpoint_epoch, records: &[Vec<u8>]| {
            let mut recovered = Recovered { checkpoint_epoch, ..Recovered::default() };
            recovered.read_epochs(&partition(records), damaged)
        };
        check_damaged(
            read(0, &[entry(1, false, 1), entry(3, false, 2)]),
            "offset 1: epoch 3 does not follow the one before it",
        );
        check_damaged(
            read(2, &[entry(4, false, 1)]),
            "the checkpoint is of epoch 2, and the epochs after it begin with 4",
        );
        assert!(read(4, &[entry(4, false, 1)]).is_ok());
    }
}
