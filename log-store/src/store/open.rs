//! Opening a store: take the directory, read the journal, bring the segments up to it.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use crate::config::StoreConfig;
use crate::disk::{Create, Disk, DiskFile, LOCK_FILE, LockError};
use crate::error::{Error, Result};
use crate::ids::{PartitionId, TopicId};
use crate::journal::{self, Entry, Image, Journal, JournalFile, Loaded, Part, RegisteredTopic, Torn};
use crate::loss::{CutTail, PossibleLoss};
use crate::partition::{
    Failure, PartitionCore, PartitionSetup, PartitionState, SharedSettings, TOPICS_DIR, recover,
    sync_together, topic_dir,
};
use crate::segment::{SyncState, log_path};
use crate::visible::Visible;

use super::answers::Answers;
use super::catalog::Catalog;
use super::group::CommittedOffsets;
use super::recovery::RecoveryReport;
use super::stamp::{self, LostStamp, Stamp};
use super::topic::{TopicCore, TopicShared};
use super::{Own, Side, StoreInner};

/// Places where a segment is shorter than the journal says it was.
type Gaps = BTreeMap<(TopicId, PartitionId), Failure>;

pub(super) fn open(disk: Arc<dyn Disk>, config: StoreConfig) -> Result<StoreInner> {
    open_telling(disk, config, || ())
}

/// As [`open`], and calls `taken` once the directory is this store's, before it is recovered.
pub(super) fn open_telling(
    disk: Arc<dyn Disk>,
    mut config: StoreConfig,
    taken: impl FnOnce(),
) -> Result<StoreInner> {
    config.segment_bytes = config.segment_bytes.clamp(1, 1 << 30);
    config.inline_bytes = config.inline_bytes.min(64 << 20);
    let lock = take_directory(&*disk)?;
    taken();
    let visible = Arc::<Visible>::default();
    let opened = match stamp::check(&*disk)? {
        Stamp::New => Opened::new(&disk, &config)?,
        Stamp::Known => Opened::recovered(&disk, &visible, &config, false)?,
        Stamp::Lost(LostStamp::PerhapsNeverWritten) if journal::is_unborn(&*disk)? => {
            Opened::new(&disk, &config)?
        }
        Stamp::Lost(_) => Opened::recovered(&disk, &visible, &config, true)?,
    };
    Ok(StoreInner {
        disk,
        config,
        side: Side::Own(Box::new(Own::new(Journal::new(opened.file, visible.clone()), lock))),
        visible,
        catalog: Mutex::new(opened.catalog),
        hooks: Arc::default(),
        recovery: opened.recovery,
        closed: AtomicBool::new(false),
        offsets: CommittedOffsets::default(),
    })
}

struct Opened {
    file: JournalFile,
    catalog: Catalog,
    recovery: RecoveryReport,
}

/// Makes the directory if need be, and takes it for this store, unless it holds something else.
fn take_directory(disk: &dyn Disk) -> Result<Box<dyn Send + Sync>> {
    let dir = disk.root();
    disk.create_dir_all(Path::new("")).map_err(|error| Error::io("make", &dir, error))?;
    // Before anything is changed in it: it may be anybody's.
    stamp::check(disk)?;
    disk.close_to_others().map_err(|error| Error::io("keep private", &dir, error))?;
    disk.lock(Path::new(LOCK_FILE)).map_err(|error| match error {
        LockError::Held(holder) => Error::Locked { dir, holder },
        LockError::Io(error) => Error::io("lock", &dir.join(LOCK_FILE), error),
    })
}

impl Opened {
    fn new(disk: &Arc<dyn Disk>, config: &StoreConfig) -> Result<Opened> {
        let file = journal::create(disk.clone(), config.journal_bytes)?;
        stamp::write(&**disk)?;
        let recovery = RecoveryReport { clean: true, ..RecoveryReport::default() };
        Ok(Opened { file, catalog: Catalog::default(), recovery })
    }

    /// Opens what the journal tells of. The journal's frames carry a version of their own, so that a lost `FORMAT` can be
    /// written again once the journal was read whole.
    fn recovered(
        disk: &Arc<dyn Disk>,
        visible: &Arc<Visible>,
        config: &StoreConfig,
        format_lost: bool,
    ) -> Result<Opened> {
        let loaded = journal::load(disk.clone(), config.journal_bytes)?;
        if format_lost {
            stamp::write(&**disk)?;
        }
        let report = RecoveryReport { format_restored: format_lost, ..RecoveryReport::default() };
        Recovery { disk: disk.clone(), visible: visible.clone(), config: config.clone(), report }.run(loaded)
    }
}

struct Recovery {
    disk: Arc<dyn Disk>,
    visible: Arc<Visible>,
    config: StoreConfig,
    report: RecoveryReport,
}

impl Recovery {
    fn run(mut self, loaded: Loaded) -> Result<Opened> {
        let Loaded { head, entries, mut file, mended, torn } = loaded;
        let mut image = head.clone();
        entries.iter().for_each(|entry| image.apply(entry));
        let gaps = self.redo(&image, &entries)?;
        let mut topics = BTreeMap::new();
        let mut changed = torn.is_some() || mended > 0 || !entries.is_empty() || !head.clean;
        for (id, topic) in &image.registry.topics {
            let states = (&image.partitions[id][..], head.partitions.get(id).map(Vec::as_slice));
            let (core, topic_changed) = self.open_topic(*id, topic, states, &gaps)?;
            changed |= topic_changed;
            topics.insert(*id, Arc::new(core));
        }
        changed |= self.remove_orphans(&image)?;
        self.report.clean = !changed && !self.report.format_restored;
        self.report.journal_entries = entries.len();
        self.report.journal_mended = mended;
        self.report.journal_torn = torn.is_some();
        if torn == Some(Torn::PerhapsAcknowledged) {
            let loss = PossibleLoss { found_ms: self.config.clock.now_ms(), cut: self.report.cut.clone() };
            image.registry.losses.push(loss.clone());
            self.report.possible_loss = Some(loss);
        }
        let answers = Answers::of(&image.registry);
        let catalog = Catalog::new(image.registry, topics, answers);
        if changed {
            // What was redone must be durable before the journal lets go of it, and what is torn at its end
            // must never be read again.
            let unsynced = catalog.unsynced_partitions();
            sync_together(&unsynced, self.config.sync_threads, PartitionCore::sync)?;
            file.rotate(&catalog.image(), 0)?;
        } else {
            file.confirm()?;
        }
        Ok(Opened { file, catalog, recovery: self.report })
    }

    /// Writes what the journal has to the segments, at its exact place.
    fn redo(&mut self, image: &Image, entries: &[Entry]) -> Result<Gaps> {
        let mut gaps = Gaps::new();
        let mut files = HashMap::new();
        let parts = entries.iter().flat_map(|entry| match entry {
            Entry::Commit(commit) => &commit.parts[..],
            _ => &[],
        });
        for part in parts.filter(|part| !part.bytes.is_empty()) {
            let log_start = image.partition(part.topic, part.partition).map(|state| state.log_start);
            // Of deleted topics nothing is needed.
            if log_start.is_none() {
                continue;
            }
            let dir = topic_dir(part.topic).join(part.partition.to_string());
            let path = log_path(&dir, part.segment);
            let redone = self.redo_part(part, &dir, &path, &mut files);
            let redone = redone.map_err(|error| Error::io("write", &self.disk.root().join(&path), error))?;
            match redone {
                Redone::Written => self.report.redone_bytes += part.bytes.len() as u64,
                // The segment was deleted since, when the log start passed it. If it was not, what is missing
                // shows when its records are gone through.
                Redone::Short(_) if Some(part.end) <= log_start => {}
                Redone::Short(length) => {
                    let failure = Failure::Corrupt {
                        file: self.disk.root().join(&path),
                        offset: part.base,
                        position: length,
                        reason: format!(
                            "the file ends at byte {length}, but {} bytes of it were durable",
                            part.position
                        ),
                    };
                    gaps.entry((part.topic, part.partition)).or_insert(failure);
                }
            }
        }
        Ok(gaps)
    }

    fn redo_part(
        &self,
        part: &Part,
        dir: &Path,
        path: &Path,
        files: &mut HashMap<PathBuf, Arc<dyn DiskFile>>,
    ) -> io::Result<Redone> {
        if !files.contains_key(path) {
            // Only a segment's first bytes can be the reason for making it.
            let create = if part.position == 0 { Create::IfMissing } else { Create::No };
            if part.position == 0 {
                self.disk.create_dir_all(dir)?;
            }
            match self.disk.open(path, create) {
                Ok(file) => files.insert(path.to_owned(), file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Redone::Short(0)),
                Err(error) => return Err(error),
            };
        }
        let file = &files[path];
        let length = file.len()?;
        if length < part.position {
            return Ok(Redone::Short(length));
        }
        file.write_all_at(&part.bytes, part.position)?;
        Ok(Redone::Written)
    }

    fn open_topic(
        &mut self,
        id: TopicId,
        topic: &RegisteredTopic,
        (states, at_head): (&[PartitionState], Option<&[PartitionState]>),
        gaps: &Gaps,
    ) -> Result<(TopicCore, bool)> {
        let mut partitions = Vec::with_capacity(states.len());
        let (mut changed, dirs) = (false, Arc::<SyncState>::default());
        let deleted = Arc::<AtomicBool>::default();
        let settings = Arc::new(SharedSettings::new(&self.config, &topic.config));
        for (number, state) in states.iter().enumerate() {
            let partition = PartitionId(number as u32);
            let setup = PartitionSetup {
                topic: id,
                topic_name: topic.name.clone(),
                id: partition,
                disk: self.disk.clone(),
                index_interval: self.config.index_interval_bytes,
                settings: settings.clone(),
                dirs: dirs.clone(),
                deleted: deleted.clone(),
                visible: self.visible.clone(),
                mirrored: false,
            };
            let before = at_head.and_then(|states| states.get(number)).cloned().unwrap_or_default();
            let gap = gaps.get(&(id, partition)).cloned();
            let now_ms = self.config.clock.now_ms();
            let recovered = recover(setup, &before, &state.tail, state.log_start, gap, now_ms)?;
            changed |= recovered.changed;
            if recovered.cut_bytes > 0 {
                let (topic_name, bytes) = (topic.name.clone(), recovered.cut_bytes);
                self.report.cut.push(CutTail { topic: id, topic_name, partition, bytes });
            }
            self.report.aborted_transactions += recovered.aborted;
            if let Err(error) = recovered.core.check_writable() {
                self.report.damaged.push(error.to_string());
            }
            partitions.push(Arc::new(recovered.core));
        }
        let (name, config) = (topic.name.clone(), topic.config.clone());
        let shared = TopicShared { visible: self.visible.clone(), dirs, deleted, settings };
        Ok((TopicCore::new(id, name, config, shared, partitions), changed))
    }

    /// Removes the directories of topics that were deleted, or never quite made.
    fn remove_orphans(&self, image: &Image) -> Result<bool> {
        let topics = Path::new(TOPICS_DIR);
        let failed = |action, path: &Path, error| Error::io(action, &self.disk.root().join(path), error);
        let names = self.disk.list(topics).map_err(|error| failed("list", topics, error))?;
        let mut removed = false;
        for name in names {
            let Some(id) = TopicId::of_dir(&name) else { continue };
            if !image.registry.topics.contains_key(&id) {
                let dir = topic_dir(id);
                self.disk.remove_dir_all(&dir).map_err(|error| failed("remove", &dir, error))?;
                removed = true;
            }
        }
        Ok(removed)
    }
}

/// What became of a part.
enum Redone {
    Written,
    /// The segment ends before the place, after this many bytes.
    Short(u64),
}
