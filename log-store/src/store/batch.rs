//! Appending to several partitions of a topic in one step, without a transaction.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::Result;
use crate::journal::{Appended, Sequenced};
use crate::record::RecordsBuilder;
use crate::remote::{Share, WrittenRange};

use super::commit::{How, Item};
use super::{Side, StoreInner, Topic};

impl Topic {
    /// Appends records to partitions of the topic, given by their numbers: all of them are durable and visible in one step, or none.
    /// Gives for each partition where its records lie, by its number. Unlike a [`Transaction`](crate::Transaction), it takes no offset for
    /// a marker, and no producer.
    ///
    /// ```
    /// # use log_store::{Offset, RecordsBuilder, TopicConfig};
    /// # let store = log_store::Store::open_on(std::sync::Arc::new(log_store::MemDisk::new()), Default::default())?;
    /// let orders = store.create_topic("orders", TopicConfig::with_partitions(4))?;
    /// let mut records = RecordsBuilder::new();
    /// records.push(0, None, Some(b"value"));
    /// let appended = orders.append_together([(3, records.clone()), (1, records)])?;
    /// assert_eq!(appended.iter().map(|one| (one.partition.0, one.first)).collect::<Vec<_>>(), [(1, Offset(0)), (3, Offset(0))]);
    /// # Ok::<(), log_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownPartition`](crate::Error::UnknownPartition), and as [`Partition::append`](crate::Partition::append); after an error
    /// of one partition, none of the records is in any.
    pub fn append_together(
        &self,
        batch: impl IntoIterator<Item = (u32, RecordsBuilder)>,
    ) -> Result<Vec<Appended>> {
        self.append_batch(batch, None)
    }

    pub(super) fn append_batch(
        &self,
        batch: impl IntoIterator<Item = (u32, RecordsBuilder)>,
        sequenced: Option<&Sequenced>,
    ) -> Result<Vec<Appended>> {
        self.check()?;
        let mut builders = BTreeMap::<u32, RecordsBuilder>::new();
        for (number, records) in batch {
            builders.entry(number).or_default().extend(records);
        }
        let mut items = Vec::with_capacity(builders.len());
        for (number, records) in builders {
            let core = self.core.partition(number)?;
            core.check_sizes(&records)?;
            if !records.is_empty() {
                items.push(Item { core, records });
            }
        }
        let written = match &self.store.side {
            Side::Own(_) => self.store.append_items(items, sequenced.map_or(How::plain(None), How::batch)),
            Side::Through(_) if items.is_empty() && sequenced.is_none() => Ok(Vec::new()),
            Side::Through(link) => {
                let share = |item: Item| {
                    let (topic, partition) = item.core.key();
                    Share { topic, partition, records: item.records }
                };
                link.append_all(items.into_iter().map(share).collect(), sequenced)
            }
        };
        // It may have been deleted meanwhile.
        let written = written.map_err(|error| self.check().err().unwrap_or(error))?;
        let place =
            |range: &WrittenRange| Appended { partition: range.partition, first: range.base, end: range.end };
        let mut places: Vec<_> = written.iter().map(place).collect();
        places.sort_by_key(|place| place.partition);
        Ok(places)
    }

    /// Appends for another process.
    pub(super) fn append_requested(&self, shares: Vec<Share>, how: How<'_>) -> Result<Vec<WrittenRange>> {
        // Each partition once, as its lock is taken once.
        let mut builders = BTreeMap::<u32, RecordsBuilder>::new();
        for Share { partition, records, .. } in shares {
            builders.entry(partition.0).or_default().extend(records);
        }
        let item = |(number, records)| Ok(Item { core: self.core.partition(number)?, records });
        let items = builders.into_iter().map(item).collect::<Result<_>>()?;
        self.store.append_items(items, how)
    }
}

impl StoreInner {
    /// Appends by the journal, or beside it if that is too much for it.
    pub(super) fn append_items(
        self: &Arc<Self>,
        mut items: Vec<Item>,
        how: How<'_>,
    ) -> Result<Vec<WrittenRange>> {
        // Refused before any work, and compressed before anybody has to wait.
        items.iter().try_for_each(|item| item.core.check_sizes(&item.records))?;
        for item in &mut items {
            let compression = item.core.settings().compression;
            item.records = std::mem::take(&mut item.records).compressed(compression);
        }
        let bytes: usize = items.iter().map(|item| item.records.bytes()).sum();
        match bytes > self.config.inline_bytes {
            true => self.append_direct(items, how),
            false => self.write(items, Vec::new(), how),
        }
    }
}
