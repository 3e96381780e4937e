//! What is counted of every keyed operator, by its driver: an operator's own file counts nothing.

use std::time::{Duration, Instant};

use crate::flow::LateCounts;
use crate::time::Timestamp;

/// What one keyed operator has done in a run, over all workers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct OperatorSummary {
    /// The `let` it stands under, and its kind: `per_hour (window)`.
    pub operator: String,
    /// Rows that came to it, late ones included. Like all counts of this kind without those of replayed epochs.
    pub rows_in: u64,
    /// Rows that it made, late ones not included.
    pub rows_out: u64,
    /// Rows that it dropped because they came behind the watermark of their own partition.
    pub rows_late: u64,
    /// What it dropped beside these because nobody had waited for it: it came of idle partitions, by way of another operator. What a window
    /// would have made of several such rows counts once for each key.
    pub unwaited_late: u64,
    /// How long it was at work, added up over the workers; stateless operators right in front of it do not count.
    pub busy: Duration,
    /// Entries of state that it keeps.
    pub entries: u64,
    /// The watermark it has come to; `None` before there is one, [`Timestamp::MAX`] once event time is closed.
    pub watermark: Option<Timestamp>,
}

/// What one worker counts of an operator in an epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct OperatorCounts {
    pub(crate) rows_in: u64,
    pub(crate) rows_out: u64,
    pub(crate) late: LateCounts,
    pub(crate) busy: Duration,
    pub(crate) entries: u64,
}

impl OperatorCounts {
    /// Adds what another worker has counted in the same epoch.
    pub(crate) fn add(&mut self, other: OperatorCounts) {
        self.rows_in += other.rows_in;
        self.rows_out += other.rows_out;
        self.late.add(other.late);
        self.busy += other.busy;
        self.entries += other.entries;
    }
}

impl OperatorSummary {
    /// Adds an epoch: what happened in it is added up, and what is kept after it takes the place of what was kept before.
    pub(crate) fn add(&mut self, counts: OperatorCounts) {
        self.rows_in += counts.rows_in;
        self.rows_out += counts.rows_out;
        self.rows_late += counts.late.behind;
        self.unwaited_late += counts.late.unwaited;
        self.busy += counts.busy;
        self.entries = counts.entries;
    }
}

/// Runs the operator's code, and adds the time to `busy`.
pub(super) fn timed<R>(busy: &mut Duration, code: impl FnOnce() -> R) -> R {
    let began = Instant::now();
    let result = code();
    *busy += began.elapsed();
    result
}
