//! The sparse offset index: Kafka's `.index` file, a cache that can always be made again.

use std::io;
use std::path::Path;

use crate::disk::{Create, Disk, read_file};
use crate::ids::Offset;

/// Each entry is the last offset of a batch, relative to the segment's base, and the batch's position.
const ENTRY_BYTES: usize = 8;

/// The entries of one segment, in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct OffsetIndex {
    entries: Vec<Stored>,
    /// How many of them are in the file.
    flushed: usize,
    bytes_since_entry: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stored {
    relative: u32,
    position: u32,
}

/// An entry with its offset and position in the segment, where the file holds distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct IndexEntry {
    pub(super) last_offset: Offset,
    pub(super) position: u64,
}

impl OffsetIndex {
    /// Reads the file; `None` if there is none or it cannot be right.
    pub(super) fn load(disk: &dyn Disk, path: &Path, base: Offset, log_size: u64) -> Option<OffsetIndex> {
        let bytes = read_file(disk, path).ok()??;
        let mut entries: Vec<Stored> = Vec::with_capacity(bytes.len() / ENTRY_BYTES);
        let (chunks, rest) = bytes.as_chunks::<ENTRY_BYTES>();
        for chunk in chunks {
            let [a, b, c, d, e, f, g, h] = *chunk;
            let entry = Stored {
                relative: u32::from_be_bytes([a, b, c, d]),
                position: u32::from_be_bytes([e, f, g, h]),
            };
            let rises = entries
                .last()
                .is_none_or(|last| last.relative < entry.relative && last.position < entry.position);
            if !rises || base.0.checked_add(u64::from(entry.relative)).is_none() {
                return None;
            }
            // The end of the log may have been lost with the power, and entries for it not. They are dropped.
            if u64::from(entry.position) >= log_size {
                break;
            }
            entries.push(entry);
        }
        let flushed = entries.len();
        if rest.is_empty() { Some(OffsetIndex { entries, flushed, bytes_since_entry: 0 }) } else { None }
    }

    /// Takes note of a batch that was appended.
    pub(super) fn note(&mut self, base: Offset, position: u64, bytes: usize, next: Offset, interval: u64) {
        if self.bytes_since_entry > interval {
            let relative = (next.0 - 1).checked_sub(base.0).and_then(|delta| u32::try_from(delta).ok());
            if let (Some(relative), Ok(position)) = (relative, u32::try_from(position)) {
                self.entries.push(Stored { relative, position });
                self.bytes_since_entry = 0;
            }
        }
        self.bytes_since_entry += bytes as u64;
    }

    /// Counts the bytes of the batch that the last entry points to, when entries go on behind an index that was read: the
    /// distance to the next entry begins with them.
    pub(super) fn skip(&mut self, bytes: usize) {
        self.bytes_since_entry += bytes as u64;
    }

    /// The last batch of the index whose last offset is at most `offset`: looking for `offset` can begin there.
    pub(super) fn floor(&self, base: Offset, offset: Offset) -> Option<IndexEntry> {
        let count = self.entries.partition_point(|entry| base.0 + u64::from(entry.relative) <= offset.0);
        self.entries[..count].last().map(|entry| entry.absolute(base))
    }

    pub(super) fn last(&self, base: Offset) -> Option<IndexEntry> {
        self.entries.last().map(|entry| entry.absolute(base))
    }

    /// Appends the new entries to the file, without syncing.
    pub(super) fn flush(&mut self, disk: &dyn Disk, path: &Path) -> io::Result<()> {
        if self.flushed == self.entries.len() {
            return Ok(());
        }
        let new = self.entries[self.flushed..].iter();
        let bytes: Vec<u8> = new
            .flat_map(|entry| entry.relative.to_be_bytes().into_iter().chain(entry.position.to_be_bytes()))
            .collect();
        let file = disk.open(path, Create::IfMissing)?;
        let end = (self.flushed * ENTRY_BYTES) as u64;
        file.write_all_at(&bytes, end)?;
        file.set_len(end + bytes.len() as u64)?;
        self.flushed = self.entries.len();
        Ok(())
    }
}

impl Stored {
    fn absolute(self, base: Offset) -> IndexEntry {
        IndexEntry { last_offset: base.plus(u64::from(self.relative)), position: u64::from(self.position) }
    }
}
