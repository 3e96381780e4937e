//! Transactions: records of many partitions that become visible together, or never.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::group::GroupOffsets;
use crate::ids::{Offset, PartitionId, TopicId};
use crate::partition::{PartitionCore, Producing};
use crate::record::{Marker, RecordsBuilder};
use crate::remote::{self, Condition, PropertyOf, RequestId, WrittenRange};

use super::client::Sent;
use super::commit::{How, Item, PropertyChange, Requested, whole};
use super::group::{Committing, OFFSETS_TOPIC, check_offsets};
use super::{Partition, Producer, Side, StoreInner, Topic};

/// A transaction that goes through another process is kept here up to this size: what it was given goes with it, if it ends.
const SENT_BYTES: usize = 16 << 20;

/// An open transaction. Dropping it aborts it.
///
/// Up to [`crate::StoreConfig::inline_bytes`] are kept in memory until the commit, or 16 MiB in a process that does not own the
/// directory; a larger transaction is written to its partitions as it grows, where readers stop before it until it ends.
///
/// ```
/// # use log_store::{Offset, RecordsBuilder, TopicConfig};
/// # let store = log_store::Store::open_on(std::sync::Arc::new(log_store::MemDisk::new()), Default::default())?;
/// let topic = store.create_topic("orders", TopicConfig::with_partitions(2))?;
/// let (first, second) = (topic.partition(0)?, topic.partition(1)?);
/// let producer = store.producer("importer")?;
/// let mut transaction = store.begin(&producer)?;
/// for partition in [&first, &second] {
///     let mut records = RecordsBuilder::new();
///     records.push(0, None, Some(b"value"));
///     transaction.append(partition, records)?;
/// }
/// assert!(first.read(Offset(0), 1 << 20)?.is_empty(), "nothing is visible yet");
/// transaction.commit()?;
/// // Offset 1 is the marker that ends the transaction; readers do not see it.
/// assert_eq!((first.last_stable_offset(), second.last_stable_offset()), (Offset(2), Offset(2)));
/// # Ok::<(), log_store::Error>(())
/// ```
pub struct Transaction {
    store: Arc<StoreInner>,
    producer: Producer,
    partitions: BTreeMap<(TopicId, PartitionId), Share>,
    changes: Vec<PropertyChange>,
    /// Of consumer groups, which are committed with it.
    offsets: Vec<GroupOffsets>,
    buffered_bytes: usize,
    /// What the owner of the directory has been given of it, where that is another process.
    sent: Option<Sent>,
    failed: bool,
    finished: bool,
}

/// A transaction's share of one partition.
struct Share {
    core: Arc<PartitionCore>,
    records: RecordsBuilder,
    /// The first offset, if some records are in the log already.
    written_from: Option<Offset>,
}

impl Share {
    /// What is in memory, as it goes into the log. Compressed before anybody has to wait for it.
    fn take_compressed(&mut self) -> RecordsBuilder {
        std::mem::take(&mut self.records).compressed(self.core.settings().compression)
    }
}

impl Transaction {
    pub(super) fn new(store: Arc<StoreInner>, producer: Producer) -> Transaction {
        Transaction {
            store,
            producer,
            partitions: BTreeMap::new(),
            changes: Vec::new(),
            offsets: Vec::new(),
            buffered_bytes: 0,
            sent: None,
            failed: false,
            finished: false,
        }
    }

    /// Adds records for a partition. They follow those added before.
    ///
    /// # Errors
    /// As [`Partition::append`], and [`Error::Fenced`]. After an error the transaction can only be aborted.
    pub fn append(&mut self, partition: &Partition, records: RecordsBuilder) -> Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        if let Err(error) = partition.core.check_sizes(&records) {
            self.failed = true;
            return Err(error);
        }
        self.buffered_bytes += records.bytes();
        let core = &partition.core;
        let share = self.partitions.entry(core.key()).or_insert_with(|| Share {
            core: core.clone(),
            records: RecordsBuilder::new(),
            written_from: None,
        });
        share.records.extend(records);
        let kept_bytes = match &self.store.side {
            Side::Own(_) => self.store.config.inline_bytes,
            Side::Through(_) => SENT_BYTES.max(self.store.config.inline_bytes),
        };
        if self.buffered_bytes > kept_bytes { self.spill() } else { Ok(()) }
    }

    /// Has the topic keep `value` under `name` from the commit on: it becomes durable and visible in the same
    /// step as the records, or never.
    ///
    /// ```
    /// # use log_store::{MemDisk, RecordsBuilder, Store, TopicConfig};
    /// # let store = Store::open_on(std::sync::Arc::new(MemDisk::new()), Default::default())?;
    /// let orders = store.create_topic("orders", TopicConfig::default())?;
    /// let mut records = RecordsBuilder::new();
    /// records.push(0, None, Some(b"a row of the second layout"));
    /// let mut transaction = store.begin(&store.producer("shop")?)?;
    /// transaction.append(&orders.partition(0)?, records)?;
    /// transaction.set_property(&orders, "layouts", b"first, second");
    /// assert_eq!(orders.property("layouts"), None);
    /// transaction.commit()?;
    /// assert_eq!(orders.property("layouts"), Some(b"first, second".to_vec()));
    /// # Ok::<(), log_store::Error>(())
    /// ```
    pub fn set_property(&mut self, topic: &Topic, name: &str, value: &[u8]) {
        self.change_property(topic, name, value, Condition::Nothing);
    }

    /// As [`Transaction::set_property`], if the property is still `expected` when the transaction is committed, `None`
    /// meaning that there is none; else the commit fails with [`Error::PropertyChanged`]. Whoever makes a new value
    /// from the old one so loses no change that somebody else makes meanwhile.
    pub fn replace_property(&mut self, topic: &Topic, name: &str, expected: Option<&[u8]>, value: &[u8]) {
        self.change_property(topic, name, value, Condition::Is(expected.map(<[u8]>::to_vec)));
    }

    /// Has a consumer group's offsets be committed with it: they become durable and visible in the same step as the records, or never.
    /// Who reads records, writes what it made of them and commits where it stands, all in one transaction, works each record off once,
    /// whatever ends meanwhile. Kafka's `sendOffsetsToTransaction`.
    ///
    /// ```
    /// # use log_store::{ConsumerConfig, MemDisk, RecordsBuilder, Store, TopicConfig};
    /// # use std::time::Duration;
    /// # let store = Store::open_on(std::sync::Arc::new(MemDisk::new()), Default::default())?;
    /// let orders = store.create_topic("orders", TopicConfig::default())?;
    /// let bills = store.create_topic("bills", TopicConfig::default())?;
    /// # let mut records = RecordsBuilder::new();
    /// # records.push(0, None, Some(b"12.50"));
    /// # orders.partition(0)?.append(records)?;
    /// let mut consumer = store.consumer("billing", &["orders"], ConsumerConfig::default())?;
    /// let producer = store.producer("billing")?;
    /// # let mut billed = false;
    /// # while !billed {
    /// let polled = consumer.poll(Duration::from_secs(1))?;
    /// let mut made = RecordsBuilder::new();
    /// polled.records().for_each(|record| made.push(record.timestamp, record.key, record.value));
    /// let mut transaction = store.begin(&producer)?;
    /// # billed = !made.is_empty();
    /// transaction.append(&bills.partition(0)?, made)?;
    /// transaction.commit_offsets(consumer.offsets());
    /// transaction.commit()?;
    /// # }
    /// assert_eq!(consumer.committed(&orders.partition(0)?)?.unwrap().offset.0, 1);
    /// # Ok::<(), log_store::Error>(())
    /// ```
    ///
    /// The commit fails with [`Error::IllegalGeneration`] if the consumer has lost one of the partitions, and with
    /// [`Error::FencedInstance`]; then nothing of the transaction is there.
    pub fn commit_offsets(&mut self, offsets: GroupOffsets) {
        if !offsets.is_empty() {
            self.offsets.push(offsets);
        }
    }

    fn change_property(&mut self, topic: &Topic, name: &str, value: &[u8], condition: Condition) {
        let (core, name, value) = (topic.core.clone(), name.to_owned(), value.to_owned());
        self.changes.push(PropertyChange { core, name, value, condition });
    }

    /// Makes all its records durable and visible, in one step. Gives for each partition the offset of the
    /// first record and the offset after the last one.
    ///
    /// # Errors
    /// As [`Partition::append`], and [`Error::Fenced`], [`Error::TransactionFailed`] or
    /// [`Error::PropertyChanged`]; [`Error::TransactionCut`] for a large one, if the process that owns the directory ended. After
    /// [`Error::StoreReadOnly`] it is unknown until the store is opened again whether it was committed, and after
    /// [`Error::OwnerSilent`], [`Error::OwnerGone`] and [`Error::OutcomeUnknown`] until its topics are read; after
    /// any other error it was not.
    pub fn commit(mut self) -> Result<Vec<(TopicId, PartitionId, Offset, Offset)>> {
        self.store.check_open()?;
        if self.failed {
            return Err(Error::TransactionFailed { producer: self.producer.name.clone() });
        }
        let ranges = match &self.store.side {
            Side::Own(_) => self.commit_own(None, std::process::id())?,
            Side::Through(link) => {
                let link = link.clone();
                let (shares, properties) = (self.take_shares(), self.properties());
                let offsets = std::mem::take(&mut self.offsets);
                // Whatever becomes of it: the owner aborts what it was given and did not commit.
                let sent = self.sent.take();
                link.commit(&self.producer, sent, shares, properties, offsets)?
            }
        };
        self.finish();
        // Where committed offsets went is nobody's business.
        let offsets = self.store.catalog().named(OFFSETS_TOPIC).map(|topic| topic.id);
        let ranges = ranges.iter().filter(|range| Some(range.topic) != offsets);
        Ok(ranges.map(|range| (range.topic, range.partition, range.base, range.end)).collect())
    }

    /// Commits on a store that owns its directory, for the request of another process.
    pub(super) fn commit_requested(mut self, id: RequestId, process: u32) -> Result<Vec<WrittenRange>> {
        if self.failed {
            return Err(Error::TransactionFailed { producer: self.producer.name.clone() });
        }
        let ranges = self.commit_own(Some(id), process)?;
        self.finish();
        Ok(ranges)
    }

    fn commit_own(&mut self, id: Option<RequestId>, process: u32) -> Result<Vec<WrittenRange>> {
        self.store.catalog().check_epoch(&self.producer)?;
        let committing = self.add_offsets(process)?;
        let written_from: Vec<_> = self.partitions.values().map(|share| share.written_from).collect();
        let items = self
            .partitions
            .values_mut()
            .map(|share| Item { core: share.core.clone(), records: share.take_compressed() });
        let (items, changes) = (items.collect(), std::mem::take(&mut self.changes));
        let requested = id.map(|id| Requested { id, written_from: written_from.clone() });
        let ending = How::ending(self.producing(), Marker::Commit);
        let how = How { requested: requested.as_ref(), producer: Some(&self.producer), ..ending };
        let ranges = self.store.write(items, changes, how).map_err(|error| self.explain(error))?;
        if !committing.is_empty() {
            drop(committing);
            self.store.thin_offsets(&self.store.offsets_partition_to_be()?);
        }
        Ok(whole(ranges, &written_from))
    }

    /// Adds the offsets of groups as records of their topic: last of all, so that they are in the log where the commit is. As long as what is
    /// given lives, nobody else gets their partitions.
    fn add_offsets(&mut self, process: u32) -> Result<Vec<Committing>> {
        let mut committing = Vec::new();
        for offsets in std::mem::take(&mut self.offsets) {
            check_offsets(&offsets)?;
            committing.push(self.store.own().groups.committing(&offsets, process)?);
            let core = self.store.offsets_partition_to_be()?.core;
            let records = self.store.records_of(&offsets);
            let share = self.partitions.entry(core.key()).or_insert_with(|| Share {
                core: core.clone(),
                records: RecordsBuilder::new(),
                written_from: None,
            });
            share.records.extend(records);
        }
        Ok(committing)
    }

    /// Gives up all its records.
    ///
    /// # Errors
    /// As [`Partition::append`]: if the markers cannot be written, readers stop before the transaction until
    /// the store is opened again, which aborts it.
    pub fn abort(mut self) -> Result<()> {
        self.roll_back()
    }

    fn producing(&self) -> Producing {
        Producing::Transaction(self.producer.id, self.producer.epoch)
    }

    /// What is in memory, as the owner of the directory takes it.
    fn take_shares(&mut self) -> Vec<remote::Share> {
        let filled = self.partitions.values_mut().filter(|share| !share.records.is_empty());
        let taken = filled.map(|share| {
            let ((topic, partition), records) = (share.core.key(), std::mem::take(&mut share.records));
            remote::Share { topic, partition, records }
        });
        taken.collect()
    }

    fn properties(&mut self) -> Vec<PropertyOf> {
        let of = |change: PropertyChange| PropertyOf {
            topic: change.core.id,
            name: change.name,
            value: change.value,
            condition: change.condition,
        };
        std::mem::take(&mut self.changes).into_iter().map(of).collect()
    }

    /// Writes what is in memory to the segments, or gives it to who does.
    fn spill(&mut self) -> Result<()> {
        if let Side::Through(link) = &self.store.side {
            let link = link.clone();
            let shares = self.take_shares();
            self.buffered_bytes = 0;
            let sent = link.spill(&self.producer, self.sent, shares);
            self.failed |= sent.is_err();
            self.sent = Some(sent?);
            return Ok(());
        }
        let producing = self.producing();
        let spilled = self.store.check_open().and_then(|()| {
            self.store.own().journal.check()?;
            self.store.catalog().check_epoch(&self.producer)?;
            for share in self.partitions.values_mut() {
                let records = share.take_compressed();
                if records.is_empty() {
                    continue;
                }
                let mut writer = share.core.lock_writer();
                share.core.check_writable()?;
                // With the writer held, so that whoever opens the producer again finds all that is written.
                self.store.catalog().note_written(&self.producer, &share.core)?;
                let base = writer.tail.end;
                share.core.write_direct(&mut writer, records, producing)?;
                share.written_from.get_or_insert(base);
            }
            Ok(())
        });
        self.buffered_bytes = 0;
        self.failed |= spilled.is_err();
        spilled.map_err(|error| self.explain(error))
    }

    /// The error that a caller should get: that a topic was deleted, where that is why its files are missing.
    fn explain(&self, error: Error) -> Error {
        match error {
            Error::Io { .. } | Error::PartitionReadOnly { .. } => {
                self.partitions.values().fold(error, |error, share| share.core.explain(error))
            }
            other => other,
        }
    }

    fn roll_back(&mut self) -> Result<()> {
        if self.finished {
            return Ok(());
        }
        if let Side::Through(link) = &self.store.side {
            let aborted = self.sent.take().map_or(Ok(()), |sent| link.abort(sent));
            self.finish();
            return aborted;
        }
        self.finish();
        self.store.abort_left_behind(self.producer.id)
    }

    fn finish(&mut self) {
        self.finished = true;
        self.store.end(&self.producer);
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        // There is nobody to tell; if the markers are missing, the next opening writes them.
        let _ = self.roll_back();
    }
}
