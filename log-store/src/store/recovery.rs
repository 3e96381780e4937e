//! What opening a store found and did.

use crate::ids::{PartitionId, TopicId};

/// What opening a store found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecoveryReport {
    /// The store was closed in order; there was nothing to do.
    pub clean: bool,
    /// The file `FORMAT` was missing or damaged. The journal was whole and told the version, so it was written again.
    pub format_restored: bool,
    /// Entries of the commit journal that were done again.
    pub journal_entries: usize,
    /// Bytes of records that the journal had and that were written to their segments again.
    pub redone_bytes: u64,
    /// Writing the journal had been interrupted; what was not whole had never been acknowledged.
    pub journal_torn: bool,
    /// What lay behind the durable ends of partitions, never acknowledged, and was cut.
    pub cut: Vec<CutTail>,
    /// Transactions that had not been committed, counted once for each partition, and were aborted.
    pub aborted_transactions: usize,
    /// Partitions that are damaged, each with a message; they give an error when used.
    pub damaged: Vec<String>,
}

/// Bytes behind the durable end of a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CutTail {
    /// The topic's id.
    pub topic: TopicId,
    /// The topic's name.
    pub topic_name: String,
    /// The partition.
    pub partition: PartitionId,
    /// How many bytes were cut.
    pub bytes: u64,
}
