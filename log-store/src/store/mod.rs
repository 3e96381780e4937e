//! The store: a data directory, its topics, and everything that changes them durably.

mod added;
#[cfg(test)]
mod agreement;
mod answers;
mod backup;
mod batch;
mod catalog;
mod claim;
mod claimed;
mod client;
mod commit;
mod consumer;
mod direct;
mod flusher;
mod group;
mod hooks;
mod open;
mod opening;
mod own;
mod partition;
mod processes;
mod producer;
mod recovery;
mod retention;
mod scan;
mod sender;
mod server;
mod sharing;
mod stamp;
mod syncer;
mod topic;
mod transaction;
mod underway;
mod writer;
mod writers;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::config::{Clock, StoreConfig, TopicConfig};
use crate::disk::Disk;
use crate::error::{Error, Result};
use crate::ids::{Offset, PartitionId, TopicId};
use crate::journal::Pin;
use crate::loss::PossibleLoss;
use crate::partition::PartitionCore;
use crate::record::MAX_RECORD_BYTES;
use crate::visible::Visible;

use catalog::Catalog;
use client::Link;
use hooks::Hooks;
use own::Own;

pub use backup::{BackupProgress, BackupReport};
pub use claim::Claim;
pub use consumer::{Consumer, ConsumerConfig, ConsumerWaker, OffsetReset, Polled};
pub use group::{Group, GroupMember, GroupPartition, GroupState, OffsetSpec};
pub use hooks::Subscription;
pub use partition::Partition;
pub use processes::{Process, Processes};
pub use producer::Producer;
pub use recovery::RecoveryReport;
pub use scan::Scan;
pub use sender::{Ack, Acknowledged, NewRecord, Sender, SenderConfig};
pub use topic::Topic;
pub use transaction::Transaction;
pub use writer::Writer;

/// What of the store reads bytes that others may have written.
#[cfg(test)]
pub(crate) mod fuzzed {
    pub(crate) use super::answers::Answer as KeptAnswer;
    pub(crate) use super::backup::Manifest;
}

/// An open data directory. Clones are the same store.
///
/// Several processes can have one directory open: the first owns it, and others work through it, with the same methods and the same
/// promises; if it ends, whichever way, another takes its place, and nobody need care. They read the files themselves, so that
/// reading costs the owner nothing. `docs/guide/processes.md` tells more.
///
/// ```
/// use log_store::{MemDisk, Offset, RecordsBuilder, Store, StoreConfig, TopicConfig};
/// use std::sync::Arc;
///
/// let store = Store::open_on(Arc::new(MemDisk::new()), StoreConfig::default())?;
/// let orders = store.create_topic("orders", TopicConfig::with_partitions(2))?.partition(0)?;
///
/// let mut records = RecordsBuilder::new();
/// records.push(1_700_000_000_000, Some(b"key"), Some(b"value"));
/// assert_eq!(orders.append(records)?, Offset(0));
///
/// let fetched = orders.read(Offset(0), 1 << 20)?;
/// assert_eq!(fetched.records().next().unwrap().value, Some(&b"value"[..]));
/// # Ok::<(), log_store::Error>(())
/// ```
#[derive(Clone)]
pub struct Store {
    inner: Arc<StoreInner>,
}

pub(crate) struct StoreInner {
    disk: Arc<dyn Disk>,
    config: StoreConfig,
    visible: Arc<Visible>,
    catalog: Mutex<Catalog>,
    hooks: Arc<Hooks>,
    recovery: RecoveryReport,
    closed: AtomicBool,
    /// What consumer groups have committed, as far as it was read.
    offsets: group::CommittedOffsets,
    side: Side,
}

/// How a store gets at its directory.
enum Side {
    /// It owns it.
    Own(Box<Own>),
    /// It asks the process that owns it.
    Through(Arc<Link>),
}

impl Store {
    /// Opens the data directory, making it if need be, and shares it with other processes that open it so. The first of them
    /// recovers what a crash may have left.
    ///
    /// ```
    /// # use log_store::{Offset, RecordsBuilder, Store, TopicConfig};
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let dir = dir.path();
    /// let first = Store::open(dir)?;
    /// let orders = first.create_topic("orders", TopicConfig::default())?.partition(0)?;
    /// // Another process would do the same.
    /// let second = Store::open(dir)?;
    /// let mut records = RecordsBuilder::new();
    /// records.push(0, None, Some(b"value"));
    /// second.topic("orders")?.partition(0)?.append(records)?;
    /// assert_eq!(orders.read(Offset(0), 1 << 20)?.records().count(), 1);
    /// # Ok::<(), log_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Locked`] if another store has it open for itself alone, [`Error::OwnerCloses`], [`Error::OwnerSilent`],
    /// [`Error::OtherProtocol`], [`Error::NotAStore`], [`Error::NewerFormat`], [`Error::CorruptJournal`], [`Error::Io`]. A damaged partition does not prevent
    /// opening: it alone gives [`Error::Corrupt`] when used.
    pub fn open(dir: impl AsRef<Path>) -> Result<Store> {
        Store::open_with(dir, StoreConfig::default())
    }

    /// As [`Store::open`], with any settings. What is about writing counts in the process that owns the directory.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with(dir: impl AsRef<Path>, config: StoreConfig) -> Result<Store> {
        Ok(Store { inner: sharing::open(dir.as_ref(), &config)? })
    }

    /// Opens the data directory for this store alone.
    ///
    /// # Errors
    /// As [`Store::open`]; [`Error::Locked`] also if it is open to be shared.
    pub fn open_exclusive(dir: impl AsRef<Path>) -> Result<Store> {
        sharing::open_alone(dir.as_ref(), &StoreConfig::default())
    }

    /// Opens a store on any disk, with any settings, for itself alone.
    ///
    /// # Errors
    /// As [`Store::open_exclusive`].
    pub fn open_on(disk: Arc<dyn Disk>, config: StoreConfig) -> Result<Store> {
        let inner = Arc::new(open::open(disk, config)?);
        inner.own().keeper.start(&inner);
        Ok(Store { inner })
    }

    /// The data directory.
    #[must_use]
    pub fn dir(&self) -> PathBuf {
        self.inner.disk.root()
    }

    /// Whether two handles are of one opening of a store: clones of each other.
    #[must_use]
    pub fn is_same(&self, other: &Store) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// What opening had to do.
    #[must_use]
    pub fn recovery(&self) -> &RecoveryReport {
        &self.inner.recovery
    }

    /// Makes a topic. Its name has 1 to 249 of the characters `a-z A-Z 0-9 . _ -`.
    ///
    /// # Errors
    /// [`Error::TopicExists`], [`Error::InvalidTopic`], or a failure of the journal.
    pub fn create_topic(&self, name: &str, config: TopicConfig) -> Result<Topic> {
        topic::check(name, &config)?;
        let core = match &self.inner.side {
            Side::Own(_) => self.inner.create_topic(name, config)?,
            Side::Through(link) => link.create_topic(&self.inner, name, config)?,
        };
        Ok(Topic::new(self.inner.clone(), core))
    }

    /// The topic of that name, if there is one.
    ///
    /// ```
    /// # use log_store::TopicConfig;
    /// # let store = log_store::Store::open_on(std::sync::Arc::new(log_store::MemDisk::new()), Default::default())?;
    /// assert!(store.find_topic("orders").is_none());
    /// let made = store.create_topic("orders", TopicConfig::default())?;
    /// assert_eq!(store.find_topic("orders").unwrap().id(), made.id());
    /// # Ok::<(), log_store::Error>(())
    /// ```
    #[must_use]
    pub fn find_topic(&self, name: &str) -> Option<Topic> {
        let core = self.inner.catalog().named(name)?;
        Some(Topic::new(self.inner.clone(), core))
    }

    /// The topic of that name, where its absence is an error.
    ///
    /// # Errors
    /// [`Error::UnknownTopic`], which names the closest topic or those that exist.
    pub fn topic(&self, name: &str) -> Result<Topic> {
        let core = self.inner.catalog().expect_named(name)?;
        Ok(Topic::new(self.inner.clone(), core))
    }

    /// All topics, in the order they were made.
    #[must_use]
    pub fn topics(&self) -> Vec<Topic> {
        let catalog = self.inner.catalog();
        catalog.topics.values().map(|core| Topic::new(self.inner.clone(), core.clone())).collect()
    }

    /// Deletes a topic with its records. Its pins go with it; [`Store::pins_on`] tells whose they are. Whoever
    /// still has a handle of it gets [`Error::UnknownTopic`] from then on, and does not wait for records.
    ///
    /// # Errors
    /// [`Error::UnknownTopic`], or a failure of the journal or the disk.
    pub fn delete_topic(&self, name: &str) -> Result<()> {
        match &self.inner.side {
            Side::Own(_) => self.inner.delete_topic(name),
            Side::Through(link) => link.delete_topic(&self.inner, name),
        }
    }

    /// Opens a producer of transactions. `name` is its transactional id: the same one has the same producer id
    /// for ever, and each opening fences those before: a transaction of theirs that is under way, in whichever process, is aborted, and its
    /// commit says so.
    ///
    /// # Errors
    /// A failure of the journal.
    pub fn producer(&self, name: &str) -> Result<Producer> {
        match &self.inner.side {
            Side::Own(_) => self.inner.open_producer(name),
            Side::Through(link) => link.open_producer(name),
        }
    }

    /// Begins a transaction. A producer has one at a time.
    ///
    /// # Errors
    /// [`Error::Fenced`] or [`Error::TransactionOpen`]; a failure of the journal or the disk, if an earlier one of the producer could not be
    /// aborted because of it, and still cannot.
    pub fn begin(&self, producer: &Producer) -> Result<Transaction> {
        self.inner.begin(producer)?;
        Ok(Transaction::new(self.inner.clone(), producer.clone()))
    }

    /// Takes a name for its caller alone, until the claim is dropped; nothing of it is kept on disk. Programs use it to
    /// refuse to do one thing twice at a time on one store. A process that ends lets its claims go; one that is stopped for longer
    /// than [`StoreConfig::silent_after`] loses them to the next that asks, see [`Claim::check`].
    ///
    /// ```
    /// # let store = log_store::Store::open_on(std::sync::Arc::new(log_store::MemDisk::new()), Default::default())?;
    /// let claim = store.claim("nightly export")?;
    /// assert!(store.claim("nightly export").is_err());
    /// drop(claim);
    /// assert!(store.claim("nightly export").is_ok());
    /// # Ok::<(), log_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Claimed`] if somebody holds it.
    pub fn claim(&self, name: &str) -> Result<Claim> {
        let claimed = match &self.inner.side {
            Side::Own(own) => own.claim(name, false),
            Side::Through(link) => link.claim(name),
        };
        claimed.map_err(|error| match error {
            Error::Claimed { name, holder } => {
                // Who was there a moment ago may have gone, or the owner with it.
                let known = self.processes().ok().and_then(|processes| processes.describe_holder_of(&name));
                Error::Claimed { name, holder: known.unwrap_or(holder) }
            }
            error => error,
        })
    }

    /// What can be read of partitions as of one commit: for each its log start offset and its last stable offset, in the
    /// order of `partitions`. Of a transaction that writes to several of them either all is within these ranges or nothing.
    ///
    /// A commit becomes visible in all its partitions in one instant, so that whoever read records of it finds its
    /// records in other partitions, too. But two questions for ends, one after another, may have a commit between them;
    /// this is one question.
    ///
    /// ```
    /// # use log_store::{MemDisk, Offset, RecordsBuilder, Store, TopicConfig};
    /// # let store = Store::open_on(std::sync::Arc::new(MemDisk::new()), Default::default())?;
    /// let orders = store.create_topic("orders", TopicConfig::with_partitions(2))?;
    /// let partitions = [orders.partition(0)?, orders.partition(1)?];
    /// let mut records = RecordsBuilder::new();
    /// records.push(0, None, Some(b"value"));
    /// partitions[1].append(records)?;
    /// assert_eq!(store.snapshot(&partitions), [Offset(0)..Offset(0), Offset(0)..Offset(1)]);
    /// # Ok::<(), log_store::Error>(())
    /// ```
    pub fn snapshot<'p>(&self, partitions: impl IntoIterator<Item = &'p Partition>) -> Vec<Range<Offset>> {
        // The iterator is the caller's code, and may itself wait for a commit: it is done before commits are held back.
        let partitions: Vec<_> = partitions.into_iter().collect();
        self.inner.readable(partitions.iter().map(|partition| &*partition.core))
    }

    /// The clock that the store was opened with.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.inner.config.clock.clone()
    }

    /// The largest record in bytes, encoded, that the store takes; see [`StoreConfig::record_bytes`].
    #[must_use]
    pub fn record_bytes_max(&self) -> usize {
        record_bytes_max(&self.inner.config)
    }

    /// Has `hook` called each time after commits became visible, in all their partitions, by the thread that made
    /// them durable: it must be quick. If it panics, then so does that thread, though its records are durable
    /// and visible; nobody else is held up. It is called until the subscription is dropped: also after a topic was
    /// deleted, and when the store is closed, so that whoever waits for records learns that none will come.
    #[must_use = "the hook is removed when the subscription is dropped"]
    pub fn on_commit(&self, hook: Arc<dyn Fn() + Send + Sync>) -> Subscription {
        self.inner.hooks.add(hook)
    }

    /// Replaces the pins of `owner`: the lowest offsets that it still needs. Records from them on are not
    /// deleted. No pins removes the owner.
    ///
    /// # Errors
    /// [`Error::UnknownTopic`], [`Error::UnknownPartition`]; [`Error::OffsetOutOfRange`] for a pin below the
    /// log start offset; or a failure of the journal.
    pub fn set_pins(&self, owner: &str, pins: &[(TopicId, PartitionId, Offset)]) -> Result<()> {
        let pins: Vec<_> =
            pins.iter().map(|&(topic, partition, offset)| Pin { topic, partition, offset }).collect();
        match &self.inner.side {
            Side::Own(_) => self.inner.set_pins(owner, pins),
            Side::Through(link) => link.set_pins(owner, pins),
        }
    }

    /// What may have been lost at this opening or earlier ones, and nobody said to have seen.
    #[must_use]
    pub fn possible_losses(&self) -> Vec<PossibleLoss> {
        self.inner.catalog().registry().losses.clone()
    }

    /// Says that the possible losses so far were seen: they are told no more.
    ///
    /// # Errors
    /// A failure of the journal.
    pub fn acknowledge_losses(&self) -> Result<()> {
        match &self.inner.side {
            Side::Own(_) => self.inner.acknowledge_losses(),
            Side::Through(link) => link.acknowledge_losses(),
        }
    }

    /// The owners that have pins on a topic, sorted by name. [`Store::delete_topic`] takes pins along without
    /// asking: whoever wants to know first who still reads the topic asks here. Empty if nobody has pins on
    /// it, or there is no such topic.
    ///
    /// ```
    /// # use log_store::{MemDisk, Offset, PartitionId, Store, TopicConfig};
    /// # let store = Store::open_on(std::sync::Arc::new(MemDisk::new()), Default::default())?;
    /// let orders = store.create_topic("orders", TopicConfig::default())?;
    /// store.set_pins("billing", &[(orders.id(), PartitionId(0), Offset(0))])?;
    /// assert_eq!(store.pins_on(orders.id()), ["billing"]);
    /// # Ok::<(), log_store::Error>(())
    /// ```
    #[must_use]
    pub fn pins_on(&self, topic: TopicId) -> Vec<String> {
        self.inner.catalog().owners_of_pins_on(topic)
    }

    /// The processes that have the directory open, by the one that owns it.
    ///
    /// # Errors
    /// [`Error::OwnerSilent`] or [`Error::OwnerGone`], in a process that does not own it.
    pub fn processes(&self) -> Result<Processes> {
        let (told, alone) = match &self.inner.side {
            Side::Own(own) => (own.processes(), own.alone()),
            Side::Through(link) => (link.processes()?, None),
        };
        Ok(Processes::of(told, alone))
    }

    /// Closes the store for all its clones: everything is synced, the journal emptied, the directory free, or another process's
    /// that has it open. Dropping the last clone does the same, without telling of failures.
    ///
    /// # Errors
    /// [`Error::Closed`] if it was closed before, or a failure of the disk; then the next opening recovers.
    pub fn close(self) -> Result<()> {
        let closed = self.inner.close();
        self.inner.hooks.call();
        closed
    }
}

/// The largest record that is taken, whatever was asked for.
fn record_bytes_max(config: &StoreConfig) -> usize {
    config.record_bytes.min(MAX_RECORD_BYTES)
}

impl StoreInner {
    fn catalog(&self) -> MutexGuard<'_, Catalog> {
        self.catalog.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The readable ranges of partitions as of one commit.
    fn readable<'p>(&self, partitions: impl Iterator<Item = &'p PartitionCore>) -> Vec<Range<Offset>> {
        let _held = self.visible.hold();
        partitions.map(PartitionCore::readable).collect()
    }

    fn check_open(&self) -> Result<()> {
        if self.closed.load(Ordering::Acquire) { Err(Error::Closed) } else { Ok(()) }
    }

    /// Fails if nothing can be written any more.
    fn check_writable(&self) -> Result<()> {
        match &self.side {
            Side::Own(own) => own.journal.check(),
            Side::Through(_) => self.check_open(),
        }
    }

    fn close(&self) -> Result<()> {
        if self.closed.swap(true, Ordering::AcqRel) {
            return Err(Error::Closed);
        }
        match &self.side {
            Side::Own(own) => own.close(self),
            Side::Through(link) => link.close(),
        }
    }
}

impl Drop for StoreInner {
    fn drop(&mut self) {
        // Nobody is left to tell of a failure; the next opening recovers.
        let _ = self.close();
    }
}
