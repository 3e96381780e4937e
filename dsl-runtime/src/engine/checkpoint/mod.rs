//! Checkpoints: the operators' state as of an epoch, written to the pipeline's state topic in pieces, a few with each commit.
//!
//! ```text
//!  coordinator ── Policy: is one due, of everything or of changes? ──► binding ──► keyed operators cut pieces
//!                    │ begins                                                            │
//!                    ▼                                                                   ▼
//!                  Ledger ◄── what was written, what is complete ── CheckpointWriter (in the committer's transactions)
//!                    ▲
//!                    └── the same, from what is in the log ── StateTopic::read (at recovery)
//! ```
//!
//! # Contract
//! At most one checkpoint is under way. A recovery that reads the state topic record by record comes to the same books as the run
//! that wrote it commit by commit, apart from a checkpoint that the end of that run has cut short.

mod ledger;
mod policy;
mod reading;
mod record;
mod writer;

pub(crate) use ledger::{Ledger, Needs};
pub(crate) use policy::Policy;
pub(crate) use reading::{SavedPiece, SavedState, StateTopic};
pub(crate) use record::{CompleteCheckpoint, TableOf};
pub(crate) use writer::{CheckpointWriter, PieceNumbers};

/// How much of the state a checkpoint holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CheckpointKind {
    /// Everything.
    Full,
    /// What changed since the checkpoint before it began.
    Changes,
}
