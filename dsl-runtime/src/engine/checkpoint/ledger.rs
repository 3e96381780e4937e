//! The books on checkpoints: what they have written, which one is under way, and what the complete ones need.

use std::collections::VecDeque;

use log_store::Offset;

use super::CheckpointKind;
use crate::engine::Epoch;
use crate::engine::input::InputProgress;

/// What completing a checkpoint takes in the state topic besides its records, in bytes, about: the header of their batch, and the
/// control batch.
const COMPLETING_BYTES: u64 = 140;

/// How many complete checkpoints keep what they need in the log: should the last one turn out to be damaged, the one before it
/// is still whole.
const KEPT: usize = 2;

/// The books of one pipeline. They do no I/O: whoever writes or reads the state topic tells them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ledger {
    under_way: Option<UnderWay>,
    last_full: Option<FullCheckpoint>,
    /// What the last full checkpoint and all complete ones after it have written, in bytes.
    since_full: u64,
    /// What the last complete checkpoints need, the oldest first.
    kept: VecDeque<Needs>,
}

/// A checkpoint that is not complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UnderWay {
    /// An epoch with which it begins is bound, and nothing of it is written.
    Bound,
    /// Some of its records are written.
    Writing {
        epoch: Epoch,
        /// Where its first record stands.
        from: Offset,
        bytes: u64,
    },
}

/// The last complete checkpoint that holds everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FullCheckpoint {
    /// Where its first record stands in the state topic.
    from: Offset,
    bytes: u64,
}

/// What the state topic holds, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sizes {
    /// The last full checkpoint; `None` before the first.
    pub(super) full: Option<u64>,
    /// That one and all complete ones after it.
    pub(super) since_full: u64,
}

/// What must stay in the log for a run to go on from a checkpoint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// Of each input, what was not read as of the checkpoint.
    pub(crate) progress: InputProgress,
    /// The entry of the checkpoint's epoch and those after it, if there are any.
    pub(crate) entries_from: Option<Offset>,
    /// The full checkpoint that it builds on; `None` only if there is no checkpoint, and a run begins anew.
    pub(crate) state_from: Option<Offset>,
}

impl Ledger {
    /// An epoch is bound with which a checkpoint begins.
    pub(crate) fn bind(&mut self) {
        debug_assert!(self.under_way.is_none(), "one checkpoint at a time is under way");
        self.under_way = Some(UnderWay::Bound);
    }

    /// Whether a checkpoint has begun that is not complete.
    pub(crate) fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    pub(crate) fn sizes(&self) -> Sizes {
        Sizes { full: self.last_full.map(|full| full.bytes), since_full: self.since_full }
    }

    /// Records of the checkpoint of that epoch stand in the state topic, the first one at `at`.
    ///
    /// The first records of another epoch than before mean that a crash has cut short the one under way: its records are of no
    /// use to any later one.
    pub(crate) fn wrote(&mut self, epoch: Epoch, at: Offset, bytes: u64) {
        match &mut self.under_way {
            Some(UnderWay::Writing { epoch: same, bytes: before, .. }) if *same == epoch => *before += bytes,
            other => *other = Some(UnderWay::Writing { epoch, from: at, bytes }),
        }
    }

    /// The checkpoint under way is complete: the record that says so was the last one written.
    ///
    /// # Errors
    /// It holds changes, and there is no full one that they could be changes of.
    pub(crate) fn complete(&mut self, kind: CheckpointKind) -> Result<(), String> {
        let Some(UnderWay::Writing { from, bytes, .. }) = self.under_way.take() else {
            return Err("a checkpoint is complete of which nothing was written".to_owned());
        };
        let bytes = bytes + COMPLETING_BYTES;
        match kind {
            CheckpointKind::Full => {
                self.last_full = Some(FullCheckpoint { from, bytes });
                self.since_full = bytes;
            }
            CheckpointKind::Changes if self.last_full.is_none() => {
                return Err("a checkpoint of changes follows no full one".to_owned());
            }
            CheckpointKind::Changes => self.since_full += bytes,
        }
        Ok(())
    }

    /// What the last complete checkpoint needs, given how far the inputs were read as of it and where the entry of its epoch
    /// stands.
    pub(crate) fn needs(&self, progress: InputProgress, entries_from: Option<Offset>) -> Needs {
        Needs { progress, entries_from, state_from: self.last_full.map(|full| full.from) }
    }

    /// Keeps what the last complete checkpoint needs, and lets go of what only older ones than the last two did.
    pub(crate) fn keep(&mut self, needs: Needs) {
        self.kept.push_back(needs);
        while self.kept.len() > KEPT {
            self.kept.pop_front();
        }
    }

    /// What must stay in the log: what the oldest kept checkpoint needs.
    pub(crate) fn kept(&self) -> Option<&Needs> {
        self.kept.front()
    }

    /// What lies before these needs in the pipeline's own topics can go: all checkpoints that are to be kept are known. After a
    /// recovery only the last one is, until another is complete.
    pub(crate) fn deletable_before(&self) -> Option<&Needs> {
        self.kept.front().filter(|_| self.kept.len() == KEPT)
    }

    /// Forgets a checkpoint that the end of the last run has cut short.
    pub(super) fn forget_under_way(&mut self) {
        self.under_way = None;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::engine::input::{PartitionProgress, SourcePartition};

    fn needs(ledger: &Ledger, next_offset: u64) -> Needs {
        let mut progress = InputProgress::default();
        let at = SourcePartition { source: 0, partition: 0 };
        progress.set(at, PartitionProgress { next_offset, ..Default::default() });
        ledger.needs(progress, Some(Offset(next_offset)))
    }

    #[test]
    fn a_checkpoint_is_under_way_from_its_binding_until_it_is_complete() {
        let mut ledger = Ledger::default();
        assert!(!ledger.is_under_way());
        ledger.bind();
        assert!(ledger.is_under_way());
        ledger.wrote(3, Offset(0), 10);
        assert!(ledger.is_under_way());
        ledger.complete(CheckpointKind::Full).unwrap();
        assert!(!ledger.is_under_way());
    }

    #[test]
    fn changes_without_a_full_checkpoint_make_no_sense() {
        let mut ledger = Ledger::default();
        assert_eq!(
            ledger.complete(CheckpointKind::Full).unwrap_err(),
            "a checkpoint is complete of which nothing was written"
        );
        ledger.wrote(3, Offset(0), 10);
        let refused = ledger.complete(CheckpointKind::Changes).unwrap_err();
        assert_eq!(refused, "a checkpoint of changes follows no full one");
    }

    #[test]
    fn the_last_two_checkpoints_keep_what_they_need() {
        let mut ledger = Ledger::default();
        assert_eq!((ledger.kept(), ledger.deletable_before()), (None, None));
        for at in 1..=4 {
            ledger.wrote(at, Offset(at), 1);
            ledger.complete(CheckpointKind::Full).unwrap();
            ledger.keep(needs(&ledger, at * 10));
            let oldest = ledger.kept().unwrap();
            let before = at.max(2) - 1;
            assert_eq!(
                (oldest.entries_from, oldest.state_from),
                (Some(Offset(before * 10)), Some(Offset(before)))
            );
            assert_eq!(ledger.deletable_before().is_some(), at > 1);
        }
    }

    /// What happens to the state topic. Epochs and offsets follow from the order.
    #[derive(Debug, Clone)]
    enum Event {
        /// A checkpoint begins; one that was under way was cut short by a crash.
        Begin,
        /// A commit writes so many records of it.
        Write(u8),
        Complete(CheckpointKind),
    }

    fn events() -> impl Strategy<Value = Vec<Event>> {
        let kind = prop_oneof![Just(CheckpointKind::Full), Just(CheckpointKind::Changes)];
        prop::collection::vec(
            prop_oneof![
                1 => Just(Event::Begin),
                4 => (1_u8..4).prop_map(Event::Write),
                2 => kind.prop_map(Event::Complete),
            ],
            0..60,
        )
    }

    /// The books kept naively: every record, and all questions answered from all of them.
    #[derive(Default)]
    struct Naive {
        /// The epoch of each record's checkpoint, and the kind in the one that completes it.
        records: Vec<(Epoch, Option<CheckpointKind>)>,
    }

    impl Naive {
        const RECORD_BYTES: u64 = 7;

        fn bytes(&self, epoch: Epoch) -> u64 {
            let count = self.records.iter().filter(|record| record.0 == epoch).count() as u64;
            count * Self::RECORD_BYTES + COMPLETING_BYTES
        }

        fn complete(&self) -> Vec<(Epoch, CheckpointKind)> {
            self.records.iter().filter_map(|(epoch, kind)| Some((*epoch, (*kind)?))).collect()
        }

        /// The full checkpoint that the one at this place in the order of completion builds on.
        fn full_of(&self, nth: usize) -> Option<Epoch> {
            let complete = self.complete();
            let full = complete[..=nth].iter().rev().find(|(_, kind)| *kind == CheckpointKind::Full);
            full.map(|(epoch, _)| *epoch)
        }

        fn sizes(&self) -> Sizes {
            let complete = self.complete();
            let full = complete.len().checked_sub(1).and_then(|last| self.full_of(last));
            let since = |full: Epoch| {
                complete.iter().filter(|(epoch, _)| *epoch >= full).map(|(epoch, _)| self.bytes(*epoch)).sum()
            };
            Sizes { full: full.map(|full| self.bytes(full)), since_full: full.map_or(0, since) }
        }

        /// Where the state begins that the last but one complete checkpoint needs, or the only one.
        fn state_from(&self) -> Option<Offset> {
            let nth = self.complete().len().checked_sub(1)?.saturating_sub(1);
            let full = self.full_of(nth)?;
            self.records.iter().position(|record| record.0 == full).map(|at| Offset(at as u64))
        }
    }

    proptest! {
        /// The ledger of a run, which hears of commits, agrees with a naive one and with that of a recovery, which hears of
        /// single records.
        #[test]
        fn the_books_agree_with_naive_ones_and_with_a_recovery(events in events()) {
            let (mut ledger, mut naive) = (Ledger::default(), Naive::default());
            let (mut epoch, mut open) = (0, false);
            for event in events {
                match event {
                    Event::Begin => {
                        ledger.forget_under_way();
                        ledger.bind();
                        (epoch, open) = (epoch + 1, true);
                    }
                    Event::Write(count) if open => {
                        let at = Offset(naive.records.len() as u64);
                        naive.records.extend((0..count).map(|_| (epoch, None)));
                        ledger.wrote(epoch, at, u64::from(count) * Naive::RECORD_BYTES);
                    }
                    Event::Complete(kind) if open => {
                        // As the policy does: what there are changes of is full.
                        let kind = if ledger.sizes().full.is_none() { CheckpointKind::Full } else { kind };
                        ledger.wrote(epoch, Offset(naive.records.len() as u64), Naive::RECORD_BYTES);
                        naive.records.push((epoch, Some(kind)));
                        ledger.complete(kind).unwrap();
                        ledger.keep(needs(&ledger, epoch));
                        open = false;
                    }
                    Event::Write(_) | Event::Complete(_) => {}
                }
                prop_assert_eq!(ledger.is_under_way(), open);
                prop_assert_eq!(ledger.sizes(), naive.sizes());
                prop_assert_eq!(ledger.kept().and_then(|needs| needs.state_from), naive.state_from());
                prop_assert_eq!(ledger.deletable_before().is_some(), naive.complete().len() >= 2);
            }
            let mut recovered = Ledger::default();
            for (at, (epoch, kind)) in naive.records.iter().enumerate() {
                recovered.wrote(*epoch, Offset(at as u64), Naive::RECORD_BYTES);
                if let Some(kind) = kind {
                    recovered.complete(*kind).unwrap();
                    recovered.keep(needs(&recovered, *epoch));
                }
            }
            recovered.forget_under_way();
            ledger.forget_under_way();
            prop_assert_eq!(recovered, ledger);
        }
    }
}
