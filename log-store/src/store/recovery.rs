//! What opening a store found and did.

use crate::loss::{CutTail, PossibleLoss};

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
    /// Frames of the commit journal that were damaged and could be mended: nothing is lost, but the disk may be failing.
    pub journal_mended: usize,
    /// Writing the journal had been interrupted; what was not whole had never been acknowledged, but see
    /// [`RecoveryReport::possible_loss`].
    pub journal_torn: bool,
    /// What was dropped, if it may have been acknowledged after all.
    pub possible_loss: Option<PossibleLoss>,
    /// What lay behind the durable ends of partitions, and was cut. It had never been acknowledged, if there is no
    /// [`RecoveryReport::possible_loss`].
    pub cut: Vec<CutTail>,
    /// Transactions that had not been committed, counted once for each partition, and were aborted.
    pub aborted_transactions: usize,
    /// Partitions that are damaged, each with a message; they give an error when used.
    pub damaged: Vec<String>,
}
