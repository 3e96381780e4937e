//! Backups of a log while it is at work, and logs made of them.

mod copy;
mod manifest;
mod plan;
mod restore;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::disk::{Create, Disk, LOCK_FILE, LockError, RealDisk};
use crate::error::{Error, Result};
use crate::ids::PartitionId;
use crate::journal::Image;

use super::{Side, Store, StoreInner};
use copy::Copier;
use manifest::{MANIFEST_FILE, NEW_MANIFEST_FILE, SEGMENTS_DIR, io};
use plan::Planned;

pub(crate) use manifest::Manifest;

pub(super) use restore::RESTORING_FILE;

/// Keeps records from being deleted while they are copied.
const PIN_OWNER: &str = "__backup";

/// How long is waited before pins are tried again.
const PAUSE: Duration = Duration::from_millis(5);

/// How often it begins anew because a topic was deleted or records were given up under its hands.
const ATTEMPTS: usize = 10;

/// How far a backup, or a restoring of one, has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackupProgress {
    /// Bytes that were looked at or copied.
    pub bytes: u64,
    /// Bytes of all segments.
    pub bytes_total: u64,
}

/// What a backup holds, and what it took to make it or to restore it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackupReport {
    /// When it was taken, in milliseconds since the Unix epoch: it has what was committed until then.
    pub taken_ms: i64,
    /// How many topics it has, those of programs' bookkeeping among them.
    pub topics: usize,
    /// How many segments it has.
    pub segments: usize,
    /// Their size in bytes.
    pub bytes: u64,
    /// How many of these bytes were copied; the others were there from an earlier backup.
    pub copied_bytes: u64,
}

impl Store {
    /// Makes a backup in a directory of its own: all topics with their records, properties, pins, producers and writers, as of one
    /// instant. Others go on writing meanwhile. A second backup to the same directory copies only what is new, and takes the
    /// place of the first in one step: if it is cut short, the first is there as it was.
    ///
    /// Each batch that is copied is verified. Records are not deleted while they are copied. `tell` hears how far it is, and may end it;
    /// then, too, the earlier backup stays. [`Store::restore`] makes a log of it.
    ///
    /// ```
    /// # use log_store::{RecordsBuilder, Store, TopicConfig};
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let dir = dir.path();
    /// # use std::ops::ControlFlow;
    /// let store = Store::open(dir.join("data"))?;
    /// let orders = store.create_topic("orders", TopicConfig::default())?.partition(0)?;
    /// let mut records = RecordsBuilder::new();
    /// records.push(0, None, Some(b"value"));
    /// orders.append(records)?;
    /// store.backup(dir.join("backup"), |_| ControlFlow::Continue(()))?;
    ///
    /// Store::restore(dir.join("backup"), dir.join("restored"), |_| ControlFlow::Continue(()))?;
    /// let restored = Store::open(dir.join("restored"))?;
    /// assert_eq!(restored.topic("orders")?.partition(0)?.high_watermark().0, 1);
    /// # Ok::<(), log_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NotABackup`] if the directory holds anything else, [`Error::CorruptBackup`] if the earlier one is damaged;
    /// [`Error::Claimed`] if a backup of this log is under way; [`Error::DamagedSegment`] if one is; [`Error::Stopped`] if `tell` ended it;
    /// [`Error::Disturbed`]; [`Error::Locked`]; [`Error::Io`].
    pub fn backup(
        &self,
        to: impl AsRef<Path>,
        tell: impl FnMut(BackupProgress) -> ControlFlow<()>,
    ) -> Result<BackupReport> {
        let to = to.as_ref();
        let (data, absolute) = (std::path::absolute(self.dir()), std::path::absolute(to));
        if let (Ok(data), Ok(absolute)) = (data, absolute)
            && (absolute.starts_with(&data) || data.starts_with(&absolute))
        {
            let found = format!("it is within the data directory {}, or that within it", data.display());
            return Err(Error::NotABackup { dir: to.to_owned(), found });
        }
        self.backup_on(Arc::new(RealDisk::new(to)), tell)
    }

    /// As [`Store::backup`], to any disk.
    ///
    /// # Errors
    /// As [`Store::backup`].
    pub fn backup_on(
        &self,
        to: Arc<dyn Disk>,
        mut tell: impl FnMut(BackupProgress) -> ControlFlow<()>,
    ) -> Result<BackupReport> {
        let claim = self.claim("a backup of this log")?;
        let _lock = take(&*to)?;
        let before = Manifest::load(&*to)?;
        let mut attempts = 0;
        let backed_up = loop {
            attempts += 1;
            match self.attempt(&*to, before.as_ref(), &mut tell) {
                Err(Error::Disturbed { .. }) if attempts < ATTEMPTS => {}
                outcome => break outcome,
            }
        };
        // Whatever came of it. If the pins cannot be taken away, the next backup does it.
        let unpinned = self.set_pins(PIN_OWNER, &[]);
        drop(claim);
        let (report, manifest) = backed_up?;
        unpinned?;
        copy::prune(&*to, &manifest)?;
        Ok(report)
    }

    fn attempt(
        &self,
        to: &dyn Disk,
        before: Option<&Manifest>,
        tell: &mut dyn FnMut(BackupProgress) -> ControlFlow<()>,
    ) -> Result<(BackupReport, Manifest)> {
        self.pin_everything()?;
        let taken_ms = self.inner.config.clock.now_ms();
        let mut image = self.inner.image_of_now()?;
        // What was seen and not synced must not go from the log with the power, and stay in its backups: the next one goes on from this
        // one. The pins are durable when all before them is.
        self.pin_everything()?;
        image.registry.pins.remove(PIN_OWNER);
        // It is as if the store had been killed just then: opening it ends what was under way.
        image.clean = false;
        let from = &*self.inner.disk;
        let planned = plan::plan(from, &image)?;
        let bytes_total = planned.iter().map(|one| one.bytes).sum();
        let progress = BackupProgress { bytes: 0, bytes_total };
        let mut copier = Copier { from, to, progress, tell, copied_bytes: 0 };
        let before = before.map_or_else(BTreeMap::new, Manifest::by_segment);
        copier.check_same_log(&planned, &before)?;
        let back_up = |one: &Planned| {
            let earlier = before.get(&(one.topic, one.partition, one.base)).copied();
            copier.back_up(one, earlier)
        };
        let files = planned.iter().map(back_up).collect::<Result<Vec<_>>>()?;
        let copied_bytes = copier.copied_bytes;
        copy::sync_dirs(to, &files)?;
        let manifest = Manifest { taken_ms, image, files };
        manifest.store(to)?;
        Ok((manifest.report(copied_bytes), manifest))
    }

    /// Keeps all records that there are.
    fn pin_everything(&self) -> Result<()> {
        for _ in 0..ATTEMPTS {
            let mut pins = Vec::new();
            for topic in self.topics() {
                let starts = (0..).zip(topic.snapshot());
                pins.extend(starts.map(|(number, range)| (topic.id(), PartitionId(number), range.start)));
            }
            match self.set_pins(PIN_OWNER, &pins) {
                // Somebody was faster, and this process has perhaps not heard of it yet.
                Err(Error::OffsetOutOfRange { .. } | Error::UnknownTopic { .. }) => thread::sleep(PAUSE),
                pinned => return pinned,
            }
        }
        Err(Error::Disturbed { what: "a topic was deleted, or records were given up,".to_owned() })
    }
}

impl StoreInner {
    /// What the journal's head would hold now, with all that is visible and nothing else.
    fn image_of_now(&self) -> Result<Image> {
        match &self.side {
            Side::Own(own) => {
                own.journal.check()?;
                Ok(self.visible_image())
            }
            Side::Through(link) => link.image(),
        }
    }

    /// The state of the log as of one step.
    pub(super) fn visible_image(&self) -> Image {
        let catalog = self.catalog();
        let held = self.visible.hold();
        let mut image = catalog.image();
        drop(held);
        catalog.strip_answers(&mut image);
        image
    }
}

impl Manifest {
    fn report(&self, copied_bytes: u64) -> BackupReport {
        BackupReport {
            taken_ms: self.taken_ms,
            topics: self.image.registry.topics.len(),
            segments: self.files.len(),
            bytes: self.bytes(),
            copied_bytes,
        }
    }
}

/// Takes a directory for a backup, unless it holds something else.
fn take(disk: &dyn Disk) -> Result<Box<dyn Send + Sync>> {
    disk.create_dir_all(Path::new("")).map_err(|error| io(disk, "make", Path::new(""), error))?;
    let names = disk.list(Path::new("")).map_err(|error| io(disk, "list", Path::new(""), error))?;
    let known = [LOCK_FILE, MANIFEST_FILE, NEW_MANIFEST_FILE, SEGMENTS_DIR];
    if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(Error::NotABackup { dir: disk.root(), found: format!("it holds `{name}`") });
    }
    disk.close_to_others().map_err(|error| io(disk, "keep private", Path::new(""), error))?;
    lock(disk)
}

fn lock(disk: &dyn Disk) -> Result<Box<dyn Send + Sync>> {
    disk.lock(Path::new(LOCK_FILE)).map_err(|error| match error {
        LockError::Held(holder) => Error::Locked { dir: disk.root(), holder },
        LockError::Io(error) => io(disk, "lock", Path::new(LOCK_FILE), error),
    })
}

/// Makes an empty file, to be there after a crash.
fn make_durably(disk: &dyn Disk, path: &Path) -> Result<()> {
    let made = disk.open(path, Create::IfMissing).and_then(|file| file.sync_data());
    made.and_then(|()| disk.sync_dir(Path::new(""))).map_err(|error| io(disk, "make", path, error))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::{MemDisk, RecordsBuilder, StoreConfig, TopicConfig};

    #[test]
    fn the_state_that_is_copied_is_that_of_one_step() {
        const PARTITIONS: u32 = 400;
        let store = Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default()).unwrap();
        let topic = store.create_topic("t", TopicConfig::with_partitions(PARTITIONS)).unwrap();
        let ended = AtomicBool::new(false);
        let mut seen = 0;
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..3000 {
                    let mut records = RecordsBuilder::new();
                    records.push(0, None, Some(b"value"));
                    topic.append_together([(0, records.clone()), (PARTITIONS - 1, records)]).unwrap();
                }
                ended.store(true, Ordering::Release);
            });
            while !ended.load(Ordering::Acquire) {
                let image = store.inner.visible_image();
                let states = &image.partitions[&topic.id()];
                let (first, last) = (&states[0].tail, &states[PARTITIONS as usize - 1].tail);
                assert_eq!(first.end, last.end);
                seen += 1;
            }
        });
        assert!(seen > 0);
    }
}
