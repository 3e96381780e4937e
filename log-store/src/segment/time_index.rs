//! The sparse time index: Kafka's `.timeindex` file, a cache that can always be made again.

use std::io;
use std::path::Path;

use crate::disk::{Create, Disk, read_file, read_up_to};
use crate::ids::Offset;

/// Each entry is a timestamp, and the last offset of the batch that has it, relative to the segment's base.
const ENTRY_BYTES: usize = 12;

/// The largest timestamps of one segment's records, in memory. Markers of transactions do not count: they tell when the log was
/// written, not when anything happened.
///
/// # Contract
/// Of all batches up to the one of an entry none has a record with a later timestamp than the entry. So whoever looks for the first
/// record of a time or later begins behind the last entry of an earlier time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TimeIndex {
    entries: Vec<TimeEntry>,
    /// The largest timestamp so far, and the last offset of the batch that has it first.
    largest: Option<TimeEntry>,
    bytes_since_entry: u64,
    /// Up to where in the segment batches were noted.
    pub(super) covered: u64,
    /// Whether it was read from its file.
    pub(super) is_from_file: bool,
}

/// A timestamp, and the last offset of the first batch that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeEntry {
    pub(super) timestamp: i64,
    pub(super) last_offset: Offset,
}

impl TimeIndex {
    /// Reads the file of a segment that has ended, at `next` offset and `size` bytes; `None` if there is none or it cannot be right.
    pub(super) fn load(
        disk: &dyn Disk,
        path: &Path,
        base: Offset,
        next: Offset,
        size: u64,
    ) -> Option<TimeIndex> {
        let bytes = read_file(disk, path).ok()??;
        let (chunks, rest) = bytes.as_chunks::<ENTRY_BYTES>();
        let (end, chunks) = chunks.split_last()?;
        let mut entries: Vec<TimeEntry> = Vec::with_capacity(chunks.len());
        for chunk in chunks {
            let entry = TimeEntry::read(chunk, base)?;
            let rises = entries
                .last()
                .is_none_or(|last| last.timestamp < entry.timestamp && last.last_offset < entry.last_offset);
            if !rises || entry.last_offset >= next {
                return None;
            }
            entries.push(entry);
        }
        let largest = *entries.last()?;
        let is_whole = rest.is_empty() && TimeEntry::read(end, base)? == largest.end(base);
        let largest = Some(largest);
        is_whole.then_some(TimeIndex {
            entries,
            largest,
            bytes_since_entry: 0,
            covered: size,
            is_from_file: true,
        })
    }

    /// The last entry of such a file, without reading the others.
    pub(super) fn load_last(disk: &dyn Disk, path: &Path, base: Offset, next: Offset) -> Option<TimeEntry> {
        let file = disk.open(path, Create::No).ok()?;
        let length = file.len().ok()?;
        let mut bytes = [0; 2 * ENTRY_BYTES];
        let position = length.checked_sub(bytes.len() as u64)?;
        let read = read_up_to(&*file, &mut bytes, position).ok()?;
        let ([last, end], []) = bytes.as_chunks::<ENTRY_BYTES>() else { return None };
        let last = TimeEntry::read(last, base)?;
        let is_whole = read == bytes.len()
            && length.is_multiple_of(ENTRY_BYTES as u64)
            && TimeEntry::read(end, base)? == last.end(base);
        (is_whole && last.last_offset < next).then_some(last)
    }

    /// Takes note of the next batch; `timestamp` is its records' largest, if it has records for readers.
    pub(super) fn note(&mut self, timestamp: Option<i64>, bytes: usize, last_offset: Offset, interval: u64) {
        let later = |timestamp: &i64| self.largest.is_none_or(|largest| largest.timestamp < *timestamp);
        if let Some(timestamp) = timestamp.filter(later) {
            self.largest = Some(TimeEntry { timestamp, last_offset });
        }
        if self.bytes_since_entry > interval && self.enter_largest() {
            self.bytes_since_entry = 0;
        }
        self.bytes_since_entry += bytes as u64;
        self.covered += bytes as u64;
    }

    /// The largest timestamp of the records so far; `None` if there are none for readers.
    pub(super) fn largest(&self) -> Option<TimeEntry> {
        self.largest
    }

    /// The last entry of an earlier time: what has this time or is later lies behind it.
    pub(super) fn before(&self, timestamp: i64) -> Option<TimeEntry> {
        if let Some(largest) = self.largest.filter(|largest| largest.timestamp < timestamp) {
            return Some(largest);
        }
        let count = self.entries.partition_point(|entry| entry.timestamp < timestamp);
        self.entries[..count].last().copied()
    }

    /// Writes the file of a segment that has ended. It is there whole or not at all, whatever happens: so it is believed.
    pub(super) fn store(&mut self, disk: &dyn Disk, path: &Path, base: Offset) -> io::Result<()> {
        self.enter_largest();
        if let Some(last) = self.entries.last() {
            let entries = self.entries.iter().copied().chain([last.end(base)]);
            let bytes: Vec<u8> = entries.flat_map(|entry| entry.bytes(base)).collect();
            let new = path.with_extension("timeindex.new");
            let file = disk.open(&new, Create::IfMissing)?;
            file.set_len(0)?;
            file.write_all_at(&bytes, 0)?;
            file.sync_data()?;
            disk.rename(&new, path)?;
        }
        Ok(())
    }

    /// Has an entry for the largest timestamp, unless it has one; tells whether it had none.
    fn enter_largest(&mut self) -> bool {
        let new = self
            .largest
            .filter(|largest| self.entries.last().is_none_or(|last| last.timestamp < largest.timestamp));
        self.entries.extend(new);
        new.is_some()
    }
}

impl TimeEntry {
    fn read(bytes: &[u8; ENTRY_BYTES], base: Offset) -> Option<TimeEntry> {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = *bytes;
        let timestamp = i64::from_be_bytes([a, b, c, d, e, f, g, h]);
        let relative = u32::from_be_bytes([i, j, k, l]);
        Some(TimeEntry { timestamp, last_offset: Offset(base.0.checked_add(relative.into())?) })
    }

    /// What stands behind the last entry of a file, so that a lost end is noticed: the same timestamp, and no distance. Kafka takes
    /// an entry without distance behind others for room that is not used yet.
    fn end(self, base: Offset) -> TimeEntry {
        TimeEntry { last_offset: base, ..self }
    }

    fn bytes(self, base: Offset) -> [u8; ENTRY_BYTES] {
        let mut bytes = [0; ENTRY_BYTES];
        let relative = u32::try_from(self.last_offset.0 - base.0).expect("a segment has 31 bits of offsets");
        bytes[..8].copy_from_slice(&self.timestamp.to_be_bytes());
        bytes[8..].copy_from_slice(&relative.to_be_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::MemDisk;

    const PATH: &str = "00000000000000000100.timeindex";

    /// Timestamps of batches of one record and 10 bytes each, beginning with offset 100.
    fn index(timestamps: &[Option<i64>]) -> TimeIndex {
        let mut index = TimeIndex::default();
        for (number, timestamp) in timestamps.iter().enumerate() {
            index.note(*timestamp, 10, Offset(100 + number as u64), 15);
        }
        index
    }

    #[test]
    fn whatever_lies_before_an_entry_is_earlier() {
        let timestamps =
            [Some(5), Some(3), None, Some(9), Some(9), Some(4), Some(20), None, Some(8), Some(21)];
        let index = index(&timestamps);
        assert_eq!(index.largest(), Some(TimeEntry { timestamp: 21, last_offset: Offset(109) }));
        for time in 0..25 {
            let first = timestamps.iter().position(|timestamp| timestamp.is_some_and(|at| at >= time));
            let before = index.before(time);
            let begin = before.map_or(100, |entry| entry.last_offset.0 + 1);
            assert!(begin <= first.map_or(110, |first| 100 + first as u64), "{time}: {before:?}");
            if time > 21 {
                assert_eq!(before, index.largest());
            }
        }
        assert!(index.before(21).unwrap().last_offset > Offset(105), "entries are there to be used");
    }

    #[test]
    fn its_file_is_read_unless_it_cannot_be_right() {
        let disk = MemDisk::new();
        let path = Path::new(PATH);
        let mut written = index(&[Some(5), Some(7), Some(9), Some(11), Some(12)]);
        let load = |disk: &MemDisk, next| TimeIndex::load(disk, path, Offset(100), Offset(next), 50);
        assert_eq!(load(&disk, 105), None);
        written.store(&disk, path, Offset(100)).unwrap();
        let read = load(&disk, 105).unwrap();
        assert_eq!((&read.entries, read.largest), (&written.entries, written.largest));
        assert_eq!(load(&disk, 104), None, "an entry behind the segment's end");
        let file = disk.open(path, Create::No).unwrap();
        let length = file.len().unwrap();
        assert_eq!(TimeIndex::load_last(&disk, path, Offset(100), Offset(105)), written.largest);
        for lost in 1..=length {
            file.set_len(length - lost).unwrap();
            assert_eq!(load(&disk, 105), None, "{lost} bytes less");
            assert_eq!(
                TimeIndex::load_last(&disk, path, Offset(100), Offset(105)),
                None,
                "{lost} bytes less"
            );
        }
        file.set_len(length).unwrap();
        assert_eq!(load(&disk, 105), None, "zeros");
    }
}
