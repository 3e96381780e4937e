//! What a segment knows of its records' timestamps.

use std::io;
use std::path::PathBuf;
use std::sync::{MutexGuard, PoisonError};

use crate::disk::Disk;
use crate::ids::Offset;
use crate::record::{BatchHeader, BatchSpan};

use super::time_index::{TimeEntry, TimeIndex};
use super::{Segment, Walker, remove_if_there};

/// How much is read at once while looking for one batch.
const FEW_BYTES: usize = 16 << 10;

/// How far records of a segment are known to be earlier than some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Earlier {
    /// All of them are.
    All,
    /// Those before this offset are.
    Before(Offset),
}

/// What is in memory of it.
#[derive(Debug, Default)]
pub(super) struct Times {
    /// Read from its file, or made of the batches, when first needed.
    index: Option<TimeIndex>,
    /// The largest timestamp of a segment that has ended, once the batches have told it: none if no record is for readers.
    largest: Option<Option<i64>>,
    /// The last entry of the file of a segment that has ended, which was compared with its batch.
    last_entry: Option<TimeEntry>,
}

impl Times {
    /// Of a segment of that size.
    pub(super) fn of(size: u64) -> Times {
        Times { index: (size == 0).then(TimeIndex::default), ..Times::default() }
    }
}

impl Segment {
    /// How far its records are earlier than `time`. `next` is where the next segment begins, if this one has ended.
    pub(crate) fn earlier_than(&self, disk: &dyn Disk, time: i64, next: Option<Offset>) -> Earlier {
        let mut times = self.times();
        if let Some(next) = next.filter(|_| times.index.is_none()) {
            // Mostly its last entry tells enough, and the others need not be in memory.
            let path = self.times_path();
            let read = || TimeIndex::load_last(disk, &path, self.base, next);
            let last = times.last_entry.or_else(|| read().filter(|last| self.is_as_entered(disk, *last)));
            times.last_entry = last;
            if last.is_some_and(|last| last.timestamp < time) {
                return Earlier::All;
            }
        }
        loop {
            let known = times.index.take().or_else(|| {
                // The file of a segment that has not ended may be of an earlier life of it.
                TimeIndex::load(disk, &self.times_path(), self.base, next?, self.size())
            });
            let index = times.index.insert(self.walk_times(known.unwrap_or_default()));
            let has_ended = next.is_some() && index.covered >= self.size();
            let Some(entry) = index.before(time) else {
                let is_empty = has_ended && index.largest().is_none();
                return if is_empty { Earlier::All } else { Earlier::Before(self.base) };
            };
            // A file is a cache: what it says is believed if the batch says so, too.
            if index.is_from_file && !self.is_as_entered(disk, entry) {
                times.index = Some(self.walk_times(TimeIndex::default()));
                continue;
            }
            let is_all = has_ended && index.largest() == Some(entry);
            return if is_all { Earlier::All } else { Earlier::Before(entry.last_offset.plus(1)) };
        }
    }

    /// The largest timestamp of its records: `Some(None)` if it has none for readers, `None` if it cannot be read to its end. It is
    /// known from the batches themselves, never from a file.
    pub(crate) fn largest_timestamp(&self) -> Option<Option<i64>> {
        let mut times = self.times();
        if times.largest.is_some() {
            return times.largest;
        }
        let known = times.index.take().filter(|index| !index.is_from_file);
        let index = times.index.insert(self.walk_times(known.unwrap_or_default()));
        (index.covered >= self.size()).then(|| index.largest().map(|entry| entry.timestamp))
    }

    /// The timestamp of its first record that is there for readers, as far as it can be read.
    pub(crate) fn first_timestamp(&self) -> Option<i64> {
        let walker = Walker::new(&*self.file, 0, self.size(), Some(self.base));
        let mut walker = walker.reading(FEW_BYTES);
        while let Ok(Some(step)) = walker.next() {
            if !step.header.is_control() {
                return Some(step.header.base_timestamp);
            }
        }
        None
    }

    /// Writes the time index of a segment that has ended, if the batches have told all of it. From then on it is there alone.
    pub(crate) fn store_times(&self, disk: &dyn Disk) -> io::Result<()> {
        let mut times = self.times();
        let is_whole = |index: &&mut TimeIndex| !index.is_from_file && index.covered >= self.size();
        if let Some(index) = times.index.as_mut().filter(is_whole) {
            index.store(disk, &self.times_path(), self.base)?;
            let largest = index.largest().map(|entry| entry.timestamp);
            *times = Times { largest: Some(largest), ..Times::default() };
        }
        Ok(())
    }

    /// Takes note of batches that were appended at `position`, if those before them were noted.
    pub(super) fn note_times(&self, position: u64, spans: &[BatchSpan]) {
        // Who goes through the segment has it for long, and goes on from where it stands the next time.
        let Ok(mut times) = self.times.try_lock() else { return };
        let Some(index) = times.index.as_mut().filter(|index| index.covered == position) else { return };
        for span in spans {
            let last_offset = Offset(span.next_offset.0 - 1);
            index.note(span.max_timestamp, span.bytes, last_offset, self.index_interval);
        }
    }

    pub(super) fn forget_times(&self) {
        *self.times() = Times::default();
    }

    pub(super) fn remove_times(&self, disk: &dyn Disk) -> io::Result<()> {
        let path = self.times_path();
        remove_if_there(disk, &path.with_extension("timeindex.new"))?;
        remove_if_there(disk, &path)
    }

    /// Completes an index: goes through the batches that it does not know. Damage ends it; whoever reads there will report it.
    fn walk_times(&self, mut index: TimeIndex) -> TimeIndex {
        let expected = if index.covered == 0 { Some(self.base) } else { None };
        let mut walker = Walker::new(&*self.file, index.covered, self.size(), expected);
        while let Ok(Some(step)) = walker.next() {
            let (timestamp, last) = (step.header.records_timestamp(), step.header.last_offset());
            index.note(timestamp, step.bytes.len(), last, self.index_interval);
        }
        index
    }

    /// Whether the batch of an entry ends there, and has that timestamp.
    fn is_as_entered(&self, disk: &dyn Disk, entry: TimeEntry) -> bool {
        let (position, known_last) = self.find(disk, entry.last_offset);
        let expected = if known_last.is_none() { Some(self.base) } else { None };
        let walker = Walker::new(&*self.file, position, self.size(), expected);
        let mut walker = walker.reading(FEW_BYTES);
        while let Ok(Some(step)) = walker.next() {
            if step.header.last_offset() >= entry.last_offset {
                let BatchHeader { max_timestamp, .. } = step.header;
                return (step.header.last_offset(), max_timestamp) == (entry.last_offset, entry.timestamp);
            }
        }
        false
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn times_path(&self) -> PathBuf {
        self.path.with_extension("timeindex")
    }
}
