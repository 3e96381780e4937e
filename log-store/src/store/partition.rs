//! The handle of a partition: append, read, wait.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Result;
use crate::ids::{Offset, PartitionId, TopicId};
use crate::journal::Entry;
use crate::partition::{Fetched, Inspected, PartitionCore};
use crate::record::RecordsBuilder;
use crate::remote::tell_entry;
use crate::visible::{Publish, Step, Touched};

use super::commit::{How, Item, Requested};
use super::{Scan, Side, StoreInner};

/// A partition of a topic. Clones are the same partition.
#[derive(Clone)]
pub struct Partition {
    store: Arc<StoreInner>,
    pub(super) core: Arc<PartitionCore>,
}

impl Partition {
    pub(super) fn new(store: Arc<StoreInner>, core: Arc<PartitionCore>) -> Partition {
        Partition { store, core }
    }

    /// Its number in the topic.
    #[must_use]
    pub fn id(&self) -> PartitionId {
        self.core.setup.id
    }

    /// The id of its topic.
    #[must_use]
    pub fn topic_id(&self) -> TopicId {
        self.core.setup.topic
    }

    /// The name of its topic.
    #[must_use]
    pub fn topic_name(&self) -> &str {
        &self.core.setup.topic_name
    }

    /// The first offset that can be read.
    #[must_use]
    pub fn log_start_offset(&self) -> Offset {
        self.core.log_start_offset()
    }

    /// The offset that the next record will get; records before it may not be durable yet.
    #[must_use]
    pub fn log_end_offset(&self) -> Offset {
        self.core.log_end()
    }

    /// Records before it are as durable as the topic promises.
    #[must_use]
    pub fn high_watermark(&self) -> Offset {
        self.core.high_watermark()
    }

    /// Records before it are as durable as the topic promises, and their transactions have ended: readers get as far as this.
    #[must_use]
    pub fn last_stable_offset(&self) -> Offset {
        self.core.last_stable_offset()
    }

    /// Appends records outside a transaction and gives the offset of the first. They are durable then, as far
    /// as the topic promises, and follow one another.
    ///
    /// # Errors
    /// [`crate::Error::RecordTooLarge`], [`crate::Error::Corrupt`], [`crate::Error::PartitionReadOnly`],
    /// [`crate::Error::StoreReadOnly`], [`crate::Error::Closed`]; [`crate::Error::UnknownTopic`] if the topic
    /// was deleted; [`crate::Error::Io`] if the disk refused, and then none of the records is in the log.
    pub fn append(&self, records: RecordsBuilder) -> Result<Offset> {
        self.store.check_open()?;
        self.append_open(records).map_err(|error| self.core.explain(error))
    }

    fn append_open(&self, records: RecordsBuilder) -> Result<Offset> {
        match &self.store.side {
            Side::Own(_) => self.append_own(records, None),
            Side::Through(link) => {
                self.core.check_exists()?;
                self.core.check_sizes(&records)?;
                if records.is_empty() {
                    return Ok(self.core.log_end());
                }
                link.append(self.core.key(), records)
            }
        }
    }

    /// Appends to a partition of a store that owns its directory, perhaps for another process.
    pub(super) fn append_own(
        &self,
        records: RecordsBuilder,
        requested: Option<&Requested>,
    ) -> Result<Offset> {
        let item = Item { core: self.core.clone(), records };
        let written = self.store.append_items(vec![item], How::plain(requested))?;
        Ok(written.first().map_or_else(|| self.core.log_end(), |range| range.base))
    }

    /// Reads committed records: about `max_bytes` of whole batches, verified, beginning with the one that
    /// holds `from`; at least one batch, even if it is larger. Empty if there is nothing from `from` on.
    /// Markers and the records of aborted transactions are skipped.
    ///
    /// # Errors
    /// [`crate::Error::OffsetOutOfRange`] below the log start or beyond the log end;
    /// [`crate::Error::Corrupt`] if the log is damaged there, and the partition takes no more records then;
    /// [`crate::Error::UnknownTopic`] if the topic was deleted; [`crate::Error::Io`].
    pub fn read(&self, from: Offset, max_bytes: usize) -> Result<Fetched> {
        let mut fetched = Fetched::nothing(from);
        self.read_into(&mut fetched, from, max_bytes)?;
        Ok(fetched)
    }

    /// As [`Partition::read`], into memory that was read into before. After an error it holds no record.
    pub(super) fn read_into(&self, fetched: &mut Fetched, from: Offset, max_bytes: usize) -> Result<()> {
        self.store.check_open()?;
        self.core.check_exists()?;
        // It may be deleted meanwhile.
        self.core.read(fetched, from, max_bytes).map_err(|error| self.core.explain(error))
    }

    /// The file in which the record of that offset lies, for messages about it; `None` if there is none yet, or no longer.
    #[must_use]
    pub fn file_of(&self, offset: Offset) -> Option<PathBuf> {
        self.core.file_of(offset)
    }

    /// Goes through everything that the partition's segments hold up to its durable end, and verifies it: `tell` is given each batch
    /// that is whole, markers and what was aborted too, and each place that is damaged, until it breaks off. Behind damage it goes on
    /// with the next batch, or the next segment. The partition can be read and written as before, whatever is found. Offset indexes are
    /// caches, and not looked at.
    ///
    /// ```
    /// # use log_store::{Inspected, RecordsBuilder, TopicConfig};
    /// # let store = log_store::Store::open_on(std::sync::Arc::new(log_store::MemDisk::new()), Default::default())?;
    /// # let partition = store.create_topic("orders", TopicConfig::default())?.partition(0)?;
    /// let mut records = RecordsBuilder::new();
    /// records.push(0, None, Some(b"value"));
    /// partition.append(records)?;
    ///
    /// let mut damaged = 0;
    /// partition.inspect(|found| {
    ///     match found {
    ///         Inspected::Batch(batch) => println!("{} bytes at {}", batch.bytes, batch.position),
    ///         Inspected::Damage(_) => damaged += 1,
    ///         _ => {}
    ///     }
    ///     std::ops::ControlFlow::Continue(())
    /// })?;
    /// assert_eq!(damaged, 0);
    /// # Ok::<(), log_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`crate::Error::UnknownTopic`] if the topic was deleted; [`crate::Error::Io`] if the disk refused.
    pub fn inspect(&self, tell: impl FnMut(Inspected) -> ControlFlow<()>) -> Result<()> {
        self.store.check_open()?;
        self.core.check_exists()?;
        self.core.inspect(tell).map_err(|error| self.core.explain(error))
    }

    /// Goes through the committed records from `from` up to, and not including, `until`, reading piece by piece. Markers
    /// and the records of aborted transactions are skipped.
    ///
    /// Nothing is read before the first record is asked for; the errors are those of [`Partition::read`].
    #[must_use]
    pub fn scan(&self, from: Offset, until: Offset) -> Scan {
        Scan::new(self.clone(), from, until)
    }

    /// The offset of the first committed record whose timestamp is at least `timestamp_ms`, in milliseconds since the Unix epoch; `None` if
    /// there is none, yet. Records behind it may be earlier: each has the timestamp that it was given. It is found by the segments' time
    /// indexes, without going through the log.
    ///
    /// ```
    /// # use log_store::{Offset, RecordsBuilder, TopicConfig};
    /// # let store = log_store::Store::open_on(std::sync::Arc::new(log_store::MemDisk::new()), Default::default())?;
    /// # let partition = store.create_topic("orders", TopicConfig::default())?.partition(0)?;
    /// let mut records = RecordsBuilder::new();
    /// [1_000, 3_000, 2_000].iter().for_each(|time| records.push(*time, None, Some(b"value")));
    /// partition.append(records)?;
    /// assert_eq!(partition.offset_for_time(1_500)?, Some(Offset(1)));
    /// assert_eq!(partition.offset_for_time(3_001)?, None);
    /// # Ok::<(), log_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Partition::read`], but for offsets.
    pub fn offset_for_time(&self, timestamp_ms: i64) -> Result<Option<Offset>> {
        self.store.check_open()?;
        self.core.check_exists()?;
        self.core.offset_for_time(timestamp_ms).map_err(|error| self.core.explain(error))
    }

    /// Waits until the last stable offset is greater than `offset`, or the time is over; tells whether it is.
    /// Returns early if the topic is deleted: the next [`Partition::read`] says so.
    #[must_use]
    pub fn wait_beyond(&self, offset: Offset, timeout: Duration) -> bool {
        self.core.wait_beyond(offset, timeout)
    }

    /// Gives up the records before `offset`, but none that is pinned or not committed; returns the log start
    /// offset. Whole segments below it are deleted.
    ///
    /// ```
    /// # use log_store::{Offset, RecordsBuilder, TopicConfig};
    /// # let store = log_store::Store::open_on(std::sync::Arc::new(log_store::MemDisk::new()), Default::default())?;
    /// # let partition = store.create_topic("orders", TopicConfig::default())?.partition(0)?;
    /// let mut records = RecordsBuilder::new();
    /// (0..5).for_each(|_| records.push(0, None, Some(b"value")));
    /// partition.append(records)?;
    /// assert_eq!(partition.delete_records_before(Offset(3))?, Offset(3));
    /// assert!(partition.read(Offset(2), 1 << 20).is_err());
    /// # Ok::<(), log_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`crate::Error::UnknownTopic`] if the topic was deleted, or a failure of the journal or the disk.
    pub fn delete_records_before(&self, offset: Offset) -> Result<Offset> {
        self.store.check_open()?;
        let (topic, partition) = self.core.key();
        if let Side::Through(link) = &self.store.side {
            self.core.check_exists()?;
            return link.delete_records_before((topic, partition), offset);
        }
        let journal = &self.store.own().journal;
        // With the writer held, whatever is appended later has its place in the journal behind the new log
        // start. It comes before the catalog, which must not be kept waiting for a large append.
        let mut writer = self.core.lock_writer();
        let catalog = self.store.catalog();
        self.core.check_exists()?;
        journal.check()?;
        let allowed = catalog.lowest_pin(topic, partition).unwrap_or(offset);
        let offset = offset.min(allowed).min(self.core.last_stable_offset());
        if offset <= self.core.log_start_offset() {
            return Ok(self.core.log_start_offset());
        }
        // Published by the journal's leader: a later checkpoint must have it.
        let publish = Box::new(LogStartMoved { core: self.core.clone(), to: offset });
        let ticket = journal.enqueue(Entry::LogStart { topic, partition, offset }, publish);
        writer.tail.forget_aborted_below(offset);
        drop((catalog, writer));
        journal.wait(ticket, &*self.store)?;
        self.core.drop_segments_before(offset).map_err(|error| self.core.explain(error))?;
        Ok(offset)
    }
}

/// Lets everybody see a new log start.
struct LogStartMoved {
    core: Arc<PartitionCore>,
    to: Offset,
}

impl Publish for LogStartMoved {
    fn prepare(&mut self, from: Step) {
        self.core.move_log_start(from, self.to);
    }

    fn wake(&mut self) {}

    fn tell(&self, out: &mut Vec<u8>) {
        let ((topic, partition), offset) = (self.core.key(), self.to);
        tell_entry(out, &Entry::LogStart { topic, partition, offset });
    }

    fn touch(&self, out: &mut Vec<Touched>) {
        let (topic, partition) = self.core.key();
        out.push(Touched { topic, partition: Some(partition) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MemDisk, Store, StoreConfig, TopicConfig};

    fn one() -> RecordsBuilder {
        let mut records = RecordsBuilder::new();
        records.push(0, None, Some(b"value"));
        records
    }

    #[test]
    fn aborted_transactions_below_the_log_start_take_no_memory() -> Result<()> {
        let disk = MemDisk::new();
        // Whatever a transaction holds is written at once, so that aborting it leaves a range.
        let config = StoreConfig { inline_bytes: 0, ..StoreConfig::default() };
        let store = Store::open_on(Arc::new(disk.clone()), config.clone())?;
        let partition = store.create_topic("t", TopicConfig::default())?.partition(0)?;
        let producer = store.producer("p")?;
        for _ in 0..20 {
            let mut transaction = store.begin(&producer)?;
            transaction.append(&partition, one())?;
            transaction.abort()?;
        }
        let remembered = |partition: &Partition| {
            let writers = partition.core.lock_writer().tail.aborted.len();
            (writers, partition.core.published().tail.aborted.len())
        };
        assert_eq!(remembered(&partition), (20, 20));
        // Each takes an offset for its record and one for its marker.
        partition.delete_records_before(Offset(30))?;
        assert_eq!(remembered(&partition), (5, 5));
        partition.append(one())?;
        assert_eq!(remembered(&partition), (5, 5));
        assert_eq!(partition.read(Offset(30), 1 << 20)?.records().count(), 1, "the rest stays aborted");

        drop((partition, producer));
        store.close()?;
        let store = Store::open_on(Arc::new(disk), config)?;
        assert_eq!(remembered(&store.topic("t")?.partition(0)?), (5, 5));
        Ok(())
    }
}
