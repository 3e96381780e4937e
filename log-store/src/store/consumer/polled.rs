//! What a poll gives.

use crate::partition::Records;

use super::super::Partition;

/// What a consumer's poll gives: records of one partition, or which partitions came and went; see [`Consumer::poll`](crate::Consumer::poll).
pub struct Polled<'c> {
    pub(super) partition: Option<&'c Partition>,
    pub(super) records: Records<'c>,
    pub(super) changes: Changes,
}

/// Partitions that came and went.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) assigned: Vec<Partition>,
    pub(super) revoked: Vec<Partition>,
    pub(super) lost: Vec<Partition>,
}

impl Changes {
    pub(super) fn is_empty(&self) -> bool {
        self.assigned.is_empty() && self.revoked.is_empty() && self.lost.is_empty()
    }
}

impl<'c> Polled<'c> {
    /// The records, in the order of their offsets. The consumer's position is behind all of them, whether they are looked at or not.
    #[must_use]
    pub fn records(&self) -> Records<'c> {
        self.records.clone()
    }

    /// The partition that the records are of; `None` if there are none.
    #[must_use]
    pub fn partition(&self) -> Option<&'c Partition> {
        self.partition
    }

    /// Whether it gave nothing: the time was over, or the consumer was woken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.partition.is_none() && self.changes.is_empty()
    }

    /// Partitions that the consumer has from now on. It begins where the group has committed, or as
    /// [`ConsumerConfig::auto_offset_reset`](crate::ConsumerConfig::auto_offset_reset) says; [`Consumer::seek`](crate::Consumer::seek) changes that.
    #[must_use]
    pub fn assigned(&self) -> &[Partition] {
        &self.changes.assigned
    }

    /// Partitions that the consumer is to let go. They are its own until the next poll, so that it can commit how far it came.
    #[must_use]
    pub fn revoked(&self) -> &[Partition] {
        &self.changes.revoked
    }

    /// Partitions that the consumer has lost, as it was not heard of for too long: others may have them by now, and begin at what was
    /// committed before. What it did with records of these since its last commit is done again by them.
    #[must_use]
    pub fn lost(&self) -> &[Partition] {
        &self.changes.lost
    }
}
