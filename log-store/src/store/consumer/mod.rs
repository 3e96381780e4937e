//! Consumers: they read topics at their own pace, alone or with the other members of a group, and commit how far they came.

mod config;
mod membership;
mod poll;
mod polled;
mod position;
mod signal;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::group::Place;
use crate::ids::Offset;
use crate::partition::Fetched;

use super::group::check_name;
use super::{Partition, Scan, Store, StoreInner, Subscription};

pub use config::{ConsumerConfig, OffsetReset};
use membership::Member;
pub use polled::Polled;
pub use signal::ConsumerWaker;
use signal::Signal;

/// Reads topics, and commits how far it came.
///
/// As a member of a group it shares the partitions of some topics with the other members, in this process and in others, and goes on where
/// the group stood: see [`Store::consumer`]. Without a group, or with one whose offsets it uses alone, it reads the partitions that it is
/// given: see [`Store::assign`].
///
/// # Contract
/// - [`Consumer::poll`] gives the records of a partition in the order of their offsets, each once, from the committed offset on. What was
///   given and not committed is given again to whoever has the partition next: *at least once*. To have each record worked off once, commit in
///   the transaction that writes what was made of it: [`Transaction::commit_offsets`](crate::Transaction::commit_offsets).
/// - [`Consumer::commit`] commits everything that was given by then, so call it when that is worked off. Nothing is committed by itself.
/// - A thread of the consumer's own says that it is there. Partitions come and go with polls alone: one that it is to let go is its own
///   until the next poll.
/// - It keeps no record from being deleted. If the next one was, it goes on with the first that is there.
/// - If another process takes the owner's place, nobody notices, but for the time that takes.
pub struct Consumer {
    store: Arc<StoreInner>,
    group: Option<String>,
    config: ConsumerConfig,
    /// What it has, in order.
    held: BTreeMap<Place, Held>,
    /// What it was told to let go: at the next poll.
    releasing: BTreeSet<Place>,
    /// Whose turn was last.
    turn: Option<Place>,
    /// For polls that give nothing.
    nothing: Fetched,
    signal: Arc<Signal>,
    _commits: Subscription,
    /// Last, since it may wait for the coordinator when it is dropped.
    member: Option<Member>,
}

/// A partition that a consumer has.
struct Held {
    partition: Partition,
    scan: Scan,
    /// The generation since which it has it; 0 without a group's assignment.
    since: u64,
    is_paused: bool,
    /// What it has committed, to leave out what has not changed.
    committed: Option<Offset>,
}

impl Store {
    /// A member of a consumer group that reads some topics: their partitions are shared out among all members, wherever they are. It joins
    /// with the first poll.
    ///
    /// ```
    /// # use log_store::{ConsumerConfig, MemDisk, RecordsBuilder, Store, TopicConfig};
    /// # use std::time::Duration;
    /// # let store = Store::open_on(std::sync::Arc::new(MemDisk::new()), Default::default())?;
    /// let orders = store.create_topic("orders", TopicConfig::with_partitions(4))?;
    /// # let mut records = RecordsBuilder::new();
    /// # records.push(0, Some(b"shop 7"), Some(b"12.50"));
    /// # orders.partition(2)?.append(records)?;
    /// let mut consumer = store.consumer("billing", &["orders"], ConsumerConfig::default())?;
    /// let mut billed = 0;
    /// while billed < 1 {
    ///     let polled = consumer.poll(Duration::from_secs(1))?;
    ///     for record in polled.records() {
    ///         println!("{:?}", record.value);
    ///         billed += 1;
    ///     }
    ///     consumer.commit()?; // once they are worked off
    /// }
    /// # Ok::<(), log_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownTopic`]; [`Error::InvalidGroup`] if the name is empty or longer than 249 bytes, there are no topics, or the settings make
    /// no sense. What concerns the group is told by [`Consumer::poll`].
    pub fn consumer(&self, group: &str, topics: &[&str], config: ConsumerConfig) -> Result<Consumer> {
        check_name(group)?;
        let invalid =
            |reason: &str| Err(Error::InvalidGroup { group: group.to_owned(), reason: reason.to_owned() });
        if topics.is_empty() {
            return invalid("a consumer reads one topic at least");
        }
        if config.heartbeat_interval.is_zero() || config.session_timeout <= config.heartbeat_interval {
            return invalid(
                "the heartbeat interval is more than zero and less than the session timeout; a third of it is usual",
            );
        }
        if config.group_instance_id.as_ref().is_some_and(|id| id.is_empty() || id.len() > 249) {
            return invalid("a group instance id has 1 to 249 bytes");
        }
        topics.iter().try_for_each(|name| self.topic(name).map(drop))?;
        let mut consumer = self.new_consumer(Some(group), config);
        let topics = topics.iter().map(|&name| name.to_owned()).collect();
        let joined = Member::join(&self.inner, group, topics, &consumer.config, &consumer.signal)?;
        consumer.member = Some(joined);
        Ok(consumer)
    }

    /// A consumer that reads these partitions, whoever else does. With the name of a group it begins where that group has committed, and commits
    /// for it, which works as long as the group has no members; without one it begins as
    /// [`ConsumerConfig::auto_offset_reset`] says, or where [`Consumer::seek`] does, and cannot commit. Kafka's `assign`.
    ///
    /// ```
    /// # use log_store::{ConsumerConfig, MemDisk, Offset, OffsetSpec, RecordsBuilder, Store, TopicConfig};
    /// # use std::time::Duration;
    /// # let store = Store::open_on(std::sync::Arc::new(MemDisk::new()), Default::default())?;
    /// let orders = store.create_topic("orders", TopicConfig::default())?.partition(0)?;
    /// # let mut records = RecordsBuilder::new();
    /// # (0..5).for_each(|_| records.push(0, None, Some(b"12.50")));
    /// # orders.append(records)?;
    /// let mut consumer = store.assign(None, [orders.clone()], ConsumerConfig::default())?;
    /// consumer.seek(&orders, OffsetSpec::Offset(Offset(3)))?;
    /// assert_eq!(consumer.poll(Duration::ZERO)?.records().count(), 2);
    /// # Ok::<(), log_store::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::NoOffset`], if the settings say so; those of [`Partition::read`], if committed offsets cannot be read.
    pub fn assign(
        &self,
        group: Option<&str>,
        partitions: impl IntoIterator<Item = Partition>,
        config: ConsumerConfig,
    ) -> Result<Consumer> {
        group.map_or(Ok(()), check_name)?;
        let mut consumer = self.new_consumer(group, config);
        for partition in partitions {
            consumer.take_up(partition, 0)?;
        }
        Ok(consumer)
    }

    fn new_consumer(&self, group: Option<&str>, config: ConsumerConfig) -> Consumer {
        let signal = Arc::<Signal>::default();
        let raised = signal.clone();
        let commits = self.on_commit(Arc::new(move || raised.raise()));
        Consumer {
            store: self.inner.clone(),
            group: group.map(str::to_owned),
            config,
            held: BTreeMap::new(),
            releasing: BTreeSet::new(),
            turn: None,
            nothing: Fetched::nothing(Offset(0)),
            signal,
            _commits: commits,
            member: None,
        }
    }
}

impl Consumer {
    /// The group that it reads for, if it does for one.
    #[must_use]
    pub fn group(&self) -> Option<&str> {
        self.group.as_deref()
    }

    /// Its id as a member of its group, by which messages and [`Store::describe_group`] name it.
    #[must_use]
    pub fn member_id(&self) -> Option<&str> {
        self.member.as_ref().map(|member| member.membership().member())
    }

    /// The group's generation, as this member knows it; 0 before it has joined.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.member.as_ref().map_or(0, |member| member.membership().generation())
    }

    /// Whether every member of the group had what it is to have, when this one heard last; true without a group's assignment.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.member.as_ref().is_none_or(|member| member.membership().is_settled())
    }

    /// The partitions that it has, also those that it is to let go.
    #[must_use]
    pub fn assignment(&self) -> Vec<Partition> {
        self.held.values().map(|held| held.partition.clone()).collect()
    }

    /// Ends its polls from other threads.
    #[must_use]
    pub fn waker(&self) -> ConsumerWaker {
        self.signal.waker()
    }

    /// Has `hook` called each time a poll may have something to give, as long as the consumer lives: after commits, to whichever topic, and
    /// when partitions came or went. It is called by the thread that made the news, and must be quick.
    pub fn on_news(&self, hook: Arc<dyn Fn() + Send + Sync>) {
        self.signal.add(hook);
    }

    /// Leaves its group, also as a static member: others get its partitions at once. Dropping a consumer does the same, but for static
    /// members. Nothing is committed.
    pub fn leave(mut self) {
        if let Some(member) = &mut self.member {
            member.leave_for_good();
        }
    }
}
