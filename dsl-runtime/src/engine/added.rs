//! Partitions that are added to a source's topic: who has them, and from where they are read.
//!
//! # Contract
//! A partition that was there when the pipeline first ran is read from then on. One that was added later is taken up by an epoch: from
//! that epoch on, and in every replay of it, it is read, beginning with what it held first then, and its watermark begins where the
//! inputs of operators that its source reaches have come, by the furthest of them. Until then nobody reads it, and nobody waits for it.
//!
//! The epoch's entry says so by what entries have: an empty range, which tells the first offset, and a flip that has the partition active,
//! whose floor is the watermark that it begins with. It reads no rows, and is bound when everything before it is committed, so that it is
//! known where the operators are. A checkpoint knows the partition by its progress, as it knows the others.
//!
//! Side tables end where they ended when they were bound; what is added to their topics is no part of them.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::entry::EpochEntry;
use super::input::{Input, InputProgress, SourcePartition};
use super::recovery::Recovered;
use super::storage::Storage;
use crate::error::Result;

/// What is known of partitions that were added since the pipeline first ran.
pub(crate) struct AddedInputs {
    /// How many each source had when the pipeline first ran; `None` if that was not kept: then none was added before the first checkpoint.
    at_first: Option<Vec<u32>>,
    /// Where reading began, of those that were taken up.
    begun: Mutex<BTreeMap<SourcePartition, u64>>,
}

impl AddedInputs {
    /// Begins with the text, if there is one, that says how many partitions each source had when the pipeline first ran.
    pub(crate) fn new(kept: Option<Vec<u8>>) -> AddedInputs {
        let text = kept.and_then(|kept| String::from_utf8(kept).ok());
        let at_first = text.and_then(|text| text.split(' ').map(|count| count.parse().ok()).collect());
        AddedInputs { at_first, begun: Mutex::default() }
    }

    /// Whether an input was there when the pipeline first ran.
    fn is_first(&self, at: SourcePartition) -> bool {
        let counts = self.at_first.as_ref();
        let count = counts.and_then(|counts| counts.get(usize::from(at.source)));
        count.is_none_or(|count| u32::from(at.partition) < *count)
    }

    /// Notes that an input is read from this offset on.
    fn begin(&self, at: SourcePartition, offset: u64) {
        self.lock().insert(at, offset);
    }

    /// The inputs that were taken up after this progress was written down, each with the offset at which it begins.
    pub(crate) fn begun(&self, progress: &InputProgress) -> BTreeMap<SourcePartition, u64> {
        let unknown = |(at, _): &(&SourcePartition, &u64)| progress.next_offset(**at).is_none();
        self.lock().iter().filter(unknown).map(|(at, offset)| (*at, *offset)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<SourcePartition, u64>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Storage {
    /// Every partition of every source that there is now, but for those that were added to side tables' topics.
    pub(crate) fn inputs_now(&self) -> Vec<Input> {
        let mut inputs = self.inputs.clone();
        inputs.extend(
            (0..self.sources.len())
                .flat_map(|source| self.inputs_from(source as u16, self.at_opening(source))),
        );
        inputs
    }

    /// The inputs of a source from a partition on.
    pub(crate) fn inputs_from(&self, source: u16, partition: u32) -> Vec<Input> {
        let is_side = |input: &Input| input.at.source == source && input.side_end.is_some();
        if self.inputs.iter().any(is_side) {
            return Vec::new();
        }
        let until = self.sources[usize::from(source)].topic.partitions();
        let input = |number: u32| self.added_input(SourcePartition { source, partition: number as u16 });
        (partition..until).filter_map(input).collect()
    }

    /// A partition of a source, that may have been added since the opening; nothing if there is none.
    pub(crate) fn added_input(&self, at: SourcePartition) -> Option<Input> {
        let log = self.sources.get(usize::from(at.source))?.topic.partition(at.partition.into()).ok()?;
        Some(Input { at, log, side_end: None })
    }

    /// Begins to read an input that was added: gives its first offset, which stays in the log until a checkpoint knows better.
    ///
    /// # Errors
    /// The log's.
    pub(crate) fn take_up(&self, pipeline: &str, input: &Input) -> Result<u64> {
        loop {
            let first = input.log.log_start_offset();
            self.added.begin(input.at, first.0);
            match self.pin_again(pipeline) {
                // Retention was faster.
                Err(_) if input.log.log_start_offset() > first => {}
                pinned => return pinned.map(|()| first.0),
            }
        }
    }

    fn at_opening(&self, source: usize) -> u32 {
        self.inputs.iter().filter(|input| usize::from(input.at.source) == source).count() as u32
    }
}

impl Recovered {
    /// Gives the inputs that the checkpoint knows nothing of the offset from which they are read: that of the first epoch that is
    /// replayed, or their log start, which need not be 0. Before the first checkpoint these are all inputs that were there first. Those
    /// that were added are left to the epoch that takes them up.
    pub(crate) fn begin_unread_inputs(&mut self, storage: &Storage) {
        let knows_nothing = self.checkpoint_epoch == 0;
        for input in &storage.inputs {
            if self.progress.next_offset(input.at).is_some() {
                continue;
            }
            let mut ranges = self.replay.iter().flat_map(EpochEntry::ranges);
            let replayed = ranges.find(|range| range.at == input.at).map(|range| range.from);
            let is_first = knows_nothing && storage.added.is_first(input.at);
            if is_first || input.side_end.is_some() {
                let next_offset = replayed.unwrap_or_else(|| input.log.log_start_offset().0);
                let progress = super::input::PartitionProgress { next_offset, ..Default::default() };
                self.progress.set(input.at, progress);
            } else if let Some(from) = replayed {
                storage.added.begin(input.at, from);
            }
        }
    }

    /// The first offset of an input that no epoch has read, and whether any epoch has taken it up.
    pub(crate) fn next_of(&self, input: &Input) -> (u64, bool) {
        let next = self.next_offsets().get(&input.at).copied();
        (next.unwrap_or_else(|| input.log.log_start_offset().0), next.is_some())
    }
}
