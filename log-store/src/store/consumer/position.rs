//! Where a consumer stands, and what it commits.

use crate::error::{Error, Result};
use crate::group::{Committed, GroupOffsets, OffsetEntry, Place};
use crate::ids::Offset;

use super::super::Partition;
use super::super::group::OffsetSpec;
use super::{Consumer, Held, OffsetReset};

impl Consumer {
    /// Commits where it stands: everything that was given by now is worked off. It is durable when this returns. Partitions that have
    /// not moved are left out.
    ///
    /// # Errors
    /// [`Error::IllegalGeneration`] if a partition was taken from it, and [`Error::FencedInstance`]: nothing was committed, and the next poll
    /// tells what was lost. [`Error::InvalidGroup`] for a consumer without a group. [`Error::GroupNotEmpty`] if it was given its
    /// partitions by hand, and the group has members. As [`Partition::append`], if the log cannot be written.
    pub fn commit(&mut self) -> Result<()> {
        self.commit_with("")
    }

    /// As [`Consumer::commit`], keeping a text with each offset, 4,096 bytes at most: [`Consumer::committed`] gives it again.
    ///
    /// ```
    /// # use log_store::{ConsumerConfig, MemDisk, RecordsBuilder, Store, TopicConfig};
    /// # use std::time::Duration;
    /// # let store = Store::open_on(std::sync::Arc::new(MemDisk::new()), Default::default())?;
    /// # let orders = store.create_topic("orders", TopicConfig::default())?.partition(0)?;
    /// # let mut records = RecordsBuilder::new();
    /// # records.push(0, None, Some(b"12.50"));
    /// # orders.append(records)?;
    /// let mut consumer = store.assign(Some("billing"), [orders.clone()], ConsumerConfig::default())?;
    /// consumer.poll(Duration::ZERO)?;
    /// consumer.commit_with("bill 4711")?;
    /// assert_eq!(consumer.committed(&orders)?.unwrap().metadata, "bill 4711");
    /// # Ok::<(), log_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Consumer::commit`]; [`Error::InvalidGroup`] if the text is too long.
    pub fn commit_with(&mut self, metadata: &str) -> Result<()> {
        let moved: Vec<_> = self.moved().map(|(place, held)| (*place, held.scan.next_offset())).collect();
        if moved.is_empty() && self.group.is_some() {
            return Ok(());
        }
        let offsets = self.offsets_of(&moved, metadata)?;
        self.store.commit_offsets(offsets)?;
        for (place, offset) in moved {
            if let Some(held) = self.held.get_mut(&place) {
                held.committed = Some(offset);
            }
        }
        Ok(())
    }

    /// Commits an offset of one partition, before which everything is worked off, whatever was given of it.
    ///
    /// # Errors
    /// As [`Consumer::commit`]; [`Error::NotAssigned`] if it does not have the partition.
    pub fn commit_offset(&mut self, partition: &Partition, offset: Offset) -> Result<()> {
        let place = self.held(partition)?;
        let offsets = self.offsets_of(&[(place, offset)], "")?;
        self.store.commit_offsets(offsets)?;
        if let Some(held) = self.held.get_mut(&place) {
            held.committed = Some(offset);
        }
        Ok(())
    }

    /// Where it stands, to be committed in a transaction: [`Transaction::commit_offsets`](crate::Transaction::commit_offsets).
    ///
    /// # Panics
    /// If it reads for no group.
    #[must_use]
    pub fn offsets(&self) -> GroupOffsets {
        let moved: Vec<_> = self.moved().map(|(place, held)| (*place, held.scan.next_offset())).collect();
        self.offsets_of(&moved, "")
            .expect("offsets are committed for a group: `Store::consumer`, or `Store::assign` with its name")
    }

    /// What the group has committed of a partition, whoever did.
    ///
    /// # Errors
    /// As [`Partition::read`], if it cannot be read.
    pub fn committed(&self, partition: &Partition) -> Result<Option<Committed>> {
        match &self.group {
            Some(group) => Ok(self.store.committed(group)?.remove(&partition.core.key())),
            None => Ok(None),
        }
    }

    /// The offset that it reads next; `None` if it does not have the partition.
    #[must_use]
    pub fn position(&self, partition: &Partition) -> Option<Offset> {
        self.held.get(&partition.core.key()).map(|held| held.scan.next_offset())
    }

    /// How many offsets are before it, up to the last committed record; `None` if it does not have the partition.
    #[must_use]
    pub fn lag(&self, partition: &Partition) -> Option<u64> {
        let position = self.position(partition)?;
        Some(partition.last_stable_offset().0.saturating_sub(position.0))
    }

    /// Goes on elsewhere with a partition that it has. Nothing is committed by that.
    ///
    /// # Errors
    /// [`Error::NotAssigned`] if it does not have the partition; [`Error::OffsetOutOfRange`] if there is no such offset; those of
    /// [`Partition::read`] for a time.
    pub fn seek(&mut self, partition: &Partition, to: OffsetSpec) -> Result<()> {
        let place = self.held(partition)?;
        let held = self.held.get(&place).expect("it was looked up");
        let at = to.resolve(&held.partition, held.scan.next_offset())?;
        let (start, end) = (held.partition.log_start_offset(), held.partition.last_stable_offset());
        if at < start || at > end {
            let (topic, partition) = (held.partition.topic_name().to_owned(), held.partition.id());
            return Err(Error::OffsetOutOfRange { topic, partition, from: at, start, end });
        }
        let scan = held.partition.scan(at, at).reading(self.config.fetch_bytes);
        self.held.get_mut(&place).expect("it was looked up").scan = scan;
        Ok(())
    }

    /// Gives no records of a partition until [`Consumer::resume`]; it stays the consumer's own. One that goes to another member and comes
    /// back is not paused any more.
    ///
    /// # Errors
    /// [`Error::NotAssigned`] if it does not have the partition.
    pub fn pause(&mut self, partition: &Partition) -> Result<()> {
        self.set_paused(partition, true)
    }

    /// Gives records of a partition again.
    ///
    /// # Errors
    /// [`Error::NotAssigned`] if it does not have the partition.
    pub fn resume(&mut self, partition: &Partition) -> Result<()> {
        self.set_paused(partition, false)
    }

    fn set_paused(&mut self, partition: &Partition, is_paused: bool) -> Result<()> {
        let place = self.held(partition)?;
        self.held.get_mut(&place).expect("it was looked up").is_paused = is_paused;
        Ok(())
    }

    fn held(&self, partition: &Partition) -> Result<Place> {
        let place = partition.core.key();
        if self.held.contains_key(&place) {
            return Ok(place);
        }
        let of_topic = self.held.keys().filter(|(topic, _)| *topic == place.0).count();
        Err(Error::NotAssigned {
            topic: partition.topic_name().to_owned(),
            partition: partition.id(),
            assigned: of_topic,
        })
    }

    fn moved(&self) -> impl Iterator<Item = (&Place, &Held)> {
        self.held.iter().filter(|(_, held)| held.committed != Some(held.scan.next_offset()))
    }

    fn offsets_of(&self, moved: &[(Place, Offset)], metadata: &str) -> Result<GroupOffsets> {
        let Some(group) = &self.group else {
            let reason = "this consumer reads for no group: give `Store::assign` the name of one".to_owned();
            return Err(Error::InvalidGroup { group: String::new(), reason });
        };
        let timestamp_ms = self.store.config.clock.now_ms();
        let entries = moved.iter().map(|(place, offset)| OffsetEntry {
            place: *place,
            topic_name: self.held[place].partition.topic_name().to_owned(),
            committed: Some(Committed { offset: *offset, metadata: metadata.to_owned(), timestamp_ms }),
        });
        let held = moved.iter().map(|(place, _)| (*place, self.held[place].since));
        let by = self.member.as_ref().map(|member| member.membership().committing(held)).map(Box::new);
        Ok(GroupOffsets { group: group.clone(), by, entries: entries.collect() })
    }

    /// Where a partition begins for which nothing is committed.
    pub(super) fn reset(&self, partition: &Partition) -> Result<Offset> {
        match self.config.auto_offset_reset {
            OffsetReset::Earliest => Ok(partition.log_start_offset()),
            OffsetReset::Latest => Ok(partition.last_stable_offset()),
            OffsetReset::ByDuration(before) => {
                let before = i64::try_from(before.as_millis()).unwrap_or(i64::MAX);
                let time = self.store.config.clock.now_ms().saturating_sub(before);
                OffsetSpec::Time(time).resolve(partition, Offset(0))
            }
            OffsetReset::Error => Err(self.no_offset(partition.core.key())),
        }
    }

    pub(super) fn no_offset(&self, place: Place) -> Error {
        let topic = self.store.catalog().topics.get(&place.0).map(|topic| topic.name.clone());
        Error::NoOffset {
            group: self.group.clone().unwrap_or_default(),
            topic: topic.unwrap_or_default(),
            partition: place.1,
        }
    }
}
