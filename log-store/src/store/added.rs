//! Adding partitions to a topic that is in use.

use std::sync::Arc;

use crate::config::{PARTITIONS_FIXED_PROPERTY, PARTITIONS_MAX};
use crate::error::{Error, Result};
use crate::journal::Entry;
use crate::partition::PartitionCore;
use crate::remote::tell_entry;
use crate::visible::{Publish, Step, Touched};

use super::topic::TopicCore;
use super::{Side, StoreInner, Topic};

impl Topic {
    /// Adds partitions, durably, until the topic has `total` of them, 1 to 65,536; does nothing if it has so many already. Every handle
    /// of the topic, in every process, has them at once, and whoever waits by [`Store::on_commit`](crate::Store::on_commit) is called.
    ///
    /// What is in the log stays where it is. So records of one key that are appended from now on may go to another partition than
    /// those before: [`partition_of`](crate::partition_of) goes by the number of partitions. Partitions are never taken away.
    ///
    /// ```
    /// # use log_store::{RecordsBuilder, TopicConfig};
    /// # let store = log_store::Store::open_on(std::sync::Arc::new(log_store::MemDisk::new()), Default::default())?;
    /// let orders = store.create_topic("orders", TopicConfig::with_partitions(2))?;
    /// let elsewhere = store.topic("orders")?;
    /// orders.add_partitions(4)?;
    /// assert_eq!(elsewhere.partitions(), 4);
    /// let mut records = RecordsBuilder::new();
    /// records.push(0, None, Some(b"value"));
    /// elsewhere.partition(3)?.append(records)?;
    /// # Ok::<(), log_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidTopic`] if it has more partitions than that, if nobody may add any, see [`PARTITIONS_FIXED_PROPERTY`], or if
    /// it is internal; [`Error::UnknownTopic`] if it was deleted, or a failure of the journal.
    pub fn add_partitions(&self, total: u32) -> Result<()> {
        self.check()?;
        match &self.store.side {
            Side::Own(_) => self.store.add_partitions(&self.core, total),
            Side::Through(link) => link.add_partitions(self.core.id, total),
        }
    }
}

impl StoreInner {
    fn add_partitions(&self, core: &Arc<TopicCore>, total: u32) -> Result<()> {
        let mut catalog = self.catalog();
        catalog.check_exists(core)?;
        let journal = &self.own().journal;
        journal.check()?;
        // As the registry has it: with what others have added, and is on its way into the journal.
        let config = &catalog.registry().topics[&core.id].config;
        let now = config.partitions;
        let invalid = |reason: String| Err(Error::InvalidTopic { name: core.name.clone(), reason });
        if config.internal {
            return invalid("no partitions can be added to it: a program keeps its books in it".to_owned());
        }
        if let Some(why) = config.properties.get(PARTITIONS_FIXED_PROPERTY).filter(|why| !why.is_empty()) {
            let why = String::from_utf8_lossy(why);
            return invalid(format!("no partitions can be added to it: {why}"));
        }
        if total > PARTITIONS_MAX {
            return invalid("a topic has 1 to 65,536 partitions".to_owned());
        }
        if total < now {
            return invalid(format!(
                "it has {now} partitions, and none can be taken away: {total} are fewer; make another topic with {total}, and copy what is needed"
            ));
        }
        let added = self.more_partitions(core, now, total);
        let publish = Box::new(PartitionsAdded::new(core.clone(), added));
        let entry = Entry::PartitionsAdded { topic: core.id, total };
        let ticket = if total == now {
            // Somebody else may have added them a moment ago: they are there once that is durable.
            journal.last()
        } else {
            self.enqueue(&mut catalog, entry, publish)
        };
        drop(catalog);
        journal.wait(ticket, self)
    }
}

/// Lets everybody see more partitions of a topic.
pub(super) struct PartitionsAdded {
    core: Arc<TopicCore>,
    added: Vec<Arc<PartitionCore>>,
}

impl PartitionsAdded {
    pub(super) fn new(core: Arc<TopicCore>, added: Vec<Arc<PartitionCore>>) -> PartitionsAdded {
        PartitionsAdded { core, added }
    }
}

impl Publish for PartitionsAdded {
    fn prepare(&mut self, from: Step) {
        self.core.extend_partitions(from, std::mem::take(&mut self.added));
    }

    fn wake(&mut self) {}

    fn tell(&self, out: &mut Vec<u8>) {
        if let Some(last) = self.added.last() {
            tell_entry(out, &Entry::PartitionsAdded { topic: self.core.id, total: last.setup.id.0 + 1 });
        }
    }

    fn touch(&self, out: &mut Vec<Touched>) {
        out.push(Touched { topic: self.core.id, partition: None });
    }
}
