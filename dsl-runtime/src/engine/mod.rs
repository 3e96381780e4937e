//! The engine: epochs from the log through the dataflow and back into the log, exactly once.
//!
//! ```text
//!            ┌─────────────────────── one process ───────────────────────┐
//!  log ──►  Coordinator ─ binding ─► readers ─ rows ─► chains ─ exchange ─► operators ─► sinks ─► Committer ──► log
//!           (worker 0)               each worker, its partitions            each worker           one transaction an epoch
//! ```
//!
//! - The **coordinator** binds an epoch before anything is read: offset ranges, one clock reading, whether event time closes,
//!   whether a checkpoint begins. Every worker gets the binding.
//! - A **reader** reads its partitions' ranges, row by row moving the partition's watermark, and ends the epoch with a mark.
//! - When the frontier has passed an epoch everywhere, each worker hands its part to the **committer**, which writes outputs,
//!   the epoch entry and checkpoint pieces in one log transaction. Epochs commit in order; a few are in flight, and that
//!   bound is the backpressure.
//! - **Recovery** loads the last complete checkpoint and replays the epoch entries since, with nothing appended and the
//!   outputs' hashes compared.

mod added;
#[cfg(test)]
mod adding;
mod again;
mod aside;
mod binding;
#[cfg(test)]
mod by_hand;
mod chain;
mod checkpoint;
mod committer;
mod context;
mod coordinator;
mod counting;
mod dataflow;
mod entry;
mod envelope;
#[cfg(test)]
mod idling;
mod input;
mod job;
mod keyed;
mod late;
mod no_summary;
mod numbering;
mod options;
mod outputs;
mod own_topic;
mod reader;
mod recovery;
mod reset;
mod schemas;
mod setup;
mod shared;
mod side;
mod side_file;
mod stepper;
mod storage;
#[cfg(test)]
mod woken;

pub use counting::OperatorSummary;
pub use job::{EndedOtherwise, Job, Progress, Summary};
pub use no_summary::{NoSummaryYet, NotWaitedFor};
pub use options::{IsInterval, RunOptions, SaysEpochs, SaysParallelism};

#[cfg(feature = "cli")]
pub(crate) use options::cores;
pub(crate) use reset::reset;
#[cfg(feature = "cli")]
pub(crate) use reset::{held_in, refuse_reset, with_reset};
pub(crate) use schemas::{Registration, commit_with_schemas, schemas_of};
pub(crate) use stepper::{RecordSeen, Stepper};
#[cfg(feature = "cli")]
pub(crate) use storage::has_run;
pub(crate) use storage::{OpenTopic, open_topic};

/// The number of an epoch: the unit of processing and of commit, and timely's timestamp. The first is 1.
pub(crate) type Epoch = u64;
