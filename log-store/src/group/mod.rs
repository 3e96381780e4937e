//! Consumer groups: who of several consumers reads which partition, and how far each partition has been read.
//!
//! The words are Kafka's. A **group** is a name that several consumers, its **members**, go by; together they read some topics, each
//! partition by one of them. The **coordinator** lives in the process that owns the directory and knows the members by their
//! **heartbeats**: one that was not heard of for its **session timeout** is no member any more. It gives each member an **assignment**, by
//! the group's [`Assignor`], and raises the group's **generation** whenever the assignments change.
//!
//! # Contract
//! - A partition is with one member at a time. It is given to the next when the one that has it has let it go, has left, or was not heard of
//!   for its session timeout; whatever concerns other partitions goes on meanwhile. (Kafka calls that cooperative.)
//! - A member is told what to let go, and can still commit it. If a partition was taken from it instead, its commits are refused with
//!   [`IllegalGeneration`](crate::Error::IllegalGeneration): a **committed offset** is changed only by who has the partition, and goes back only by a
//!   reset, which needs a group without members.
//! - Two members with one **instance id** are one static member: the later takes the place of the earlier, with its partitions, and the
//!   earlier is told [`FencedInstance`](crate::Error::FencedInstance). A static member that ends keeps its partitions for its session timeout.
//! - Members are in memory. When another process takes the owner's place, it waits for the members of processes that are still there, and
//!   these come back by themselves with what they have. Committed offsets are durable: records of the topic `__consumer_offsets`.
//!
//! ```text
//! member                       coordinator                       member
//!   beat: has 0, 1      ──►
//!                       ◄──    let go 1                  ◄──    beat: new, has nothing
//!   (commits 1)         ──►    generation 2               ──►   wait: 1 is not free
//!   beat: has 0         ──►    1 is free
//!                       ◄──    keep 0                     ◄──   beat
//!                                                         ──►   1 is yours, since generation 2
//! ```

mod assignor;
mod coordinator;
mod members;
#[cfg(test)]
mod model;
mod offset_record;
mod wire;

use std::collections::BTreeMap;

use crate::ids::{Offset, PartitionId, TopicId};

pub use assignor::Assignor;
pub(crate) use coordinator::{Coordinator, InFlight, KnownTopics, NotedMember};
pub(crate) use members::{GroupTold, MemberTold};
pub(crate) use offset_record::{OffsetKey, OffsetRecord};

/// A partition of some topic.
pub(crate) type Place = (TopicId, PartitionId);

/// What a member says of itself, again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Beat {
    pub(crate) group: String,
    /// Chosen by the member, and nobody else's.
    pub(crate) member: String,
    /// The static member that it is, if it is one.
    pub(crate) instance: Option<String>,
    /// The last one that it was told; 0 if it comes anew.
    pub(crate) generation: u64,
    /// The names of those that it wants to read.
    pub(crate) topics: Vec<String>,
    pub(crate) assignor: Assignor,
    pub(crate) session_timeout_ms: u64,
    /// What it has, each with the generation since which it has it.
    pub(crate) owned: BTreeMap<Place, u64>,
}

/// What a member is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) generation: u64,
    /// What it has, each with the generation since which it does. What it thought to have, and is not here, was taken from it.
    pub(crate) owned: BTreeMap<Place, u64>,
    /// Which of these it is to let go.
    pub(crate) revoked: Vec<Place>,
    /// Whether every member has what it is to have.
    pub(crate) settled: bool,
}

/// Offsets of a group, to be committed; see [`Transaction::commit_offsets`](crate::Transaction::commit_offsets).
///
/// A consumer gives those at which it stands: [`Consumer::offsets`](crate::Consumer::offsets).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupOffsets {
    pub(crate) group: String,
    /// Who commits; nobody, if the group has no members.
    pub(crate) by: Option<Box<Beat>>,
    pub(crate) entries: Vec<OffsetEntry>,
}

/// A partition's next offset for a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OffsetEntry {
    pub(crate) place: Place,
    pub(crate) topic_name: String,
    /// None if the group is to have none.
    pub(crate) committed: Option<Committed>,
}

/// What a group has committed of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// The offset that is read next: everything before it was worked off.
    pub offset: Offset,
    /// What who committed it wanted to keep with it; mostly empty, at most 4,096 bytes.
    pub metadata: String,
    /// When it was committed, in milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
}

impl GroupOffsets {
    /// The group that they are of.
    #[must_use]
    pub fn group(&self) -> &str {
        &self.group
    }

    /// How many partitions there are offsets for.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is nothing to commit.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}
