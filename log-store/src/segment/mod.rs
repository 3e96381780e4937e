//! One segment of a partition: a `.log` file of batches, and its offset index.

mod offset_index;
mod sync_state;
mod time_index;
mod times;
mod walk;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::disk::{Create, Disk, DiskFile};
use crate::ids::Offset;
use crate::record::BatchSpan;

use offset_index::OffsetIndex;
pub(crate) use sync_state::SyncState;
pub(crate) use times::Earlier;
use times::Times;
pub(crate) use walk::{WalkError, Walker};

/// A segment file. Its partition's writer alone writes to it; anybody may read what is published.
pub(crate) struct Segment {
    pub(crate) base: Offset,
    pub(crate) path: PathBuf,
    pub(crate) file: Arc<dyn DiskFile>,
    index_path: PathBuf,
    index_interval: u64,
    /// The bytes that belong to the log; a failed write may have left more in the file.
    size: AtomicU64,
    writes: SyncState,
    /// The bytes that were synced, at least.
    synced_bytes: AtomicU64,
    /// The number, counted by `writes`, of the last write whose bytes are not in the journal.
    last_uncovered: AtomicU64,
    /// Read from its file when first needed.
    index: Mutex<Option<OffsetIndex>>,
    times: Mutex<Times>,
}

/// An index of what another process writes is made anew after each MiB of it.
const FOLLOWED_BITS: u32 = 20;

/// Whether the bytes of a write are in the journal as well. If not, they are lost with the power until the segment is synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cover {
    Journal,
    Nothing,
}

impl Segment {
    /// Makes the segment that begins at `base`, or opens it.
    pub(crate) fn open(
        disk: &dyn Disk,
        dir: &Path,
        base: Offset,
        create: Create,
        index_interval: u64,
    ) -> io::Result<Segment> {
        let path = log_path(dir, base);
        let file = disk.open(&path, create)?;
        let size = file.len()?;
        let index_path = path.with_extension("index");
        let index = if size == 0 { Some(OffsetIndex::default()) } else { None };
        Ok(Segment {
            base,
            path,
            file,
            index_path,
            index_interval,
            size: AtomicU64::new(size),
            writes: SyncState::default(),
            synced_bytes: AtomicU64::new(size),
            last_uncovered: AtomicU64::new(0),
            index: Mutex::new(index),
            times: Mutex::new(Times::of(size)),
        })
    }

    /// Opens a segment that another process writes. Of its last one only `size` bytes are known to belong to the log; earlier
    /// ones do not change any more.
    pub(crate) fn open_mirrored(
        disk: &dyn Disk,
        dir: &Path,
        base: Offset,
        index_interval: u64,
        size: Option<u64>,
    ) -> io::Result<Segment> {
        let segment = Segment::open(disk, dir, base, Create::No, index_interval)?;
        if let Some(size) = size {
            segment.size.store(size, Ordering::Release);
        }
        Ok(segment)
    }

    /// Takes note that another process has written up to `size`.
    pub(crate) fn follow(&self, size: u64) {
        let before = self.size.fetch_max(size, Ordering::AcqRel);
        // The index, if there is one, ends where it was made. It is made anew when it would leave much to go through.
        if before >> FOLLOWED_BITS != size >> FOLLOWED_BITS && before < size {
            *self.index.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    pub(crate) fn size(&self) -> u64 {
        self.size.load(Ordering::Acquire)
    }

    /// Whether bytes were written that are neither synced nor in the journal, so that a loss of power would take them.
    pub(crate) fn is_uncovered(&self) -> bool {
        !self.writes.is_synced(self.last_uncovered.load(Ordering::Acquire))
    }

    /// Writes behind the segment's end. They belong to it only after [`Segment::accept`].
    pub(crate) fn write(&self, bytes: &[u8], cover: Cover) -> io::Result<()> {
        let written = self.file.write_all_at(bytes, self.size());
        // Counted after the write: a sync that began before it ended may have missed it, and must not count as having covered it.
        let change = self.writes.changed();
        if cover == Cover::Nothing {
            self.last_uncovered.store(change, Ordering::Release);
        }
        written
    }

    /// Makes written batches part of the segment. `spans` says where each lies, counted from the segment's end until now.
    pub(crate) fn accept(&self, disk: &dyn Disk, spans: &[BatchSpan]) {
        let size = self.size();
        let bytes: usize = spans.iter().map(|span| span.bytes).sum();
        self.size.store(size + bytes as u64, Ordering::Release);
        self.with_index(disk, |index| {
            for span in spans {
                let position = size + span.start as u64;
                index.note(self.base, position, span.bytes, span.next_offset, self.index_interval);
            }
        });
        self.note_times(size, spans);
    }

    /// Takes back bytes that were written but not accepted.
    pub(crate) fn take_back(&self) -> io::Result<()> {
        self.file.set_len(self.size())
    }

    /// Cuts the segment to `size` bytes, when nobody uses it yet.
    pub(crate) fn truncate(&self, size: u64) -> io::Result<()> {
        self.file.set_len(size)?;
        self.size.store(size, Ordering::Release);
        self.writes.changed();
        *self.index.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.forget_times();
        Ok(())
    }

    /// Declares that what the file holds may not be durable.
    pub(crate) fn mark_unsynced(&self) {
        self.writes.changed();
    }

    /// Whether everything that was written is durable.
    pub(crate) fn is_synced(&self) -> bool {
        self.writes.is_all_synced()
    }

    /// How many bytes of the log may not be durable here.
    pub(crate) fn unsynced_bytes(&self) -> u64 {
        self.size().saturating_sub(self.synced_bytes.load(Ordering::Acquire))
    }

    /// Makes what was written durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        self.writes.sync(|| {
            let size = self.size();
            self.file.sync_data()?;
            self.synced_bytes.store(size, Ordering::Release);
            Ok(())
        })
    }

    /// Where to begin looking for `offset`: the start of a batch, and its last offset if it comes from the
    /// index.
    pub(crate) fn find(&self, disk: &dyn Disk, offset: Offset) -> (u64, Option<Offset>) {
        self.with_index(disk, |index| index.floor(self.base, offset))
            .map_or((0, None), |entry| (entry.position, Some(entry.last_offset)))
    }

    /// Makes the index anew from the batches, because its file was found to be wrong.
    pub(crate) fn rebuild_index(&self) {
        let rebuilt = self.scan(OffsetIndex::default());
        *self.index.lock().unwrap_or_else(PoisonError::into_inner) = Some(rebuilt);
    }

    /// Writes what is new in the index to its file. It is a cache: a failure costs a scan.
    pub(crate) fn flush_index(&self, disk: &dyn Disk) -> io::Result<()> {
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        match index.as_mut() {
            Some(index) => index.flush(disk, &self.index_path),
            None => Ok(()),
        }
    }

    /// Removes the segment's files; those who have it open can go on reading it.
    pub(crate) fn remove(&self, disk: &dyn Disk) -> io::Result<()> {
        remove_if_there(disk, &self.index_path)?;
        self.remove_times(disk)?;
        remove_if_there(disk, &self.path)
    }

    fn with_index<R>(&self, disk: &dyn Disk, act: impl FnOnce(&mut OffsetIndex) -> R) -> R {
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let loaded = index.get_or_insert_with(|| {
            let stored = OffsetIndex::load(disk, &self.index_path, self.base, self.size());
            self.scan(stored.unwrap_or_default())
        });
        act(loaded)
    }

    /// Completes an index: goes through the batches behind its last entry and adds entries for them. If that last entry
    /// is wrong, it begins anew. Damage ends it; whoever reads there will report it.
    fn scan(&self, mut index: OffsetIndex) -> OffsetIndex {
        let last = index.last(self.base);
        let (start, known_last) = last.map_or((0, None), |entry| (entry.position, Some(entry.last_offset)));
        let expected = if start == 0 { Some(self.base) } else { None };
        let mut walker = Walker::new(&*self.file, start, self.size(), expected);
        let mut first = known_last;
        while let Ok(Some(step)) = walker.next() {
            if let Some(known) = first.take() {
                if known != step.header.last_offset() {
                    return self.scan(OffsetIndex::default());
                }
                index.skip(step.bytes.len());
                continue;
            }
            let next = step.header.next_offset();
            index.note(self.base, step.position, step.bytes.len(), next, self.index_interval);
        }
        if first.is_some() { self.scan(OffsetIndex::default()) } else { index }
    }
}

/// The path of the segment that begins at `base`.
pub(crate) fn log_path(dir: &Path, base: Offset) -> PathBuf {
    dir.join(format!("{:020}.log", base.0))
}

/// The base offset that a file name gives, if it is a segment's.
pub(crate) fn base_of(name: &str) -> Option<Offset> {
    let digits = name.strip_suffix(".log")?;
    if digits.len() == 20 { digits.parse().ok().map(Offset) } else { None }
}

fn remove_if_there(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    match disk.remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
