//! The partitions that a pipeline reads, and how far it has read each.

use std::collections::BTreeMap;
use std::ops::Range;

use log_store::Partition;
use serde::{Deserialize, Serialize};

use super::binding::Flip;
use super::side::SideEnd;
use crate::error::{Error, Result};
use crate::flow::PartitionClock;
use crate::time::{Duration, Timestamp};

/// One partition of one source, by their numbers: an input of the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct SourcePartition {
    pub(crate) source: u16,
    pub(crate) partition: u16,
}

/// An offset for each input: where it ends, or where reading goes on.
pub(crate) type InputOffsets = BTreeMap<SourcePartition, u64>;

/// An input and its log.
#[derive(Clone)]
pub(crate) struct Input {
    pub(crate) at: SourcePartition,
    pub(crate) log: Partition,
    /// Where it ends, of a side table.
    pub(crate) side_end: Option<SideEnd>,
}

impl Input {
    /// The offset after the last record that can be read now, and of a side table that is ever read.
    pub(crate) fn end(&self) -> u64 {
        self.side_end.as_ref().map_or_else(|| self.log.last_stable_offset().0, SideEnd::get)
    }
}

/// How far an input was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PartitionProgress {
    /// The offset after the last one read.
    pub(crate) next_offset: u64,
    /// The greatest event time of its rows, in ms; `None` before the first.
    pub(crate) greatest: Option<i64>,
    /// Nobody waits for it.
    pub(crate) idle: bool,
    /// Its watermark is here at least, in ms; `None` if it never came back from being idle.
    pub(crate) floor: Option<i64>,
}

impl PartitionProgress {
    /// The partition's progress in event time, with the lateness of its source.
    pub(crate) fn clock(&self, lateness: Option<Duration>) -> PartitionClock {
        let mut clock = PartitionClock::new(self.greatest.map(Timestamp::from_millis), lateness);
        clock.flip(self.idle, self.floor.map_or(Timestamp::MIN, Timestamp::from_millis));
        clock
    }
}

/// How far each input was read. One that is missing was not read from yet.
///
/// It is stored as a sequence of entries, each the input and then its progress.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct InputProgress(BTreeMap<SourcePartition, PartitionProgress>);

impl InputProgress {
    pub(crate) fn set(&mut self, at: SourcePartition, progress: PartitionProgress) {
        self.0.insert(at, progress);
    }

    /// An input was read to there; whether it is idle stays as it is.
    pub(crate) fn read_to(&mut self, at: SourcePartition, next_offset: u64, greatest: Option<i64>) {
        let progress = self.0.entry(at).or_default();
        (progress.next_offset, progress.greatest) = (next_offset, greatest);
    }

    /// An input becomes idle, or comes back.
    pub(crate) fn flip(&mut self, flip: Flip) {
        let progress = self.0.entry(flip.at).or_default();
        progress.idle = flip.idle;
        progress.floor = progress.floor.max(Some(flip.floor).filter(|floor| *floor > i64::MIN));
    }

    /// What is known of an input.
    pub(crate) fn of(&self, at: SourcePartition) -> PartitionProgress {
        self.0.get(&at).copied().unwrap_or_default()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (SourcePartition, PartitionProgress)> {
        self.0.iter().map(|(at, progress)| (*at, *progress))
    }

    /// Where reading goes on; `None` if nothing was read yet.
    pub(crate) fn next_offset(&self, at: SourcePartition) -> Option<u64> {
        self.0.get(&at).map(|progress| progress.next_offset)
    }

    /// The greatest event time that was read; `None` before the first row.
    pub(crate) fn greatest(&self, at: SourcePartition) -> Option<Timestamp> {
        self.0.get(&at)?.greatest.map(Timestamp::from_millis)
    }

    /// Whether everything before these offsets was read.
    pub(crate) fn has_reached(&self, ends: &InputOffsets) -> bool {
        ends.iter().all(|(at, end)| self.next_offset(*at).unwrap_or(0) >= *end)
    }
}

/// Decides what becomes of records that were appended after a pipeline's event time was closed: every window has emitted, so
/// none can take them, and the first input that has any is the reason to refuse.
///
/// `unread` gives each input with its offsets that no epoch has read.
pub(crate) fn refuse_newer<'i>(
    pipeline: &str,
    unread: impl IntoIterator<Item = (&'i Input, Range<u64>)>,
) -> Result<()> {
    match unread.into_iter().find(|(_, offsets)| !offsets.is_empty()) {
        None => Ok(()),
        Some((input, offsets)) => Err(Error::Closed {
            pipeline: pipeline.to_owned(),
            topic: input.log.topic_name().to_owned(),
            rows: offsets.end - offsets.start,
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use log_store::{MemDisk, Store, StoreConfig, TopicConfig};

    use super::*;

    fn at(source: u16, partition: u16) -> SourcePartition {
        SourcePartition { source, partition }
    }

    #[test]
    fn an_end_is_reached_when_everything_before_it_was_read() {
        let mut progress = InputProgress::default();
        assert!(
            progress.has_reached(&InputOffsets::from([(at(0, 0), 0)])),
            "an empty input has nothing to read"
        );
        assert!(!progress.has_reached(&InputOffsets::from([(at(0, 0), 1)])));
        progress.set(at(0, 0), PartitionProgress { next_offset: 5, ..Default::default() });
        assert!(progress.has_reached(&InputOffsets::from([(at(0, 0), 5)])));
        assert!(!progress.has_reached(&InputOffsets::from([(at(0, 0), 5), (at(0, 1), 1)])));
    }

    #[test]
    fn the_first_input_with_newer_records_is_named() {
        let store = Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default()).unwrap();
        let input = |source: u16, topic: &str| {
            let topic = store.create_topic(topic, TopicConfig::default()).unwrap();
            Input { at: at(source, 0), log: topic.partition(0).unwrap(), side_end: None }
        };
        let (first, second) = (input(0, "first"), input(1, "second"));
        assert!(refuse_newer("sample", [(&first, 3..3), (&second, 0..0)]).is_ok());
        let refused = refuse_newer("sample", [(&first, 3..3), (&second, 2..6)]).unwrap_err();
        let Error::Closed { pipeline, topic, rows } = refused else { panic!("{refused}") };
        assert_eq!((pipeline.as_str(), topic.as_str(), rows), ("sample", "second", 4));
    }

    /// The layout of the stored bytes: see `docs/formats/engine.md`.
    #[test]
    fn progress_is_stored_as_a_sequence_of_its_entries() {
        let mut progress = InputProgress::default();
        progress.set(
            at(1, 2),
            PartitionProgress { next_offset: 300, greatest: Some(-3), idle: true, floor: Some(-9) },
        );
        progress.set(at(0, 1), PartitionProgress { next_offset: 5, ..Default::default() });
        type Flat = (u16, u16, u64, Option<i64>, bool, Option<i64>);
        let flat: Vec<Flat> = vec![(0, 1, 5, None, false, None), (1, 2, 300, Some(-3), true, Some(-9))];
        let bytes = postcard::to_allocvec(&flat).unwrap();
        assert_eq!(postcard::to_allocvec(&progress).unwrap(), bytes);
        assert_eq!(postcard::from_bytes::<InputProgress>(&bytes).unwrap(), progress);
        // Earlier versions stored the entries in the order in which the inputs were first read.
        let turned: Vec<_> = flat.into_iter().rev().collect();
        assert_eq!(
            postcard::from_bytes::<InputProgress>(&postcard::to_allocvec(&turned).unwrap()).unwrap(),
            progress
        );
    }
}
