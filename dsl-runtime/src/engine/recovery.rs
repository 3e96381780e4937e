//! Reading back what a pipeline left in the log: the last complete checkpoint, and the epochs since.

use std::collections::BTreeMap;

use log_store::{Offset, Partition};

use super::Epoch;
use super::checkpoint::{CompleteCheckpoint, Ledger, Needs, PieceNumbers, SavedState, StateTopic};
use super::entry::{EpochEntry, Totals};
use super::input::{InputOffsets, InputProgress, SourcePartition};
use super::own_topic::for_each_record;
use super::storage::Storage;
use crate::error::{Error, Result};
use crate::time::Timestamp;

/// Where a pipeline goes on.
#[derive(Debug, Default)]
pub(crate) struct Recovered {
    /// The epoch that the state is of; 0 without a checkpoint.
    pub(crate) checkpoint_epoch: Epoch,
    /// As of the checkpoint.
    pub(crate) progress: InputProgress,
    pub(crate) totals: Totals,
    /// Where the state's entries stand.
    pub(crate) state: SavedState,
    /// The epochs since the checkpoint, oldest first.
    pub(crate) replay: Vec<EpochEntry>,
    /// The code that these were computed with: each that there was, once.
    pub(crate) replay_codes: Vec<String>,
    /// The code of the last epoch; `None` if it is not known.
    pub(crate) last_code: Option<String>,
    /// The watermarks of the keyed operators as of the checkpoint, by their ids.
    pub(crate) watermarks: BTreeMap<String, Vec<Timestamp>>,
    /// Event time is closed, by the checkpoint's epoch or one since.
    pub(crate) closed: bool,
    /// The last epoch's reading of the clock, if there is an epoch.
    pub(crate) last_clock_ms: Option<i64>,
    /// The books on the checkpoints in the state topic.
    pub(crate) ledger: Ledger,
    /// The numbers of the pieces that come next.
    pub(crate) numbers: PieceNumbers,
    /// Where the entry of the checkpoint's epoch stands, or the first one after it.
    pub(crate) entries_from: Option<Offset>,
}

impl Recovered {
    /// Reads the pipeline's own topics.
    pub(crate) fn read(storage: &Storage, pipeline: &str) -> Result<Recovered> {
        let damaged = |what: &'static str| {
            move |reason: String| Error::Damaged { pipeline: pipeline.to_owned(), what, reason }
        };
        let StateTopic { ledger, numbers, last, state } = StateTopic::read(&storage.state, damaged("state"))?;
        let mut recovered = Recovered { ledger, numbers, state, ..Recovered::default() };
        if let Some(CompleteCheckpoint { epoch, progress, totals, closed, watermarks, .. }) = last {
            recovered.checkpoint_epoch = epoch;
            (recovered.progress, recovered.totals) = (progress, totals);
            (recovered.closed, recovered.watermarks) = (closed, watermarks);
        }
        recovered.read_epochs(&storage.epochs, damaged("epoch entries"))?;
        Ok(recovered)
    }

    /// What the log must keep for this recovery to be possible again; where there is a checkpoint, the books know it from now
    /// on.
    pub(crate) fn keep_needs(&mut self) -> Needs {
        let needs = self.ledger.needs(self.progress.clone(), self.entries_from);
        if needs.state_from.is_some() {
            self.ledger.keep(needs.clone());
        }
        needs
    }

    /// Counters as of the last epoch.
    pub(crate) fn last_totals(&self) -> Totals {
        self.replay.last().map_or(self.totals, |entry| entry.totals)
    }

    /// Whether an input is idle, as of the last epoch.
    pub(crate) fn is_idle(&self, at: SourcePartition) -> bool {
        let mut flips = self.replay.iter().flat_map(|entry| &entry.flips);
        flips.rfind(|flip| flip.at == at).map_or(self.progress.of(at).idle, |flip| flip.idle)
    }

    /// The first offset of each input that no epoch has read.
    pub(crate) fn next_offsets(&self) -> InputOffsets {
        let mut next: InputOffsets =
            self.progress.iter().map(|(at, progress)| (at, progress.next_offset)).collect();
        for range in self.replay.iter().flat_map(EpochEntry::ranges) {
            next.insert(range.at, range.until);
        }
        next
    }

    fn read_epochs(&mut self, epochs: &Partition, damaged: impl Fn(String) -> Error) -> Result<()> {
        let mut expected = None;
        for_each_record(epochs, |offset, bytes| {
            let entry: EpochEntry =
                EpochEntry::decode(bytes).map_err(|reason| damaged(format!("offset {offset}: {reason}")))?;
            if expected.is_some_and(|expected| expected != entry.epoch) {
                return Err(damaged(format!(
                    "offset {offset}: epoch {} does not follow the one before it",
                    entry.epoch
                )));
            }
            expected = Some(entry.epoch + 1);
            self.last_clock_ms = self.last_clock_ms.max(Some(entry.clock_ms));
            if entry.epoch >= self.checkpoint_epoch {
                self.entries_from = self.entries_from.or(Some(offset));
            }
            self.last_code = entry.code.clone().or(self.last_code.take());
            if entry.epoch > self.checkpoint_epoch {
                self.closed |= entry.close;
                let new = self.last_code.as_ref().filter(|code| !self.replay_codes.contains(code)).cloned();
                self.replay_codes.extend(new);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::binding::PartitionRange;
    use crate::engine::entry::{EntryRange, OutputDigest};
    use crate::engine::own_topic::tests::{check_damaged, damaged, partition};

    fn entry(epoch: Epoch, close: bool, until: u64) -> Vec<u8> {
        let at = SourcePartition { source: 0, partition: 0 };
        let range = PartitionRange { at, from: until - 1, until };
        let entry = EpochEntry {
            epoch,
            close,
            ranges: vec![EntryRange { range, span: None }],
            outputs: vec![OutputDigest::default()],
            totals: Totals { rows: until, late: 0, skipped: 0 },
            ..EpochEntry::default()
        };
        entry.encode()
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
    fn the_code_of_the_epochs_to_replay_is_that_of_the_last_entry_that_says() {
        let with = |epoch, code: Option<&str>| {
            let mut entry = EpochEntry::decode(&entry(epoch, false, epoch)).unwrap();
            entry.code = code.map(str::to_owned);
            entry.encode()
        };
        let records =
            [with(1, Some("a")), with(2, Some("b")), with(3, None), with(4, Some("c")), with(5, None)];
        let read = |checkpoint_epoch| {
            let mut recovered = Recovered { checkpoint_epoch, ..Recovered::default() };
            recovered.read_epochs(&partition(&records), damaged).unwrap();
            (recovered.replay_codes.join(""), recovered.last_code)
        };
        assert_eq!(read(0), ("abc".to_owned(), Some("c".to_owned())));
        assert_eq!(read(2), ("bc".to_owned(), Some("c".to_owned())));
        assert_eq!(read(4), ("c".to_owned(), Some("c".to_owned())));
        assert_eq!(read(5), (String::new(), Some("c".to_owned())), "nothing is replayed");
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
