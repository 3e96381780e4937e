//! What is counted of every operator, by what runs it: an operator's own file counts nothing.

use std::time::{Duration, Instant};

use crate::flow::LateCounts;
use crate::time::Timestamp;

/// What one operator has done in a run, over all workers: a source, a sink, or what stands between them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct OperatorSummary {
    /// The `let` it stands under, and its kind: `per_hour (window)`. Its topic in place of the `let` for a sink; the kind alone where
    /// there is no `let`.
    pub operator: String,
    /// Rows that came to it, late ones included; 0 for a source. Like all counts of this kind without those of replayed epochs.
    pub rows_in: u64,
    /// Rows that it made, late ones not included; 0 for a sink.
    pub rows_out: u64,
    /// Rows that it dropped because they came behind the watermark of their own partition.
    pub rows_late: u64,
    /// What it dropped beside these because nobody had waited for it: it came of idle partitions, by way of another operator. What a window
    /// would have made of several such rows counts once for each key.
    pub unwaited_late: u64,
    /// Rows that it dropped because they lay further in the future than [`ahead`](crate::dsl::Source::ahead) allows: a source's.
    pub rows_ahead: u64,
    /// How long it was at work, added up over the workers: for a source reading and decoding, for a sink encoding.
    pub busy: Duration,
    /// Entries of state that it keeps.
    pub entries: u64,
    /// About how many bytes of memory these take, without what keys and values have on the heap, such as the letters of a `String`.
    pub bytes: u64,
    /// The watermark it has come to; `None` for what keeps no state, and before there is one, [`Timestamp::MAX`] once event time is closed.
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
    /// Those of them that wait for something.
    pub(crate) open_entries: u64,
    pub(crate) bytes: u64,
}

/// An operator of a run's plan that is counted.
#[derive(Debug, Clone)]
pub(crate) struct Counted {
    /// Where it stands among the plan's nodes.
    pub(crate) node: usize,
    /// Its number among the keyed operators, if it is one.
    pub(crate) keyed: Option<usize>,
    pub(crate) summary: OperatorSummary,
}

impl OperatorCounts {
    /// Adds what another worker has counted in the same epoch.
    pub(crate) fn add(&mut self, other: OperatorCounts) {
        self.rows_in += other.rows_in;
        self.rows_out += other.rows_out;
        self.late.add(other.late);
        self.busy += other.busy;
        self.entries += other.entries;
        self.open_entries += other.open_entries;
        self.bytes += other.bytes;
    }
}

impl OperatorSummary {
    /// What was added up since an earlier one: rows, and nothing of what is kept.
    pub(super) fn since(&self, earlier: &OperatorSummary) -> OperatorSummary {
        OperatorSummary {
            operator: self.operator.clone(),
            rows_in: self.rows_in - earlier.rows_in,
            rows_out: self.rows_out - earlier.rows_out,
            rows_late: self.rows_late - earlier.rows_late,
            unwaited_late: self.unwaited_late - earlier.unwaited_late,
            rows_ahead: self.rows_ahead - earlier.rows_ahead,
            ..OperatorSummary::default()
        }
    }

    /// Adds an epoch: what happened in it is added up, and what is kept after it takes the place of what was kept before.
    pub(crate) fn add(&mut self, counts: OperatorCounts) {
        self.rows_in += counts.rows_in;
        self.rows_out += counts.rows_out;
        self.rows_late += counts.late.behind;
        self.unwaited_late += counts.late.unwaited;
        self.rows_ahead += counts.late.ahead;
        self.busy += counts.busy;
        (self.entries, self.bytes) = (counts.entries, counts.bytes);
    }
}

/// Runs the operator's code, and adds the time to `busy`.
pub(super) fn timed<R>(busy: &mut Duration, code: impl FnOnce() -> R) -> R {
    let began = Instant::now();
    let result = code();
    *busy += began.elapsed();
    result
}
