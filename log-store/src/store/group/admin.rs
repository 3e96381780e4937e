//! Looking at consumer groups, and changing what they have committed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::group::{Assignor, Committed, GroupOffsets, GroupTold, MemberTold, OffsetEntry, Place};
use crate::ids::{Offset, PartitionId};

use super::super::{Partition, Side, Store, StoreInner, Topic};
use super::check_name;

/// A place in a partition: where a consumer is to go on, or a group to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OffsetSpec {
    /// The first record that there is.
    Earliest,
    /// Behind the last committed record.
    Latest,
    /// That offset.
    Offset(Offset),
    /// The first record with that time or a later one, in milliseconds since the Unix epoch; behind the last one if there is none.
    Time(i64),
    /// So many offsets further on than now, or back.
    Shift(i64),
}

/// A consumer group; see [`Store::describe_group`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Group {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub state: GroupState,
    /// Raised whenever its partitions are shared out anew; 0 without members.
    pub generation: u64,
    /// How its members share its partitions out; none without members.
    pub assignor: Option<Assignor>,
    /// Its members.
    pub members: Vec<GroupMember>,
    /// The partitions that it has committed offsets of, and those that its members read, by topic and number.
    pub partitions: Vec<GroupPartition>,
}

/// What a group is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum GroupState {
    /// It has no members, and committed offsets.
    Empty,
    /// Its members have what they are to have.
    Stable,
    /// Partitions change hands, or members of a former owner are waited for.
    Rebalancing,
}

/// A member of a consumer group.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupMember {
    /// Its id.
    pub id: String,
    /// Its instance id, if it is a static member.
    pub instance_id: Option<String>,
    /// The process that it is in.
    pub process: u32,
    /// The topics that it wants to read.
    pub topics: Vec<String>,
    /// The partitions that it has, by topic and number.
    pub assigned: Vec<(String, PartitionId)>,
}

/// A partition, as far as a group is concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupPartition {
    /// The topic.
    pub topic: String,
    /// Its number.
    pub partition: PartitionId,
    /// What the group has committed of it.
    pub committed: Option<Committed>,
    /// The first offset that can be read.
    pub log_start_offset: Offset,
    /// Behind the last record that can be read.
    pub last_stable_offset: Offset,
    /// The id of the member that has it.
    pub member: Option<String>,
}

impl GroupState {
    /// Its name, as Kafka has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            GroupState::Empty => "Empty",
            GroupState::Stable => "Stable",
            GroupState::Rebalancing => "PreparingRebalance",
        }
    }
}

impl GroupPartition {
    /// How many offsets the group has before it: from what is committed, or else from the first, to the last committed record.
    #[must_use]
    pub fn lag(&self) -> u64 {
        let from = self.committed.as_ref().map_or(self.log_start_offset, |committed| committed.offset);
        self.last_stable_offset.0.saturating_sub(from.0)
    }
}

impl OffsetSpec {
    /// The offset that it is of a partition, `current` being the one now.
    pub(in crate::store) fn resolve(self, partition: &Partition, current: Offset) -> Result<Offset> {
        Ok(match self {
            OffsetSpec::Earliest => partition.log_start_offset(),
            OffsetSpec::Latest => partition.last_stable_offset(),
            OffsetSpec::Offset(offset) => offset,
            OffsetSpec::Time(time) => {
                let end = partition.last_stable_offset();
                partition.offset_for_time(time)?.unwrap_or(end)
            }
            OffsetSpec::Shift(by) => Offset(current.0.saturating_add_signed(by)),
        })
    }
}

impl Store {
    /// The names of the consumer groups that have members or committed offsets, in order.
    ///
    /// # Errors
    /// As [`Partition::read`], if committed offsets cannot be read; [`Error::OwnerSilent`] or [`Error::OwnerGone`], in a process that does not
    /// own the directory.
    pub fn groups(&self) -> Result<Vec<String>> {
        let mut names: BTreeSet<_> = self.inner.groups_with_offsets()?.into_iter().collect();
        names.extend(self.inner.groups_told()?.into_iter().map(|told| told.group));
        Ok(names.into_iter().collect())
    }

    /// A consumer group: its members, what they have, what is committed, and how far that is behind.
    ///
    /// ```
    /// # use log_store::{ConsumerConfig, GroupState, MemDisk, RecordsBuilder, Store, TopicConfig};
    /// # use std::time::Duration;
    /// # let store = Store::open_on(std::sync::Arc::new(MemDisk::new()), Default::default())?;
    /// # let orders = store.create_topic("orders", TopicConfig::default())?.partition(0)?;
    /// # let mut records = RecordsBuilder::new();
    /// # (0..3).for_each(|_| records.push(0, None, Some(b"12.50")));
    /// # orders.append(records)?;
    /// let mut consumer = store.assign(Some("billing"), [orders.clone()], ConsumerConfig::default())?;
    /// consumer.commit_offset(&orders, log_store::Offset(1))?;
    /// let group = store.describe_group("billing")?;
    /// assert_eq!((group.state, group.partitions[0].lag()), (GroupState::Empty, 2));
    /// # Ok::<(), log_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownGroup`], and those of [`Store::groups`].
    pub fn describe_group(&self, name: &str) -> Result<Group> {
        let told = self.inner.groups_told()?.into_iter().find(|told| told.group == name);
        // In this order: who has a partition has committed what is found.
        let committed = self.inner.committed(name)?;
        if told.is_none() && committed.is_empty() {
            return Err(self.unknown_group(name));
        }
        let mut places: BTreeMap<Place, Option<String>> =
            committed.keys().map(|place| (*place, None)).collect();
        for member in told.iter().flat_map(|told| &told.members) {
            places.extend(self.places_of(&member.topics).into_iter().map(|place| (place, None)));
        }
        for member in told.iter().flat_map(|told| &told.members) {
            places.extend(member.owned.iter().map(|place| (*place, Some(member.member.clone()))));
        }
        let partitions = places.into_iter().filter_map(|(place, member)| {
            let partition = self.inner.find_partition(place)?;
            Some(GroupPartition {
                topic: partition.topic_name().to_owned(),
                partition: partition.id(),
                committed: committed.get(&place).cloned(),
                log_start_offset: partition.log_start_offset(),
                last_stable_offset: partition.last_stable_offset(),
                member,
            })
        });
        let mut partitions: Vec<_> = partitions.collect();
        partitions.sort_by(|one, other| (&one.topic, one.partition).cmp(&(&other.topic, other.partition)));
        Ok(self.described(name, told, partitions))
    }

    /// Changes what a group has committed of some topics, or of all that it has committed offsets of; gives what is committed now. An offset
    /// that is not there becomes the nearest that is. The group must have no members: stop its consumers first.
    ///
    /// ```
    /// # use log_store::{ConsumerConfig, MemDisk, Offset, OffsetSpec, RecordsBuilder, Store, TopicConfig};
    /// # let store = Store::open_on(std::sync::Arc::new(MemDisk::new()), Default::default())?;
    /// # let orders = store.create_topic("orders", TopicConfig::default())?.partition(0)?;
    /// # let mut records = RecordsBuilder::new();
    /// # (0..3).for_each(|_| records.push(0, None, Some(b"12.50")));
    /// # orders.append(records)?;
    /// let reset = store.reset_group("billing", &["orders"], OffsetSpec::Latest)?;
    /// assert_eq!(reset[0].committed.as_ref().unwrap().offset, Offset(3));
    /// # Ok::<(), log_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::GroupNotEmpty`]; [`Error::UnknownTopic`]; [`Error::UnknownGroup`] if no topic is named and the group has committed nothing, or
    /// where a shift has nothing to begin from; those of [`Partition::read`] for a time; as [`Partition::append`], if the log cannot be written.
    pub fn reset_group(&self, name: &str, topics: &[&str], to: OffsetSpec) -> Result<Vec<GroupPartition>> {
        let planned = self.plan_reset(name, topics, to)?;
        let entries = planned.iter().map(|one| OffsetEntry {
            place: (self.topic_id(&one.topic), one.partition),
            topic_name: one.topic.clone(),
            committed: one.committed.clone(),
        });
        let offsets = GroupOffsets { group: name.to_owned(), by: None, entries: entries.collect() };
        self.inner.commit_offsets(offsets)?;
        Ok(planned)
    }

    /// What [`Store::reset_group`] would commit, committing nothing.
    ///
    /// # Errors
    /// As [`Store::reset_group`], but for those of writing.
    pub fn plan_reset(&self, name: &str, topics: &[&str], to: OffsetSpec) -> Result<Vec<GroupPartition>> {
        check_name(name)?;
        let known = self.inner.committed(name)?;
        let mut places: BTreeSet<Place> = BTreeSet::new();
        for topic in topics {
            let topic = self.topic(topic)?;
            places.extend((0..topic.partitions()).map(|number| (topic.id(), PartitionId(number))));
        }
        if topics.is_empty() {
            places.extend(known.keys());
        }
        if matches!(to, OffsetSpec::Shift(_)) {
            places.retain(|place| known.contains_key(place));
        }
        if places.is_empty() {
            return Err(self.unknown_group(name));
        }
        let timestamp_ms = self.clock().now_ms();
        let mut planned = Vec::new();
        for place in places {
            let Some(partition) = self.inner.find_partition(place) else { continue };
            let (start, end) = (partition.log_start_offset(), partition.last_stable_offset());
            let current = known.get(&place).map_or(start, |committed| committed.offset);
            let offset = to.resolve(&partition, current)?.clamp(start, end.max(start));
            planned.push(GroupPartition {
                topic: partition.topic_name().to_owned(),
                partition: partition.id(),
                committed: Some(Committed { offset, metadata: String::new(), timestamp_ms }),
                log_start_offset: start,
                last_stable_offset: end,
                member: None,
            });
        }
        Ok(planned)
    }

    /// Deletes a consumer group: what it has committed. It must have no members.
    ///
    /// # Errors
    /// [`Error::UnknownGroup`], [`Error::GroupNotEmpty`]; as [`Partition::append`], if the log cannot be written.
    pub fn delete_group(&self, name: &str) -> Result<()> {
        let entries = self.inner.all_taken_away(name)?;
        let told = self.inner.groups_told()?.into_iter().find(|told| told.group == name);
        match told {
            Some(told) => Err(Error::GroupNotEmpty { group: name.to_owned(), members: told.members.len() }),
            None if entries.is_empty() => Err(self.unknown_group(name)),
            None => self.inner.commit_offsets(GroupOffsets { group: name.to_owned(), by: None, entries }),
        }
    }

    fn described(&self, name: &str, told: Option<GroupTold>, partitions: Vec<GroupPartition>) -> Group {
        let state = match &told {
            None => GroupState::Empty,
            Some(told) if told.settled => GroupState::Stable,
            Some(_) => GroupState::Rebalancing,
        };
        let member = |member: MemberTold| {
            let owned = member.owned.into_iter().filter_map(|place| {
                let partition = self.inner.find_partition(place)?;
                Some((partition.topic_name().to_owned(), partition.id()))
            });
            let mut assigned: Vec<_> = owned.collect();
            assigned.sort();
            GroupMember {
                id: member.member,
                instance_id: member.instance,
                process: member.process,
                topics: member.topics,
                assigned,
            }
        };
        Group {
            name: name.to_owned(),
            state,
            generation: told.as_ref().map_or(0, |told| told.generation),
            assignor: told.as_ref().map(|told| told.assignor),
            members: told.map_or_else(Vec::new, |told| told.members.into_iter().map(member).collect()),
            partitions,
        }
    }

    fn places_of(&self, topics: &[String]) -> Vec<Place> {
        let found = topics.iter().filter_map(|name| self.find_topic(name));
        let places = found.flat_map(|topic| {
            (0..topic.partitions()).map(move |number| (topic.id(), PartitionId(number))).collect::<Vec<_>>()
        });
        places.collect()
    }

    fn topic_id(&self, name: &str) -> crate::ids::TopicId {
        // A topic that is gone since then has a number that no topic has.
        self.find_topic(name).map_or(crate::ids::TopicId(u64::MAX), |topic| topic.id())
    }

    fn unknown_group(&self, name: &str) -> Error {
        let known = self.groups().unwrap_or_default();
        let hint = match known.is_empty() {
            true => {
                "there are no groups yet: one begins with its first consumer, or its first committed offset"
                    .to_owned()
            }
            false => format!("there are: {}", known.join(", ")),
        };
        Error::UnknownGroup { group: name.to_owned(), hint }
    }
}

impl StoreInner {
    fn groups_told(&self) -> Result<Vec<GroupTold>> {
        match &self.side {
            Side::Own(own) => Ok(own.groups.told()),
            Side::Through(link) => link.groups(),
        }
    }

    fn find_partition(self: &Arc<Self>, (topic, partition): Place) -> Option<Partition> {
        let core = self.catalog().topics.get(&topic).cloned()?;
        Topic::new(self.clone(), core).partition(partition.0).ok()
    }
}
