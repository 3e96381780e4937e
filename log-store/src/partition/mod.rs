//! A partition: its segments, its one writer at a time, and what readers may see of it.

mod by_time;
mod fetched;
mod inspect;
mod mirror;
mod read;
mod recover;
mod retain;
mod settings;
mod state;
mod sync;
mod write;

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use crate::disk::Disk;
use crate::error::{Error, Result};
use crate::ids::{Offset, PartitionId, TopicId};
use crate::segment::{Segment, SyncState};
use crate::visible::{Step, Stepped, Visible};

pub(crate) use fetched::Cursor;
pub use fetched::{Fetched, Records};
pub use inspect::{Batch, BatchKind, Damage, Inspected};
pub(crate) use recover::recover;
pub(crate) use settings::{PartitionSettings, SharedSettings};
pub(crate) use state::{AbortedRange, OpenTransaction, PartitionState, Tail};
pub(crate) use sync::sync_together;
pub(crate) use write::{Producing, Staged, Writer};

use read::ReadHints;

/// What a partition is told about itself when it is opened.
#[derive(Clone)]
pub(crate) struct PartitionSetup {
    pub(crate) topic: TopicId,
    pub(crate) topic_name: String,
    pub(crate) id: PartitionId,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) index_interval: u64,
    /// The topic's settings; one for all its partitions.
    pub(crate) settings: Arc<SharedSettings>,
    /// Whether the names of the directories above the partition's files are durable. It is shared by the topic's
    /// partitions, whose directories lie in the same ones.
    pub(crate) dirs: Arc<SyncState>,
    /// Whether the topic was deleted; one for all its partitions, so that they go in one instant.
    pub(crate) deleted: Arc<AtomicBool>,
    /// Tells which commits of the store readers see.
    pub(crate) visible: Arc<Visible>,
    /// Whether another process writes it, and this one is told where it ends.
    pub(crate) mirrored: bool,
}

impl PartitionSetup {
    /// Its directory, which carries the topic's id, never its name.
    pub(crate) fn dir(&self) -> PathBuf {
        topic_dir(self.topic).join(self.id.to_string())
    }
}

/// The directory of all topics.
pub(crate) const TOPICS_DIR: &str = "topics";

/// The directory of a topic.
pub(crate) fn topic_dir(topic: TopicId) -> PathBuf {
    Path::new(TOPICS_DIR).join(topic.to_string())
}

/// So much that is written to a segment is synced before the journal is full. Less would have the disk asked more often, with others
/// waiting for it; more would be left for an append to wait for.
const SYNCED_AHEAD_BYTES: u64 = 1 << 20;

/// An open partition, shared by its handles and the store.
pub(crate) struct PartitionCore {
    pub(crate) setup: PartitionSetup,
    dir: PathBuf,
    writer: Mutex<Writer>,
    segments: RwLock<Vec<Arc<Segment>>>,
    published: Stepped<PartitionState>,
    log_end: AtomicU64,
    failure: Mutex<Option<Failure>>,
    /// Whether the names of the files in its directory are durable.
    names: SyncState,
    hints: ReadHints,
}

/// Why a partition takes no more records.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    Corrupt { file: PathBuf, offset: Offset, position: u64, reason: String },
    ReadOnly(String),
}

impl PartitionCore {
    pub(crate) fn new(setup: PartitionSetup, state: PartitionState, segments: Vec<Arc<Segment>>) -> Self {
        PartitionCore {
            dir: setup.dir(),
            log_end: AtomicU64::new(state.tail.end.0),
            writer: Mutex::new(Writer::new(state.tail.clone())),
            segments: RwLock::new(segments),
            published: Stepped::new(setup.visible.clone(), state),
            failure: Mutex::new(None),
            names: SyncState::default(),
            hints: ReadHints::default(),
            setup,
        }
    }

    pub(crate) fn key(&self) -> (TopicId, PartitionId) {
        (self.setup.topic, self.setup.id)
    }

    /// The topic's settings as they are now.
    pub(crate) fn settings(&self) -> PartitionSettings {
        self.setup.settings.get()
    }

    pub(crate) fn lock_writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is durable and committed.
    pub(crate) fn published(&self) -> PartitionState {
        self.published.get()
    }

    /// Shows readers a longer log, from that step on. Called in the order of the journal.
    pub(crate) fn publish(&self, from: Step, tail: Tail) {
        self.published.change(from, |published| published.tail = tail);
    }

    /// Has those who wait for more look whether there is.
    pub(crate) fn wake(&self) {
        self.published.wake();
    }

    /// From the log start to the last stable offset.
    pub(crate) fn readable(&self) -> Range<Offset> {
        self.published.with(|published| published.log_start..published.tail.last_stable_offset())
    }

    pub(crate) fn log_end(&self) -> Offset {
        Offset(self.log_end.load(Ordering::Acquire))
    }

    pub(crate) fn last_stable_offset(&self) -> Offset {
        self.published.with(|published| published.tail.last_stable_offset())
    }

    pub(crate) fn log_start_offset(&self) -> Offset {
        self.published.with(|published| published.log_start)
    }

    pub(crate) fn high_watermark(&self) -> Offset {
        self.published.with(|published| published.tail.end)
    }

    pub(crate) fn wait_beyond(&self, offset: Offset, timeout: Duration) -> bool {
        let beyond = |published: &PartitionState| published.tail.last_stable_offset() > offset;
        self.published.wait(timeout, beyond, || self.check_exists().is_ok())
    }

    /// Moves the log start, which the journal has. Called in the order of the journal; the writer's tail has
    /// forgotten what lies below it already, so that no later one brings it back.
    pub(crate) fn move_log_start(&self, from: Step, log_start: Offset) {
        self.published.change(from, |published| published.move_log_start(log_start));
    }

    /// Drops the segments that lie wholly below the log start.
    pub(crate) fn drop_segments_before(&self, log_start: Offset) -> Result<()> {
        // The segment where the published log ends stays, though a later one may have been begun.
        let last = self.published.with(|published| published.tail.segment);
        let dropped: Vec<_> = {
            let mut segments = self.segments.write().unwrap_or_else(PoisonError::into_inner);
            // A segment ends where the next begins.
            let below = |pair: &&[Arc<Segment>]| pair[1].base <= log_start && pair[0].base < last;
            let count = segments.windows(2).take_while(below).count();
            segments.drain(..count).collect()
        };
        for segment in dropped {
            segment.remove(&*self.setup.disk).map_err(|error| self.io("remove", &segment.path, error))?;
        }
        Ok(())
    }

    /// Fails if the topic was deleted.
    pub(crate) fn check_exists(&self) -> Result<()> {
        if self.setup.deleted.load(Ordering::Acquire) {
            return Err(Error::deleted(&self.setup.topic_name));
        }
        Ok(())
    }

    /// The error that a caller should get. A file may be missing only because the topic was deleted meanwhile; then that
    /// is the reason to give.
    pub(crate) fn explain(&self, error: Error) -> Error {
        self.check_exists().err().unwrap_or(error)
    }

    /// Makes all that was written to the segments durable. A failure makes the partition read-only: the
    /// system may have dropped what it could not write, so that syncing again would prove nothing.
    pub(crate) fn sync(&self) -> Result<()> {
        self.sync_where(|_| true)
    }

    /// Whether something was written to the segments that may not be durable.
    pub(crate) fn is_unsynced(&self) -> bool {
        self.has_segment(|segment| !segment.is_synced()) || !self.names.is_all_synced()
    }

    /// Whether so much of the last segment may not be durable that it is worth a sync of its own.
    pub(crate) fn has_much_unsynced(&self) -> bool {
        self.last_segment().is_some_and(|last| last.unsynced_bytes() >= SYNCED_AHEAD_BYTES)
    }

    /// Makes durable what the journal does not have.
    pub(crate) fn sync_uncovered(&self) -> Result<()> {
        if self.is_uncovered() { self.sync_where(Segment::is_uncovered) } else { Ok(()) }
    }

    /// Whether something was written that neither the disk nor the journal has for certain.
    pub(crate) fn is_uncovered(&self) -> bool {
        self.has_segment(Segment::is_uncovered)
    }

    pub(crate) fn flush_indexes(&self) {
        // Where the durable log ends in a segment behind it, it stays as it is, whatever happens.
        let last = self.published.with(|published| published.tail.segment);
        for segment in self.segments() {
            // An index is a cache: it is made again if its file is short.
            let _ = segment.flush_index(&*self.setup.disk);
            if segment.base < last {
                let _ = segment.store_times(&*self.setup.disk);
            }
        }
    }

    pub(crate) fn check_writable(&self) -> Result<()> {
        self.check_exists()?;
        match &*self.lock_failure() {
            None => Ok(()),
            Some(failure) => Err(self.error_of(failure)),
        }
    }

    /// Makes the partition read-only. The first reason stays.
    pub(crate) fn fail(&self, failure: Failure) -> Error {
        let error = self.error_of(&failure);
        self.lock_failure().get_or_insert(failure);
        error
    }

    pub(crate) fn full_path(&self, path: &Path) -> PathBuf {
        self.setup.disk.root().join(path)
    }

    fn io(&self, action: &'static str, path: &Path, source: io::Error) -> Error {
        Error::io(action, &self.full_path(path), source)
    }

    fn segments(&self) -> Vec<Arc<Segment>> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether there is such a segment. Asked by each append: it copies nothing.
    fn has_segment(&self, is_such: impl Fn(&Segment) -> bool) -> bool {
        self.segments.read().unwrap_or_else(PoisonError::into_inner).iter().any(|segment| is_such(segment))
    }

    fn last_segment(&self) -> Option<Arc<Segment>> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner).last().cloned()
    }

    fn lock_failure(&self) -> MutexGuard<'_, Option<Failure>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sync_where(&self, which: impl Fn(&Segment) -> bool) -> Result<()> {
        let disk = &*self.setup.disk;
        let topic = topic_dir(self.setup.topic);
        let above = [&*topic, Path::new(TOPICS_DIR), Path::new("")];
        let synced = self.setup.dirs.sync(|| above.iter().try_for_each(|dir| disk.sync_dir(dir)));
        synced.map_err(|error| self.sync_failed(&topic, error))?;
        let synced = self.names.sync(|| disk.sync_dir(&self.dir));
        synced.map_err(|error| self.sync_failed(&self.dir, error))?;
        for segment in self.segments().iter().filter(|segment| which(segment)) {
            segment.sync().map_err(|error| self.sync_failed(&segment.path, error))?;
        }
        Ok(())
    }

    fn sync_failed(&self, path: &Path, error: io::Error) -> Error {
        let reason = format!("{} could not be synced: {error}", self.full_path(path).display());
        self.fail(Failure::ReadOnly(reason));
        self.io("sync", path, error)
    }

    fn error_of(&self, failure: &Failure) -> Error {
        let (topic, partition) = (self.setup.topic_name.clone(), self.setup.id);
        match failure.clone() {
            Failure::Corrupt { file, offset, position, reason } => {
                Error::Corrupt { topic, partition, file, offset, position, reason }
            }
            Failure::ReadOnly(reason) => Error::PartitionReadOnly { topic, partition, reason },
        }
    }
}
