//! Topics: named, partitioned logs.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::config::{PARTITIONS_MAX, TopicConfig, is_reserved};
use crate::error::{Error, Result};
use crate::ids::{Offset, PartitionId, TopicId};
use crate::journal::{Entry, Property};
use crate::partition::{
    PartitionCore, PartitionSetup, PartitionState, SharedSettings, TOPICS_DIR, topic_dir,
};

use crate::remote::tell_entry;
use crate::segment::SyncState;
use crate::visible::{Publish, Step, Stepped, Touched, Visible};

use super::{Partition, Side, StoreInner};

/// A topic of an open store.
#[derive(Clone)]
pub struct Topic {
    pub(super) store: Arc<StoreInner>,
    pub(super) core: Arc<TopicCore>,
}

pub(crate) struct TopicCore {
    pub(super) id: TopicId,
    pub(super) name: String,
    /// As everybody sees it: what the journal has.
    config: Stepped<TopicConfig>,
    deleted: Arc<AtomicBool>,
    settings: Arc<SharedSettings>,
    /// As everybody sees them: more are added, and none is ever taken away.
    partitions: Stepped<Partitions>,
    /// Whether the names of its directories are durable.
    dirs: Arc<SyncState>,
}

/// The partitions of a topic, in the order of their numbers.
pub(super) type Partitions = Arc<Vec<Arc<PartitionCore>>>;

/// What a topic and its partitions have in common.
pub(super) struct TopicShared {
    pub(super) visible: Arc<Visible>,
    pub(super) dirs: Arc<SyncState>,
    pub(super) deleted: Arc<AtomicBool>,
    pub(super) settings: Arc<SharedSettings>,
}

impl Topic {
    pub(super) fn new(store: Arc<StoreInner>, core: Arc<TopicCore>) -> Topic {
        Topic { store, core }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.core.name
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> TopicId {
        self.core.id
    }

    /// How many partitions it has now: [`Topic::add_partitions`] adds some, also to topics that are in use.
    #[must_use]
    pub fn partitions(&self) -> u32 {
        self.core.partitions().len() as u32
    }

    /// One of its partitions, numbered from 0.
    ///
    /// # Errors
    /// [`Error::UnknownPartition`].
    pub fn partition(&self, number: u32) -> Result<Partition> {
        Ok(Partition::new(self.store.clone(), self.core.partition(number)?))
    }

    /// Whether there is anything to wait for: fails if no record of it will be read or written any more.
    ///
    /// ```
    /// # use log_store::{Error, TopicConfig};
    /// # let store = log_store::Store::open_on(std::sync::Arc::new(log_store::MemDisk::new()), Default::default())?;
    /// let orders = store.create_topic("orders", TopicConfig::default())?;
    /// orders.check()?;
    /// store.close()?;
    /// assert!(matches!(orders.check(), Err(Error::Closed)));
    /// # Ok::<(), log_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Closed`] if the store was closed, [`Error::UnknownTopic`] if the topic was deleted.
    pub fn check(&self) -> Result<()> {
        self.store.check_open()?;
        if self.core.deleted.load(Ordering::Acquire) { Err(Error::deleted(&self.core.name)) } else { Ok(()) }
    }

    /// What can be read of its partitions as of one commit, in their order: as [`crate::Store::snapshot`].
    #[must_use]
    pub fn snapshot(&self) -> Vec<Range<Offset>> {
        self.store.readable(self.core.partitions().iter().map(|partition| &**partition))
    }

    /// Its settings as they are now.
    #[must_use]
    pub fn config(&self) -> TopicConfig {
        self.core.config()
    }

    /// The largest record in bytes, encoded, that it takes as it is set now: [`TopicConfig::max_message_bytes`], and no more than
    /// [`Store::record_bytes_max`](crate::Store::record_bytes_max).
    ///
    /// ```
    /// # use log_store::TopicConfig;
    /// # let store = log_store::Store::open_on(std::sync::Arc::new(log_store::MemDisk::new()), Default::default())?;
    /// let orders = store.create_topic("orders", TopicConfig::default())?;
    /// assert_eq!(orders.record_bytes_max(), store.record_bytes_max());
    /// orders.alter(|config| config.max_message_bytes = Some(1000))?;
    /// assert_eq!(orders.record_bytes_max(), 1000);
    /// # Ok::<(), log_store::Error>(())
    /// ```
    #[must_use]
    pub fn record_bytes_max(&self) -> usize {
        let own = self.core.config.with(|config| config.max_message_bytes);
        let own = own.and_then(|bytes| usize::try_from(bytes).ok());
        own.unwrap_or(usize::MAX).min(super::record_bytes_max(&self.store.config))
    }

    /// What is kept with it under that name.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<Vec<u8>> {
        self.core.config.with(|config| config.properties.get(name).cloned())
    }

    /// Changes its settings, durably: what `change` makes of them. From then on the topic goes by them, in all processes; what is
    /// in the log already stays as it is until retention gives it up. Of several who alter a topic at once, each changes what its
    /// own `change` does.
    ///
    /// ```
    /// # use log_store::{Compression, TopicConfig};
    /// # let store = log_store::Store::open_on(std::sync::Arc::new(log_store::MemDisk::new()), Default::default())?;
    /// use std::time::Duration;
    /// let orders = store.create_topic("orders", TopicConfig::default())?;
    /// orders.alter(|config| {
    ///     config.retention = Some(Duration::from_secs(7 * 24 * 60 * 60));
    ///     config.compression = Compression::Lz4;
    /// })?;
    /// assert_eq!(orders.config().compression, Compression::Lz4);
    /// # Ok::<(), log_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidTopic`] if it cannot have these settings, or if `change` changes what is no setting: the number of partitions,
    /// properties, whether it is internal; [`Error::UnknownTopic`] if it was deleted, or a failure of the journal.
    pub fn alter(&self, change: impl FnOnce(&mut TopicConfig)) -> Result<()> {
        let before = self.config();
        let mut after = before.clone();
        change(&mut after);
        let invalid = |reason: String| Error::InvalidTopic { name: self.core.name.clone(), reason };
        let apart = (after.partitions, after.internal, &after.properties);
        if apart != (before.partitions, before.internal, &before.properties) {
            return Err(invalid("its settings alone can be altered".to_owned()));
        }
        after.check_settings().map_err(|error| invalid(error.to_string()))?;
        self.alter_by(before.changes_to(&after))
    }

    /// Makes such changes of its settings, see [`TopicConfig::changes_to`].
    pub(super) fn alter_by(&self, changes: Vec<(String, Option<String>)>) -> Result<()> {
        if changes.is_empty() {
            return self.check();
        }
        match &self.store.side {
            Side::Own(_) => self.store.alter_topic(&self.core, &changes),
            Side::Through(link) => link.alter_topic(self.core.id, changes),
        }
    }

    /// Keeps `value` with it, durably. [`crate::Transaction::set_property`] does it together with records.
    ///
    /// # Errors
    /// [`Error::UnknownTopic`] if it was deleted, [`Error::InvalidTopic`] if the name begins with `log.`, or a failure of the journal.
    pub fn set_property(&self, name: &str, value: &[u8]) -> Result<()> {
        check_property_name(&self.core.name, name)?;
        if let Side::Through(link) = &self.store.side {
            return link.set_property(self.core.id, name, value);
        }
        // The catalog's lock gives concurrent changes one order, in memory and in the journal.
        let mut catalog = self.store.catalog();
        catalog.check_exists(&self.core)?;
        let journal = &self.store.own().journal;
        journal.check()?;
        let publish = Box::new(PropertySet::new(self.core.clone(), name, value));
        let property = Property { topic: self.core.id, name: name.to_owned(), value: value.to_owned() };
        let ticket = self.store.enqueue(&mut catalog, Entry::Property(property), publish);
        drop(catalog);
        journal.wait(ticket, &*self.store)
    }
}

/// Lets everybody see a property.
pub(super) struct PropertySet {
    core: Arc<TopicCore>,
    name: String,
    value: Vec<u8>,
}

impl PropertySet {
    pub(super) fn new(core: Arc<TopicCore>, name: &str, value: &[u8]) -> PropertySet {
        PropertySet { core, name: name.to_owned(), value: value.to_owned() }
    }
}

impl Publish for PropertySet {
    fn prepare(&mut self, from: Step) {
        self.core.publish_property(from, &self.name, &self.value);
    }

    fn wake(&mut self) {}

    fn tell(&self, out: &mut Vec<u8>) {
        let (topic, name, value) = (self.core.id, self.name.clone(), self.value.clone());
        tell_entry(out, &Entry::Property(Property { topic, name, value }));
    }

    fn touch(&self, out: &mut Vec<Touched>) {
        out.push(Touched { topic: self.core.id, partition: None });
    }
}

impl TopicCore {
    pub(super) fn new(
        id: TopicId,
        name: String,
        config: TopicConfig,
        shared: TopicShared,
        partitions: Vec<Arc<PartitionCore>>,
    ) -> TopicCore {
        let TopicShared { visible, dirs, deleted, settings } = shared;
        let partitions = Stepped::new(visible.clone(), Arc::new(partitions));
        TopicCore { id, name, config: Stepped::new(visible, config), deleted, settings, partitions, dirs }
    }

    /// Those that it has now.
    pub(super) fn partitions(&self) -> Partitions {
        self.partitions.get()
    }

    /// Has these partitions from a step on: those that it had, and perhaps more.
    pub(super) fn replace_partitions(&self, from: Step, partitions: Vec<Arc<PartitionCore>>) {
        self.config.change(from, |config| config.partitions = partitions.len() as u32);
        self.partitions.change(from, |own| *own = Arc::new(partitions));
    }

    /// Has more partitions from a step on, behind those that it has by then.
    pub(super) fn extend_partitions(&self, from: Step, added: Vec<Arc<PartitionCore>>) {
        let mut total = 0;
        self.partitions.change(from, |own| {
            let new = added.into_iter().skip_while(|one| (one.setup.id.0 as usize) < own.len());
            *own = Arc::new(own.iter().cloned().chain(new).collect());
            total = own.len() as u32;
        });
        self.config.change(from, |config| config.partitions = total);
    }

    pub(super) fn config(&self) -> TopicConfig {
        self.config.get()
    }

    pub(super) fn is_internal(&self) -> bool {
        self.config.with(|config| config.internal)
    }

    pub(super) fn partition(&self, number: u32) -> Result<Arc<PartitionCore>> {
        self.partitions.with(|partitions| {
            partitions.get(number as usize).cloned().ok_or_else(|| Error::UnknownPartition {
                topic: self.name.clone(),
                partition: number,
                partitions: partitions.len() as u32,
            })
        })
    }

    /// Replaces all its settings, from a step on.
    pub(super) fn replace_config(&self, from: Step, config: &TopicConfig) {
        self.config.change(from, |own| own.clone_from(config));
        self.settings.follow(config);
    }

    fn publish_property(&self, from: Step, name: &str, value: &[u8]) {
        self.config.change(from, |config| {
            config.put_property(name, value);
            if is_reserved(name) {
                self.settings.follow(config);
            }
        });
    }

    /// Neither takes nor serves records any more. Whoever waits for some is woken.
    pub(super) fn delete(&self) {
        self.deleted.store(true, Ordering::Release);
        self.partitions().iter().for_each(|partition| partition.wake());
    }
}

impl StoreInner {
    /// A topic without records. Its directories are made when they are needed.
    pub(super) fn new_topic(&self, id: TopicId, name: &str, config: &TopicConfig) -> Arc<TopicCore> {
        let states = vec![PartitionState::default(); config.partitions as usize];
        self.topic_with(id, name, config, states)
    }

    /// A topic whose partitions have these states, and no segments at hand.
    pub(super) fn topic_with(
        &self,
        id: TopicId,
        name: &str,
        config: &TopicConfig,
        states: Vec<PartitionState>,
    ) -> Arc<TopicCore> {
        let (dirs, deleted) = (Arc::<SyncState>::default(), Arc::<AtomicBool>::default());
        let settings = Arc::new(SharedSettings::new(&self.config, config));
        let shared = TopicShared { visible: self.visible.clone(), dirs, deleted, settings };
        let partition = |(number, state)| {
            let setup = self.setup(id, name, PartitionId(number), &shared);
            Arc::new(PartitionCore::new(setup, state, Vec::new()))
        };
        let partitions = (0..config.partitions).zip(states).map(partition).collect();
        Arc::new(TopicCore::new(id, name.to_owned(), config.clone(), shared, partitions))
    }

    /// Partitions without records from one number to before another, for a topic that is to have them.
    pub(super) fn more_partitions(&self, core: &TopicCore, from: u32, until: u32) -> Vec<Arc<PartitionCore>> {
        let shared = TopicShared {
            visible: self.visible.clone(),
            dirs: core.dirs.clone(),
            deleted: core.deleted.clone(),
            settings: core.settings.clone(),
        };
        let partition = |number| {
            let setup = self.setup(core.id, &core.name, PartitionId(number), &shared);
            Arc::new(PartitionCore::new(setup, PartitionState::default(), Vec::new()))
        };
        (from..until).map(partition).collect()
    }

    fn setup(&self, id: TopicId, name: &str, partition: PartitionId, shared: &TopicShared) -> PartitionSetup {
        PartitionSetup {
            topic: id,
            topic_name: name.to_owned(),
            id: partition,
            disk: self.disk.clone(),
            index_interval: self.config.index_interval_bytes,
            settings: shared.settings.clone(),
            dirs: shared.dirs.clone(),
            deleted: shared.deleted.clone(),
            visible: shared.visible.clone(),
            mirrored: matches!(self.side, Side::Through(_)),
        }
    }

    pub(super) fn remove_files_of(&self, topic: TopicId) -> Result<()> {
        let dir = topic_dir(topic);
        let name = topic.to_string();
        let listed = self.disk.list(Path::new(TOPICS_DIR));
        let listed = listed.map_err(|error| self.io("list", Path::new(TOPICS_DIR), error))?;
        if listed.contains(&name) {
            self.disk.remove_dir_all(&dir).map_err(|error| self.io("remove", &dir, error))?;
        }
        Ok(())
    }

    fn io(&self, action: &'static str, path: &Path, error: std::io::Error) -> Error {
        Error::io(action, &self.disk.root().join(path), error)
    }
}

/// Fails if a topic cannot have this name or these settings.
pub(super) fn check(name: &str, config: &TopicConfig) -> Result<()> {
    let invalid =
        |reason: &str| Err(Error::InvalidTopic { name: name.to_owned(), reason: reason.to_owned() });
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if name.is_empty() || name.len() > 249 || !name.bytes().all(legal) || name == "." || name == ".." {
        return invalid("a name has 1 to 249 of the characters a-z A-Z 0-9 . _ - and is not `.` or `..`");
    }
    if !(1..=PARTITIONS_MAX).contains(&config.partitions) {
        return invalid("a topic has 1 to 65,536 partitions");
    }
    if let Err(error) = config.check_settings() {
        return invalid(&error.to_string());
    }
    config.properties.keys().try_for_each(|property| check_property_name(name, property))
}

/// Fails if a property's name is not for others.
pub(super) fn check_property_name(topic: &str, property: &str) -> Result<()> {
    if is_reserved(property) {
        let reason = format!(
            "its property `{property}` is not to be set: names that begin with `log.` are the log's own; `Topic::alter` changes settings"
        );
        return Err(Error::InvalidTopic { name: topic.to_owned(), reason });
    }
    Ok(())
}
